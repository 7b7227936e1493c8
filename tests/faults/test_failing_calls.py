"""Each change of the disk fails: what was acknowledged stays, and no failed sync is tried again."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from attrs import evolve

from eventlog import EventLogError
from tests.faults.crash_states import CrashState
from tests.faults.disk import disk_with
from tests.faults.failing import FAILURES, FailingFiles, Failure
from tests.faults.invariants import assert_reopens
from tests.faults.killing import Moment, killed
from tests.faults.mortal import number
from tests.faults.stubborn import recovery, stubborn
from tests.faults.tally import TALLY
from tests.faults.tracing import Promise, TracingFiles
from tests.faults.workloads import Workload
from tests.support import DEEP

SHORT = FAILURES[-1]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def changes(root: Path, failure: Failure | None = None) -> list[int]:
    """The numbers of all changes of the workload when none fails; for a short write, of writes."""
    root.mkdir()
    files = TracingFiles(root)
    stubborn(root, files)
    assert files.count == len(files.steps) > 50
    shutil.rmtree(root)
    numbered = enumerate(files.steps, 1)
    if failure is not None and failure.half:
        return [number for number, step in numbered if len(step.data) > 1]
    return [number for number, _ in numbered]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_any_change_may_fail(failure: Failure, scratch: Path) -> None:
    numbers = changes(scratch / "counted", failure)
    for at in numbers:
        files = FailingFiles(scratch / "root", at, failure)
        left(stubborn, files)
        assert files.has_failed
        shutil.rmtree(files.root)
    TALLY[f"calls failed, {failure}"] = len(numbers)


@pytest.mark.parametrize("when", ["before", "half", "after"])
def test_the_process_may_be_killed_at_any_change(when: str, scratch: Path) -> None:
    numbers = changes(scratch / "counted", SHORT if when == "half" else None)
    for at in numbers:
        died(stubborn, scratch / "root", when, at, Promise())
        shutil.rmtree(scratch / "root")
    TALLY[f"calls killed at, {when}"] = len(numbers)


@pytest.fixture
def aftermaths(scratch: Path) -> list[tuple[Path, Promise]]:
    """What is left when the disk is gone from some change on: distinct logs, their promises."""
    found: dict[bytes, tuple[Path, Promise]] = {}
    for at in changes(scratch / "counted"):
        files = FailingFiles(scratch / f"aftermath-{at}", at, SHORT)
        promise = left(stubborn, files)
        before = evolve(promise, durable=promise.kept)
        state = CrashState(disk_with(files.root).content(), frozenset(), before, 0)
        found.setdefault(state.digest(), (files.root, before))
    assert len(found) > 30
    return list(found.values())


def test_any_change_of_the_recovery_may_fail_too(
    aftermaths: list[tuple[Path, Promise]], scratch: Path
) -> None:
    tried = 0
    for root, before, at in recoveries(aftermaths, scratch, every=4):
        for failure in FAILURES if DEEP else [FAILURES[tried % len(FAILURES)]]:
            files = FailingFiles(copied(root, scratch / "root"), at, failure)
            files.promised(before)
            left(recovery, files)
            shutil.rmtree(files.root)
            tried += 1
    TALLY["calls failed during recovery"] = tried


def test_the_process_may_be_killed_at_any_change_of_the_recovery(
    aftermaths: list[tuple[Path, Promise]], scratch: Path
) -> None:
    tried = 0
    for root, before, at in recoveries(aftermaths, scratch, every=9):
        died(recovery, copied(root, scratch / "root"), "half", at, before)
        shutil.rmtree(scratch / "root")
        tried += 1
    TALLY["calls of recovery killed at"] = tried


def test_every_write_may_be_short(scratch: Path) -> None:
    """The kernel may take less than it was given, which is no failure."""
    system = os.write

    def short(descriptor: int, data: bytes) -> int:
        return system(descriptor, data[: len(data) // 2 + 1])

    files = TracingFiles(scratch)
    with patch.object(os, "write", short):
        stubborn(scratch, files)
    assert_reopens(scratch / "log", files.promise, files.promise.durable)


# Each case


def left(workload: Workload, files: FailingFiles) -> Promise:
    """What was promised in spite of the failure. All of it is there; the directory stays."""
    files.root.mkdir(exist_ok=True)
    with suppress(OSError, EventLogError):
        workload(files.root, files)
    assert files.retried == [], "a failed sync was tried again"
    assert_copy_reopens(files.root, files.promise, f"change {files.at} failed")
    return files.promise


def died(workload: Workload, root: Path, when: str, at: int, before: Promise) -> None:
    """The same for a process that is killed."""
    root.mkdir(exist_ok=True)
    promise = killed(workload, root, Moment(when, number(at)), before)
    assert promise is not None, f"there was no change {at}"
    assert_copy_reopens(root, promise, f"the process was killed {when} change {at}")


def assert_copy_reopens(root: Path, promise: Promise, what: str) -> None:
    copy = copied(root, root.with_name("checked"))
    try:
        assert_reopens(copy / "log", promise, promise.kept)
    except Exception as error:
        raise AssertionError(f"{error}, after {what}") from error
    finally:
        shutil.rmtree(copy)


def recoveries(
    aftermaths: list[tuple[Path, Promise]], scratch: Path, every: int
) -> Iterator[tuple[Path, Promise, int]]:
    """Each change of the recovery of each aftermath; in a normal run only every so many."""
    met = 0
    for root, before in aftermaths:
        for at in range(1, changes_of_recovery(root, scratch / "root") + 1):
            if DEEP or met % every == 0:
                yield root, before, at
            met += 1


def changes_of_recovery(root: Path, target: Path) -> int:
    files = TracingFiles(copied(root, target))
    recovery(files.root, files)
    shutil.rmtree(target)
    return files.count


def copied(root: Path, target: Path) -> Path:
    return Path(shutil.copytree(root, target))
