"""From events to rows, and the names of the columns.

Everything comes from the event alone, its time included, so the same log always gives the same
rows. Times are UTC without a zone, since that is what a TIMESTAMP column holds. A value that a
column cannot hold, as an imported log may have it, is null there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

from eventlog import Event
from sessions.practice import _values
from sessions.practice._values import SCORES

Row = dict[str, Any]
T = TypeVar("T")

COUNTS = {
    "notes_detected": "notes_detected_count",
    "unique_notes_used": "unique_notes_used",
    "notes_in_scale": "notes_in_scale",
    "notes_out_of_scale": "notes_out_of_scale",
}
"""Parameters of end_session, which are the names in the event, and their columns."""

ALIASES = {
    "start_timestamp": "start_time",
    "end_timestamp": "end_time",
    "scale_chosen": "scale_name",
    "total_notes_played": "notes_detected_count",
    "correct_notes_played": "notes_in_scale",
    "bad_notes_played": "notes_out_of_scale",
    "ambient_light_option": "ambient_lighting_enabled",
}
"""Names that the original's code used in its results, and the columns they stand for."""


def started_row(session_id: str, time: datetime, data: dict[str, Any]) -> Row:
    """The row of a session that has just begun."""
    moment = naive(time)
    return {
        "id": session_id,
        "user_id": _text(data.get("user_id")),
        "session_id": session_id,
        "start_time": moment,
        "end_time": None,
        "duration_seconds": None,
        "scale_name": _text(data.get("scale_name")),
        "strictness": _number(data.get("strictness")),
        "sensitivity": _number(data.get("sensitivity")),
        **dict.fromkeys(SCORES),
        **dict.fromkeys(COUNTS.values()),
        "ambient_lighting_enabled": _flag(data.get("ambient_lighting")),
        "created_at": moment,
        "updated_at": moment,
    }


def ended_columns(begun: datetime, time: datetime, data: dict[str, Any]) -> Row:
    """What the end of a session changes in its row. ``begun`` is the start as in the row."""
    moment = naive(time)
    return {
        "end_time": moment,
        "duration_seconds": (moment - begun).total_seconds(),
        **{name: _number(data.get(f"final_{name}")) for name in SCORES},
        **{column: _count(data.get(name)) for name, column in COUNTS.items()},
        "updated_at": moment,
    }


def metric_row(event: Event) -> Row:
    """The row of one measurement."""
    found = event.data.get("detail")
    detail = found if isinstance(found, dict) else {}
    moment = naive(event.time)
    return {
        "id": str(uuid5(NAMESPACE_OID, f"{event.source}#{event.id}")),
        "session_id": event.subject,
        "timestamp": moment,
        **{name: _number(event.data.get(name)) for name in SCORES},
        "detected_pitch_hz": _number(detail.get("detected_hz")),
        "detected_midi": _number(detail.get("detected_midi")),
        "pitch_class": _count(detail.get("pitch_class")),
        "in_scale": _flag(detail.get("in_scale")),
        "note_detected": _flag(detail.get("note_detected")),
        "created_at": moment,
    }


def naive(time: datetime) -> datetime:
    """The same moment in UTC, without the zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _number(value: object) -> float | None:
    return _or_none(_values.number, value)


def _count(value: object) -> int | None:
    return _or_none(_values.count, value)


def _flag(value: object) -> bool | None:
    return _or_none(_values.flag, value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _or_none(check: Callable[[str, object], T], value: object) -> T | None:
    try:
        return check("", value)
    except (TypeError, ValueError):
        return None
