"""Practice sessions: scores several times a second, final values at the end, tables to query.

Start with :func:`get_session_logger`. Everything is recorded in the log; a thread keeps the tables
``sessions`` and ``session_metrics`` of a PostgreSQL or SQLite database up to date with it.
docs/sessions/practice.md describes both.
"""

from sessions.practice._instance import (
    close,
    get_session_logger,
    initialize_session_logger,
)
from sessions.practice._logger import SessionLogger
from sessions.practice._settings import SettingError

__all__ = [
    "SessionLogger",
    "SettingError",
    "close",
    "get_session_logger",
    "initialize_session_logger",
]
