"""Columns, their kinds, and the kinds that Python's type hints stand for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum, auto
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import frozen

Cell = str | int | float | bool | None
Row = tuple[Cell, ...]


class Kind(Enum):
    """What the cells of a column hold. Any cell may be None."""

    INTEGER = auto()
    REAL = auto()
    NUMBER = auto()
    """Whole numbers and others, side by side."""
    TEXT = auto()
    TIME = auto()
    """RFC 3339 text in UTC, with microseconds."""
    BOOLEAN = auto()
    JSON = auto()
    """Anything nested, as JSON text."""


@frozen
class Column:
    """One column of a table."""

    name: str
    kind: Kind


def columns_of(cls: type) -> tuple[Column, ...]:
    """The columns of an attrs class, one per field."""
    return tuple(Column(name, kind_of(hint)) for name, hint in fields_of(cls).items())


def fields_of(cls: type) -> dict[str, Any]:
    """The fields of an attrs class, with their types."""
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in cls.__attrs_attrs__}  # type: ignore[attr-defined]


_PLAIN = {int: Kind.INTEGER, float: Kind.REAL, str: Kind.TEXT, datetime: Kind.TIME}
_PLAIN[bool] = Kind.BOOLEAN


def kind_of(hint: Any) -> Kind:
    """The kind of a type hint."""
    parts = set(_parts(hint)) - {NoneType}
    if parts == {int, float}:
        return Kind.NUMBER
    return _PLAIN.get(next(iter(parts)), Kind.JSON) if len(parts) == 1 else Kind.JSON


def _parts(hint: Any) -> Iterator[Any]:
    """The members of a union; the types of literal values."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        for one in get_args(hint):
            yield from _parts(one)
    elif origin is Literal:
        yield from map(type, get_args(hint))
    else:
        yield hint
