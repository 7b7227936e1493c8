"""Events as rows. Everything is taken from the line as it is stored, so ``data`` stays exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from eventlog import Event, EventLog, PrunedError, Query
from eventlog._check import CHECK_BYTES
from eventlog._codec import sequence_of, time_of
from eventlog._format import SEQUENCE_DIGITS
from projections.exports._columns import Column, Kind, Row

EVENT_COLUMNS = (
    Column("sequence", Kind.INTEGER),
    Column("id", Kind.TEXT),
    Column("source", Kind.TEXT),
    Column("type", Kind.TEXT),
    Column("subject", Kind.TEXT),
    Column("time", Kind.TIME),
    Column("schemaversion", Kind.INTEGER),
    Column("data", Kind.JSON),
    Column("extensions", Kind.JSON),
)

Pair = tuple[bytes, Event]
"""A line, and the event it holds."""

Advance = Callable[[int], None]
"""Told how many more bytes of the log are done."""


def ignore(_: int) -> None:
    """An Advance that nobody looks at."""


_DATA_NAME = b'","data":'
_SEQUENCE_NAME = b',"sequence":"'
_COMMIT_NAME = b',"commit":'
_FROM_SEQUENCE_TO_DATA = len(_SEQUENCE_NAME) + SEQUENCE_DIGITS + len(_DATA_NAME)
_TOLD_AT_ONCE = 1 << 20


def stored_events(log: EventLog, query: Query, advance: Advance) -> Iterator[Pair]:
    """The events that match, without upcasting: an export shows what was recorded."""
    tell = _Telling(advance)
    with EventLog.open(log.path, readonly=True) as stored:
        for pair in stored.scan(query):
            tell.about(pair[0])
            yield pair
    tell.all()


def stored_lines(log: EventLog, query: Query, advance: Advance) -> Iterator[bytes]:
    """The lines of the events that match. Where the sequence alone decides, none is decoded."""
    if query.looks_inside or query.after or query.until is None:
        yield from (line for line, _ in stored_events(log, query, advance))
        return
    tell = _Telling(advance)
    with EventLog.open(log.path, readonly=True) as stored:
        for line in stored.lines_containing(b""):
            if sequence_of(line) > query.until:
                break
            tell.about(line)
            yield line
    tell.all()


class _Telling:
    """Tells an Advance about lines, many at once."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._bytes = 0

    def about(self, line: bytes) -> None:
        self._bytes += len(line) + 1
        if self._bytes >= _TOLD_AT_ONCE:
            self.all()

    def all(self) -> None:
        self._advance(self._bytes)
        self._bytes = 0


def event_row(pair: Pair) -> Row:
    """One event, as EVENT_COLUMNS have it."""
    line, event = pair
    return (
        event.sequence, event.id, event.source, event.type, event.subject,
        time_of(line).decode(), event.schemaversion, _data_of(line, event), _extensions_of(event),
    )  # fmt: skip


def _data_of(line: bytes, event: Event) -> str:
    """The text of ``data``, number by number and escape by escape as it is in the line."""
    start = line.find(_SEQUENCE_NAME) + _FROM_SEQUENCE_TO_DATA
    end = len(line) - CHECK_BYTES
    if event.commit is not None:
        end = line.rfind(_COMMIT_NAME, 0, end)
    return line[start:end].decode()


def _extensions_of(event: Event) -> str:
    return msgspec.json.encode(event.extensions).decode() if event.extensions else "{}"


def crc32_of(line: bytes) -> str:
    """The check that a line states, eight hex digits."""
    return line[-CHECK_BYTES:][-len('00000000"}') : -len('"}')].decode()


def line_at(log: EventLog, sequence: int) -> bytes | None:
    """The line of one event; None when the log has none (any more)."""
    with suppress(PrunedError):
        for line, _ in log.scan(Query(after=sequence - 1, until=sequence)):
            return line
    return None


def first_sequence(log: EventLog, *, after: int, until: int) -> int | None:
    """The first sequence that is kept of a stretch of the log; None when there is none."""
    try:
        found = log.read(after=after, until=until, limit=1)
        return next((event.sequence for event in found), None)
    except PrunedError as error:
        after = error.sequence or after
        return None if until <= after else first_sequence(log, after=after, until=until)
