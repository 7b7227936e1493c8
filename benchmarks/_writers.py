"""Ways to write events, all with one shape, so that one function times them all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path

from benchmarks._frame import Taken, per_event, percentiles, settle
from benchmarks._workload import BATCH, Plain, load_plain, workload
from eventlog import EventLog, NewEvent
from eventlog._writer import Sync

Loop = Callable[[], object]
"""Writes all the events, and waits for nothing that its promise does not need."""

Writer = Callable[[Path, list[Plain]], AbstractContextManager[Loop]]
"""Opens, in an empty directory, what the events go to. Opening and closing are not timed."""


def time_writer(source: Path, writer: Writer, limit: int | None = None) -> Taken:
    """Microseconds per event that a writer takes for the events in the file, or the first ones."""
    events = load_plain(source, limit)
    with writer(_empty(source.with_name("written")), events) as loop:
        return per_event(len(events), loop)


def time_each_call(source: Path, writer: Writer, limit: int | None = None) -> Taken:
    """The percentiles of what a writer takes between one event and the next."""
    events = _Ticking(load_plain(source, limit))
    with writer(_empty(source.with_name("written")), events) as loop:
        settle()
        loop()
    return Taken(percentiles([later - earlier for earlier, later in pairwise(events.ticks)]))


class _Ticking(list[Plain]):
    """Notes the time whenever the next event is taken, and when there is none left."""

    def __init__(self, events: list[Plain]) -> None:
        super().__init__(events)
        self.ticks: list[int] = []

    def __iter__(self) -> Iterator[Plain]:
        tick, clock = self.ticks.append, time.perf_counter_ns
        for one in super().__iter__():
            tick(clock())
            yield one
        tick(clock())


def _empty(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    return directory


@contextmanager
def append(target: Path, events: list[Plain], sync: Sync) -> Iterator[Loop]:
    """One call per event."""
    with EventLog.open(target / "log", sync=sync) as log:
        yield lambda: append_all(log, events)


@contextmanager
def append_rotating(target: Path, events: list[Plain], size: int) -> Iterator[Loop]:
    """One call per event, and every full segment is sealed when the loop is done."""
    with EventLog.open(target / "log", sync="never", segment_bytes=size) as log:

        def loop() -> None:
            append_all(log, events)
            log.close()

        yield loop


@contextmanager
def append_typed(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """One call per event, each an instance of a registered class."""
    typed = list(workload(len(events)))
    with EventLog.open(target / "log", sync="never") as log:

        def loop() -> None:
            for one in typed:
                log.append(one.event, subject=one.subject, source=one.source)

        yield loop


@contextmanager
def extend(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """A thousand events per call, on the disk when it returns."""
    with EventLog.open(target / "log") as log:

        def loop() -> None:
            for start in range(0, len(events), BATCH):
                log.extend(
                    [
                        NewEvent(one.type, one.data, one.subject, one.source)
                        for one in events[start : start + BATCH]
                    ]
                )

        yield loop


def append_all(log: EventLog, events: list[Plain]) -> None:
    """One call per event."""
    append = log.append
    for one in events:
        append(one.type, one.data, subject=one.subject, source=one.source)
