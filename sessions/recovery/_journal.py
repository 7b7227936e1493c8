"""What the engine tells the log, and which session it tells it of.

A session goes on when its state is recovered, so it keeps its key then: the log is asked which
session saved that state. Everything else begins a new one, with the first event about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

from eventlog import EventLogError, InvalidEventError
from sessions._guards import Guard
from sessions._shared_log import SharedLog
from sessions._texts import plain_text, source_of
from sessions.recovery._state import SessionState

logger = logging.getLogger("sessions.recovery")

_SYSTEM = "recovery"
_MOST_TEXT = 50_000  # characters; more would not fit into an event in the worst case
# A state is stamped just before it is recorded; clocks are read at both moments.
_EARLIER, _LATER = timedelta(seconds=1), timedelta(seconds=60)


class Journal:
    """Records one engine's events; threads may share it."""

    def __init__(self, log: SharedLog, settings: Callable[[], dict[str, Any]]) -> None:
        """``settings`` gives what a new session's first event says of the engine."""
        self.log = log
        self.key: str | None = None
        """The session that events are about; None before the first."""
        self.owned = False
        """Whether the session is this engine's own, not one that it only watches."""
        self._settings = settings
        self._lock = Guard()

    def begin(self) -> str:
        """Make sure that there is a session of our own; its key."""
        with self._lock:
            if self.key is None or not self.owned:
                self.key, self.owned = _new_key(), True
                self._record(self.key, "session.started", self._settings())
            return self.key

    def resume(self, state: SessionState) -> None:
        """Take over the session that saved this state, or begin a new one."""
        self.watch(state)
        with self._lock:
            self.owned = self.key is not None
        self.begin()

    def watch(self, state: SessionState | None) -> None:
        """What is told next is about the session that saved this state, unless there is our own."""
        with self._lock:
            if state is not None and not self.owned:
                self.key = self._session_of(state) or self.key

    def record(self, type_: str, data: Mapping[str, Any]) -> None:
        """Record into our own session. InvalidEventError for data that no log takes."""
        self._record(self.begin(), type_, data)

    def tell(self, type_: str, data: Mapping[str, Any]) -> None:
        """Record into our own session or the watched one; what the log refuses is only logged."""
        try:
            self._record(self.key or self.begin(), type_, data)
        except InvalidEventError as error:
            logger.error("%s is not recorded: %s", type_, error)

    def end(self, reason: str) -> None:
        """End the session, if it is our own; another one begins with the next event."""
        with self._lock:
            if self.owned:
                self.tell("session.ended", {"reason": reason})
                self.owned = False

    def _record(self, key: str, type_: str, data: Mapping[str, Any]) -> None:
        self.log.record(type_, data, subject=key, source=self._source())

    def _source(self) -> str:
        return source_of(_SYSTEM, Path(self._settings()["state_file"]).stem)

    def _session_of(self, state: SessionState) -> str | None:
        """The key of the session that saved this state, if this log knows."""
        saved = datetime.fromtimestamp(state.timestamp, UTC)
        try:
            events = self.log.read(
                types="state.saved", since=saved - _EARLIER, before=saved + _LATER
            )
            for event in events:
                if event.source.startswith(f"{_SYSTEM}/") and _saved_as(state) == _saved_in(
                    event.data
                ):
                    return event.subject
        except (OSError, EventLogError) as error:
            logger.error("the session of the saved state is not found: %s", error)
        return None


def _saved_as(state: SessionState) -> tuple[float, float]:
    return state.timestamp, state.last_save_time


def _saved_in(data: Mapping[str, Any]) -> tuple[Any, Any]:
    return data.get("timestamp"), data.get("last_save_time")


def _new_key() -> str:
    return f"recovery-{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(4)}"


def loggable(text: str) -> str:
    """``text`` as an event can hold it: escapes for what is no character, cut when too long."""
    shown = plain_text(text)
    if len(shown) <= _MOST_TEXT:
        return shown
    return f"{shown[:_MOST_TEXT]}... ({len(text):,} characters)"
