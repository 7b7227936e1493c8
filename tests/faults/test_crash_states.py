"""After any crash state of any workload the log is whole, and what it acknowledged is there."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from tests.faults.crash_states import CrashState, crash_states
from tests.faults.disk import Directory, disk_with
from tests.faults.invariants import failure_of
from tests.faults.mortal import MortalFiles, number
from tests.faults.tally import TALLY
from tests.faults.tracing import Step, Trace, TracingFiles
from tests.faults.work import Work
from tests.faults.workloads import WORKLOADS, appends, record
from tests.support import DEEP

STATES = 4_200 if DEEP else 215
"""Of one workload; more than these are drawn from."""
RECOVERIES, STATES_OF_RECOVERY = (25, 20) if DEEP else (3, 10)
"""Of one workload: how many crash states are recovered from, and crash in doing so."""
STATES_AFTER_A_KILL = 60 if DEEP else 5

_distinct = set[bytes]()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Each state would log what was cut."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(params=WORKLOADS)
def recorded(request: pytest.FixtureRequest, scratch: Path) -> Trace:
    """The trace of one workload."""
    with directory(scratch / "recorded") as root:
        return record(request.param, root).trace


@contextmanager
def directory(path: Path) -> Iterator[Path]:
    """It is there, and empty, within."""
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def drawn(states: list[CrashState], count: int) -> list[CrashState]:
    """So many of them, the same in every run, in their order."""
    if len(states) <= count:
        return states
    chosen = sorted(Random(len(states)).sample(range(len(states)), count))
    return [states[index] for index in chosen]


def test_every_crash_state_is_survived(recorded: Trace, scratch: Path) -> None:
    states = drawn(list(crash_states(recorded, Directory())), STATES)
    assert len(states) >= 100
    assert_all_survived(states, recorded, scratch)


def test_every_crash_state_of_a_recovery_is_survived(recorded: Trace, scratch: Path) -> None:
    """What was promised before the first crash, or found after it, is there after the second."""
    states = [one for one in crash_states(recorded, Directory()) if not one.reordered]
    for state in drawn(states, RECOVERIES):
        with directory(scratch / "recovered") as root:
            state.put(root)
            disk = disk_with(root)
            trace = recovery_of(root, state)
        again = list(crash_states(trace, disk, start=1))  # behind what was promised before
        assert_all_survived(drawn(again, STATES_OF_RECOVERY), trace, scratch)


def test_a_power_loss_after_a_kill_at_any_step_is_survived(scratch: Path) -> None:
    """What the killed process had not synced is for the next one to sync, before it promises it."""
    with directory(scratch / "recorded") as root:
        steps = record("appends", root).count
    for step in range(1, steps + 1):
        with directory(scratch / "killed") as root:
            files = MortalFiles(root)
            with files.dying(number(step)):
                appends(root, files)
            dead = len(files.trace)
            with Work(root, files) as work:
                work.add(1)
                work.settle()
        states = list(crash_states(files.trace, Directory(), start=dead))
        assert_all_survived(drawn(states, STATES_AFTER_A_KILL), files.trace, scratch)


def recovery_of(root: Path, state: CrashState) -> Trace:
    """What the opening after this crash does to the disk, and an append after it."""
    files, promised = TracingFiles(root), state.events_promised
    files.promised(evolve(state.promise, durable=promised, kept=promised))
    with Work(root, files) as work:
        work.settle()
        work.add(2)
    return files.trace


def assert_all_survived(states: list[CrashState], trace: Trace, scratch: Path) -> None:
    for state in states:
        with directory(scratch / "after") as root:
            problem = failure_of(root, state)
        assert problem is None, f"{problem}, after {names_of(trace[: state.after])[-4:]}"
    _distinct.update(state.digest() for state in states)
    TALLY["distinct crash states, all survived"] = len(_distinct)


def test_there_are_enough_of_them(scratch: Path) -> None:
    """As docs/reliability.md says, without those of recoveries."""
    distinct = set[bytes]()
    for name in WORKLOADS:
        with directory(scratch / "recorded") as root:
            trace = record(name, root).trace
        states = drawn(list(crash_states(trace, Directory())), STATES)
        distinct.update(state.digest() for state in states)
    assert len(distinct) >= (100_000 if DEEP else 5_000)


def names_of(trace: Trace) -> list[str]:
    """The steps of a trace, to read."""
    return [entry.name for entry in trace if isinstance(entry, Step)]
