"""Shell sessions of many components, tracked by the events that they send.

:class:`SessionTracker` takes a :class:`SessionStartEvent` and a :class:`SessionEndEvent`, records
them into the shared log, and answers with a result. Importing this module opens nothing.
"""

from sessions.tracker._checks import ValidationError
from sessions.tracker._manager import SessionLifecycleManager
from sessions.tracker._models import (
    EnvironmentInfo,
    SessionEndEvent,
    SessionEndResult,
    SessionStartEvent,
    SessionStartResult,
    UserInfo,
)
from sessions.tracker._session_tracker import SessionTracker

__all__ = [
    "EnvironmentInfo",
    "SessionEndEvent",
    "SessionEndResult",
    "SessionLifecycleManager",
    "SessionStartEvent",
    "SessionStartResult",
    "SessionTracker",
    "UserInfo",
    "ValidationError",
]
