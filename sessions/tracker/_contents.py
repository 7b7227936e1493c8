"""What the events and the messages of a tracker say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from eventlog._values import encode_data
from sessions._texts import digest, plain_text, session_key, source_of
from sessions.tracker._models import SessionEndEvent, SessionStartEvent
from sessions.tracker._registry import SYSTEM, Session, canonical
from sessions.tracker._timestamps import moment_of

NO_SESSION = "shell-unmatched"
"""The subject of what belongs to no session, so that wrong ids make no sessions."""

_SESSION_ID = re.compile(r"(?P<component>[A-Za-z0-9_-]+)-[0-9]{8}-[0-9]{6}")
_LONGEST_TEXT = 2_000

# Names


def subject_of(session_id: str, event_id: str) -> str:
    """The session's own name in the log: the same for a repeated event, and for no other."""
    return session_key(session_id, canonical(event_id))


def source_of_component(component: str) -> str:
    """Who says so."""
    return source_of(SYSTEM, component)


def session_without_start(session_id: str) -> Session:
    """A session that a manager knows, and the log does not."""
    found = _SESSION_ID.fullmatch(session_id)
    component = found["component"] if found else "unknown"
    return Session(
        session_key(session_id, digest(session_id)), source_of_component(component), session_id
    )


# Data


def of_start(event: SessionStartEvent, session_id: str) -> dict[str, Any]:
    """All that the event says; InvalidEventError when the log cannot hold it."""
    data = {
        "component": event.component_name,
        "host": event.hostname,
        "user": event.user.username,
        "pid": event.pid,
        "session_id": session_id,
        "event_id": event.event_id,
        "event_version": event.event_version,
        "shell_type": event.shell_type,
        "timestamp": event.timestamp,
        "home": event.user.home,
        "python_version": event.environment.python_version,
        "platform": event.environment.platform,
        "cwd": event.environment.cwd,
        "metadata": event.metadata,
    }
    encode_data(data)
    return data


def of_end(event: SessionEndEvent, session: Session) -> dict[str, Any]:
    """All that the event says, which start it belongs to, and how long that was ago."""
    data: dict[str, Any] = {
        "session_id": event.session_id,
        "timestamp": event.timestamp,
        "metadata": event.metadata,
    }
    reason = event.metadata.get("exit_reason")
    if isinstance(reason, str):
        data["reason"] = reason
    if session.started is not None:
        data["event_id"] = session.event_id
        elapsed = moment_of(event.timestamp) - session.started
        if elapsed >= timedelta():  # else the clocks of start and end disagree
            data["duration_ms"] = elapsed // timedelta(milliseconds=1)
    encode_data(data)
    return data


def of_error(error: object) -> dict[str, str]:
    """What went wrong, if anything."""
    if error is None:
        return {}
    kind = {"error_type": type(error).__name__} if isinstance(error, Exception) else {}
    return {"error": plain_text(str(error))[:_LONGEST_TEXT], **kind}


# Messages


def started_line(event: object, *, session_id: str | None = None, error: object = None) -> str:
    """The event in one line."""
    if not isinstance(event, SessionStartEvent):
        return line(error=error)
    if error is not None:
        return line(
            error=error, component=event.component_name, shell_type=event.shell_type, pid=event.pid
        )
    return line(
        session_id=session_id,
        component=event.component_name,
        shell_type=event.shell_type,
        pid=event.pid,
        user=event.user.username,
        hostname=event.hostname,
        cwd=event.environment.cwd,
    )


def line(**fields: object) -> str:
    """``name=value``; control characters in a value cannot begin a line of their own."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in fields.items())


def _shown(value: object) -> str:
    text = str(value)[:_LONGEST_TEXT]
    return text if text.isprintable() else text.encode("unicode_escape").decode()
