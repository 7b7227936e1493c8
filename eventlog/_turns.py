"""Turns at the disk: one thread at a time works there, and those who wait share what it did.

Made of plain locks. ``threading.Condition`` and ``Event`` would read better, but an interrupt that
meets one of their methods may leave its inner lock taken, and closing the log would then wait for
ever. Nothing interrupts between taking a plain lock and entering its ``with`` block.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

_PATIENCE_SECONDS = 1.0  # then look again: an interrupt may have kept somebody from waking us


class Turns:
    """Lets one thread work while others wait, and wakes all of them together when it is done.

    Together, so that they go on to write, and the next turn covers what all of them wrote.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_taken = False
        self._waiting: list[Lock] = []

    def run(self, work: Callable[[], None], is_done: Callable[[], bool]) -> None:
        """Call ``work`` in this thread's turn, unless ``is_done`` by then."""
        mine = False
        try:
            while not mine:
                with self._lock:
                    if is_done():
                        return
                    if not self._is_taken:
                        self._is_taken = mine = True
                    else:
                        waiter = Lock()
                        waiter.acquire()
                        self._waiting.append(waiter)
                if not mine:
                    waiter.acquire(timeout=_PATIENCE_SECONDS)
            work()
        finally:
            if mine:
                with self._lock:
                    self._is_taken = False
                    waiting, self._waiting = self._waiting, []
                for waiter in waiting:
                    waiter.release()
