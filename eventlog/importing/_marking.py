"""Where the mark of a batch stands: in one of its events, or in one of its own.

An event that just fits into a line of the log must not be refused because of what the import adds
to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from eventlog._new_event import NewEvent
from eventlog.importing._drafts import Extensions
from eventlog.importing._lines import Raw
from eventlog.importing._marks import ACCEPTED, MARK, OURS, REJECTED, Mark, format_mark
from eventlog.importing._ranges import Range, format_ranges

MARK_TYPE = "eventlog.imported"
"""The type of an event that tells nothing but its mark."""

_SMALL = 1024
_ORIGIN_SEQUENCE = "originsequence"

Marked = tuple[int | None, list[NewEvent]]
"""The place of the event that carries the mark, None where no event does; and all events."""


def mark_extensions(mark: Mark, rejected: list[Range]) -> Extensions:
    """A mark as the attributes of an event."""
    extensions: Extensions = {MARK: format_mark(mark)}
    if rejected:
        extensions[REJECTED] = format_ranges(rejected)
    return extensions


def late_extensions(mark: Mark, line: int) -> Extensions:
    """The attributes of an event whose line was refused before."""
    return {MARK: format_mark(mark), ACCEPTED: str(line)}


def ways_to_mark(
    events: list[NewEvent], lines: Sequence[Raw], mark: Extensions
) -> Iterator[Marked]:
    """How the events of these lines can be appended, the best way first.

    Further ways are for a single event, when the log refused it together with its mark. One with
    an id needs no mark; its sequence of elsewhere is worth less than the event.
    """
    yield _in_small(events, lines, mark)
    if len(events) > 1:
        return
    (event,) = events
    if event.id is None:
        yield 1, [event, _bearer(event, mark)]
        return
    yield None, [_without(event, OURS)]
    if _ORIGIN_SEQUENCE in (event.extensions or {}):
        yield None, [_without(event, OURS | {_ORIGIN_SEQUENCE})]


def _bearer(event: NewEvent, mark: Extensions) -> NewEvent:
    return NewEvent(MARK_TYPE, source=event.source, time=event.time, extensions=mark)


def _without(event: NewEvent, names: frozenset[str]) -> NewEvent:
    extensions = event.extensions or {}
    kept = {name: value for name, value in extensions.items() if name not in names}
    return replace(event, extensions=kept)


def _in_small(events: list[NewEvent], lines: Sequence[Raw], mark: Extensions) -> Marked:
    backwards = range(len(events) - 1, -1, -1)
    able = [place for place in backwards if events[place].id is None] or backwards
    small = (place for place in able if len(lines[place]) <= _SMALL)
    place = next(small, -1)
    if place < 0:
        place = min(able, key=lambda place: len(lines[place]))
    extensions = {**(events[place].extensions or {}), **mark}
    marked = replace(events[place], extensions=extensions)
    return place, [*events[:place], marked, *events[place + 1 :]]
