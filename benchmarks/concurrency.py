"""Many writers at once: threads that share an fsync, and processes that share a log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from benchmarks._frame import US, Piece, Prepared, Taken, Theme, settle
from benchmarks._scale import Scale
from benchmarks._workload import LINE_BYTES, Plain, load_plain, save_plain
from benchmarks._writers import append_all
from eventlog import EventLog
from eventlog._files import Files
from eventlog._writer import Sync

_THREADS, _PROCESSES = 16, 8
_ROTATIONS = 8
_PATIENCE_SECONDS = 600


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    source = scratch / "events"
    save_plain(source, max(scale.by_threads, scale.by_processes))
    size = scale.by_processes * LINE_BYTES // _ROTATIONS
    threads, processes = scale.by_threads, scale.by_processes

    def by_threads(name: str, number: int, seconds: float | None, against: str | None) -> Piece:
        return Piece(name, partial(_threads, source, threads, number, seconds), None, against)

    def by_processes(name: str, number: int, sync: Sync, against: str | None) -> Piece:
        return Piece(
            name, partial(_processes, source, processes, number, size, sync), None, against
        )

    yield Prepared(
        [
            by_threads("1 thread", 1, None, None),
            by_threads("16 threads", _THREADS, None, "1 thread"),
            by_threads("1 thread, fsync of 1 ms", 1, 0.001, None),
            by_threads("16 threads, fsync of 1 ms", _THREADS, 0.001, "1 thread, fsync of 1 ms"),
            by_processes("1 process", 1, "never", None),
            by_processes("8 processes", _PROCESSES, "never", "1 process"),
            by_processes("1 process, sync interval", 1, "interval", None),
            by_processes("8 processes, sync interval", _PROCESSES, "interval",
                         "1 process, sync interval"),
        ],
        [
            f"{threads:,} events in all by threads of one process, sync always; where it says so, "
            "an fsync is replaced by a wait of a millisecond.",
            f"{processes:,} events in all by processes, in about {_ROTATIONS} segments, sync "
            "never unless it says otherwise. Time is from the common start to the last append. "
            "Afterwards every event is looked for.",
        ],
    )  # fmt: skip


THEME = Theme("Threads and processes", _prepare)


class _SlowDisk(Files):
    """An fsync takes as long as it is told to."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def sync(self, descriptor: int) -> None:
        time.sleep(self._seconds)


def _threads(source: Path, total: int, number: int, fsync_seconds: float | None) -> Taken:
    events = load_plain(source, total)
    target = _fresh(source)
    files = None if fsync_seconds is None else _SlowDisk(fsync_seconds)
    with EventLog.open(target, files=files) as log:
        barrier = Barrier(number + 1)

        def write(part: list[Plain]) -> None:
            barrier.wait()
            append_all(log, part)

        threads = [Thread(target=write, args=(events[one::number],)) for one in range(number)]
        for thread in threads:
            thread.start()
        settle()
        barrier.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        assert log.head() == len(events)
    return Taken({US: seconds / len(events) * 1e6})


def _processes(source: Path, total: int, number: int, size: int, sync: Sync) -> Taken:
    target = _fresh(source)
    context = get_context("fork")  # of this small process, which has no threads
    EventLog.open(target).close()
    barrier, ends = context.Barrier(number + 1, timeout=_PATIENCE_SECONDS), context.Queue()
    writers = [
        context.Process(
            target=_write_part, args=(source, total, one, number, target, size, sync, barrier, ends)
        )
        for one in range(number)
    ]
    for writer in writers:
        writer.start()
    barrier.wait()
    started = time.perf_counter()  # the same clock in all processes
    seconds = max([ends.get(timeout=_PATIENCE_SECONDS) for _ in writers]) - started
    for writer in writers:
        writer.join()
    return Taken({US: seconds / total * 1e6, "lost or doubled": float(_wrong(target, total))})


def _write_part(
    source: Path, total: int, one: int, number: int, target: Path, size: int, sync: Sync,
    barrier: Any, ends: Any,
) -> None:  # fmt: skip
    """In a process: every event of the part carries its place in the whole."""
    places = range(one, total, number)
    events = load_plain(source, total, start=one, step=number)
    for place, event in zip(places, events, strict=True):
        event.data["place"] = place
    with EventLog.open(target, sync=sync, segment_bytes=size) as log:
        settle()
        barrier.wait()
        append_all(log, events)
        ends.put(time.perf_counter())


def _wrong(path: Path, total: int) -> int:
    """How many places are missing, or there more than once."""
    with EventLog.open(path, readonly=True) as log:
        places = [event.data["place"] for event in log.read()]
    return len(set(range(total)) ^ set(places)) + len(places) - len(set(places))


def _fresh(source: Path) -> Path:
    target = source.with_name("written.eventlog")
    shutil.rmtree(target, ignore_errors=True)
    return target
