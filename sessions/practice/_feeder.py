"""The thread that keeps the tables up to date, out of the way of everyone who records.

It reads the log, not what it is told, so nothing is lost while the database is gone: when it comes
back, or when another process starts, the thread goes on where the tables end.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock, Thread
from time import monotonic

from eventlog import EventLog
from sessions.practice._database import Connection, TableError, Target
from sessions.practice._feed import check_progress, feed
from sessions.practice._ledger import Ledger
from sessions.practice._schema import ensure, is_whole

logger = logging.getLogger("sessions.practice")

_PACE_SECONDS = 0.2
"""Between two steps while events come in: rows appear that soon, and the caller keeps the CPU."""

_IDLE_SECONDS = 3.0
"""How soon it is noticed that tables were dropped, or that another process recorded."""

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.1, 5.0

_LAST_SECONDS = 3.0
"""How long the end of a process, or of a logger, waits for the database."""


class Feeder:
    """One thread for one log and one database."""

    def __init__(self, ledger: Ledger, target: Target) -> None:
        self.target = target
        self.users = 0
        self._ledger = ledger
        self.forget()

    def forget(self) -> None:
        """No thread runs; a forked child has none of its parent's."""
        self._changed = Condition(Lock())
        self._thread: Thread | None = None
        self._stopping = False
        self._dirty = True  # something may be new
        self._wanted = self._begun = self._done = 0  # rounds, by number
        self._tried = False
        self._healthy = False
        self._said = ""

    # What callers use; nothing of it touches the database

    def start(self, wait: float) -> None:
        """Run, and wait for the first try to end, at most so many seconds."""
        with self._changed:
            self._run_thread()
            self._changed.wait_for(lambda: self._tried, wait)

    def wake(self) -> None:
        """Something was recorded."""
        if self._dirty and self._thread is not None:
            return
        with self._changed:
            self._dirty = True
            self._run_thread()
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until the tables reflect all that is in the log now; whether they do."""
        with self._changed:
            self._run_thread()
            return self._wait_for_round(seconds, lambda: False)

    def settle(self, seconds: float) -> None:
        """The same, where the database can be expected to answer: not during an outage."""
        with self._changed:
            if self._healthy:
                self._healthy = self._wait_for_round(seconds, lambda: not self._healthy)

    def stop(self, seconds: float) -> None:
        """End the thread; wait for that, at most so many seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _wait_for_round(self, seconds: float, is_vain: Callable[[], bool]) -> bool:
        self._wanted += 1
        number = self._wanted
        self._changed.notify_all()
        self._changed.wait_for(lambda: self._done >= number or self._stopping or is_vain(), seconds)
        return self._done >= number

    def _run_thread(self) -> None:
        if self._thread is None and not self._stopping:
            self._thread = Thread(target=self._run, name="practice tables", daemon=True)
            self._thread.start()

    # The thread

    def _run(self) -> None:
        retry = _FIRST_RETRY_SECONDS
        while not self._stopping:
            begun = monotonic()
            with self._changed:
                self._begun = self._wanted
            try:
                with self.target.connect() as connection:
                    self._serve(connection)
            except Exception as error:  # whatever it is, recording goes on, and so does this
                self._failed(error)
            if monotonic() - begun > _LAST_RETRY_SECONDS:
                retry = _FIRST_RETRY_SECONDS
            with self._changed:
                self._changed.wait_for(self._is_urgent, retry)
            retry = min(2 * retry, _LAST_RETRY_SECONDS)

    def _serve(self, connection: Connection) -> None:
        """Feed, until told to stop or until something fails."""
        ensure(connection)
        with self._reading() as log:
            if log is not None:
                check_progress(connection, log)
        with self._changed:
            self._tried = self._healthy = True
            self._changed.notify_all()
        while not self._stopping:
            self._round(connection)
            with self._changed:
                self._changed.wait_for(lambda: self._dirty or self._is_urgent(), _IDLE_SECONDS)
                if not self._is_urgent():
                    self._changed.wait_for(self._is_urgent, _PACE_SECONDS)

    def _round(self, connection: Connection) -> None:
        with self._changed:
            number = self._begun = self._wanted
            self._dirty = False
        connection.check()
        if not is_whole(connection):
            raise TableError("the tables were dropped or made anew: they are filled again")
        recorded = bool(self._ledger.sessions())  # asked first: a session comes after its log
        with self._reading() as log:
            if log is None and recorded:
                raise TableError("sessions were recorded, and there is no log (any more)")
            while log is not None and feed(connection, log, self._ledger):
                if self._stopping:
                    return
        self._succeeded(number)

    @contextmanager
    def _reading(self) -> Iterator[EventLog | None]:
        """The log as it is in its files; None while there is none."""
        if not self._ledger.exists():
            yield None
            return
        with EventLog.open(self._ledger.log.path, readonly=True) as log:
            yield log

    def _is_urgent(self) -> bool:
        return self._stopping or self._wanted > self._begun

    # What became of it

    def _succeeded(self, number: int) -> None:
        with self._changed:
            self._healthy = True
            self._done = number
            self._changed.notify_all()
        self._say(logging.INFO, "[OK] practice sessions: the tables in %s are up to date", "")

    def _failed(self, error: Exception) -> None:
        with self._changed:
            self._tried = True
            self._healthy = False
            self._changed.notify_all()
        self._say(
            logging.WARNING,
            "[WARN] practice sessions: the tables in %s wait, recording goes on: %s",
            f"{type(error).__name__}: {self.target.explain(error)}",
        )

    def _say(self, level: int, message: str, reason: str) -> None:
        """Once, however often it is tried."""
        said = f"{level} {reason}"
        if said != self._said:
            self._said = said
            logger.log(level, message, self.target.address, *([reason] if reason else []))


_feeders: dict[tuple[Path, object], Feeder] = {}
_registry = Lock()


def acquire(ledger: Ledger, target: Target) -> Feeder:
    """The process's one feeder of this log into this database; one more uses it."""
    with _registry:
        feeder = _feeders.setdefault((ledger.log.path, target.key), Feeder(ledger, target))
        feeder.users += 1
        return feeder


def release(feeder: Feeder) -> None:
    """One less uses it. The last one ends it, when it is up to date or after some seconds."""
    with _registry:
        feeder.users -= 1
        if feeder.users:
            return
        _feeders.pop((feeder._ledger.log.path, feeder.target.key), None)
    feeder.settle(_LAST_SECONDS)
    feeder.stop(_LAST_SECONDS)


def _stop_all() -> None:
    """At the end of the process: what was recorded is to be in the tables, too."""
    for feeder in list(_feeders.values()):
        feeder.settle(_LAST_SECONDS)
        feeder.stop(_LAST_SECONDS)


def _forget_in_child() -> None:
    global _registry  # noqa: PLW0603 - the parent's may be held by a thread that is not here
    _registry = Lock()
    for feeder in _feeders.values():
        feeder.forget()


atexit.register(_stop_all)
os.register_at_fork(after_in_child=_forget_in_child)
