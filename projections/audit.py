"""The audit trail: who did what, when.

It is a read of the log, event by event in order of sequence, and no projection: what it shows is
the whole log, or what filters leave of it. The JSON shape, per event: ``sequence, time, source,
subject, type, summary``. ``summary`` is a short text of the data, for people: what matters of the
standard types, the first few fields of any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from attrs import frozen

from eventlog import Event

SUMMARY_CHARACTERS = 120
_VALUE_CHARACTERS = 60
_MOST_FIELDS = 8


@frozen
class AuditRow:
    """One event, in short."""

    sequence: int
    time: datetime
    source: str
    subject: str | None
    type: str
    summary: str


def audit_trail(events: Iterable[Event], source: str | None = None) -> Iterator[AuditRow]:
    """A row per event, one at a time; with ``source``, only of that source."""
    for event in events:
        if source is None or event.source == source:
            summary = summarize(event.type, event.data)
            yield AuditRow(
                event.sequence, event.time, event.source, event.subject, event.type, summary
            )


def summarize(type_: str, data: dict[str, Any]) -> str:
    """What the data say, in at most 120 characters."""
    told = {name: data[name] for name in _TOLD.get(type_, ()) if data.get(name) is not None}
    parts = []
    for name, value in islice((told or data).items(), _MOST_FIELDS):
        text = _shorten(_text(value), _VALUE_CHARACTERS)
        parts.append(text if name in _BARE and name in told else f"{name}={text}")
    return _shorten(", ".join(parts), SUMMARY_CHARACTERS)


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _shorten(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


_TOLD: dict[str, tuple[str, ...]] = {
    "session.ended": ("reason",),
    "session.summarized": ("gold", "kills", "deaths", "flees", "duration_seconds"),
    "session.annotated": ("notes",),
    "task.started": ("task",),
    "task.completed": ("task", "duration_ms"),
    "file.read": ("path", "size_bytes"),
    "file.written": ("path", "size_bytes", "lines"),
    "tool.called": ("tool", "params", "duration_ms"),
    "area.visited": ("area", "seconds", "gold", "kills", "deaths", "flees"),
    "crash.detected": ("error_type", "error_message"),
}
"""What matters of each standard type, in this order; all of it where nothing of this is there."""

_BARE = frozenset({"reason", "notes", "task", "path", "tool", "area", "error_type"})
"""Fields that need no name before them."""
