"""Whether the lines behind a mark tell the same as the batch behind it.

A mark vouches for the bytes before it, and an older copy of a grown file may end anywhere in
between. The log keeps no bytes of foreign lines, but it has the events that came of them. So the
lines are made into events once more, and compared one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Protocol

import msgspec

from eventlog._codec import decode_line
from eventlog._event import Event
from eventlog._query import Query
from eventlog.importing._bad_line import BadLineError
from eventlog.importing._drafts import Draft
from eventlog.importing._marks import OPENING, OURS, gist_of
from eventlog.importing._records import Record
from eventlog.importing._resume import Resumption

_encode = msgspec.json.Encoder(order="sorted").encode


class ReadableLog(Protocol):
    """What is asked of a log to compare its events."""

    @property
    def log_id(self) -> str: ...
    def scan(self, query: Query, /) -> Iterator[tuple[bytes, Event]]: ...


def is_known_by_id(draft: Draft) -> bool:
    """Whether the log itself knows if it has this event. A file may have had another name."""
    return draft.event.id is not None and draft.has_source


def drafts_behind(
    resumption: Resumption,
    records: Iterable[Record | None],
    draft: Callable[[dict[str, Any]], Draft],
) -> Iterator[tuple[int, Draft]]:
    """The events of the records that the resumption's mark does not vouch for, and their lines."""
    for record in records:
        if record is not None and record.fields is not None and not resumption.holds(record):
            try:
                yield record.line, draft(record.fields)
            except BadLineError:
                continue  # no event, so nothing that could be missing


def tells_the_same(
    log: ReadableLog,
    marked: int,
    late: Mapping[int, int],
    told: Iterator[tuple[int, Draft]],
    openings: dict[int, list[int]],
) -> bool:
    """Whether the batch with the sequence ``marked`` begins with what these lines tell.

    ``late`` has the sequences of those lines that were accepted only after the batch. Events that
    the log knows by their id do not count. ``openings`` remembers how batches begin, so that files
    that begin alike, and are many, are not all looked up for each other.
    """
    start = list(islice(told, OPENING))
    if not start:
        return True
    if _begins_otherwise(start, late, openings.get(marked, ())):
        return False
    batch = _batch_of(log, marked)
    made = [one for one in batch if one.id == f"{log.log_id}-{one.sequence}"]
    openings[marked] = [gist_of(one.type, one.subject, one.data) for one in made[:OPENING]]
    own = iter(made)
    by_id = {one.id: one for one in batch}
    for line, draft in chain(start, told):
        if line in late:
            found: Event | None = _stored(log, late[line], late[line])[0]
        elif is_known_by_id(draft):
            continue
        elif draft.event.id is None:
            found = next(own, None)
        else:
            found = by_id.get(draft.event.id)
        if found is None or not _is_same(draft, found):
            return False
    return True


def _begins_otherwise(
    start: list[tuple[int, Draft]], late: Mapping[int, int], opening: Sequence[int]
) -> bool:
    own = [draft.event for line, draft in start if draft.event.id is None and line not in late]
    gists = [gist_of(one.event, one.subject, one.data) for one in own]
    return any(one != other for one, other in zip(gists, opening, strict=False))


def _batch_of(log: ReadableLog, sequence: int) -> list[Event]:
    behind = (event for _, event in log.scan(Query(after=sequence - 1)))
    last, size = next((one.sequence, one.commit) for one in behind if one.commit is not None)
    return _stored(log, last - size + 1, last)


def _stored(log: ReadableLog, first: int, last: int) -> list[Event]:
    """Events as they were stored: those of ``scan`` may have been upcast."""
    lines = [line for line, _ in log.scan(Query(after=first - 1, until=last))]
    return [decode_line(line) for line in lines]


def _is_same(draft: Draft, stored: Event) -> bool:
    """Where a line says nothing of time or source, these are what they were on that day."""
    event = draft.event
    extensions = {name: value for name, value in stored.extensions.items() if name not in OURS}
    if stored.schemaversion > 1:
        extensions["schemaversion"] = stored.schemaversion
    return (
        event.event == stored.type
        and event.subject == stored.subject
        and (event.source == stored.source or not draft.has_source)
        and (event.time == stored.time or not draft.has_time)
        and _encode(event.data) == _encode(stored.data)
        and _encode(event.extensions or {}) == _encode(extensions)
    )
