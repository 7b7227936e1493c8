"""Very many sessions with little in each: what a state per session costs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks._asking import ask_quietly
from benchmarks._frame import Piece, Prepared, Theme, alone
from benchmarks._scale import Scale
from benchmarks._workload import write_events
from benchmarks.replay import read_all
from eventlog import EventLog, NewEvent
from projections import SessionSummaries


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log, cache = scratch / "many.eventlog", scratch / "cache"
    write_events(log, _short_sessions(scale.distinct))
    with EventLog.open(log, sync="never") as opened:
        opened.seal()
    alone(ask_quietly, log, SessionSummaries)
    shutil.move(log / "cache", cache)
    stored = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    first = "session summaries, first time"
    yield Prepared(
        [
            Piece("every event read", partial(read_all, log)),
            Piece(first, partial(ask_quietly, log, SessionSummaries)),
            Piece("session summaries, again", partial(ask_quietly, log, SessionSummaries, cache),
                  against=first),
        ],
        [
            f"{scale.distinct:,} sessions of three events each. A session's state stays in memory "
            f"until the answer is there; the cache takes {stored / 1e6:.0f} MB."
        ],
    )  # fmt: skip


THEME = Theme("Many sessions", _prepare, lambda scale: 1)


def _short_sessions(count: int) -> Iterator[NewEvent]:
    """Each begins, calls a tool, and ends."""
    for number in range(count):
        subject, source = f"shell-{number:07d}", f"shell/console-{number % 20:02d}"
        yield NewEvent("session.started", {"user": "backup"}, subject, source)
        yield NewEvent("tool.called", {"tool": "ls", "duration_ms": 12}, subject, source)
        yield NewEvent("session.ended", {"reason": "exit"}, subject, source)
