"""Replaying a log that nobody asked before: a selective question, and the session summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._area_totals import AreaTotals
from benchmarks._asking import ask, ask_peer
from benchmarks._frame import (
    PEAK,
    SECONDS,
    Piece,
    Prepared,
    Taken,
    Theme,
    peak_megabytes,
    seconds_of,
)
from benchmarks._scale import Scale
from benchmarks._workload import line_bytes, write_log
from benchmarks.peers import engines, lines, summaries
from eventlog import EventLog
from projections import SessionSummaries

SEGMENTS = 17


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log = scratch / "replayed.eventlog"
    write_log(log, scale.replayed, segments=SEGMENTS)
    segments = log / "segments"
    limit = "decompress and split"
    mine, fold = "area totals, one process", "summaries, standard json"

    def peer(
        name: str,
        work: Callable[[Path], Any],
        same_as: str | None = None,
        needs: str | None = None,
    ) -> Piece:
        return Piece(name, partial(ask_peer, segments, work, needs), same_as, limit)

    yield Prepared(
        [
            Piece(limit, partial(ask_peer, segments, lines.count_lines)),
            Piece("every event read", partial(read_all, log), limit, limit),
            Piece(mine, partial(ask, log, AreaTotals), None, limit),
            Piece("area totals, two processes", partial(ask, log, AreaTotals, 2), mine, limit),
            peer("area totals, DuckDB, two threads", engines.duckdb_area_totals, mine, "duckdb"),
            peer("area totals, Polars, two threads", engines.polars_area_totals, mine, "polars"),
            peer("area totals, orjson", partial(lines.area_totals, library="orjson"), mine,
                 "orjson"),
            peer("area totals, standard json", lines.area_totals, mine),
            peer(fold, summaries.session_summaries),
            peer("summaries, orjson",
                 partial(summaries.session_summaries, library="orjson"), fold, "orjson"),
            Piece("summaries, one process", partial(ask, log, SessionSummaries), fold, limit),
            Piece("summaries, two processes", partial(ask, log, SessionSummaries, 2), fold, limit),
        ],
        [
            f"{scale.replayed:,} events in {SEGMENTS} sealed segments, lines of "
            f"{line_bytes(log):.0f} bytes, from the page cache; the answers are compared.",
            "The start of the two processes counts. Processor time and memory are those of the "
            "process that asks.",
        ],
    )  # fmt: skip


def read_all(path: Path) -> Taken:
    """Every event, decoded, one after the other."""
    count: list[int] = []
    with EventLog.open(path, readonly=True) as log:
        seconds = seconds_of(lambda: count.append(sum(1 for _ in log.read())))
    return Taken({SECONDS: seconds, PEAK: peak_megabytes()}, count[0])


THEME = Theme("Replay", _prepare)
