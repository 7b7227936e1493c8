"""Opening a log of many segments, reading one event by its sequence, and recovering."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from benchmarks._frame import (
    MILLISECONDS,
    PEAK,
    Piece,
    Prepared,
    Taken,
    Theme,
    peak_megabytes,
    settle,
)
from benchmarks._scale import Scale
from benchmarks._workload import BATCH, workload
from eventlog import EventLog
from eventlog._files import Files

_SEGMENT_EVENTS = 4
_READS = 20


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    many, large = scratch / "many.eventlog", scratch / "large.eventlog"
    _write_many(many, scale.segments)
    size = _write_large(large, scale.active_bytes)
    yield Prepared(
        [
            Piece("open, many segments", partial(open_for_writing, many)),
            Piece(
                "open for reading and read one event, many segments", partial(_open_reading, many)
            ),
            Piece("read one event by sequence, many segments", partial(read_some, many)),
            Piece("open, large active segment", partial(_open_copy, large, False)),
            Piece("open, large active segment with a torn end", partial(_open_copy, large, True)),
        ],
        [
            f"{scale.segments:,} sealed segments of {_SEGMENT_EVENTS} events; an active segment "
            f"of {size / (1 << 20):.0f} MiB. Opened for writing unless it says otherwise. One "
            f"event is read by an opened log that has read before; the mean of {_READS} places."
        ],
    )  # fmt: skip


THEME = Theme("Opening", _prepare)


class _UnsyncedFiles(Files):
    """Only to make a log sooner: it does not wait for the disk."""

    def sync(self, descriptor: int) -> None:
        """Nothing."""

    def sync_directory(self, path: Path) -> None:
        """Nothing."""


def _write_many(path: Path, segments: int) -> None:
    events = cycle(workload(BATCH))
    with EventLog.open(path, files=_UnsyncedFiles(), segment_events=_SEGMENT_EVENTS) as log:
        for _ in range(segments):
            log.extend(islice(events, _SEGMENT_EVENTS))
        log.seal()
        assert len(log.sealed()) == segments


def _write_large(path: Path, size: int) -> int:
    events = cycle(workload(20 * BATCH))
    active = path / "segments" / "0000000000000000001.jsonl"
    with EventLog.open(path, sync="never", segment_bytes=1 << 36) as log:
        while active.stat().st_size < size:
            log.extend(islice(events, BATCH))
    return active.stat().st_size


def _taken(started: float, times: int = 1) -> Taken:
    milliseconds = (time.perf_counter() - started) * 1e3 / times
    return Taken({MILLISECONDS: milliseconds, PEAK: peak_megabytes()})


def open_for_writing(path: Path) -> Taken:
    """Opening, with what recovery looks at; not closing."""
    settle()
    started = time.perf_counter()
    log = EventLog.open(path)
    try:
        return _taken(started)
    finally:
        log.close()


def _open_reading(path: Path) -> Taken:
    settle()
    started = time.perf_counter()
    with EventLog.open(path, readonly=True) as log:
        next(log.read(after=7, limit=1))
        return _taken(started)


def read_some(path: Path) -> Taken:
    """Single events from all over a log that is open already; the mean."""
    with EventLog.open(path, readonly=True) as log:
        head = log.head()
        places = range(head // _READS // 2, head, head // _READS)
        next(log.read(after=1, limit=1))
        settle()
        started = time.perf_counter()
        for place in places:
            (event,) = log.read(after=place - 1, limit=1)
            assert event.sequence == place
        return _taken(started, len(places))


def _open_copy(path: Path, torn: bool) -> Taken:
    """Of a copy, since opening mends it."""
    copy = path.with_name("copy.eventlog")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy)
    if torn:
        (active,) = (copy / "segments").glob("*.jsonl")
        with active.open("ab") as file:
            file.write(b'{"specversion":"1.0","id":"')
        logging.getLogger("eventlog").setLevel(logging.ERROR)  # which is told of, as it should be
    return open_for_writing(copy)
