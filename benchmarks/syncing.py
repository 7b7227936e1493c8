"""Writing to the disk: what is there after a power loss, one by one and by the thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks._frame import Piece, Prepared, Taken, Theme
from benchmarks._scale import Scale
from benchmarks._workload import BATCH, save_plain
from benchmarks._writers import Writer, append, extend, time_each_call, time_writer
from benchmarks.peers import event_sourcing, raw, sqlite, umadb_server

EACH: dict[str, Writer] = {
    "write and fdatasync": raw.write_synced,
    "append, sync always": partial(append, sync="always"),
    "SQLite WAL, FULL": partial(sqlite.insert_each, synchronous="FULL"),
    "eventsourcing, SQLite": event_sourcing.save_each,
    "UmaDB": umadb_server.append_each,
}
BATCHES: dict[str, Writer] = {
    "encode and buffered write": raw.write_buffered,
    "encode, write and fdatasync per 1000": raw.write_synced_batches,
    "extend of 1000, sync always": extend,
    "SQLite WAL, FULL, 1000 per transaction": partial(sqlite.insert_batches, synchronous="FULL"),
    "eventsourcing, SQLite, 1000 per save": event_sourcing.save_batches,
    "UmaDB, 1000 per call": umadb_server.append_batches,
}
"""All of them, but for the first, are on the disk at the end of a batch."""

Timed = Callable[[Path, Writer, int], Taken]


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    source = scratch / "events"
    save_plain(source, max(scale.synced, scale.batched))
    calls = {f"{name}, each call": way for name, way in EACH.items()}
    pieces = [
        *_pieces(source, EACH, scale.synced),
        *_pieces(source, calls, scale.synced, time_each_call),
        *_pieces(source, BATCHES, scale.batched),
    ]
    yield Prepared(
        pieces,
        [
            f"{scale.synced:,} events, each on the disk before the next, then {scale.batched:,}, "
            f"{BATCH:,} of them at a time. The buffered write alone does not wait for the disk."
        ],
    )


THEME = Theme("Syncing", _prepare)


def _pieces(
    source: Path, ways: dict[str, Writer], limit: int, timed: Timed = time_writer
) -> list[Piece]:
    """Each compared with the first."""
    first = next(iter(ways))
    return [
        Piece(name, partial(timed, source, way, limit), against=None if name == first else first)
        for name, way in ways.items()
    ]
