"""Very many sessions with little in each: what a state per session costs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks._asking import ask_quietly
from benchmarks._frame import (
    PEAK,
    SECONDS,
    Piece,
    Prepared,
    Taken,
    Theme,
    alone,
    peak_megabytes,
    seconds_of,
)
from benchmarks._run import run_alone
from benchmarks._scale import Scale
from benchmarks._workload import write_events
from benchmarks.replay import read_all
from eventlog import EventLog, NewEvent
from projections import SessionSummaries, iter_rows


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log, cache = scratch / "many.eventlog", scratch / "cache"
    write_events(log, _short_sessions(scale.distinct))
    with EventLog.open(log, sync="never") as opened:
        opened.seal()
    alone(ask_quietly, log, SessionSummaries)
    shutil.move(log / "cache", cache)
    stored = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    yield Prepared(
        [
            Piece("every event read", partial(read_all, log)),
            Piece("a list, first time", partial(ask_quietly, log, SessionSummaries)),
            Piece("row by row, first time", partial(_ask_for_rows, log),
                  against="a list, first time"),
            Piece("a list, again", partial(ask_quietly, log, SessionSummaries, cache),
                  against="a list, first time"),
            Piece("row by row, again", partial(_ask_for_rows, log, cache),
                  against="a list, again"),
        ],
        [
            f"{scale.distinct:,} sessions of three events each, and their summaries: as the list "
            "that project returns, and with iter_rows, as the commands write JSON. The cache takes "
            f"{stored / 1e6:.1f} MB."
        ],
    )  # fmt: skip


THEME = Theme("Many sessions", _prepare, lambda scale: 1)


def _ask_for_rows(path: Path, keep_cache: Path | None = None) -> Taken:
    """From opening the log to the last row, of which none is held."""
    shutil.rmtree(path / "cache", ignore_errors=True)
    if keep_cache is not None:
        shutil.copytree(keep_cache, path / "cache")
    seconds = seconds_of(lambda: _count_rows(path))
    return Taken({SECONDS: seconds, PEAK: peak_megabytes()})


def _count_rows(path: Path) -> int:
    with EventLog.open(path, readonly=True) as log:
        return sum(1 for _ in iter_rows(log, SessionSummaries()))


def _short_sessions(count: int) -> Iterator[NewEvent]:
    """Each begins, calls a tool, and ends."""
    for number in range(count):
        subject, source = f"shell-{number:07d}", f"shell/console-{number % 20:02d}"
        yield NewEvent("session.started", {"user": "backup"}, subject, source)
        yield NewEvent("tool.called", {"tool": "ls", "duration_ms": 12}, subject, source)
        yield NewEvent("session.ended", {"reason": "exit"}, subject, source)


if __name__ == "__main__":
    run_alone(THEME)
