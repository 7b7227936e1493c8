"""What is done to a log while its changes of the disk are recorded, failed or cut short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.faults.mortal import MortalFiles, at
from tests.faults.tracing import TracingFiles
from tests.faults.work import Work, new_event, prune_to, tear

Workload = Callable[[Path, TracingFiles], None]


def appends(root: Path, files: TracingFiles) -> None:
    """Creation, single events and batches, rotations, each sealed before work goes on."""
    with Work(root, files) as work:
        for size in (1, 1, 2, 3, 1, 4, 2):
            work.add(size)
            work.settle()
        work.seal()
        work.add(1)


def given_ids(root: Path, files: TracingFiles) -> None:
    """Events with ids of the caller, some tried twice, over two openings."""
    with Work(root, files) as work:
        for size in (1, 2, 1):
            work.add(size, given=True)
            work.log.extend([new_event(number, given=True) for number in range(1, size + 1)])
    with Work(root, files) as work:
        work.add(1, given=True)
        work.settle()
        work.add(1)


def appends_during_seals(root: Path, files: TracingFiles) -> None:
    """The sealer gets a few steps between any two appends."""
    with Work(root, files) as work:
        for _ in range(3):  # so there is always something to seal
            work.add(4)
        for size, steps in ((1, 3), (1, 1), (2, 2), (1, 2), (1, 3), (1, 4)):
            work.add(size)
            files.sealing.let_pass(steps)
        work.seal()


def unsynced_appends(root: Path, files: TracingFiles) -> None:
    """``sync="never"``: only a rotation brings events to the disk."""
    with Work(root, files, sync="never") as work:
        for size in (1, 1, 2, 1, 2):
            work.add(size)
            work.settle()


def interval_appends(root: Path, files: TracingFiles) -> None:
    """``sync="interval"``, closed before its first interval is over."""
    with Work(root, files, sync="interval") as work:
        for size in (2, 1, 3):
            work.add(size)
            work.settle()


def two_writers(root: Path, files: TracingFiles) -> None:
    """Each takes in what the other wrote, over a rotation."""
    with Work(root, files) as one, Work(root, files) as two:
        for size in (1, 2, 1, 2):
            one.add(size)
            one.settle()
            two.add(1)
            two.settle()


def prunings(root: Path, files: TracingFiles) -> None:
    """Sealed segments are dropped, twice, while a writer has the log open."""
    with Work(root, files) as work:
        for size in (4, 4, 3):
            work.add(size)
            work.settle()
        prune_to(work, keep_events=7)
        for size in (4, 1):
            work.add(size)
            work.settle()
        prune_to(work, keep_events=1)
        work.add(2)


def dies_and_goes_on(name: str, skip: int = 0) -> Workload:
    """A process dies at this step; the next one recovers, and goes on."""

    def workload(root: Path, files: TracingFiles) -> None:
        assert isinstance(files, MortalFiles)
        with files.dying(at(name, skip)), Work(root, files) as work:
            for size in (1, 2, 2, 3, 1):
                work.add(size)
                work.settle()
            work.seal()
        with Work(root, files) as work:
            for size in (1, 2):
                work.add(size)
                work.settle()

    return workload


def died_in_a_pruning(name: str) -> Workload:
    """A pruning is cut short; the next writer finishes it, or nothing was pruned."""

    def workload(root: Path, files: TracingFiles) -> None:
        assert isinstance(files, MortalFiles)
        with files.dying(at(name)):
            prunings(root, files)
        with Work(root, files) as work:
            work.add(2)
            work.settle()

    return workload


def torn_by_another(root: Path, files: TracingFiles) -> None:
    """A writer finds the half line of one that was killed, and cuts it."""
    with Work(root, files) as work:
        work.add(2)
        with Work(root, files) as other:
            other.add(1)
        tear(work.path, files)
        work.add(1)
        work.add(2)


def left_by_another(name: str, skip: int = 0) -> Workload:
    """A writer goes on, while another one died at this step."""

    def workload(root: Path, files: TracingFiles) -> None:
        assert isinstance(files, MortalFiles)
        with Work(root, files) as work:
            work.add(1)
            with files.dying(at(name, skip)), Work(root, files) as other:
                for _ in range(4):
                    other.add(1)
            # What the dead one wrote is there for this one, and for a retry by id.
            work.add(2)
            work.settle()
            work.add(1)

    return workload


DEATHS = (
    ("create: make segments directory", 0),
    ("create: write temporary log.json", 0),
    ("create: rename temporary log.json", 0),
    ("create: sync log directory", 1),
    ("append: write raw segment", 2),
    ("append: sync raw segment", 2),
    ("rotate: create raw segment", 0),
    ("rotate: sync segments directory", 1),
    ("seal: write temporary segment", 0),
    ("seal: rename temporary segment", 0),
    ("seal: create manifest", 0),
    ("seal: write manifest", 0),
    ("seal: write manifest", 1),
    ("seal: sync manifest", 1),
    ("seal: unlink raw segment", 0),
    ("seal: sync segments directory", 1),
)
"""Where a process dies before another one recovers; a write happens by two thirds."""

WORKLOADS: dict[str, Workload] = {
    "appends": appends,
    "given ids": given_ids,
    "appends during seals": appends_during_seals,
    "unsynced appends": unsynced_appends,
    "interval appends": interval_appends,
    "two writers": two_writers,
    "prunings": prunings,
    "torn by another": torn_by_another,
    "event left by another": left_by_another("append: sync raw segment", 3),
    "rotation left by another": left_by_another("rotate: sync segments directory"),
    "died before a pruned line": died_in_a_pruning("prune: write manifest"),
    "died before a deletion": died_in_a_pruning("prune: unlink sealed segment"),
    **{f"died at {name} {skip}": dies_and_goes_on(name, skip) for name, skip in DEATHS},
}


@contextmanager
def known_identity(name: str) -> Iterator[None]:
    """A log made within has the same bytes in every run, and others than those of another name."""
    log_id = f"t{sum(map(ord, name)) % 999:03d}bcdefghi".translate(str.maketrans("01lo", "wxyz"))
    with (
        patch("eventlog._create.new_log_id", lambda: log_id),
        patch("eventlog._create.format_ns", lambda _: "2026-02-06T12:00:00.000000Z"),
    ):
        yield


def record(name: str, root: Path) -> MortalFiles:
    """The trace of a workload on an empty disk."""
    files = MortalFiles(root)
    with known_identity(name):
        WORKLOADS[name](root, files)
    return files
