"""How much room a sealed log takes, beside the best that the same compressor can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from zstandard import ZstdCompressor

from benchmarks._frame import Piece, Prepared, Taken, Theme
from benchmarks._scale import Scale
from benchmarks._workload import write_log
from eventlog import EventLog

_BYTES = "bytes/event"


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log = scratch / "sized.eventlog"
    write_log(log, scale.replayed)
    frame = "zstd -3, one frame"
    yield Prepared(
        [
            Piece("raw lines", partial(_raw, log)),
            Piece(frame, partial(_one_frame, log), against="raw lines"),
            Piece("sealed segments", partial(_sealed, log), against=frame),
        ],
        [f"{scale.replayed:,} events in segments of the default size."],
    )


THEME = Theme("Sizes", _prepare, lambda scale: 1)


def _raw(path: Path) -> Taken:
    return Taken({_BYTES: sum(map(len, _lines(path))) / _events(path)})


def _one_frame(path: Path) -> Taken:
    compressor = ZstdCompressor(level=3).compressobj()
    stored = sum(len(compressor.compress(line)) for line in _lines(path))
    return Taken({_BYTES: (stored + len(compressor.flush())) / _events(path)})


def _sealed(path: Path) -> Taken:
    with EventLog.open(path, readonly=True) as log:
        stored = sum(entry.stored_bytes for entry in log.sealed())
    return Taken({_BYTES: stored / _events(path)})


def _lines(path: Path) -> Iterator[bytes]:
    with EventLog.open(path, readonly=True) as log:
        for line, _ in log.scan():
            yield line + b"\n"


def _events(path: Path) -> int:
    with EventLog.open(path, readonly=True) as log:
        return log.head()
