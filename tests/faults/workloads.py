"""What is done to a log while its changes of the disk are recorded, failed or cut short.

Event ``n`` has sequence ``n``, and its content follows from ``n``: a checker needs no list.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from attrs import evolve

from eventlog import EventLog, EventLogError, NewEvent, prune
from eventlog._writer import Sync
from tests.faults.tracing import Step, TracingFiles
from tests.support.logs import active_file

SEGMENT_EVENTS = 4
ANOTHER = "another process"
"""The activity of steps that did not go through the file layer."""
_START = datetime(2026, 2, 6, 12, tzinfo=UTC)
_TEXTS = ["", "x" * 30, "über", '"}\n{"specversion":']


def new_event(number: int, given: bool = False) -> NewEvent:
    """The event with this number."""
    return NewEvent(
        "test.numbered",
        {"n": number, "text": _TEXTS[number % len(_TEXTS)]},
        subject=f"s-{number % 3}",
        time=_START + timedelta(seconds=number),
        id=f"given-{number}" if given else None,
    )


class Work:
    """A log in use: notes each promise in the trace the moment it is made."""

    def __init__(self, root: Path, files: TracingFiles, sync: Sync = "always") -> None:
        self.files = files
        self.path = root / "log"
        self.is_durable = sync == "always"
        files.sealing.close()
        self.log = EventLog.open(
            self.path, files=files, sync=sync, sync_interval=3600, segment_events=SEGMENT_EVENTS
        )
        # What a reader can see now was brought to the disk: it may be acknowledged to a retry.
        head = self.log.head()
        files.promised(evolve(files.promise, created=True, durable=head, kept=head))

    def add(self, size: int = 1, *, given: bool = False) -> None:
        """Append a batch; one event by ``append``."""
        first = self.log.head() + 1
        wanted = self.files.promise.batches | {(first, size)}
        self.files.promised(evolve(self.files.promise, batches=wanted))
        events = [new_event(number, given) for number in range(first, first + size)]
        if size == 1:
            one = events[0]
            self.log.append(one.event, one.data, subject=one.subject, time=one.time, id=one.id)
        else:
            self.log.extend(events)
        self._acknowledged(first + size - 1)

    def _acknowledged(self, last: int) -> None:
        promise = self.files.promise
        durable = last if self.is_durable else promise.durable
        self.files.promised(evolve(promise, kept=last, durable=durable))

    def settle(self) -> None:
        """Let the sealer do all that there is to do."""
        writer = self.log._writer
        assert writer is not None
        self.files.sealing.open()
        writer._sealer.finish()
        self.files.sealing.close()

    def seal(self) -> None:
        """Rotate, and seal it."""
        self.log.rotate()
        self.settle()

    def __enter__(self) -> Work:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.settle()
        finally:
            self.files.sealing.open()
            self.log.close()
            self.files.sealing.close()


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


def prune_to(work: Work, keep_events: int) -> None:
    """Drop sealed segments, as many as may go."""
    files = work.files
    last = prune(work.path, keep_events=keep_events, dry_run=True).first_kept - 1
    files.promised(evolve(files.promise, prunings=files.promise.prunings | {last}))
    assert prune(work.path, keep_events=keep_events, files=files).first_kept == last + 1
    files.promised(evolve(files.promise, pruned=last))


class DiedError(OSError):
    """The process died at this step."""


class MortalFiles(TracingFiles):
    """Dies at a step that is chosen by its name, and can come to life again on the same disk."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.dies_at = ""
        self.skip = 0
        self.is_dead = False

    def before(self, step: Step, number: int) -> None:
        if step.name == self.dies_at:
            self.is_dead = self.is_dead or self.skip == 0
            self.skip -= 1
            if self.is_dead and step.operation == "write":
                half = evolve(step, data=step.data[: len(step.data) * 2 // 3])
                os.write(step.descriptor, half.data)
                self.trace.append(half)
        if self.is_dead:
            self.dies_at = ""
            raise DiedError(f"died before {step.name}")

    @contextmanager
    def dying(self, name: str, skip: int = 0) -> Iterator[None]:
        """Within, the process dies at the step of this name, or the one ``skip`` times after it."""
        self.dies_at, self.skip = name, skip
        with suppress(OSError, EventLogError):
            yield
        assert self.is_dead, f"never came to {name}"
        self.is_dead = False


def dies_and_goes_on(name: str, skip: int = 0) -> Workload:
    """A process dies at this step; the next one recovers, and goes on."""

    def workload(root: Path, files: TracingFiles) -> None:
        assert isinstance(files, MortalFiles)
        with files.dying(name, skip), Work(root, files) as work:
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
        with files.dying(name):
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


def left_by_another(name: str) -> Workload:
    """A writer goes on, while another one died at this step of its fourth event."""

    def workload(root: Path, files: TracingFiles) -> None:
        assert isinstance(files, MortalFiles)
        with Work(root, files) as work:
            work.add(1)
            with files.dying(name, skip=0 if "rotate" in name else 3), Work(root, files) as other:
                for _ in range(4):
                    other.add(1)
            # What the dead one wrote is there for this one, and for a retry by id.
            work.add(2)
            work.settle()
            work.add(1)

    return workload


def tear(path: Path, files: TracingFiles) -> None:
    """Another process wrote half a line and was killed; some time later it is on the disk."""
    active = active_file(path)
    name, data = active.relative_to(files.root).as_posix(), b'{"specversion":"1.0","id":"half a li'
    with active.open("ab", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())
    files.trace += [Step("write", name, ANOTHER, data=data), Step("sync", name, ANOTHER)]
    files.promised(evolve(files.promise, torn=data))


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
    "event left by another": left_by_another("append: sync raw segment"),
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
