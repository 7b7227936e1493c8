"""Asking a log, as the replay themes do it: what it takes, and what comes out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks._area_totals import AreaTotals
from benchmarks._frame import PEAK, SECONDS, Taken, peak_megabytes, seconds_of, settle
from eventlog import EventLog
from projections import Projection, SessionSummaries, project, to_document, workers

Make = Callable[[], Projection[Any, Any]]

QUESTIONS: dict[str, Make] = {"area totals": AreaTotals, "summaries": SessionSummaries}
"""What is asked where peers are asked, too: by type, and about everything."""


def ask(path: Path, make: Make, jobs: int = 1, *, keep_cache: Path | None = None) -> Taken:
    """From opening the log to the answer. The cache is empty, or a copy of ``keep_cache``.

    The start of helping processes counts. Processor time and memory are those of the process that
    asks.
    """
    shutil.rmtree(path / "cache", ignore_errors=True)
    if keep_cache is not None:
        shutil.copytree(keep_cache, path / "cache")
    projection = make()
    import_module("eventlog._bulk")  # otherwise by the question, and imports are not timed
    settle()
    started, worked = time.perf_counter(), time.process_time()
    with workers(jobs) as executor, EventLog.open(path, readonly=True) as log:
        answer = project(log, projection, executor=executor)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    figures = {SECONDS: seconds, "processor s": worked, PEAK: peak_megabytes()}
    return Taken(figures, as_plain(answer))


def ask_quietly(path: Path, make: Make, keep_cache: Path | None = None) -> Taken:
    """Without the answer, which may be larger than all else here."""
    return Taken(ask(path, make, keep_cache=keep_cache).figures)


def as_plain(answer: Any) -> Any:
    """An answer in the shape in which those of the peers come, too."""
    return answer if isinstance(answer, dict) else to_document(answer)


def ask_peer(segments: Path, work: Callable[[Path], Any], needs: str | None = None) -> Taken:
    """The same of a function that looks at the files of the log; what it imports does not count."""
    if needs is not None:
        import_module(needs)
    found: list[Any] = []
    worked = time.process_time()
    seconds = seconds_of(lambda: found.append(work(segments)))
    worked = time.process_time() - worked
    return Taken({SECONDS: seconds, "processor s": worked, PEAK: peak_megabytes()}, found[0])
