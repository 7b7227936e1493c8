"""What callers pass, as the log and the tables can both hold it. Anything else is refused by name.

A number may come as a scalar of another library: those with ``item()`` are unwrapped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any
from uuid import UUID

SCORES = ("pitch_accuracy", "scale_conformity", "timing_stability")

_SHOWN = 60
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
"""What an INT column of PostgreSQL holds."""


def number(name: str, value: object) -> float | None:
    """A finite number, or None."""
    value = unwrapped(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        found = float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large for a number") from None
    if not isfinite(found):
        raise ValueError(f"{name} is {found}: pass None for what was not measured")
    return found


def count(name: str, value: object) -> int | None:
    """A whole number of 32 bits, or None."""
    found = number(name, value)
    if found is None:
        return None
    if not found.is_integer():
        raise ValueError(f"{name} must be a whole number, not {found}")
    if not _SMALLEST <= found <= _LARGEST:
        raise ValueError(f"{name} is {found:.0f}: the tables hold whole numbers of 32 bits")
    return int(found)


def flag(name: str, value: object) -> bool | None:
    """True or False, or None; 1 and 0 will do."""
    value = unwrapped(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise TypeError(f"{name} must be True or False, not {shown(value)}")


def text(name: str, value: object) -> str:
    """Text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, not {type(value).__name__}")
    return value


def user(value: object) -> str | None:
    """A user's identifier as text; None for nobody, who may also be called "" or nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, int | UUID) and not isinstance(value, bool):
        return str(value)
    return text("user_id", value)


def enabled(value: object) -> dict[str, bool]:
    """Which scores count, from a dict of flags or from the names of those that do."""
    if value is None:
        return dict.fromkeys(SCORES, True)
    if isinstance(value, Mapping):
        return {name: bool(value.get(name, True)) for name in SCORES}
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return {name: name in value for name in SCORES}
    raise TypeError(f"enabled_metrics must be a dict or names, not {type(value).__name__}")


def unwrapped(value: object) -> Any:
    """The Python number inside of a scalar of another library; an array stays what it is."""
    item = getattr(value, "item", None)
    if not callable(item):
        return value
    try:
        return item()
    except (TypeError, ValueError, RuntimeError):
        return value


def shown(value: object) -> str:
    """A value from outside as it may stand in a message: escaped, and not for ever."""
    found = ascii(value)
    return found if len(found) <= _SHOWN else f"{found[:_SHOWN]}..."
