"""Asking again after a little more was appended: what is known of sealed segments is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks._asking import QUESTIONS, ask, ask_peer
from benchmarks._frame import Piece, Prepared, Theme
from benchmarks._scale import Scale
from benchmarks._workload import workload, write_events
from benchmarks.peers import engines
from benchmarks.replay import SEGMENTS
from eventlog import EventLog
from projections import project


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log, cache = scratch / "asked.eventlog", scratch / "cache"
    more = scale.replayed // 100
    events = workload(scale.replayed + more)
    write_events(log, islice(events, scale.replayed), segment_events=-(-scale.replayed // SEGMENTS))
    with EventLog.open(log, sync="never") as opened:
        opened.seal()
        for make in QUESTIONS.values():
            project(opened, make())
    shutil.copytree(log / "cache", cache)  # as it was before the new events came
    write_events(log, events)
    pieces = []
    for question, make in QUESTIONS.items():
        first, again = f"{question}, first time", f"{question}, 1 % more"
        pieces += [
            Piece(first, partial(ask, log, make)),
            Piece(again, partial(ask, log, make, keep_cache=cache), first, first),
        ]
    pieces.append(
        Piece(
            "area totals, 1 % more, DuckDB",
            partial(ask_peer, log / "segments", engines.duckdb_area_totals, "duckdb"),
            "area totals, first time",
            "area totals, first time",
        )
    )
    yield Prepared(
        pieces,
        [
            f"{scale.replayed:,} events in {SEGMENTS} sealed segments, and {more:,} more in the "
            "active one. Each time by a process that has asked nothing before."
        ],
    )


THEME = Theme("The same question again", _prepare)
