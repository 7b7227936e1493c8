"""The writer's lock, kept for a burst: taking it for every event would cost as much as the event.

A writer that appends now and then gives the lock back after each batch. One that is busy keeps it,
and a thread takes it away when the burst is over, or has lasted long enough and somebody waits.
"""

from __future__ import annotations

import time
from threading import Lock
from weakref import ref

from eventlog._lock import WriterLock
from eventlog._worker import Worker

BURST_SECONDS = 0.01


class Lease:
    """Used only with the writer's thread lock held, which is the second argument."""

    def __init__(self, lock: WriterLock, thread_lock: Lock) -> None:
        self.is_ready = False
        """Whether the lock is held, and its holder knows all that others wrote before."""
        self.is_kept = False
        """Whether it is held beyond a use: a thread watches for the end of the burst."""
        self.uses = 0
        """Counted by the writer, so that the thread sees whether there were any since it looked."""
        self._seen = 0
        self._lock = lock
        self._last_use = 0.0
        self._taken = 0.0
        self._is_ended = False
        self._wake = Lock()  # taken while there is nothing to watch; see _turns.py: no Condition
        self._wake.acquire()
        self._worker = Worker(_watch, ref(self), self._wake, thread_lock)

    def take(self) -> None:
        """Wait for the lock; LockTimeoutError when it does not come in time.

        Who waited long is no less busy than before, so the waiting does not count.
        """
        started = time.monotonic()
        self._lock.acquire()
        self._taken = time.monotonic()
        self._last_use += self._taken - started

    def used(self) -> None:
        """After a use when it is not kept: give the lock back, unless this writer is busy."""
        last, self._last_use = self._last_use, time.monotonic()
        if self._last_use - last < BURST_SECONDS:
            self._seen = 0
            self.is_kept = True
            self._start_watching()
        else:
            self._release()

    def _release(self) -> None:
        self.is_ready = False  # first, for an interrupt may come between
        self.is_kept = False
        self._lock.release()

    def _start_watching(self) -> None:
        if self._wake.locked():
            self._wake.release()

    def end_burst(self) -> bool:
        """Give the lock back when the writer stopped or somebody waits; whether that was so.

        Not before the burst is worth what handing the lock over costs.
        """
        now, seen = time.monotonic(), self._seen
        self._seen = self.uses
        if seen != self.uses:
            if now - self._taken < BURST_SECONDS or not self._lock.is_wanted():
                return False
            self._last_use = now  # it is still busy, and goes on when its turn comes
        self._release()
        return True

    def give_up(self) -> None:
        """Give the lock back at once, however busy this writer is."""
        self._release()

    def end(self) -> None:
        """Give the lock back, for good."""
        self._is_ended = True
        self._release()
        self._lock.close()
        self._start_watching()

    def __del__(self) -> None:
        if hasattr(self, "_wake"):  # an interrupt may have come before
            self._start_watching()  # which sees that nobody is there any more

    def join(self) -> None:
        """Wait for the thread, without the thread lock."""
        self._worker.join()


def _watch(lease_of: ref[Lease], wake: Lock, thread_lock: Lock) -> None:
    while True:
        wake.acquire()
        is_over = False
        while not is_over:
            with thread_lock:
                lease = lease_of()
                if lease is None or lease._is_ended:
                    return
                is_over = lease.end_burst()
                del lease
            if not is_over:
                wake.acquire(timeout=BURST_SECONDS)
