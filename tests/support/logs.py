"""Logs to look at and to damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from attrs import frozen

from eventlog import DamagedLogError, EventLog, NewEvent
from eventlog._files import Files
from eventlog._lock import hold_writer_lock

Corrupt = Callable[[bytes, int], bytes]
"""The file's bytes, damaged from an offset on."""


def batch(first: int, size: int) -> list[NewEvent]:
    """New events whose data tells their number."""
    return [
        NewEvent("test.numbered", {"n": number}, subject=f"s-{number % 3}")
        for number in range(first, first + size)
    ]


def numbers(path: Path) -> list[int]:
    """What :func:`batch` put into the log, as a reader sees it."""
    with EventLog.open(path, readonly=True) as log:
        return [event.data["n"] for event in log.read()]


def numbers_around_damage(path: Path) -> tuple[list[int], list[DamagedLogError]]:
    """Like :func:`numbers`, going on around damage; and the damage."""
    met: list[DamagedLogError] = []
    with EventLog.open(path, readonly=True) as log:
        return [event.data["n"] for event in log.read(on_damage=met.append)], met


def segment_files(path: Path) -> list[Path]:
    """The segments, in order."""
    return sorted((path / "segments").iterdir())


def active_file(path: Path) -> Path:
    """The active segment."""
    return [file for file in segment_files(path) if file.suffix == ".jsonl"][-1]


def copy_of(path: Path, target: Path) -> Path:
    """The log as it is now, without what its writer keeps in memory."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(path, target)
    return target


def quarantined(path: Path) -> list[bytes]:
    """What lies in the quarantine, in order of the names."""
    directory = path / "quarantine"
    return [file.read_bytes() for file in sorted(directory.iterdir())] if directory.exists() else []


@frozen
class SmallLog:
    """A log with known batches in its active segment, as bytes that can be put anywhere."""

    path: Path
    active: Path
    content: bytes
    ends: tuple[int, ...]
    """Where each batch ends, in bytes of the active segment."""
    sizes: tuple[int, ...]
    """How many events each batch holds."""

    def whole_batches(self, cut: int) -> int:
        """How many batches lie completely before ``cut``."""
        return sum(end <= cut for end in self.ends)

    def expected(self, batches: int) -> list[int]:
        """The numbers in the first batches."""
        return list(range(1, sum(self.sizes[:batches]) + 1))

    def put(self, content: bytes) -> None:
        """Make this the active segment, with an empty quarantine."""
        self.active.write_bytes(content)
        shutil.rmtree(self.path / "quarantine", ignore_errors=True)


def small_log(path: Path, sizes: Iterable[int]) -> SmallLog:
    """A log with these batches."""
    ends, next_number, sizes = [], 1, tuple(sizes)
    with EventLog.open(path, sync="never") as log:
        for size in sizes:
            log.extend(batch(next_number, size))
            next_number += size
            ends.append(active_file(path).stat().st_size)
    active = active_file(path)
    return SmallLog(path, active, active.read_bytes(), tuple(ends), sizes)


def cut(content: bytes, offset: int) -> bytes:
    """Nothing from the offset on."""
    return content[:offset]


def zero(content: bytes, offset: int) -> bytes:
    """Zeros from the offset on, as a file system leaves them that wrote the size first."""
    return content[:offset] + bytes(len(content) - offset)


def noise(content: bytes, offset: int) -> bytes:
    """Anything from the offset on."""
    return content[:offset] + Random(offset).randbytes(len(content) - offset)


def flip(content: bytes, offset: int, bit: int) -> bytes:
    """One bit of one byte the other way."""
    return content[:offset] + bytes([content[offset] ^ (1 << bit)]) + content[offset + 1 :]


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Another process holds the log, which is made if need be, and does not let go."""
    EventLog.open(path).close()
    with hold_writer_lock(path, Files(), 0):
        yield
