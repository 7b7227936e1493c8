"""Rows of CSV (RFC 4180) with their lines, in bounded memory.

The standard library's reader decides where a row ends; this module feeds it line by line. A quote
that is never closed would swallow the rest of a file. So when a row outgrows the limit, or fails
in any other way, only its first line is refused and reading goes on with its second. From there to
the first proper row behind that stretch, a row must have exactly the header's number of cells: the
pieces of a broken row must not pass for rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from eventlog.importing._bad_line import quoted
from eventlog.importing._csv_feed import Feed, RowTooLongError
from eventlog.importing._errors import ImportInputError
from eventlog.importing._json_line import utf8_fault
from eventlog.importing._lines import Line
from eventlog.importing._records import Record, is_too_long, too_long

_WASTE = 64 * 1024 * 1024
"""After reading so many bytes in vain, broken stretches are read line by line: a file made of
opening quotes must not cost quadratic time."""


class _Rows:
    def __init__(self, lines: Iterator[Line | None], limit: int, delimiter: str, name: str) -> None:
        self._name = name
        self._feed = Feed(lines, limit)
        self._limit = limit
        self._delimiter = delimiter
        self._reader = self._new_reader()
        self.header: list[str] | None = None
        self._broken_until = 0
        self._broken_since = 0
        self._wasted = 0
        # Global to the process, so it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), limit + 2))

    def __iter__(self) -> Iterator[Record | None]:
        for line in self._feed.upcoming():
            yield None if line is None else self._row(line)

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._feed, delimiter=self._delimiter, strict=True)

    def _row(self, first: Line) -> Record:
        if is_too_long(first.raw, self._limit):
            return self._refuse_first(first, too_long(first.raw, self._limit))
        in_broken = first.number <= self._broken_until
        self._feed.begin(first, alone=in_broken and self._wasted > _WASTE)
        try:
            cells = next(self._reader)
        except RowTooLongError:
            return self._give_up(first, f"a quote that is not closed within {self._limit} bytes")
        except csv.Error as error:
            return self._give_up(first, _explain(error))
        is_next = first.number == self._broken_until + 1 > 1
        return self._record(cells, exact=in_broken or is_next)

    def _give_up(self, first: Line, reason: str) -> Record:
        if first.number > self._broken_until:
            self._broken_since = first.number
        self._broken_until = max(self._broken_until, self._feed.row[-1].number)
        self._wasted += self._feed.give_back()
        self._reader = self._new_reader()
        return self._refuse_first(first, reason)

    def _refuse_first(self, first: Line, reason: str) -> Record:
        if self.header is None:
            raise _bad_header(self._name, f"cannot be read: {reason}")
        return Record(first.number, first.end, first.raw, None, reason)

    def _record(self, cells: list[str], *, exact: bool) -> Record:
        lines = self._feed.row
        raw = b"".join(line.raw for line in lines if isinstance(line.raw, bytes))
        number, end = lines[0].number, lines[-1].end
        if not any(cells) or raw.isspace():
            return Record(number, end, raw, None, None)
        if self.header is None:
            self.header = _checked_header(self._name, cells)
            return Record(number, end, raw, None, None)
        reason = self._fault(raw, len(cells), exact=exact)
        fields = {name: cell for name, cell in zip(self.header, cells, strict=False) if cell}
        return Record(number, end, raw, None if reason else fields, reason)

    def _fault(self, raw: bytes, cells: int, *, exact: bool) -> str | None:
        names = len(self.header or ())
        if b"\0" in raw:
            return "a NUL byte"
        if not raw.isascii() and (fault := utf8_fault(raw)):
            return fault
        if cells > names:
            return f"{cells} cells, and the header names {names}"
        if cells < names and not raw.endswith(b"\n"):
            return f"{cells} of {names} cells and no line end: the row is not finished"
        if exact and cells < names:
            self._broken_until = max(self._broken_until, self._feed.row[-1].number)
            return f"{cells} of {names} cells, behind the broken row of line {self._broken_since}"
        return None


def csv_records(
    lines: Iterator[Line | None], limit: int, delimiter: str, name: str
) -> Iterator[Record | None]:
    """One record per row, its cells under the header's names; None is handed on.

    The header, blank lines and rows of empty cells come as blank records. ImportInputError when
    the header cannot be used.
    """
    return iter(_Rows(lines, limit, delimiter, name))


def check_header(lines: Iterator[Line | None], limit: int, delimiter: str, name: str) -> None:
    """ImportInputError when the rows of this CSV cannot be read for want of a proper header."""
    rows = _Rows(lines, limit, delimiter, name)
    for _ in rows:
        if rows.header is not None:
            return


def _checked_header(file: str, cells: list[str]) -> list[str]:
    seen: set[str] = set()
    for place, name in enumerate(cells, 1):
        if not name.strip():
            raise _bad_header(file, f"has no name for column {place}: give it one")
        if name in seen:
            raise _bad_header(file, f"names {quoted(name)} twice: rename one of the columns")
        seen.add(name)
        if any("\ud800" <= char <= "\udfff" for char in name):
            raise _bad_header(
                file, "is not valid UTF-8: convert the file, as with 'iconv -f LATIN1 -t UTF-8'"
            )
    return cells


def _bad_header(file: str, what: str) -> ImportInputError:
    return ImportInputError(f"the CSV header {what}", path=file)


_FAULTS = {
    "end of data": "a quote that is not closed",
    "expected after": "text behind a closing quote",
    "new-line": "a carriage return in the middle of the line",
}


def _explain(error: csv.Error) -> str:
    message = str(error)
    return next((fault for part, fault in _FAULTS.items() if part in message), message)
