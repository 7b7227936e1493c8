"""Which sessions the JSON file should show, as the log tells it.

A record comes in by ``session.summarized``, and is pending until the file was written; or from the
file, by ``session.imported``. ``session.exported`` says that the file was written: it lists the
``sessions`` in it, oldest first, and the sequence ``through`` which its writer knew the log. What
is older and not listed is out of sight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, frozen

from eventlog import Event
from projections import Key, KeyedProjection
from sessions.farming._record import content

SYSTEM = "farming"


@frozen
class Ledger:
    """Pairs of session key and record, oldest first."""

    published: list[tuple[str, Any]] = Factory(list)
    """What the file held when it was last written."""
    pending: list[tuple[str, Any]] = Factory(list)
    """What did not get there yet."""

    @property
    def all(self) -> list[tuple[str, Any]]:
        """What the file should hold."""
        return self.published + self.pending


@define
class LedgerState:
    """What one stretch of the log says about one file."""

    records: dict[str, Any] = Factory(dict)
    """By session, also of those out of sight."""
    notes: dict[str, str] = Factory(dict)
    """Notes on sessions whose records came before this stretch."""
    imported: dict[str, bool] = Factory(dict)
    """The sessions whose records came from the file."""
    pending: dict[str, int] = Factory(dict)
    """The sequences of records that came after what the last writer of the file knew."""
    published: list[str] | None = None
    """None when this stretch never says what the file holds."""
    through: int = 0

    def take(self, type_: str, key: str, data: Mapping[str, Any], sequence: int) -> None:
        """Fold one event."""
        if type_ == "session.annotated":
            self._annotate(key, data.get("notes"))
        elif type_ == "session.exported":
            self._export(data.get("sessions"), data.get("through"))
        elif "record" in data:
            self.records[key] = data["record"]
            self.notes.pop(key, None)
            self.imported[key] = type_ == "session.imported"
            if not self.imported[key]:
                self.pending.pop(key, None)
                self.pending[key] = sequence

    def _annotate(self, key: str, notes: object) -> None:
        if not isinstance(notes, str):
            return
        if key in self.records:
            self.records[key] = _with_notes(self.records[key], notes)
        else:
            self.notes[key] = notes

    def _export(self, sessions: object, through: object) -> None:
        if isinstance(sessions, list) and isinstance(through, int):
            self.published = [key for key in sessions if isinstance(key, str)]
            self.through = max(self.through, through)
            self.pending = _above(self.through, self.pending)

    def merge(self, later: LedgerState) -> LedgerState:
        """Two stretches; neither is changed."""
        records, notes = dict(self.records), dict(self.notes)
        for key, text in later.notes.items():
            if key in records:
                records[key] = _with_notes(records[key], text)
            else:
                notes[key] = text
        for key in later.records:
            notes.pop(key, None)
        earlier = {key: at for key, at in self.pending.items() if key not in later.pending}
        return LedgerState(
            records | later.records,
            notes,
            self.imported | later.imported,
            _above(later.through, earlier) | later.pending,
            self.published if later.published is None else later.published,
            max(self.through, later.through),
        )

    def ledger(self) -> Ledger:
        """The sessions in sight whose records are known.

        While another process keeps a session waiting for the log, its record may be imported from
        the file. When it comes at last, the file has it already.
        """
        known = self.records
        published = [key for key in dict.fromkeys(self.published or []) if key in known]
        pending = [key for key in self.pending if key not in published]
        if pending:
            there = {content(known[key]) for key in published if self.imported.get(key)}
            pending = [key for key in pending if content(known[key]) not in there]
        return Ledger(
            [(key, known[key]) for key in published],
            [(key, known[key]) for key in pending],
        )

    def sessions(self) -> dict[str, Any]:
        """The records of all sessions, without those that were imported and came again."""
        own = {content(one) for key, one in self.records.items() if not self.imported.get(key)}
        return {
            key: one
            for key, one in self.records.items()
            if not self.imported.get(key) or content(one) not in own
        }


def _above(through: int, pending: dict[str, int]) -> dict[str, int]:
    return {key: sequence for key, sequence in pending.items() if sequence > through}


def _with_notes(record: Any, notes: str) -> Any:
    return {**record, "notes": notes} if isinstance(record, dict) else record


class FarmingLedgers(KeyedProjection[LedgerState, tuple[Key, Ledger]]):
    """The projection: one ledger per file, named relative to where the log is."""

    name = "farming-ledgers"
    version = 1
    types = frozenset(
        {"session.summarized", "session.imported", "session.annotated", "session.exported"}
    )

    def key(self, event: Event) -> Key:
        """The file; None for what others recorded."""
        file = event.data.get("file")
        ours = event.source.startswith(f"{SYSTEM}/") and event.subject is not None
        return file if ours and isinstance(file, str) else None

    def initial_one(self) -> LedgerState:
        """Nothing known."""
        return LedgerState()

    def apply_one(self, state: LedgerState, event: Event) -> LedgerState:
        """Fold one event, if it tells of a file."""
        if self.key(event) is not None and event.subject is not None:
            state.take(event.type, event.subject, event.data, event.sequence)
        return state

    def merge_one(self, earlier: LedgerState, later: LedgerState) -> LedgerState:
        """Two stretches of one file's history."""
        return earlier.merge(later)

    def result_one(self, key: Key, state: LedgerState) -> tuple[Key, Ledger]:
        """The file and its ledger."""
        return key, state.ledger()
