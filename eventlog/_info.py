"""What a log holds, without reading most of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from attrs import frozen

from eventlog._catalog import Catalog
from eventlog._codec import time_of
from eventlog._errors import DamagedLogError
from eventlog._format import CACHE_NAME
from eventlog._query import Query
from eventlog._reader import line_blocks


@frozen
class LogInfo:
    """Sizes in bytes; times are the earliest and the latest event's (RFC 3339, UTC)."""

    path: str
    log_id: str
    format: int
    created: str
    events: int
    first_sequence: int | None
    last_sequence: int | None
    segments: int
    sealed_segments: int
    raw_bytes: int
    stored_bytes: int
    first_time: str | None
    last_time: str | None
    cache_files: int
    cache_bytes: int
    """Derived data, which can be deleted at any time."""


def gather_info(catalog: Catalog) -> LogInfo:
    """Sealed segments tell from the manifest, the others are read."""
    snapshot = catalog.snapshot()
    entries = snapshot.entries[: snapshot.sealed]
    last = snapshot.sealed_to
    times = [text for e in entries for text in (e.first_time, e.last_time)]
    unsealed_bytes = 0
    for block in line_blocks(catalog, Query(after=last)):
        moments = [time_of(line) for line in block.lines]
        try:
            times += [min(moments).decode(), max(moments).decode()]
        except UnicodeDecodeError:
            raise DamagedLogError(
                "a line's time is no time", path=catalog.path, sequence=block.first
            ) from None
        unsealed_bytes += sum(map(len, block.lines)) + len(block.lines)
        last = block.last
    cached = _cached_sizes(catalog.path / CACHE_NAME)
    first = entries[0].first_sequence if entries else snapshot.raw[0].first_sequence
    return LogInfo(
        path=str(catalog.path),
        log_id=catalog.identity.log_id,
        format=catalog.identity.format,
        created=catalog.identity.created,
        events=last - first + 1,
        first_sequence=first if last >= first else None,
        last_sequence=last if last >= first else None,
        segments=len(snapshot),
        sealed_segments=len(entries),
        raw_bytes=sum(entry.raw_bytes for entry in entries) + unsealed_bytes,
        stored_bytes=sum(entry.stored_bytes for entry in entries) + unsealed_bytes,
        first_time=min(times, default=None),
        last_time=max(times, default=None),
        cache_files=len(cached),
        cache_bytes=sum(cached),
    )


def _cached_sizes(directory: Path) -> list[int]:
    sizes = []
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):  # others may replace or delete cached files meanwhile
            if path.is_file():
                sizes.append(path.stat().st_size)
    return sizes
