"""Where a session stands, from its events."""

from __future__ import annotations

from collections.abc import Iterable

from sessions.agent._models import FileEvent, SessionEvent, SessionSummary, TaskEvent

_HOUR_MS = 3_600_000


def summary_of(events: Iterable[SessionEvent], elapsed_ms: int) -> SessionSummary:
    """The counts, and completed tasks per hour; 0.0 when no time went by."""
    completed = reads = writes = tools = 0
    for event in events:
        if isinstance(event, TaskEvent):
            completed += event.end_time is not None
        elif isinstance(event, FileEvent):
            reads += event.operation == "read"
            writes += event.operation == "write"
        else:
            tools += 1
    velocity = completed / (elapsed_ms / _HOUR_MS) if elapsed_ms > 0 else 0.0
    return SessionSummary(elapsed_ms, completed, reads, writes, tools, velocity)
