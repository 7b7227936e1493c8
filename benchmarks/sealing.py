"""How long one append takes while the segment before is compressed, hashed and recorded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from benchmarks._frame import Piece, Prepared, Taken, Theme, percentiles, settle
from benchmarks._scale import Scale
from benchmarks._workload import BATCH, LINE_BYTES, Plain, load_plain, save_plain
from eventlog import EventLog, NewEvent
from eventlog._writer import Sync

_AT_ONCE = 16
"""Appends between two looks at whether the segment is sealed."""
_ENOUGH = 1_000
"""Fewer have no 99.9th percentile."""
_NO_ROTATION = 1 << 36


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    source = scratch / "events"
    save_plain(source, scale.sealed_while)
    pieces: list[Piece] = []
    modes: list[Sync] = ["never", "interval", "always"]
    for sync in modes:
        idle, busy = f"sync {sync}, nothing to seal", f"sync {sync}, while sealing"
        calls = max(scale.synced if sync == "always" else scale.written, _ENOUGH)
        pieces.append(Piece(idle, partial(_idle, source, sync, calls)))
        pieces.append(
            Piece(busy, partial(_busy, source, sync, max(scale.synced, _ENOUGH)), against=idle)
        )
    yield Prepared(
        pieces,
        [
            f"A segment of about {scale.sealed_while * LINE_BYTES / 1e6:.0f} MB is sealed in the "
            "background; as many appends as there is time for are timed, one by one, without a "
            "pause between them.",
        ],
    )


THEME = Theme("Append while sealing", _prepare)


def _idle(source: Path, sync: Sync, calls: int) -> Taken:
    with _filled(source, sync) as (log, events):
        return _percentiles(_timed(log, islice(cycle(events), calls)))


def _busy(source: Path, sync: Sync, fewest: int) -> Taken:
    """As often as it takes to time enough appends."""
    taken: list[int] = []
    seconds = []
    while len(taken) < fewest:
        with _filled(source, sync) as (log, events):
            raw = next((log.path / "segments").glob("*.jsonl"))
            endless = cycle(events)
            log.rotate()
            started = time.perf_counter()
            while raw.exists():
                taken += _timed(log, islice(endless, _AT_ONCE))
            seconds.append(time.perf_counter() - started)
    return Taken({**_percentiles(taken).figures, "sealed in s": median(seconds)})


@contextmanager
def _filled(source: Path, sync: Sync) -> Iterator[tuple[EventLog, list[Plain]]]:
    """A log whose active segment is full, as a program finds it that goes on for long."""
    events, target = load_plain(source), source.with_name("written.eventlog")
    shutil.rmtree(target, ignore_errors=True)
    with EventLog.open(target, sync=sync, segment_bytes=_NO_ROTATION) as log:
        for start in range(0, len(events), BATCH):
            log.extend(
                [
                    NewEvent(one.type, one.data, one.subject, one.source)
                    for one in events[start : start + BATCH]
                ]
            )
        log.sync()
        settle()
        yield log, events


def _timed(log: EventLog, events: Iterator[Plain]) -> list[int]:
    clock, append = time.perf_counter_ns, log.append
    taken = []
    for one in events:
        begun = clock()
        append(one.type, one.data, subject=one.subject, source=one.source)
        taken.append(clock() - begun)
    return taken


def _percentiles(taken: list[int]) -> Taken:
    return Taken({**percentiles(taken), "calls": float(len(taken))})
