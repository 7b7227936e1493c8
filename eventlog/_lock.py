"""The locks of a log: the kernel's, so that they are free the moment their holder dies.

What a lock file holds, and its age, mean nothing, and a pid would prove nothing either. Which lock
stands for what is in docs/log-format.md, "Locks".
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

from eventlog._errors import LockTimeoutError
from eventlog._files import Files
from eventlog._format import IDENTITY_NAME, LOCK_NAME

_FIRST_POLL_SECONDS = 0.00005
_LAST_POLL_SECONDS = 0.001
_QUEUE_POLL_SECONDS = 0.005
_LAZY_POLL_SECONDS = 0.02

_inherited: WeakSet[KernelLock] = WeakSet()


def _forget_in_child() -> None:
    """A child shares its parent's locks, and would keep them when the parent is killed."""
    for lock in list(_inherited):
        lock.close()
    _inherited.clear()


os.register_at_fork(after_in_child=_forget_in_child)


class KernelLock:
    """An exclusive ``flock`` on a descriptor of its own. Not held when it is made."""

    _is_open = False

    def __init__(self, descriptor: int) -> None:
        self._process = os.getpid()
        self._descriptor = descriptor
        self._is_open = True
        _inherited.add(self)

    @property
    def descriptor(self) -> int:
        """What is locked."""
        return self._descriptor

    def try_acquire(self) -> bool:
        """Whether it is held now."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self, deadline: float, poll: float = _LAST_POLL_SECONDS) -> bool:
        """Try until it is held or the monotonic clock shows ``deadline``."""
        pause = _FIRST_POLL_SECONDS
        while not self.try_acquire():
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, poll)
        return True

    def release(self) -> None:
        """Let others have it. Closing alone would not do it while a child has the descriptor."""
        if self._is_open and self._process == os.getpid():
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the descriptor; a child's closing leaves the lock to its parent."""
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)

    def __del__(self) -> None:
        self.close()  # an interrupt may have come before anybody held us


class WriterLock:
    """The right to append to a log, taken and given back many times.

    Whoever wants it waits in a queue first (a lock on ``log.json``), so that one who takes it again
    and again can see that somebody waits, and can't push ahead of them.
    """

    def __init__(self, log: Path, files: Files, timeout: float) -> None:
        self._log = log
        self._timeout = timeout
        self._path = os.fspath(log / LOCK_NAME)
        self._lock = KernelLock(files.open_lock(log / LOCK_NAME))
        self._file = os.fstat(self._lock.descriptor)
        self._queue: KernelLock | None = None
        self._queued: KernelLock | None = None

    def acquire(self) -> None:
        """Wait for it; LockTimeoutError when it does not come in time.

        Whoever is interrupted here calls :meth:`release`.
        """
        deadline = time.monotonic() + self._timeout
        queue = self._queued = self._queue_lock()
        try:
            if queue is not None and not queue.acquire(deadline, _QUEUE_POLL_SECONDS):
                raise self._timed_out()
            if not self._lock.acquire(deadline):
                raise self._timed_out()
        finally:
            self._leave_queue()

    def _leave_queue(self) -> None:
        if self._queued is not None:
            self._queued.release()
            self._queued = None

    def _queue_lock(self) -> KernelLock | None:
        """None while the log has no log.json, when nobody appends yet."""
        if self._queue is None:
            try:
                descriptor = os.open(self._log / IDENTITY_NAME, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            self._queue = KernelLock(descriptor)
        return self._queue

    def _timed_out(self) -> LockTimeoutError:
        return LockTimeoutError(
            f"another process has held the log for {self._timeout:g} s: wait until it is done, or "
            "wait longer (lock_timeout, --lock-timeout)",
            path=self._log,
        )

    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        queue = self._queue_lock()
        if queue is None or not queue.try_acquire():
            return queue is not None
        queue.release()
        return False

    @property
    def is_current(self) -> bool:
        """Whether the lock file is still the log's: a repair replaces the whole directory.

        Can be asked of a closed lock, too.
        """
        try:
            return os.path.samestat(self._file, os.stat(self._path))  # noqa: PTH116
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let the next writer in."""
        self._leave_queue()  # an interrupt may have kept us from it
        self._lock.release()

    def close(self) -> None:
        """Let the next writer in, for good."""
        self.release()
        self._lock.close()
        if self._queue is not None:
            self._queue.close()

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hold_writer_lock(log: Path, files: Files, timeout: float) -> WriterLock:
    """The held lock of the log that is at this path now, whatever was there when we began to wait.

    LockTimeoutError when it does not come in time.
    """
    while True:
        lock = WriterLock(log, files, timeout)
        try:
            lock.acquire()
        except BaseException:
            lock.close()
            raise
        if lock.is_current:
            return lock
        lock.close()


@contextmanager
def writing_stopped(log: Path, timeout: float) -> Iterator[bool]:
    """For a look at what is being written: whether all writers could be kept out in this time.

    Creates and changes nothing: where there is no lock file, nobody writes.
    """
    try:
        lock = WriterLock(log, _ReadOnlyFiles(), timeout)
    except FileNotFoundError:
        yield True
        return
    with lock:
        try:
            lock.acquire()
        except LockTimeoutError:
            yield False
        else:
            yield True


class _ReadOnlyFiles(Files):
    def open_lock(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)


class DirectoryLock:
    """A lock on a directory of the log: who holds it does alone what it stands for.

    On ``segments/`` it is the right to seal and to change the manifest, on the log's own directory
    the right to import.
    """

    def __init__(self, directory: Path) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._lock = KernelLock(os.open(directory, flags))

    def acquire(self, timeout: float) -> bool:
        """Whether it came within ``timeout`` seconds. Its holder takes seconds, so look lazily."""
        return self._lock.acquire(time.monotonic() + timeout, _LAZY_POLL_SECONDS)

    def close(self) -> None:
        """Give it back, if it is held."""
        self._lock.release()
        self._lock.close()

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
