"""What the read models ask of the values in an event's data, and how they merge by name."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, TypeGuard, TypeVar

V = TypeVar("V")

Number = int | float


def is_number(value: object) -> TypeGuard[Number]:
    """Whether it is a finite number. A bool is none, and neither is text that looks like one."""
    kind = type(value)
    return kind is int or (kind is float and isfinite(value))  # type: ignore[arg-type]


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is text."""
    return isinstance(value, str)


def number_in(data: dict[str, Any], name: str) -> tuple[Number, bool]:
    """A number of the data, 0 when it is not there; and whether nothing else stood there."""
    value = data.get(name, 0)
    return (value, True) if is_number(value) else (0, False)


def merge_values(
    earlier: dict[str, V], later: dict[str, V], merge: Callable[[V, V], V]
) -> dict[str, V]:
    """Name by name, into ``earlier``; names that are new follow in their order."""
    for name, value in later.items():
        earlier[name] = merge(earlier[name], value) if name in earlier else value
    return earlier
