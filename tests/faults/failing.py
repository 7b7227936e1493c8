"""A file layer that fails one change of the disk, or that one and all after it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from attrs import evolve, frozen

from tests.faults.tracing import Step, TracingFiles


@frozen
class Failure:
    """How a change fails."""

    error: int
    forever: bool
    """Whether all changes after it fail, too."""
    half: bool = False
    """Whether a write that fails has written its first half, as on a disk that gets full."""

    def __str__(self) -> str:
        what = "short write" if self.half else errno.errorcode[self.error]
        return f"{what} {'forever' if self.forever else 'once'}"


FAILURES = tuple(
    Failure(error, forever, half)
    for error, half in (
        (errno.EIO, False),
        (errno.ENOSPC, False),
        (errno.EINTR, False),
        (errno.ENOSPC, True),
    )
    for forever in (False, True)
)


class FailingFiles(TracingFiles):
    """Fails change ``at``, and notes when a failed sync is tried again on its descriptor."""

    def __init__(self, root: Path, at: int, failure: Failure) -> None:
        super().__init__(root)
        self.at = at
        self.failure = failure
        self.has_failed = False
        self.retried: list[str] = []
        self._lost: set[int] = set()

    def before(self, step: Step, number: int) -> None:
        if step.operation == "sync" and step.descriptor in self._lost:
            self.retried.append(step.name)
        if number == self.at or (number > self.at and self.failure.forever):
            self.has_failed = True
            if step.operation == "sync" and step.descriptor >= 0:
                self._lost.add(step.descriptor)
            if self.failure.half and step.operation == "write":
                write_half(step, self)
            raise OSError(self.failure.error, os.strerror(self.failure.error), step.name)

    def close(self, descriptor: int) -> None:
        self._lost.discard(descriptor)
        super().close(descriptor)


def write_half(step: Step, files: TracingFiles) -> None:
    """What a short write leaves, on the disk and in the trace."""
    half = evolve(step, data=step.data[: len(step.data) // 2])
    os.write(step.descriptor, half.data)
    files.trace.append(half)
