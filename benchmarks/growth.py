"""How time and memory grow with the log."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks._area_totals import AreaTotals
from benchmarks._asking import ask_quietly
from benchmarks._frame import (
    MILLISECONDS,
    PEAK,
    US,
    Piece,
    Prepared,
    Taken,
    Theme,
    alone,
    peak_megabytes,
    settle,
)
from benchmarks._scale import Scale
from benchmarks._workload import load_plain, save_plain, write_log
from benchmarks._writers import append_all
from benchmarks.opening import open_for_writing, read_some
from benchmarks.replay import read_all
from eventlog import EventLog
from projections import SessionSummaries, iter_rows
from projections._partials import Partials

_MORE = 5_000


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    more, count = scratch / "more", min(_MORE, scale.written)
    save_plain(more, count)
    logs = {size: scratch / f"{size}.eventlog" for size in scale.growth}
    sessions = {}
    for size, log in logs.items():
        write_log(log, size)
        sessions[size] = alone(_sessions_by_segment, log)
        shutil.move(log / "cache", _cache(log))
    work: dict[str, Callable[[Path], Taken]] = {
        "append": partial(_append, more=more),
        "open": open_for_writing,
        "read one event by sequence": read_some,
        "every event read": read_all,
        "area totals": partial(ask_quietly, make=AreaTotals),
        "session summaries": partial(ask_quietly, make=SessionSummaries),
        "session summaries again": _ask_again,
        "follow": partial(_follow, more=more),
    }
    yield Prepared(
        [piece for name, do in work.items() for piece in _by_size(name, do, logs)],
        [
            "Sealed segments of the default size; one process; each row is compared with the one "
            "for the next smaller log.",
            "Zipf's law over more sessions gives each segment more of them, so that an event of a "
            "larger log costs more to fold, wherever it stands. Sessions in all, and in a segment "
            f"on average: {'; '.join(_shown(size, *sessions[size]) for size in logs)}.",
            f"Appending and following: {count:,} events more, sync never, to a copy. Following "
            "begins at the head, and is timed until all that was appended since then is received.",
        ],
    )


THEME = Theme("Growth", _prepare, lambda scale: min(scale.rounds, 3))


def _by_size(name: str, do: Callable[[Path], Taken], logs: dict[int, Path]) -> Iterator[Piece]:
    against = None
    for size, log in logs.items():
        piece = Piece(f"{size:,} events, {name}", partial(do, log), against=against)
        yield piece
        against = piece.name


def _sessions_by_segment(path: Path) -> tuple[int, float]:
    """How many there are, and in a segment on average; what it computes is in the cache then."""
    with EventLog.open(path, readonly=True) as log:
        total = sum(1 for _ in iter_rows(log, SessionSummaries()))
        partials = Partials.of(log, SessionSummaries(), None)
        found = [len(state) for state in partials.each(log.sealed())]
    return total, sum(found) / len(found)


def _shown(size: int, sessions: int, by_segment: float) -> str:
    return f"{size:,} events, {sessions:,} and {by_segment:,.0f}"


def _cache(log: Path) -> Path:
    return log.with_suffix(".cache")


def _ask_again(log: Path) -> Taken:
    return ask_quietly(log, SessionSummaries, _cache(log))


def _append(path: Path, more: Path) -> Taken:
    events = load_plain(more)
    with EventLog.open(_clone(path), sync="never") as log:
        settle()
        started = time.perf_counter()
        append_all(log, events)
        seconds = time.perf_counter() - started
        return Taken({US: seconds / len(events) * 1e6, PEAK: peak_megabytes()})


def _follow(path: Path, more: Path) -> Taken:
    events, clone = load_plain(more), _clone(path)
    with EventLog.open(clone, readonly=True) as reader:
        settle()
        started = time.perf_counter()
        following = reader.follow()
        begun = time.perf_counter() - started
        with EventLog.open(clone, sync="never") as log:
            append_all(log, events)
        started = time.perf_counter()
        received = sum(1 for _ in islice(following, len(events)))
        seconds = time.perf_counter() - started
        assert received == len(events)
        return Taken({MILLISECONDS: (begun + seconds) * 1e3, PEAK: peak_megabytes()})


def _clone(path: Path) -> Path:
    """Sealed segments never change, so that names for them will do."""
    clone = path.with_name("clone.eventlog")
    shutil.rmtree(clone, ignore_errors=True)
    shutil.copytree(path, clone, copy_function=_link_sealed)
    return clone


def _link_sealed(source: str, target: str) -> None:
    if source.endswith(".zst"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)
