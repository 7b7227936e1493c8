"""Saving at intervals, in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread, current_thread

from sessions.recovery._config import DEFAULTS, is_interval

logger = logging.getLogger("sessions.recovery")

STOP_SECONDS = 5.0
"""How long stopping waits for a save that is under way."""


class AutoSave(Thread):
    """Saves at once and then at each interval, until it is stopped; errors do not end it."""

    def __init__(self, save: Callable[[], object], interval: Callable[[], object]) -> None:
        """Both are asked for at each round; ``interval`` is in seconds."""
        super().__init__(name="session-auto-save", daemon=True)
        self._save = save
        self._interval = interval
        self._stopped = Event()

    def run(self) -> None:
        """Save before looking whether to stop: a thread that was started has saved."""
        while True:
            try:
                self._save()
            except Exception:
                logger.exception("saving failed; it is tried again at the next interval")
            if self._stopped.wait(_seconds(self._interval())):
                return

    def stop(self) -> None:
        """Ask it to end, and wait for that a few seconds; it may itself be the caller."""
        self._stopped.set()
        if self is current_thread():
            return
        self.join(STOP_SECONDS)
        if self.is_alive():
            logger.warning("a save takes longer than %g s; it ends by itself", STOP_SECONDS)


def _seconds(interval: object) -> float:
    if is_interval(interval):
        return float(interval)  # type: ignore[arg-type]
    default = float(DEFAULTS["save_interval"])
    logger.warning("save_interval %.60r is no number of seconds: %g is used", interval, default)
    return default
