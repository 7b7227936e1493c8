"""Many events at a time: what a fold over a log reads, without a step per event.

The events are those of :func:`eventlog._reader.scan`, in lists of a few hundred.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from eventlog._catalog import Catalog
from eventlog._codec import decode_lines
from eventlog._event import Event
from eventlog._lines import Lines, WholeBlock
from eventlog._query import Query
from eventlog._reader import decode_candidates, line_blocks

_DECODED_BYTES = 64 << 10
"""So much of a block at a time: what is decoded and folded stays in the processor's cache."""

_decode = msgspec.json.Decoder(Event).decode_lines


def event_lists(catalog: Catalog, query: Query) -> Iterator[list[Event]]:
    """Matching events in order of the sequence, a few hundred at a time."""
    for block in line_blocks(catalog, query):
        if isinstance(block, WholeBlock) and _takes_all(query, block):
            yield from _decoded(block)
        else:
            for _, events in decode_candidates(block, query):
                yield _matching(events, block, query)


def _matching(events: list[Event], block: Lines, query: Query) -> list[Event]:
    if not block.gapless or query.looks_deep:
        return [event for event in events if query.matches(event)]
    types = query.types
    return events if types is None else [event for event in events if event.type in types]


def _takes_all(query: Query, block: Lines) -> bool:
    """Whether every line of the block matches, and in this order."""
    if query.looks_inside or query.reverse:
        return False
    return query.after < block.first and (query.until is None or query.until >= block.last)


def _decoded(block: WholeBlock) -> Iterator[list[Event]]:
    """The events of a block, decoded as they stand there."""
    data, start, count = block.block.data, 0, 0
    while start < len(data):
        end = data.find(b"\n", start + _DECODED_BYTES) + 1 or len(data)
        events = _decode_part(data[start:end])
        count += len(events)
        start = end
        if start == len(data):
            block.check_count(count)  # the decoder passes over empty lines
        yield events


def _decode_part(part: bytes) -> list[Event]:
    try:
        return _decode(part)
    except (ValueError, RecursionError):  # a line with extension attributes, or none at all
        return decode_lines(part.split(b"\n")[:-1])
