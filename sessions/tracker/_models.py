"""What the tracker takes and gives. Making one with a bad value raises ValidationError.

Assigning a field later is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import Factory, define, field
from attrs.setters import NO_OP

from sessions.tracker import _checks as checks
from sessions.tracker._checks import ValidationError
from sessions.tracker._lenient import lenient


class _Model:
    """What all models share."""

    def model_dump(self) -> dict[str, Any]:
        """The fields as a dict, those of nested models included."""
        return attrs.asdict(self)  # type: ignore[arg-type]  # every model is an attrs class


@lenient
@define(kw_only=True, on_setattr=NO_OP)
class UserInfo(_Model):
    """Who runs the shell. Blanks around both are cut off."""

    username: str = field(converter=checks.username)
    home: str = field(converter=checks.home)


@lenient
@define(kw_only=True, on_setattr=NO_OP)
class EnvironmentInfo(_Model):
    """Where the shell runs. Blanks around ``cwd`` are cut off."""

    python_version: str = field(validator=checks.is_text)
    platform: str = field(validator=checks.is_text)
    cwd: str = field(converter=checks.cwd)


def _user(value: UserInfo | Mapping[str, Any]) -> UserInfo:
    return value if isinstance(value, UserInfo) else UserInfo(**_mapping("user", value))


def _environment(value: EnvironmentInfo | Mapping[str, Any]) -> EnvironmentInfo:
    if isinstance(value, EnvironmentInfo):
        return value
    return EnvironmentInfo(**_mapping("environment", value))


def _mapping(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError(f"{name} must be a dict or its model, not a {type(value).__name__}")
    return {str(key): one for key, one in value.items()}


@lenient
@define(kw_only=True, on_setattr=NO_OP)
class SessionStartEvent(_Model):
    """A shell session begins.

    ``event_id`` is a UUID of version 4 (text or UUID) that names this event and no other;
    ``timestamp`` is ISO 8601 with a time. ``user`` and ``environment`` may be dicts.

    Example::

        from sessions.tracker import EnvironmentInfo, SessionStartEvent, UserInfo

        event = SessionStartEvent(
            event_version="1.0",
            event_id="550e8400-e29b-41d4-a716-446655440000",
            component_name="db-console",
            shell_type="DbConsole",
            timestamp="2026-02-06T12:34:56.789Z",
            pid=12345,
            user=UserInfo(username="ops", home="/home/ops"),
            hostname="host-03",
            environment=EnvironmentInfo(python_version="3.13.0", platform="Linux", cwd="/srv"),
        )
    """

    event_version: str = field(validator=checks.is_event_version)
    event_id: str = field(converter=checks.event_id)
    event_type: str = field(default="session_start", validator=checks.is_event_type)
    component_name: str = field(validator=checks.is_component_name)
    shell_type: str = field(validator=checks.is_text)
    timestamp: str = field(validator=checks.is_timestamp)
    pid: int = field(converter=checks.pid)
    user: UserInfo = field(converter=_user)
    hostname: str = field(validator=checks.is_text)
    environment: EnvironmentInfo = field(converter=_environment)
    metadata: dict[str, Any] = field(default=Factory(dict), converter=checks.metadata)


@lenient
@define(kw_only=True, on_setattr=NO_OP)
class SessionEndEvent(_Model):
    """A shell session ends: the one whose start gave this ``session_id``."""

    event_type: str = field(default="session_end", validator=checks.is_event_type)
    session_id: str = field(validator=checks.is_text)
    timestamp: str = field(validator=checks.is_timestamp)
    metadata: dict[str, Any] = field(default=Factory(dict), converter=checks.metadata)


@define(on_setattr=NO_OP)
class SessionStartResult(_Model):
    """``status`` is ``"tracked"``, with a session id, or ``"error"``, with an error."""

    session_id: str | None
    status: str
    error: str | None = None

    def __attrs_post_init__(self) -> None:
        """What belongs together."""
        _check_status(self.status, ("tracked", "error"))
        if self.status == "tracked" and self.session_id is None:
            raise ValidationError("session_id required when status is 'tracked'")
        if self.status == "error" and self.session_id is not None:
            raise ValidationError("session_id must be None when status is 'error'")
        _check_error(self.status, self.error)


@define(on_setattr=NO_OP)
class SessionEndResult(_Model):
    """``status`` is ``"ended"``, ``"not_found"``, or ``"error"``, with an error."""

    session_id: str = field(validator=checks.is_text)
    status: str
    error: str | None = None

    def __attrs_post_init__(self) -> None:
        """What belongs together."""
        _check_status(self.status, ("ended", "error", "not_found"))
        _check_error(self.status, self.error)


def _check_status(status: object, allowed: tuple[str, ...]) -> None:
    if status not in allowed:
        raise ValidationError(f"Invalid status {status!r:.60}: expected {' or '.join(allowed)}")


def _check_error(status: str, error: str | None) -> None:
    if status == "error" and error is None:
        raise ValidationError("error message required when status is 'error'")
    if status != "error" and error is not None:
        raise ValidationError(f"error must be None when status is {status!r}")
