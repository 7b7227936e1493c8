"""The writer's lock: the kernel's, so that it is free the moment its holder dies.

The lock file's content and age mean nothing, and a pid would prove nothing either.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from weakref import WeakSet

from eventlog._errors import LockTimeoutError
from eventlog._files import Files
from eventlog._format import LOCK_NAME

_POLL_SECONDS = 0.01

_held: WeakSet[WriterLock] = WeakSet()


def _forget_in_child() -> None:
    """A child shares its parent's lock, and would keep it when the parent is killed."""
    for lock in list(_held):
        lock.forget()
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)


class WriterLock:
    """Holds ``writer.lock`` exclusively from construction to :meth:`release`."""

    def __init__(self, log: Path, files: Files, timeout: float) -> None:
        self._files = files
        self._process = os.getpid()
        self._is_open = True
        self._descriptor = files.open_lock(log / LOCK_NAME)
        try:
            self._acquire(log, timeout)
        except BaseException:
            self._close()
            raise
        _held.add(self)

    def _acquire(self, log: Path, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_current(log):
                    return
                self._reopen(log)
                continue
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockTimeoutError(
                        f"another writer has held the log for {timeout:g} s: close it, or wait "
                        "longer (lock_timeout, --lock-timeout)",
                        path=log,
                    ) from None
            time.sleep(_POLL_SECONDS)

    def _is_current(self, log: Path) -> bool:
        """Whether the locked file is still the log's: a repair replaces the whole directory."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), (log / LOCK_NAME).stat())
        except FileNotFoundError:
            return False

    def _reopen(self, log: Path) -> None:
        self._files.close(self._descriptor)
        self._descriptor = self._files.open_lock(log / LOCK_NAME)

    def release(self) -> None:
        """Let the next writer in.

        Closing alone would not do it while a forked child has the descriptor; and a child must
        not take the lock from its parent.
        """
        if os.getpid() == self._process and self._is_open:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._close()
        _held.discard(self)

    def forget(self) -> None:
        """In a forked child: let go of the descriptor, and leave the lock to the parent."""
        self._close()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._files.close(self._descriptor)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):  # an interrupt may have come before anybody held us
            self._close()
