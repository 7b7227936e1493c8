"""Turns at the disk: one thread at a time works there, and those who wait share what it did.

Made of plain locks. ``threading.Condition`` and ``Event`` would read better, but an interrupt that
meets one of their methods may leave its inner lock taken, and closing the log would then wait for
ever. Nothing interrupts between taking a plain lock and entering its ``with`` block.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

_LONGEST_GATHERING_SECONDS = 0.01
_PATIENCE_SECONDS = 1.0  # then look again: an interrupt may have kept somebody from waking us


class Turns:
    """Lets one thread work while others wait, and wakes all of them together when it is done.

    Together, so that they go on to write, and the next turn covers what all of them wrote.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_taken = False
        self._waiting: list[Lock] = []
        self._woken = 0
        """How many the last turn woke."""
        self._lasted = 0.0
        self._gathered: Lock | None = None
        """Taken until as many wait again, while somebody waits for them."""

    def run(
        self, work: Callable[[], None], is_done: Callable[[], bool], *, gather: bool = False
    ) -> None:
        """Call ``work`` in this thread's turn, unless ``is_done`` by then.

        With ``gather``, those that the last turn woke may come first, for half as long as it took.
        """
        mine = False
        try:
            while not mine:
                with self._lock:
                    if is_done():
                        return
                    if not self._is_taken:
                        self._is_taken = mine = True
                    else:
                        waiter = self._enter()
                if not mine:
                    waiter.acquire(timeout=_PATIENCE_SECONDS)
            if gather and self._woken:
                self._gather()
            started = time.monotonic()
            work()
            self._lasted = time.monotonic() - started
        finally:
            if mine:
                with self._lock:
                    self._is_taken = False
                    self._gathered = None
                    waiting, self._waiting = self._waiting, []
                    self._woken = len(waiting)
                for waiter in waiting:
                    waiter.release()

    def _enter(self) -> Lock:
        """What to wait on; with the lock held."""
        waiter = Lock()
        waiter.acquire()
        self._waiting.append(waiter)
        gathered = self._gathered
        if gathered is not None and len(self._waiting) >= self._woken:
            self._gathered = None
            gathered.release()
        return waiter

    def _gather(self) -> None:
        """Without that, the first to come back works for itself alone, and all others wait."""
        with self._lock:
            if len(self._waiting) >= self._woken:
                return
            gathered = Lock()
            gathered.acquire()
            self._gathered = gathered
        gathered.acquire(timeout=min(self._lasted / 2, _LONGEST_GATHERING_SECONDS))
