"""What the engine tells the log, and which session it tells it of.

A session goes on when its state is recovered, so it keeps its key then: the log is asked which
session saved that state. Only one that ended does not go on. Everything else begins a new one, with
the first event about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

from attrs import frozen

from eventlog import Event, EventLog, EventLogError, InvalidEventError
from sessions._guards import Guard
from sessions._shared_log import SharedLog
from sessions._texts import plain_text, source_of
from sessions.recovery._state import SessionState

logger = logging.getLogger("sessions.recovery")

_SYSTEM = "recovery"
_MOST_TEXT = 50_000  # characters; more would not fit into an event in the worst case
# A state is stamped just before it is recorded; clocks are read at both moments.
_EARLIER, _LATER = timedelta(seconds=1), timedelta(seconds=60)
_COUNTING = ("crash.detected", "recovery.completed", "session.started")


@frozen
class Session:
    """What the log knows of one."""

    key: str
    ended: bool


class Journal:
    """Records one engine's events; threads may share it."""

    def __init__(self, log: SharedLog, settings: Callable[[], dict[str, Any]]) -> None:
        """``settings`` gives what a new session's first event says of the engine."""
        self.log = log
        self.latest: str | None = None
        """The session that was told of last."""
        self.owned = False
        """Whether we save into the session that we tell of: else it is only watched."""
        self._key: str | None = None
        """The session that we tell of."""
        self._begun: str | None = None
        """The session that ends with us: we began it, or took it over."""
        self._settings = settings
        self._lock = Guard()

    def begin(self) -> str:
        """Make sure that there is a session of our own to save into; its key."""
        with self._lock:
            if self._key is None or not self.owned:
                self._key = self._begun or self._start()
                self.owned = True
            return self._key

    def resume(self, state: SessionState) -> bool:
        """Save into the session that saved this state, if the log knows it; False if it ended."""
        with self._lock:
            if not self.owned:
                session = self.find(state)
                if session is not None and session.ended:
                    return False
                if session is not None:
                    self._key = self._begun = session.key
                    self.owned = True
            return True

    def watch(self, state: SessionState | None, *, running: bool = False) -> None:
        """What is told next is about the session that saved this state, unless there is our own.

        With ``running``, not if it has ended.
        """
        with self._lock:
            if state is None or self.owned:
                return
            session = self.find(state)
            if session is not None:
                self._key = self._begun if running and session.ended else session.key

    def record(self, type_: str, data: Mapping[str, Any]) -> None:
        """Record into our own session. InvalidEventError for data that no log takes."""
        self._record(self.begin(), type_, data)

    def tell(self, type_: str, data: Mapping[str, Any]) -> None:
        """Record into our own session or the watched one; what the log refuses is only logged."""
        try:
            with self._lock:
                key = self._key or self._start()
            self._record(key, type_, data)
        except InvalidEventError as error:
            logger.error("%s is not recorded: %s", type_, error)

    def end(self, reason: str) -> None:
        """End our own session, if there is one; another one begins with the next event."""
        with self._lock:
            if self._begun is not None:
                self._record(self._begun, "session.ended", {"reason": reason})
                self._key = self._begun = None
                self.owned = False

    def find(self, state: SessionState) -> Session | None:
        """The session that saved this state, if this log knows."""
        self.log.flush()
        try:
            with self.log.opened() as log:
                return None if log is None else _session_of(state, log)
        except (OSError, EventLogError) as error:
            logger.error("the session of the saved state is not found: %s", error)
            return None

    def crashes(self) -> int:
        """How many crashes of our own session the log knows, whoever told of them."""
        if self._key is None or not self.owned:
            return 0
        count = 0
        self.log.flush()
        try:
            for event in self.log.read(types=_COUNTING, subject=self._key, reverse=True):
                if event.type == "crash.detected":
                    count += 1
                elif event.type == "session.started":
                    break
                elif type(before := event.data.get("crash_count")) is int:
                    return before + count  # as it was when the session was resumed
        except (OSError, EventLogError) as error:
            logger.error("the crashes of the session are not counted: %s", error)
        return count

    def _start(self) -> str:
        key = self._key = self._begun = _new_key()
        self._record(key, "session.started", self._settings())
        return key

    def _record(self, key: str, type_: str, data: Mapping[str, Any]) -> None:
        self.latest = key
        self.log.record(type_, data, subject=key, source=self._source())

    def _source(self) -> str:
        return source_of(_SYSTEM, Path(self._settings()["state_file"]).stem)


def _session_of(state: SessionState, log: EventLog) -> Session | None:
    moment = datetime.fromtimestamp(state.timestamp, UTC)
    for event in log.read(types="state.saved", since=moment - _EARLIER, before=moment + _LATER):
        if event.subject is not None and _is_of(event, state):
            ends = log.read(types="session.ended", subject=event.subject, after=event.sequence)
            return Session(event.subject, next(ends, None) is not None)
    return None


def _is_of(event: Event, state: SessionState) -> bool:
    """Whether this event saved that state, and not some other system's."""
    data = event.data
    return event.source.startswith(f"{_SYSTEM}/") and (
        (data.get("timestamp"), data.get("last_save_time"))
        == (state.timestamp, state.last_save_time)
    )


def _new_key() -> str:
    return f"recovery-{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(4)}"


def loggable(text: str) -> str:
    """``text`` as an event can hold it: escapes for what is no character, cut when too long."""
    shown = plain_text(text)
    if len(shown) <= _MOST_TEXT:
        return shown
    return f"{shown[:_MOST_TEXT]}... ({len(text):,} characters)"
