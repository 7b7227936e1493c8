"""Writing without waiting for the disk, one call per event, as loggers do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks._frame import Piece, Prepared, Theme
from benchmarks._scale import Scale
from benchmarks._workload import LINE_BYTES, save_plain
from benchmarks._writers import (
    Writer,
    append,
    append_rotating,
    append_typed,
    time_each_call,
    time_writer,
)
from benchmarks.peers import loggers, raw, sqlite

_LIMIT = "encode and os.write"
_ROTATIONS = 4
_EACH = ("append, sync never", "append, sync interval", "structlog, orjson", "SQLite WAL, NORMAL")
"""Those whose single calls are looked at, beside the limit."""


def ways(size: int) -> dict[str, Writer]:
    """All that is compared; those that rotate do it at that many bytes."""
    return {
        _LIMIT: raw.write_each,
        "the same, the time by the encoder": raw.write_each_fast_time,
        "append, sync never": partial(append, sync="never"),
        "append, sync interval": partial(append, sync="interval"),
        "append of typed events, sync never": append_typed,
        "append, rotating and compressing": partial(append_rotating, size=size),
        "structlog, orjson": loggers.structlog,
        "logging, rotating": partial(loggers.standard, size=size),
        "loguru, rotating and compressing": partial(loggers.loguru, size=size),
        "SQLite WAL, NORMAL": partial(sqlite.insert_each, synchronous="NORMAL"),
    }


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    source = scratch / "events"
    save_plain(source, scale.written)
    size = scale.written * LINE_BYTES // _ROTATIONS
    every = ways(size)
    pieces = [
        Piece(name, partial(time_writer, source, way), against=None if name == _LIMIT else _LIMIT)
        for name, way in every.items()
    ]
    calls = f"{_LIMIT}, each call"
    pieces.append(Piece(calls, partial(time_each_call, source, every[_LIMIT])))
    pieces += [
        Piece(f"{name}, each call", partial(time_each_call, source, every[name]), against=calls)
        for name in _EACH
    ]
    notes = [
        f"{scale.written:,} events, one call each. The bytes are with the operating system when a "
        "call returns; nobody waits for the disk.",
        f"Those that rotate do it every {size / 1e6:.1f} MB. Those that compress are timed until "
        "the last file is compressed.",
    ]
    yield Prepared(pieces, notes)


THEME = Theme("Writing", _prepare)
