"""CSV as RFC 4180 has it: UTF-8, CRLF, a header, and nothing that a spreadsheet would execute."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from attrs import frozen

from projections.exports._columns import Column, Kind, Row

_GUARDED = "=+-@\t\r\n'"  # and the apostrophe itself, so that one can be taken off again


def write_csv(columns: tuple[Column, ...], rows: Iterable[Row], stream: BinaryIO) -> int:
    """Write all rows; how many there were. An absent value is an empty cell."""
    writer = csv.writer(_Utf8(stream), lineterminator="\r\n")
    writer.writerow(column.name for column in columns)
    counted = _Counted(rows)
    writer.writerows(_guarded(columns, counted))
    return counted.rows


@frozen
class _Utf8:
    """What the csv module writes to: unlike a TextIOWrapper it never closes the stream."""

    stream: BinaryIO

    def write(self, text: str) -> None:
        self.stream.write(text.encode())


class _Counted:
    """Counts what passes."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._given = rows
        self.rows = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._given:
            self.rows += 1
            yield row


def _guarded(columns: tuple[Column, ...], rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    texts = _places(columns, Kind.TEXT, Kind.JSON)
    booleans = _places(columns, Kind.BOOLEAN)
    for row in rows:
        cells: list[Any] = list(row)
        for place in texts:
            if cells[place] and cells[place][0] in _GUARDED:
                cells[place] = f"'{cells[place]}"
        for place in booleans:
            cells[place] = _BOOLEANS[cells[place]]
        yield cells


_BOOLEANS = {True: "true", False: "false", None: None}


def _places(columns: tuple[Column, ...], *kinds: Kind) -> list[int]:
    return [place for place, column in enumerate(columns) if column.kind in kinds]
