"""The standard event classes: what sessions of all kinds have in common.

``extra`` takes any further keys; in the stored data they stand beside the others. Everything is
optional that a real source may not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from eventlog._types import EventTypes, rest_field

STANDARD_TYPES = EventTypes()
"""The standard classes, registered. Copy it to add your own: ``EventTypes(STANDARD_TYPES)``."""


@STANDARD_TYPES.register("session.started")
@frozen
class SessionStarted:
    """A session begins. ``details``: user, component, host, settings, whatever is known."""

    details: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("session.ended")
@frozen
class SessionEnded:
    """A session ends in order. One without this event is open, or crashed."""

    reason: str | None = None
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("session.summarized")
@frozen
class SessionSummarized:
    """The record of one finished session, written at once at its end.

    ``duration_seconds`` is its length; ``supplies`` counts what was used, by name; ``areas`` holds
    ``{"area", "gold", "seconds"}`` per visit.
    """

    gold: float = 0
    kills: int = 0
    deaths: int = 0
    flees: int = 0
    duration_seconds: float | None = None
    supplies: Mapping[str, Any] = field(factory=dict)
    areas: list[dict[str, Any]] = field(factory=list)
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("session.annotated")
@frozen
class SessionAnnotated:
    """A note about a session; the last one counts."""

    notes: str
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("task.started")
@frozen
class TaskStarted:
    """A task begins; the completion of the same name in the same session ends it."""

    task: str
    metadata: Mapping[str, Any] = field(factory=dict)
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("task.completed")
@frozen
class TaskCompleted:
    """A task ends. ``duration_ms`` is what the caller measured, in milliseconds."""

    task: str
    duration_ms: float | None = None
    metadata: Mapping[str, Any] = field(factory=dict)
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("file.read")
@frozen
class FileRead:
    """A file was read. ``size_bytes`` in bytes."""

    path: str
    size_bytes: int | None = None
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("file.written")
@frozen
class FileWritten:
    """A file was written. ``size_bytes`` in bytes."""

    path: str
    size_bytes: int | None = None
    lines: int | None = None
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("tool.called")
@frozen
class ToolCalled:
    """A tool was called. ``duration_ms`` in milliseconds."""

    tool: str
    params: Mapping[str, Any] = field(factory=dict)
    duration_ms: float | None = None
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("area.visited")
@frozen
class AreaVisited:
    """Time spent in one area of a game, and what came of it."""

    area: str
    seconds: float = 0
    gold: float = 0
    kills: int = 0
    deaths: int = 0
    flees: int = 0
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("metric.recorded")
@frozen
class MetricRecorded:
    """One measurement: any numbers by name, plus free detail."""

    metrics: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("state.saved")
@frozen
class StateSaved:
    """What a session needs to go on from here after a crash."""

    state: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("crash.detected")
@frozen
class CrashDetected:
    """Something in the session broke."""

    error_type: str
    error_message: str = ""
    extra: Mapping[str, Any] = rest_field()


@STANDARD_TYPES.register("recovery.completed")
@frozen
class RecoveryCompleted:
    """The session goes on after a crash."""

    details: Mapping[str, Any] = rest_field()
