"""Child processes that are killed while they use a log, and what they had promised by then."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TypeVar

from attrs import evolve, frozen
from cattrs.preconf.json import make_converter

from tests.faults.failing import write_half
from tests.faults.mortal import Chosen
from tests.faults.tracing import Promise, Step, TracingFiles
from tests.faults.workloads import Workload

T = TypeVar("T")

_converter = make_converter()


@frozen
class Moment:
    """When the child is killed: before or after a change, or half way through if it is a write."""

    when: str
    is_it: Chosen


class TellingFiles(TracingFiles):
    """Tells each promise to those who live; otherwise like no layer at all."""

    def __init__(self, root: Path, told: int) -> None:
        super().__init__(root)
        self._told = told

    def promised(self, promise: Promise) -> None:
        new = evolve(
            promise,
            batches=promise.batches - self.promise.batches,
            prunings=promise.prunings - self.promise.prunings,
        )
        os.write(self._told, _converter.dumps(new).encode() + b"\n")
        self.promise = promise

    def _do(self, step: Step, action: Callable[[], T]) -> T:
        return action()


class KillingFiles(TellingFiles):
    """Kills its process at a moment."""

    def __init__(self, root: Path, told: int, moment: Moment) -> None:
        super().__init__(root, told)
        self._moment = moment

    def _do(self, step: Step, action: Callable[[], T]) -> T:
        return TracingFiles._do(self, step, action)

    def before(self, step: Step, number: int) -> None:
        if self._moment.when != "after" and self._moment.is_it(step, number):
            if self._moment.when == "half" and step.data:
                write_half(step, self)
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, step: Step, number: int) -> None:
        if self._moment.when == "after" and self._moment.is_it(step, number):
            os.kill(os.getpid(), signal.SIGKILL)


@frozen
class Child:
    """A process that runs a workload, and the pipe in which it tells its promises."""

    process: int
    told: IO[bytes]
    before: Promise

    def promise(self, heard: Sequence[bytes] = ()) -> Promise | None:
        """What was promised when it was killed, ``before`` included; None when it was not."""
        with self.told:
            lines = [*heard, *self.told.read().splitlines(keepends=True)]
        _, status = os.waitpid(self.process, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the child failed: see its traceback above"
            return None
        assert os.WTERMSIG(status) == signal.SIGKILL
        promise = self.before
        for line in lines:
            if line.endswith(b"\n"):
                promise = _together(promise, _converter.loads(line, Promise))
        return promise


def _together(before: Promise, new: Promise) -> Promise:
    batches, prunings = before.batches | new.batches, before.prunings | new.prunings
    return evolve(new, batches=batches, prunings=prunings)


def killed(workload: Workload, root: Path, moment: Moment, before: Promise) -> Promise | None:
    """What was promised when a child was killed at this moment; None when it never came."""
    child = _start(workload, before, lambda told: KillingFiles(root, told, moment))
    return child.promise()


def killed_after(
    promises: int, seconds: float, workload: Workload, root: Path, before: Promise
) -> Promise:
    """What was promised when a child was killed, a moment after it had promised so often."""
    child = _start(workload, before, lambda told: TellingFiles(root, told))
    heard = [child.told.readline() for _ in range(promises)]
    time.sleep(seconds)  # anything may happen in it: that is what is tried
    os.kill(child.process, signal.SIGKILL)
    promise = child.promise(heard)
    assert promise is not None, "the child had ended before"
    return promise


def _start(workload: Workload, before: Promise, make_files: Callable[[int], TracingFiles]) -> Child:
    mine, its = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(mine)
        _run_and_leave(workload, before, make_files(its))
    os.close(its)
    return Child(process, os.fdopen(mine, "rb"), before)


def _run_and_leave(workload: Workload, before: Promise, files: TracingFiles) -> None:
    """In the child, which must never return to the tests of its parent."""
    try:
        files.promised(before)
        workload(files.root, files)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
