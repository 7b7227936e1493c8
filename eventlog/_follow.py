"""Following a log: reading on whenever something was added, by whatever process."""

from __future__ import annotations

import time
from collections.abc import Iterator

from attrs import evolve

from eventlog._catalog import Catalog
from eventlog._event import Event
from eventlog._lines import Lines
from eventlog._query import Query
from eventlog._reader import decode_matching, line_blocks


def follow(
    catalog: Catalog, query: Query, poll: float, timeout: float | None
) -> Iterator[tuple[bytes, Event]]:
    """Matching events with their lines, for ever, or until none came for ``timeout`` seconds."""
    quiet_since, seen = time.monotonic(), None
    while True:
        state = _state(catalog)
        if state != seen:
            for block in line_blocks(catalog, query):
                for pair in decode_matching(block, query):
                    quiet_since = time.monotonic()
                    yield pair
                query = _behind(query, block)
            seen = state
        elif timeout is not None and time.monotonic() - quiet_since >= timeout:
            return
        else:
            time.sleep(poll)


def _behind(query: Query, block: Lines) -> Query:
    return evolve(query, after=max(query.after, block.last))


def _state(catalog: Catalog) -> tuple[int, ...]:
    """Changes whenever a segment grows, appears or goes; costs two looks at the disk."""
    path = catalog.snapshot().raw[-1].path
    try:
        raw = path.stat()
        # The size alone does not tell a tear from what was written in its place.
        return (catalog.directory.stat().st_mtime_ns, raw.st_mtime_ns, raw.st_size)
    except FileNotFoundError:
        return ()
