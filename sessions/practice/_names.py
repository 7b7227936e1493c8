"""Which events are those of practice sessions."""

from __future__ import annotations

from uuid import UUID

from eventlog import Event

SOURCE = "practice/"
STARTED, MEASURED, ENDED = "session.started", "metric.recorded", "session.ended"


def is_ours(event: Event) -> bool:
    """Whether it belongs to a practice session: by its source, and a UUID as its subject."""
    return event.source.startswith(SOURCE) and is_session_id(event.subject)


def is_session_id(subject: str | None) -> bool:
    """Whether it is a UUID as we write them. The tables' keys can hold nothing else."""
    try:
        return subject is not None and str(UUID(subject)) == subject
    except ValueError:
        return False
