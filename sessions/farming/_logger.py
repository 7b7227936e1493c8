"""``SessionLogger``: finished sessions, in the log and in a JSON file that people may edit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from operator import index
from pathlib import Path
from typing import Any

from eventlog import EventLogError
from sessions._guards import Guard
from sessions._shared_log import shared_log
from sessions._texts import source_of
from sessions.farming import _analysis
from sessions.farming._file import locked, read_records, replace
from sessions.farming._history import History
from sessions.farming._ledger import SYSTEM
from sessions.farming._publishing import Publisher
from sessions.farming._saving import save

logger = logging.getLogger("sessions.farming")

LOG_FILE = "logs/farming_sessions.json"
EXPORT_FILE = "logs/farming_sessions_export.csv"

# What a full disk, missing permissions or a damaged log raise. A bot goes on without its history.
_STORAGE = (OSError, EventLogError, RecursionError)


class SessionLogger:
    """Keeps a record of every session of a farming bot, and tells how they went.

    The newest 100 records are in ``logs/farming_sessions.json`` below the working directory,
    where notes may be edited; the log has all of them. ``log_dir`` is where the log is; without it
    EVENTLOG_DIR says so, else it is ``activity.eventlog`` in the working directory of now. Threads
    may share a logger.

    A file that cannot be written or read stops nobody: the session is in the log, or waits for it
    in memory; the file gets it with a later save; and the logger ``sessions.farming`` says what
    happened.

    Example::

        with SessionLogger("Farmer_") as session_logger:
            session_logger.save_session({"session_duration": 1800, "gold_collected": 15000})
            session_logger.load_sessions(1)[0]["gold_per_hour"]  # 30000.0
    """

    def __init__(self, key_prefix: Any, *, log_dir: str | Path | None = None) -> None:
        self.key_prefix = key_prefix
        self.log_file = LOG_FILE
        self._lock = Guard()
        self._history = History(shared_log(log_dir), source_of(SYSTEM, str(key_prefix)))
        self._publisher = Publisher(self._history)
        try:
            Path(LOG_FILE).parent.mkdir(exist_ok=True)
        except OSError as error:
            logger.error("%s: could not be made: %s", Path(LOG_FILE).parent, error)

    def save_session(self, stats_dict: Mapping[str, Any]) -> None:
        """Record a session that ends now, and show it in the JSON file.

        ``stats_dict`` is what :meth:`StatisticsTracker.get_session_stats` gives; every key is
        optional: ``session_duration`` (seconds), ``gold_collected``, ``total_kills``,
        ``player_deaths``, ``pet_deaths``, ``total_flees``, ``supplies_used``, ``area_performance``
        (a list of ``area``, ``gold_from_area``, ``time_in_area`` in seconds), ``enemy_breakdown``.

        Errors, before anything is recorded: TypeError or KeyError for values of the wrong type,
        ValueError for numbers beyond 64 bits or not finite, InvalidEventError for more than the
        log takes in one event. Errors of files and disks are logged and not raised.
        """
        with self._lock:
            path, file = self._place()
            session = save(self._history, self.key_prefix, stats_dict, file)
            try:
                self._publisher.publish(path, file, session)
            except _STORAGE as error:
                logger.error("%s: not written now, the next save does it: %s", path, error)

    def load_sessions(self, count: int = 10) -> list[Any]:
        """The newest ``count`` records of the file, newest first; edited notes go into the log.

        Whatever is wrong with the file or with ``count``, the answer is a list.
        """
        return self._newest(count, note_edits=True)

    def get_trend_data(self, metric_name: str, session_count: int = 10) -> list[Any]:
        """One value for each of the newest sessions, oldest first.

        ``deaths_per_hour`` is computed, ``avg_session_length`` is the session's length in minutes;
        any other name is taken from the record as it is, 0 where it has none.
        """
        records = reversed(self._sessions(session_count))
        return [_analysis.metric(record, metric_name) for record in records]

    def get_best_areas(self, session_count: int = 10) -> list[dict[str, Any]]:
        """Areas of the newest sessions by gold per hour, the best first.

        Each with ``area``, ``avg_gold_per_hour`` (all gold over all time), ``sessions`` (entries),
        ``total_gold`` and ``total_time_minutes``.
        """
        return _analysis.best_areas(self._sessions(session_count))

    def get_most_dangerous_areas(self, session_count: int = 10) -> list[dict[str, Any]]:
        """Areas of the newest sessions by flees per hour, the worst first.

        Each with ``area``, ``flee_rate``, ``total_flees`` (whole ones), ``visits`` (entries) and
        ``total_time_hours``. A session's flees are shared out to its areas by time.
        """
        return _analysis.dangerous_areas(self._sessions(session_count))

    def export_sessions_csv(self, session_count: int = 10) -> bool:
        """Write the newest sessions to ``logs/farming_sessions_export.csv``, oldest first.

        False, with the file as it was, when there are none, or when something went wrong; the
        logger says what.
        """
        try:
            records = self._sessions(session_count)[::-1]
            if not records:
                return False
            path = Path(EXPORT_FILE).absolute()
            data = _analysis.csv_table(records).encode()
            with locked(path.parent):
                replace(path, data)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            logger.error("%s: not written: %s", EXPORT_FILE, error)
            return False
        return True

    def restore(self) -> int:
        """Show all sessions of the log in the file again, the newest 100; how many it holds now.

        Brings back what was deleted with the file, or from it. OSError or EventLogError when that
        is not possible.
        """
        with self._lock:
            path, file = self._place()
            return self._publisher.restore(path, file)

    def close(self) -> None:
        """Bring what was recorded to the disk. The logger can go on."""
        try:
            self._history.shared.settle()
        except _STORAGE as error:
            logger.error("%s: not closed in order: %s", self._history.shared.path, error)

    def __enter__(self) -> SessionLogger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _place(self) -> tuple[Path, str]:
        """The file in the working directory of now, and what the log calls it."""
        path = Path(self.log_file).absolute()
        return path, self._publisher.name_of(path)

    def _sessions(self, count: int) -> list[dict[str, Any]]:
        return [record for record in self._newest(count) if isinstance(record, dict)]

    def _newest(self, count: object, *, note_edits: bool = False) -> list[Any]:
        try:
            wanted = index(count)  # type: ignore[arg-type]
        except TypeError:
            return []
        with self._lock:
            records = self._records(note_edits=note_edits)
        return records[-wanted:][::-1] if wanted > 0 else []

    def _records(self, *, note_edits: bool) -> list[Any]:
        """What the file holds, and what should be there but could not be written."""
        path, file = self._place()
        records: list[Any] = []
        try:
            content = read_records(path)
            records = content.records
            if content.gone == "corrupt":
                logger.warning("%s: no list of records; the next save keeps it beside", path)
        except OSError as error:
            logger.error("%s: not read: %s", path, error)
        try:
            return self._publisher.view(records, file, note_edits=note_edits)
        except _STORAGE as error:
            logger.error("%s: not read, so the file alone answers: %s", path, error)
            return records
