"""The crash states catch each mistake in the order of writes that matters."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.crash_states import crash_states
from tests.faults.disk import Directory
from tests.faults.invariants import failure_of
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.tally import TALLY
from tests.faults.tracing import Trace
from tests.faults.workloads import record

ENOUGH = 1_000
"""After how many states that only the mutant can leave it passes as harmless."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_wrong_order_is_caught(mutant: Mutant, scratch: Path) -> None:
    (scratch / "recorded").mkdir()
    trace = record(mutant.workload, scratch / "recorded").trace
    changed = mutant.edit(trace)
    assert changed != trace, "the mutant does what the program does"
    caught = first_failure(trace, changed, scratch / "after")
    if mutant.harmless:
        assert caught is None, f"not harmless: {caught}"
        TALLY["wrong orders that do not matter"] += 1
    else:
        assert caught is not None, "the mistake went unseen"
        TALLY["wrong orders that matter, all caught"] += 1


def first_failure(trace: Trace, changed: Trace, root: Path) -> str | None:
    """Of the crash states that only the changed program can leave."""
    right = {
        (one.digest(), one.events_promised)
        for one in crash_states(trace, Directory(), every_byte=False)
    }
    states = crash_states(changed, Directory(), every_byte=False)
    new = (one for one in states if (one.digest(), one.events_promised) not in right)
    for state in islice(new, ENOUGH):
        root.mkdir()
        try:
            found = failure_of(root, state)
        finally:
            shutil.rmtree(root)
        if found:
            return found
    return None


def test_there_are_thirty_of_them() -> None:
    assert len([mutant for mutant in MUTANTS if not mutant.harmless]) >= 20
    assert len(MUTANTS) >= 30
