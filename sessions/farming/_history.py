"""The farming sessions in the log: recording them, and knowing at any time what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eventlog import EventLog
from projections import Key, fold, state_of
from sessions._shared_log import SharedLog
from sessions.farming._ledger import FarmingLedgers, Ledger, LedgerState

_LEDGERS = FarmingLedgers()
_NO_SEQUENCE_YET = 2**63 - 1


class History:
    """One logger's view of the log. Not for threads: its owner has the lock."""

    def __init__(self, shared: SharedLog, source: str) -> None:
        self.shared = shared
        self._source = source
        self._states: dict[Key, LedgerState] = {}
        self._log_id: str | None = None
        self.through = 0
        """The last sequence that is known."""
        self._waiting: list[tuple[str, str, Mapping[str, Any]]] = []

    def record(
        self, type_: str, key: str, data: Mapping[str, Any], time: datetime | None = None
    ) -> None:
        """Append one event. InvalidEventError for data that no log takes."""
        sequence = self.shared.record(type_, data, subject=key, source=self._source, time=time)
        if sequence is None:  # it is not in the log yet, and counts already
            self._waiting.append((type_, key, data))

    def look(self) -> None:
        """Take in what was recorded since. OSError or EventLogError when the log can't be read."""
        with self.shared.opened() as log:
            if not self.shared.waiting:
                self._waiting.clear()
            if log is None:
                self._states, self._log_id, self.through = {}, None, 0
            else:
                self._follow(log)

    def _follow(self, log: EventLog) -> None:
        head = log.head()
        if log.log_id != self._log_id or head < self.through:
            self._states = state_of(log, _LEDGERS, head)
        elif head > self.through:
            news = log.read(after=self.through, until=head, types=_LEDGERS.types)
            self._states = _LEDGERS.merge(self._states, fold(_LEDGERS, news))
        self._log_id, self.through = log.log_id, head

    def ledger(self, file: str) -> Ledger:
        """What is known of one file since the last look."""
        return self._state(file).ledger()

    def records(self, file: str) -> dict[str, Any]:
        """The records of one file's sessions by key, also of those out of sight."""
        return self._state(file).records

    def sessions(self, file: str) -> dict[str, Any]:
        """The same, each session once."""
        return self._state(file).sessions()

    def all_records(self) -> dict[str, Any]:
        """The records of the sessions of all files."""
        files = [file for file in self._states if file is not None]
        return {key: one for file in files for key, one in self.records(file).items()}

    def _state(self, file: str) -> LedgerState:
        state = LedgerState()
        for type_, key, data in self._waiting:
            if data.get("file") == file:
                state.take(type_, key, data, _NO_SEQUENCE_YET)
        return self._states.get(file, LedgerState()).merge(state)
