"""What the fields of events may hold; anything else raises ValidationError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import Attribute

from sessions.tracker._timestamps import moment_of

EVENT_VERSION = "1.0"
MOST_PID = 4_194_304

_COMPONENT = re.compile(r"[A-Za-z0-9_-]+")
_UUID = re.compile(
    r"(?:urn:uuid:)?\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE | re.ASCII
)
_INTEGER = re.compile(r"[0-9]{1,18}")


class ValidationError(ValueError):
    """A field of an event or a result holds what it must not; the message names it."""


# Validators, as attrs calls them


def is_text(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Any text, also none."""
    _check_text(attribute.name, value)


def is_event_version(instance: object, attribute: Attribute[Any], value: object) -> None:
    """The text ``1.0``."""
    if not isinstance(value, str) or value != EVENT_VERSION:
        raise ValidationError(
            f"Unsupported event version {_shown(value)}: expected {EVENT_VERSION!r}"
        )


def is_event_type(instance: object, attribute: Attribute[Any], value: object) -> None:
    """The one constant, which is the default."""
    if not isinstance(value, str) or value != attribute.default:
        raise ValidationError(
            f"Invalid event_type for {type(instance).__name__}: "
            f"expected {attribute.default!r}, not {_shown(value)}"
        )


def is_component_name(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Letters A to Z, digits, underscore and hyphen; at least one."""
    if not isinstance(value, str) or not _COMPONENT.fullmatch(value):
        raise ValidationError(
            f"Invalid component_name {_shown(value)}: "
            "only A-Z, a-z, 0-9, underscore and hyphen are allowed, and at least one of them"
        )


def is_timestamp(instance: object, attribute: Attribute[Any], value: object) -> None:
    """A date and time that exists."""
    given = _check_text(attribute.name, value)
    try:
        moment_of(given)
    except ValueError as error:
        raise ValidationError(f"Invalid ISO 8601 timestamp {_shown(given)}: {error}") from None


# Converters: what they give is kept


def event_id(value: str | UUID) -> str:
    """A UUID of version 4, as text or as a UUID; text is kept as it is written."""
    given = str(value) if isinstance(value, UUID) else value
    if not isinstance(given, str) or not _UUID.fullmatch(given) or UUID(given).version != 4:
        raise ValidationError(f"Invalid UUID v4 format for event_id: {_shown(value)}")
    return given


def pid(value: int | str | float) -> int:
    """1 to 4194304; whole numbers may also come as text or as a float."""
    number = _whole(value)
    if number is None:
        raise ValidationError(f"pid must be a whole number, not {_shown(value)}")
    if number < 1:
        raise ValidationError(f"pid must be greater than or equal to 1, not {_shown(value)}")
    if number > MOST_PID:
        raise ValidationError(f"pid must be less than or equal to {MOST_PID}, not {_shown(value)}")
    return number


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def username(value: str) -> str:
    """At most 100 characters."""
    return _short("username", value, 100)


def home(value: str) -> str:
    """At most 500 characters."""
    return _short("home", value, 500)


def cwd(value: str) -> str:
    """At most 500 characters."""
    return _short("cwd", value, 500)


def _short(name: str, value: object, longest: int) -> str:
    """The text without the blanks around it, which count towards its length."""
    given = _check_text(name, value)
    if len(given) > longest:
        raise ValidationError(f"{name} must have at most {longest} characters, not {len(given)}")
    return given.strip()


def metadata(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of the mapping; None is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValidationError(f"metadata must be a dict, not {_shown(value)}")
    return dict(value)


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValidationError(f"{name} must be text, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    """What an error shows of a value: never much, and nothing that Python refuses to print."""
    if isinstance(value, str):
        return repr(value[:60])
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 64):
        return repr(value)
    return f"a {type(value).__name__}"
