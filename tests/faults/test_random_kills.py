"""``kill -9`` at any moment, again and again on the same log: nothing acknowledged is lost."""

from __future__ import annotations

import shutil
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.faults.invariants import assert_reopens
from tests.faults.killing import killed_after
from tests.faults.tally import TALLY
from tests.faults.tracing import Promise, TracingFiles
from tests.faults.work import Work, prune_to
from tests.support import DEEP

LOGS, KILLS_OF_A_LOG = (100, 10) if DEEP else (5, 10)


def at_work(root: Path, files: TracingFiles, seed: int) -> None:
    """Single events, batches, given ids, rotations, seals and prunings, without an end."""
    random = Random(seed)
    with Work(root, files, sync=random.choice(["always", "interval", "never"])) as work:
        files.sealing.open()
        for turn in count(1):
            work.add(random.choice([1, 1, 2, 5]), given=random.random() < 0.1)
            if turn % 15 == 0:
                work.log.seal()
            if turn % 40 == 0:
                work.log.seal()  # so that nobody else changes what there is to drop
                prune_to(work, keep_events=20)


@pytest.mark.parametrize("seed", range(LOGS))
def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(seed: int, scratch: Path) -> None:
    random, promise, root = Random(seed), Promise(), scratch / "root"
    root.mkdir()
    for number in range(KILLS_OF_A_LOG):
        promises, moment = random.randint(1, 200), random.uniform(0, 0.004)
        promise = killed_after(
            promises, moment, partial(at_work, seed=100 * seed + number), root, promise
        )
        copy = Path(shutil.copytree(root, scratch / "checked"))
        assert_reopens(copy / "log", promise, promise.kept)
        shutil.rmtree(copy)
        TALLY["kills at random times"] += 1
    assert promise.kept > 200, "the children were killed before they did anything"
