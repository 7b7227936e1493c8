"""What a question to each read model costs: at first, again, after a little more, with help.

Run it alone: python -m benchmarks.questions [--quick]

A question waits for nothing, so its processor time is what it takes on a machine that has nothing
else to do, and on a busy one, too. With helpers, whose start counts, the clock has to be asked.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks._asking import Make, ask
from benchmarks._frame import Piece, Prepared, Theme
from benchmarks._run import run_alone
from benchmarks._scale import Scale
from benchmarks._workload import workload, write_events
from benchmarks.replay import SEGMENTS
from eventlog import EventLog
from projections import READ_MODELS, project


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log, grown, cache = scratch / "log.eventlog", scratch / "grown.eventlog", scratch / "cache"
    more = scale.asked // 100
    events = workload(scale.asked + more)
    write_events(log, islice(events, scale.asked), segment_events=-(-scale.asked // SEGMENTS))
    with EventLog.open(log, sync="never") as opened:
        opened.seal()
        for make in READ_MODELS.values():
            project(opened, make())
    shutil.move(log / "cache", cache)
    shutil.copytree(log, grown)
    write_events(grown, events)
    pieces = [
        piece for name, make in READ_MODELS.items() for piece in _of(name, make, log, grown, cache)
    ]
    yield Prepared(
        pieces,
        [
            f"{scale.asked:,} events in {SEGMENTS} sealed segments, and {more:,} more in the "
            "active one. Every time it is asked by a process that has asked nothing before."
        ],
    )


THEME = Theme("Questions", _prepare)


def _of(name: str, make: Make, log: Path, grown: Path, cache: Path) -> Iterator[Piece]:
    first = f"{name}, first time"
    yield Piece(first, partial(ask, log, make))
    yield Piece(f"{name}, again", partial(ask, log, make, keep_cache=cache), first, first)
    yield Piece(f"{name}, 1 % more", partial(ask, grown, make, keep_cache=cache), None, first)
    yield Piece(f"{name}, two processes", partial(ask, log, make, 2), first, first)


if __name__ == "__main__":
    run_alone(THEME)
