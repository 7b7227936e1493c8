"""The background sync of ``sync="interval"``."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from weakref import WeakMethod

from eventlog._errors import WriterFailedError
from eventlog._worker import Worker


class Flusher:
    """Calls a method of a writer every ``interval`` seconds, on a thread of its own.

    The thread does not keep the writer alive: one that nobody holds any more is given up.
    """

    def __init__(self, sync: Callable[[], None], interval: float) -> None:
        self._stop = Lock()  # taken until stop(): an Event could stay locked after an interrupt
        self._stop.acquire()
        self._worker = Worker(_run, WeakMethod(sync), self._stop, interval)

    def stop(self) -> None:
        """End the thread, and wait for that. May be called again."""
        if self._stop.locked():
            self._stop.release()
        self._worker.join()


def _run(sync: WeakMethod[Callable[[], None]], stop: Lock, interval: float) -> None:
    while not stop.acquire(timeout=interval):
        call = sync()
        if call is None:
            return
        try:
            call()
        except (OSError, WriterFailedError):
            return  # the writer is poisoned: the next append says so
        del call  # it would hold the writer while we wait
