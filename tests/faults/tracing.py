"""A file layer that records every change of the disk, in order, with what the log promised when."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import TypeVar

from attrs import frozen

from eventlog._files import Files
from eventlog._format import CACHE_NAME
from tests.faults.gate import Gate
from tests.faults.names import activity_of, is_background, role_of

T = TypeVar("T")


@frozen
class Step:
    """One operation that changes the disk. Paths are relative to the directory of the log."""

    operation: str
    path: str
    activity: str
    """What the program was doing: append, rotate, seal and so on."""
    target: str = ""
    """The new name of a rename."""
    data: bytes = b""
    size: int = 0
    """Where a truncate cuts."""
    descriptor: int = -1

    @property
    def name(self) -> str:
        """As in the table of crash points."""
        return f"{self.activity}: {self.operation} {role_of(self.path)}"


@frozen
class Promise:
    """What the log had told its callers at some moment of a trace."""

    created: bool = False
    """Whether opening the log had returned."""
    durable: int = 0
    """Events that must survive a power loss."""
    kept: int = 0
    """Events that must survive a kill."""
    batches: frozenset[tuple[int, int]] = frozenset()
    """First number and size of each batch that was ever asked to be written."""
    pruned: int = 0
    """Events up to this one are gone for good."""
    prunings: frozenset[int] = frozenset({0})
    """Up to which events the log was ever asked to be pruned: to one of them all, or not at all."""
    torn: bytes = b""
    """Half a line, safe on the disk, which is somewhere for ever: in its place or in quarantine."""


Trace = list[Step | Promise]


class TracingFiles(Files):
    """The operating system's files, and a record of what was done to them.

    Not recorded is what happens in ``cache/``: it is derived, and believed only by its hash.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        """The directory that holds the log."""
        self.trace: Trace = []
        self.count = 0
        """How many changes were asked for, done or not."""
        self.sealing = Gate()
        self.promise = Promise()
        self._stepping = RLock()
        self._paths: dict[int, str] = {}

    def before(self, step: Step, number: int) -> None:
        """Called before change ``number`` (from 1). May raise."""

    def after(self, step: Step, number: int) -> None:
        """Called after change ``number``."""

    @property
    def steps(self) -> list[Step]:
        """The trace without the promises."""
        return [step for step in self.trace if isinstance(step, Step)]

    def promised(self, promise: Promise) -> None:
        """From here on the log has promised this."""
        self.promise = promise
        self.trace.append(promise)

    def _do(self, step: Step, action: Callable[[], T]) -> T:
        if is_background(sys._getframe()):
            with self.sealing.one_step(), self._stepping:
                return self._record(step, action)
        with self._stepping:
            return self._record(step, action)

    def _record(self, step: Step, action: Callable[[], T]) -> T:
        if f"/{CACHE_NAME}" in step.path:
            return action()
        self.count += 1
        number = self.count
        self.before(step, number)
        done = action()
        self.trace.append(step)
        self.after(step, number)
        return done

    # The operations

    def _step(self, operation: str, path: Path | int, **more: object) -> Step:
        name = self._paths[path] if isinstance(path, int) else self._name(path)
        descriptor = path if isinstance(path, int) else -1
        activity = activity_of(sys._getframe(2))
        return Step(operation, name, activity, descriptor=descriptor, **more)  # type: ignore[arg-type]

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _opened(self, descriptor: int, path: Path) -> int:
        self._paths[descriptor] = self._name(path)
        return descriptor

    def create(self, path: Path) -> int:
        step = self._step("create", path)
        return self._opened(self._do(step, lambda: Files.create(self, path)), path)

    def open_append(self, path: Path) -> int:
        return self._opened(super().open_append(path), path)

    def open_lock(self, path: Path) -> int:
        if path.exists():
            return super().open_lock(path)
        return self._do(self._step("create", path), lambda: Files.open_lock(self, path))

    def write(self, descriptor: int, data: bytes) -> None:
        step = self._step("write", descriptor, data=data)
        self._do(step, lambda: Files.write(self, descriptor, data))

    def sync(self, descriptor: int) -> None:
        self._do(self._step("sync", descriptor), lambda: Files.sync(self, descriptor))

    def sync_directory(self, path: Path) -> None:
        self._do(self._step("sync", path), lambda: Files.sync_directory(self, path))

    def truncate(self, descriptor: int, size: int) -> None:
        step = self._step("truncate", descriptor, size=size)
        self._do(step, lambda: Files.truncate(self, descriptor, size))

    def rename(self, source: Path, target: Path) -> None:
        step = self._step("rename", source, target=self._name(target))
        self._do(step, lambda: Files.rename(self, source, target))

    def unlink(self, path: Path) -> None:
        self._do(self._step("unlink", path), lambda: Files.unlink(self, path))

    def make_directory(self, path: Path) -> None:
        self._do(self._step("make", path), lambda: Files.make_directory(self, path))
