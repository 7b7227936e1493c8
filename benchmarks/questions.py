"""What a question costs: the first time, again, after a little more, with help, and in memory.

Run it alone: python -m benchmarks.questions [--quick]

Each read model is asked about a sealed log of the sample in 18 segments (1,000,000 events, or
100,000 when quick), and about the same with 1 % more events, which are not sealed. Every time it is
asked by a process that does nothing else, since what one question leaves in memory would help or
hinder the next; its start is not counted. Rounds ask all models in turn; what counts are medians
over the rounds, and their ratios.

A question waits for nothing, so its processor time is what it takes on a machine that has nothing
else to do, and on a busy one, too. With helpers, whose start counts, the clock has to be asked.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from attrs import frozen

from benchmarks._machine import describe_machine
from eventlog import EventLog, NewEvent
from projections import READ_MODELS, project
from sessions.sample import sample_events

_SEGMENTS = 18


@frozen
class Cost:
    """Of one question, from opening the log to the answer, in the process that asks."""

    elapsed_seconds: float
    processor_seconds: float
    peak_mebibytes: float


@frozen
class Round:
    """One read model's questions of one round."""

    first: Cost
    again: Cost
    grown: Cost
    """After 1 % more events."""
    two: Cost
    """The first time, by two processes besides the one that asks."""


def questions_page(scratch: Path, *, quick: bool) -> str:
    """Measure in the directory ``scratch``; a table per read model."""
    count, rounds = (100_000, 3) if quick else (1_000_000, 5)
    logs = _Logs(scratch, count)
    results: dict[str, list[Round]] = {name: [] for name in READ_MODELS}
    for number in range(rounds):
        print(f"questions: round {number + 1} of {rounds}", file=sys.stderr)
        for name, found in results.items():
            found.append(logs.ask_all(name))
    return _page(results, count, rounds)


class _Logs:
    """The log that is asked, and the same with 1 % more events at its end."""

    def __init__(self, scratch: Path, count: int) -> None:
        self._log, self._grown = scratch / "log.eventlog", scratch / "grown.eventlog"
        events = sample_events(count // 50)  # about 64 events a session: some more than are needed
        with _opened(self._log, count) as log:
            _write(log, islice(events, count), count // 1000)
            log.seal()
            assert len(log.sealed()) == _SEGMENTS
        shutil.copytree(self._log, self._grown)
        with _opened(self._grown, count) as log:
            _write(log, islice(events, count // 100), count // 1000)

    def ask_all(self, name: str) -> Round:
        """Ask one read model in each situation."""
        cache, grown_cache = self._log / "cache", self._grown / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        two = _ask(self._log, name, helpers=2)
        shutil.rmtree(cache, ignore_errors=True)
        first, again = _ask(self._log, name), _ask(self._log, name)
        shutil.rmtree(grown_cache, ignore_errors=True)
        shutil.copytree(cache, grown_cache)
        return Round(first, again, _ask(self._grown, name), two)


def _opened(path: Path, count: int) -> EventLog:
    return EventLog.open(path, sync="never", segment_events=count // (_SEGMENTS - 1))


def _write(log: EventLog, events: Iterator[NewEvent], size: int) -> None:
    while batch := list(islice(events, size)):
        log.extend(batch)


def _ask(path: Path, name: str, helpers: int = 0) -> Cost:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_ask_here, path, name, helpers).result()


def _ask_here(path: Path, name: str, helpers: int) -> Cost:
    projection = READ_MODELS[name]()
    started, worked = time.perf_counter(), time.process_time()
    with _pool(helpers) as executor, EventLog.open(path, readonly=True) as log:
        project(log, projection, executor=executor)
    elapsed, processor = time.perf_counter() - started, time.process_time() - worked
    return Cost(elapsed, processor, _peak_mebibytes())


@contextmanager
def _pool(helpers: int) -> Iterator[Executor | None]:
    if not helpers:
        yield None
        return
    with ProcessPoolExecutor(helpers, mp_context=get_context("spawn")) as pool:
        yield pool


def _peak_mebibytes() -> float:
    """Of this process alone; getrusage would count what its parent had before the exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else float("nan")


def _page(results: dict[str, list[Round]], count: int, rounds: int) -> str:
    lines = [
        "# Questions",
        "",
        f"{describe_machine()}.",
        f"{count:,} events in {_SEGMENTS} segments, {rounds} rounds; medians of the seconds",
        "of the processor, and for two processes of the clock, with the ratio to one by the clock.",
        "Memory is the highest peak of the process that asks.",
        "",
        "| read model | first | again | ratio | 1 % more | ratio | 2 processes | ratio | memory |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *(_row(name, found) for name, found in results.items()), ""])


def _row(name: str, found: list[Round]) -> str:
    def middle(pick: Callable[[Round], float]) -> float:
        return median(map(pick, found))

    first = middle(lambda one: one.first.processor_seconds)
    again = middle(lambda one: one.again.processor_seconds)
    grown = middle(lambda one: one.grown.processor_seconds)
    two = middle(lambda one: one.two.elapsed_seconds)
    alone = middle(lambda one: one.first.elapsed_seconds)
    peak = max(one.first.peak_mebibytes for one in found)
    return (
        f"| {name} | {first:.2f} | {again:.3f} | {again / first:.1%} | {grown:.3f} "
        f"| {grown / first:.1%} | {two:.2f} | {two / alone:.0%} | {peak:.0f} MiB |"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        print(questions_page(Path(directory), quick="--quick" in sys.argv[1:]))
