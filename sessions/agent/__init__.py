"""What an agent does: its tasks, the files and the tools that they take.

:class:`SessionLogger` records into the shared log as things happen, saves a session as a file of
JSON lines, and says where the time went. Importing this module opens and configures nothing.
"""

import logging

from sessions.agent._models import (
    FileEvent,
    SessionAnalysis,
    SessionSummary,
    TaskEvent,
    ToolEvent,
)
from sessions.agent._session_logger import SessionLogger

__all__ = [
    "FileEvent",
    "SessionAnalysis",
    "SessionLogger",
    "SessionSummary",
    "TaskEvent",
    "ToolEvent",
]

logger = logging.getLogger("sessions.agent")
"""Looked up here by every call, so that it may be replaced."""
