"""The values that a session logger takes and gives.

They keep a ``__dict__``, since users turn them into JSON with ``vars()``.
"""

from __future__ import annotations

from typing import Any

from attrs import Factory, define


@define(slots=False)
class TaskEvent:
    """A task. Times are Unix timestamps; ``end_time`` is None while the task is open."""

    name: str
    start_time: float
    end_time: float | None = None
    metadata: dict[str, Any] = Factory(dict)


@define(slots=False)
class FileEvent:
    """A file that was read or written: ``operation`` is ``"read"`` or ``"write"``."""

    path: str
    operation: str
    size_bytes: int | None = None
    lines: int | None = None


@define(slots=False)
class ToolEvent:
    """A tool that was called. ``duration_ms`` in milliseconds."""

    name: str
    params: dict[str, Any]
    duration_ms: int


SessionEvent = TaskEvent | FileEvent | ToolEvent


@define(slots=False)
class SessionSummary:
    """Where a session stands. ``velocity`` is tasks completed per hour since its start."""

    total_duration_ms: int
    tasks_completed: int
    files_read: int
    files_written: int
    tool_calls_count: int
    velocity: float


@define(slots=False)
class SessionAnalysis:
    """Where the time of a session's tasks went.

    ``task_breakdown`` is milliseconds by task, ``bottlenecks`` the tasks with more than 30 % of
    their sum, ``velocity_metrics`` rates per hour of that sum, ``file_operation_stats`` counts.
    """

    task_breakdown: dict[str, int]
    bottlenecks: list[str]
    velocity_metrics: dict[str, float]
    file_operation_stats: dict[str, int]
