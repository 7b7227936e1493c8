"""A disk that forgets what was not synced: which directories a power loss may leave behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from random import Random
from threading import RLock
from typing import TypeVar

from attrs import define, field

from tests.support.files import CrashError, CrashingFiles

T = TypeVar("T")


@define(eq=False)
class _File:
    durable: bytes = b""
    current: bytes = b""

    def after_power_loss(self, random: Random) -> bytes:
        """What was synced, and of the rest as much as the disk happened to write."""
        if not self.current.startswith(self.durable):  # it was cut, and the cut not synced
            return random.choice([self.durable, self.current])
        rest = self.current[len(self.durable) :]
        written = random.choice([0, len(rest), random.randint(0, len(rest))])
        zeros = len(rest) - written if random.random() < 0.3 else 0
        return self.durable + rest[:written] + bytes(zeros)


_Step = tuple[str, str | None, "_File | _Directory | None"]
"""A name that changes, the name it gets (None: it goes), and what it stands for when it is new."""


@define(eq=False)
class _Directory:
    durable: dict[str, _File | _Directory] = field(factory=dict)
    names: dict[str, _File | _Directory] = field(factory=dict)
    pending: list[_Step] = field(factory=list)

    def change(self, step: _Step) -> None:
        _apply(self.names, step)
        self.pending.append(step)

    def sync(self) -> None:
        self.durable = dict(self.names)
        self.pending.clear()

    def after_power_loss(self, random: Random) -> dict[str, _File | _Directory]:
        """Changes of names reach the disk in their order; the last ones may be lost."""
        names = dict(self.durable)
        count = random.choice([0, len(self.pending), random.randint(0, len(self.pending))])
        for step in self.pending[:count]:
            _apply(names, step)
        return names


def _apply(names: dict[str, _File | _Directory], step: _Step) -> None:
    old, new, what = step
    if what is not None:
        names[old] = what
    elif new is not None:
        names[new] = names.pop(old)
    else:
        names.pop(old, None)


def _one_at_a_time(operation: Callable[..., T]) -> Callable[..., T]:
    """What the disk does and what the model of it does are one step for the other threads."""

    @wraps(operation)
    def locked(self: PowerLossFiles, *arguments: object) -> T:
        with self.stepping:
            return operation(self, *arguments)

    return locked


class PowerLossFiles(CrashingFiles):
    """Crashes at operation ``at``, and knows what a power loss at that moment may take.

    Between two crashes (of the process only) the same disk goes on: :meth:`restart`.
    """

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(at)
        self.stepping = RLock()
        self._root = root
        self._directories: dict[Path, _Directory] = {root.parent: _Directory()}
        self._open: dict[int, _File] = {}

    def restart(self, at: int) -> None:
        """The process starts again on the same disk, to crash at its operation ``at``."""
        self.trace.clear()
        self.at = at

    def settle(self, changed: Path) -> None:
        """Everything reaches the disk, with one file as it was changed by hand."""
        self._file(changed).current = changed.read_bytes()
        for directory in self._directories.values():
            directory.sync()
            for what in directory.names.values():
                if isinstance(what, _File):
                    what.durable = what.current

    def power_loss(self, target: Path, random: Random) -> None:
        """Build a directory that this disk may hold after a power loss now."""
        self._restore(self._directories[self._root.parent], target.parent, random, target.name)

    def _restore(
        self, directory: _Directory, target: Path, random: Random, rename: str | None = None
    ) -> None:
        for name, what in directory.after_power_loss(random).items():
            path = target / (rename or name)
            if isinstance(what, _Directory):
                path.mkdir()
                self._restore(what, path, random)
            else:
                path.write_bytes(what.after_power_loss(random))

    def _file(self, path: Path) -> _File:
        found = self._directories[path.parent].names[path.name]
        assert isinstance(found, _File)
        return found

    @_one_at_a_time
    def create(self, path: Path) -> int:
        descriptor = super().create(path)
        self._open[descriptor] = new = _File()
        self._directories[path.parent].change((path.name, None, new))
        return descriptor

    @_one_at_a_time
    def open_append(self, path: Path) -> int:
        descriptor = super().open_append(path)
        self._open[descriptor] = self._file(path)
        return descriptor

    @_one_at_a_time
    def open_lock(self, path: Path) -> int:
        is_new = not path.exists()
        descriptor = super().open_lock(path)
        if is_new:
            self._directories[path.parent].change((path.name, None, _File()))
        return descriptor

    @_one_at_a_time
    def write(self, descriptor: int, data: bytes) -> None:
        try:
            super().write(descriptor, data)
        except CrashError:
            if len(self.trace) == self.at:  # any part of it may have been on its way
                os.write(descriptor, data)
                self._open[descriptor].current += data
            raise
        self._open[descriptor].current += data

    @_one_at_a_time
    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        self._open[descriptor].durable = self._open[descriptor].current

    @_one_at_a_time
    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self._directories[path].sync()

    @_one_at_a_time
    def truncate(self, descriptor: int, size: int) -> None:
        super().truncate(descriptor, size)
        self._open[descriptor].current = self._open[descriptor].current[:size]

    @_one_at_a_time
    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self._directories[source.parent].change((source.name, target.name, None))

    @_one_at_a_time
    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self._directories[path.parent].change((path.name, None, None))

    @_one_at_a_time
    def make_directory(self, path: Path) -> None:
        super().make_directory(path)
        self._directories[path] = new = _Directory()
        self._directories[path.parent].change((path.name, None, new))
