"""The JSON file, kept like the log and the log kept like the file.

The file is written from the log, and people edit it. So before it is written again, what they
changed goes into the log; what the file has then is what the log last said, and the reverse.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from eventlog import EventLogError, InvalidEventError
from projections._values import is_number
from sessions._texts import plain_text
from sessions.farming._comparing import Change, Found, compare
from sessions.farming._file import (
    Content,
    Pages,
    locked,
    read_records,
    replace,
    set_aside,
)
from sessions.farming._history import History
from sessions.farming._ledger import Ledger
from sessions.farming._plain import to_plain
from sessions.farming._record import moment, summary_of
from sessions.farming._saving import new_key

logger = logging.getLogger("sessions.farming")

MOST_RECORDS = 100

_PATIENCE = 0.2

Session = tuple[str | None, Any]
"""A session's key, None where the log could not take it, and its record as the file has it."""


class Publisher:
    """Reads and writes the file for one logger. Not for threads: its owner has the lock."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._pages = Pages()

    def name_of(self, path: Path) -> str:
        """What the log calls a file: its place seen from the log, so that both may move."""
        directory = os.path.realpath(path.parent)
        place = os.path.relpath(Path(directory) / path.name, self._history.shared.path.parent)
        return plain_text(place)

    def view(self, records: list[Any], file: str, *, note_edits: bool) -> list[Any]:
        """The file as the next save will leave it; edited notes go into the log."""
        self._history.look()
        ledger = self._history.ledger(file)
        if not (ledger.pending or note_edits):
            return records
        found = compare(records, ledger)
        if note_edits:
            for one in found:
                if one.change is Change.NOTES:
                    self._annotate(one, file)
        there = [(one.key, one.record) for one in found]
        missing = [deepcopy(record) for _, record in _missing(there, ledger)]
        return (records + missing)[-MOST_RECORDS:] if missing else records

    def publish(self, path: Path, file: str, session: tuple[str, Any]) -> None:
        """Write the file with this new session at its end.

        A bot waits for it, so not for long: what is not written now, the next save writes.
        """
        with locked(path.parent, _PATIENCE):
            now = read_records(path, self._pages.parse)
            try:
                self._history.look()
            except (OSError, EventLogError) as error:
                logger.error("%s: not read: %s", self._history.shared.path, error)
                self._write(path, [*((None, record) for record in now.records), session], now)
                return
            sessions = self._taken_in(now.records, file)
            ledger = self._history.ledger(file)
            sessions += _missing(sessions, ledger)
            kept_as = self._write(path, sessions, now)
            if kept_as or (now.gone and ledger.published):
                reset = {"file": file, "reason": now.gone, "kept_as": kept_as}
                self._history.record("log.reset", session[0], reset)
            self._exported(sessions, file)

    def restore(self, path: Path, file: str) -> int:
        """Write the file with the newest of all sessions that were ever in it; how many."""
        with locked(path.parent):
            now = read_records(path)
            self._history.look()
            taken = self._taken_in(now.records, file)
            self._history.look()
            refused = [session for session in taken if session[0] is None]
            sessions: list[Session] = [*refused, *self._history.sessions(file).items()]
            sessions = sorted(sessions, key=_end)[-MOST_RECORDS:]
            if sessions:
                self._write(path, sessions, now)
                self._exported(sessions, file)
            return len(sessions)

    def _write(self, path: Path, sessions: list[Session], now: Content) -> str | None:
        """Replace the file; the name under which a corrupt one is kept."""
        aside = set_aside(path) if now.gone == "corrupt" else None
        if aside:
            logger.error("%s: no list of records, kept as %s", path, aside.name)
        if path.is_symlink():
            logger.warning("%s: was a link, and is a file now; its target was not touched", path)
        replace(path, self._pages.encode([record for _, record in sessions[-MOST_RECORDS:]]))
        return aside.name if aside else None

    def _exported(self, sessions: list[Session], file: str) -> None:
        keys = [key for key, _ in sessions[-MOST_RECORDS:] if key is not None]
        through = self._history.through
        data = {"file": file, "format": "json", "sessions": keys, "through": through}
        if keys:
            self._history.record("session.exported", keys[-1], data)

    # What people changed

    def _taken_in(self, records: list[Any], file: str) -> list[Session]:
        """The sessions of the file, in its order, after the log was told of every change."""
        sessions: list[Session] = []
        known = self._history.records(file)
        for one in self._recognized(compare(records, self._history.ledger(file))):
            key = one.key
            if key not in known or one.change is Change.CONTENT:
                key = self._import(key, one.record, file)
            elif one.change is Change.NOTES:
                self._annotate(one, file)
            sessions.append((key, one.record))
        return sessions

    def _recognized(self, found: list[Found]) -> Iterator[Found]:
        """Records that came back, as from a backup, have the keys that they had."""
        foreign = [one.record for one in found if one.change is Change.FOREIGN]
        if not foreign:
            return iter(found)
        there = {one.key for one in found}
        gone = {key: one for key, one in self._history.all_records().items() if key not in there}
        again = iter(compare(foreign, Ledger(list(gone.items()))))
        return (next(again) if one.change is Change.FOREIGN else one for one in found)

    def _annotate(self, one: Found, file: str) -> None:
        notes, _ = to_plain(one.record["notes"])
        if one.key is not None:
            self._history.record("session.annotated", one.key, {"file": file, "notes": notes})

    def _import(self, key: str | None, value: Any, file: str) -> str | None:
        """Record what the file holds under its key, or a new one; None if the log refuses it."""
        record, replaced = to_plain(value)
        if replaced:
            logger.error("%s: stored as text in the log: %s", file, ", ".join(replaced[:5]))
        data = {"file": file, "record": record}
        fields = record if isinstance(record, dict) else {}
        start, end = moment(fields.get("start_time")), moment(fields.get("end_time"))
        try:
            if key is not None:
                self._history.record("session.imported", key, data)
                return key
            key = new_key(str(fields.get("session_id", "imported")))
            self._history.record("session.imported", key, data, start)
        except InvalidEventError as error:
            logger.error("%s: a record stays out of the log: %s", file, error)
            return None
        if end is not None and is_number(fields.get("total_gold")):
            summary = {**summary_of(fields), "imported": True}
            self._history.record("session.summarized", key, summary, end)
        return key


def _missing(there: list[Session], ledger: Ledger) -> list[Session]:
    """The sessions that are not in the file because it was not written since."""
    keys = {key for key, _ in there}
    return [session for session in ledger.pending if session[0] not in keys]


def _end(session: Session) -> Any:
    record = session[1]
    end = record.get("end_time") if isinstance(record, dict) else None
    return end if is_number(end) else 0
