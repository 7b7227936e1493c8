"""How everything is measured: in rounds, in turn, each time in a process of its own.

A round runs each piece of a theme once, so that a noisy moment of the machine hits all alike, and
two pieces can be compared within a round. A process that does nothing else starts with no caches,
no garbage and no memory of what ran before it; its start is not counted.
"""

from __future__ import annotations

import gc
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from math import isclose
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from attrs import Factory, define, frozen

from benchmarks._machine import PEERS
from benchmarks._scale import Scale
from benchmarks._themes import NAMES

Result = TypeVar("Result")

Figure = tuple[str, str]
"""Of which piece, in which unit."""

ByRound = dict[int, float]
"""What a figure was in each round, by the round's number."""

US = "us/event"
SECONDS = "s"
MILLISECONDS = "ms"
PEAK = "peak MB"
P50, P99, P999 = "p50 us", "p99 us", "p99.9 us"


@frozen
class Taken:
    """What one run of a piece came to: its figures by unit, and its answer when it has one."""

    figures: dict[str, float]
    answer: Any = None


@frozen
class Piece:
    """One piece of work. ``run`` is a function at the top of a module, or a partial of one."""

    name: str
    run: Callable[[], Taken]
    same_as: str | None = None
    """The piece whose answer this one's has to equal, or nothing here counts."""
    against: str | None = None
    """The piece that it is compared with in the table."""


@define
class Measured:
    """A theme's pieces, and what each came to."""

    title: str
    notes: list[str]
    pieces: list[Piece]
    values: dict[Figure, ByRound] = Factory(dict)
    missing: dict[str, str] = Factory(dict)
    """The pieces whose peer is not installed: it may have no wheel for this Python."""


@frozen
class Theme:
    """What belongs together. ``prepare`` makes what its pieces need, in an empty directory."""

    title: str
    prepare: Callable[[Path, Scale], AbstractContextManager[Prepared]]
    rounds: Callable[[Scale], int] = lambda scale: scale.rounds


@frozen
class Prepared:
    """The pieces, and what has to be said of their settings."""

    pieces: list[Piece]
    notes: list[str] = Factory(list)


class AnswersDifferError(Exception):
    """Two pieces that are compared do not compute the same."""


def measure(theme: Theme, directory: Path, scale: Scale) -> Measured:
    """Run a theme in rounds, in a new directory. AnswersDifferError when peers disagree."""
    directory.mkdir(parents=True)
    with theme.prepare(directory, scale) as prepared:
        measured = Measured(theme.title, prepared.notes, prepared.pieces)
        rounds = theme.rounds(scale)
        for number in range(rounds):
            started = time.perf_counter()
            _round(measured, number)
            seconds = time.perf_counter() - started
            print(
                f"{theme.title}: round {number + 1} of {rounds}, {seconds:.0f} s", file=sys.stderr
            )
    return measured


def _round(measured: Measured, number: int) -> None:
    answers: dict[str, Any] = {}
    for piece in measured.pieces:
        if piece.name in measured.missing:
            continue
        try:
            taken = alone(piece.run)
        except ModuleNotFoundError as error:
            if error.name not in PEERS:
                raise
            measured.missing[piece.name] = f"{error.name} is not installed"
            continue
        answers[piece.name] = taken.answer
        if piece.same_as is not None and not nearly_equal(answers[piece.same_as], taken.answer):
            raise AnswersDifferError(f"{piece.name!r} answers otherwise than {piece.same_as!r}")
        for figure, value in taken.figures.items():
            measured.values.setdefault((piece.name, figure), {})[number] = value


def alone(work: Callable[..., Result], *args: Any) -> Result:
    """What the function returns, from a process that does nothing else."""
    context = get_context("forkserver")  # a clean process, in a tenth of the time of a new one
    context.set_forkserver_preload([f"benchmarks.{name}" for name in NAMES])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *args).result()


def nearly_equal(one: Any, other: Any) -> bool:
    """Equal, but for the last digits of floats, which depend on the order of additions."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            nearly_equal(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(nearly_equal, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return bool(one == other or isclose(one, other, rel_tol=1e-9, abs_tol=1e-9))
    return bool(one == other)


# What the pieces use


def settle() -> None:
    """Take what a piece was given out of the garbage collector's sight, as it is no garbage."""
    gc.collect()
    gc.freeze()


def seconds_of(work: Callable[[], object]) -> float:
    """What the call takes by the clock."""
    settle()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def per_event(count: int, work: Callable[[], object]) -> Taken:
    """Microseconds per event, of a call that does something with that many."""
    return Taken({US: seconds_of(work) / count * 1e6})


def percentiles(nanoseconds: list[int]) -> dict[str, float]:
    """The three that are shown, in microseconds; without those that there are too few calls for."""
    ordered = sorted(nanoseconds)
    places = {P50: 2, P99: 100, P999: 1000}
    return {
        name: ordered[-1 - len(ordered) // one_in] / 1e3
        for name, one_in in places.items()
        if len(ordered) >= one_in
    }


def peak_megabytes() -> float:
    """The most memory that this process ever had.

    Linux keeps it per program; what getrusage tells includes what the parent had before the exec.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise OSError("/proc/self/status has no VmHWM: memory is measured on Linux only")
    return int(found[1]) * 1024 / 1e6
