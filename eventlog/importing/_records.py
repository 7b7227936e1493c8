"""What an input is made of: lines of JSON and rows of CSV, under one shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from eventlog.importing._bad_line import BadLineError
from eventlog.importing._json_line import decode_object
from eventlog.importing._lines import Line, Raw, content_length
from eventlog.importing._normal import BOM


class Record(Struct, frozen=True, gc=False):
    """One line or row. Neither ``fields`` nor ``reason``: it is blank.

    ``line`` is where it begins, from 1; ``end`` the offset right after it, in the input's normal
    form; ``reason`` why it cannot be read.
    """

    line: int
    end: int
    raw: Raw
    fields: dict[str, Any] | None
    reason: str | None


def json_records(lines: Iterator[Line | None], limit: int) -> Iterator[Record | None]:
    """One record per line of JSON; None is handed on."""
    for line in lines:
        yield None if line is None else _json_record(line, limit)


def _json_record(line: Line, limit: int) -> Record:
    try:
        fields = _object_in(line.number, line.raw, limit)
    except BadLineError as error:
        return Record(line.number, line.end, line.raw, None, error.reason)
    return Record(line.number, line.end, line.raw, fields, None)


def _object_in(number: int, raw: Raw, limit: int) -> dict[str, Any] | None:
    if not isinstance(raw, bytes) or is_too_long(raw, limit):
        raise BadLineError(too_long(raw, limit))
    text = raw.removeprefix(BOM) if number == 1 else raw
    return None if text.isspace() or not text else decode_object(text)


def is_too_long(raw: Raw, limit: int) -> bool:
    """Whether the line, without its line feed, has more than ``limit`` bytes."""
    return len(raw) > limit and content_length(raw) > limit


def too_long(raw: Raw, limit: int) -> str:
    return f"the line has {content_length(raw)} bytes, more than {limit}"
