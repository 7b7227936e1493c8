"""A thread that can be started and awaited while KeyboardInterrupts come.

``threading.Thread`` waits for its start on a Condition, which an interrupt can leave broken: then
it raises a RuntimeError instead. Here nothing waits for the start, and the end is awaited on a
plain lock, again and again.
"""

from __future__ import annotations

import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from typing import Any

_LOOK_SECONDS = 0.05


class Worker:
    """Runs ``target`` with ``args``, once. Like a daemon, it does not keep the process alive."""

    def __init__(self, target: Callable[..., None], *args: Any) -> None:
        self._is_done = False
        self._running = allocate_lock()
        self._running.acquire()
        self._ident = start_new_thread(self._run, (target, args))

    def _run(  # pragma: no cover - tracing begins in here, so only what it calls is measured
        self, target: Callable[..., None], args: tuple[Any, ...]
    ) -> None:
        # As threading.Thread does it, so that debuggers and coverage see what runs here.
        sys.settrace(threading.gettrace())
        try:
            target(*args)
        finally:
            self._is_done = True
            self._running.release()

    @property
    def is_running(self) -> bool:
        """Whether it may still do something."""
        return not self._is_done

    def join(self) -> None:
        """Wait until it is done; not from itself."""
        if self._ident == get_ident():
            return
        while not self._is_done:
            # Whoever is interrupted with the lock in hands leaves it locked, so look again.
            if self._running.acquire(timeout=_LOOK_SECONDS):
                self._running.release()
