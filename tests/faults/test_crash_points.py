"""A process is killed at each named crash point, and the log survives it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from tests.faults.invariants import assert_reopens
from tests.faults.killing import killed
from tests.faults.points import POINTS, STEPS, at_first
from tests.faults.tally import TALLY
from tests.faults.tracing import Promise, Step
from tests.faults.work import ANOTHER
from tests.faults.workloads import WORKLOADS, record


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(("when", "name"), POINTS)
def test_a_kill_at_this_point_is_survived(when: str, name: str, scratch: Path) -> None:
    way, promise = STEPS[name], Promise()
    workload = WORKLOADS[way.workload]
    if way.first:
        before = killed(
            WORKLOADS[way.first_workload], scratch, at_first("half", way.first), promise
        )
        assert before is not None
        promise = evolve(before, durable=before.kept)
    left = killed(workload, scratch, at_first(when, name), promise)
    assert left is not None, "the point was not hit"
    assert_reopens(scratch / "log", left, left.kept)
    TALLY["named crash points hit"] += 1


def test_every_step_has_a_name_and_every_name_a_step(scratch: Path) -> None:
    """So a new step cannot come without its crash points."""
    assert len(POINTS) >= 40
    met = set[Step]()
    for name in WORKLOADS:
        root = scratch / name.replace("/", " ")
        root.mkdir()
        met |= set(record(name, root).steps)
    assert {step.name for step in met if step.activity != ANOTHER} == set(STEPS)
