"""A file layer that dies and comes to life again on the same disk: the next process goes on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import evolve

from eventlog import EventLogError
from tests.faults.tracing import Step, TracingFiles

Chosen = Callable[[Step, int], bool]
"""Whether this change is meant, told its number."""


class DiedError(OSError):
    """The process died at this step."""


class MortalFiles(TracingFiles):
    """Dies at a step: from there on nothing is done, but two thirds of a write that dies are."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.is_dead = False
        self._is_last: Chosen = lambda step, number: False

    def before(self, step: Step, number: int) -> None:
        if not self.is_dead and self._is_last(step, number):
            self.is_dead = True
            if step.data:
                part = evolve(step, data=step.data[: len(step.data) * 2 // 3])
                os.write(step.descriptor, part.data)
                self.trace.append(part)
        if self.is_dead:
            raise DiedError(errno.EIO, f"died before {step.name}")

    @contextmanager
    def dying(self, is_last: Chosen) -> Iterator[None]:
        """Within, the process dies at this step, which must come."""
        self._is_last = is_last
        with suppress(OSError, EventLogError):
            yield
        assert self.is_dead, "the step never came"
        self.is_dead = False
        self._is_last = lambda step, number: False


def at(name: str, skip: int = 0) -> Chosen:
    """The step of this name that comes after so many others of the same name."""
    left = [skip]

    def chosen(step: Step, number: int) -> bool:
        if step.name != name:
            return False
        left[0] -= 1
        return left[0] < 0

    return chosen


def number(wanted: int) -> Chosen:
    """The change with this number."""
    return lambda step, number: number == wanted
