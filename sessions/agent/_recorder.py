"""One agent session in the log: begun by its first event, ended once."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sessions._guards import Guard
from sessions._shared_log import shared_log
from sessions._texts import session_key, source_of


class Recorder:
    """Writes the events of one session. Its ``lock`` keeps memory and log in the same order."""

    def __init__(self, agent_id: str, session_id: str, log_dir: str | Path | None) -> None:
        self.subject = session_key(str(session_id), uuid4().hex[:12])
        self.lock = Guard()
        self._details = {"agent_id": agent_id, "session_id": session_id}
        self._source = source_of("agent", str(agent_id))
        self._log = shared_log(log_dir)
        self._made = datetime.now(UTC)
        self._begun = self._ended = False

    def begin(self) -> None:
        """Say that the session has begun, when it was made; once."""
        with self.lock:
            if self._begun:
                return
            data = {"component": "agent", "host": platform.node(), **self._details}
            self._append("session.started", data, self._made)
            self._begun = True

    def record(self, type_: str, data: dict[str, Any]) -> None:
        """One event; InvalidEventError for data that no log takes."""
        with self.lock:
            if not self._begun:
                self.begin()
            self._append(type_, data)

    def end(self, reason: str | None) -> None:
        """Say that the session is over; once, and only of one that has begun."""
        with self.lock:
            if self._begun and not self._ended:
                self._append("session.ended", {} if reason is None else {"reason": reason})
                self._ended = True

    def close(self) -> None:
        """Bring what was recorded to the disk."""
        self._log.settle()

    def _append(self, type_: str, data: dict[str, Any], time: datetime | None = None) -> None:
        self._log.record(type_, data, subject=self.subject, source=self._source, time=time)
