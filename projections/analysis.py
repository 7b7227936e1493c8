"""Session analysis: where the time of a session's tasks goes.

The JSON shape, per session with tasks, file operations or tool calls, in order of the first of
them: ``subject, task_breakdown, bottlenecks, velocity_metrics, file_operation_stats, tasks_open,
tasks_unstarted, incomplete``.

* ``task_breakdown``: by task name, in order of first completion, the whole milliseconds of its
  completions. A completion took what its ``duration_ms`` reports, cut to whole milliseconds, else
  the time since its start; nothing of it is ever negative.
* Tasks pair by name, the newest open start first. A completion without a start counts in
  ``tasks_unstarted``; when it reports no duration either, it took 0. ``tasks_open`` are started and
  have no completion.
* ``bottlenecks``: the tasks that took more than 30 % of the summed task time, in the order of the
  breakdown; exactly 30 % is none.
* ``velocity_metrics``: ``tasks_per_hour`` (different task names), ``files_read_per_hour``,
  ``files_written_per_hour`` and ``tool_calls_per_hour``, all per hour of summed task time; 0.0 when
  that is 0.
* ``file_operation_stats``: how often ``read`` and ``write`` happened; both are there when there is
  task time, else only what was seen.
* ``incomplete``: events whose data lacks what their type asks for, or has something else there.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from attrs import Factory, define, frozen

from eventlog import Event
from projections._keyed import Key, KeyedProjection
from projections._tasks import Tasks
from projections._values import is_number, is_text

_HOUR_MS = 3_600_000


@frozen
class SessionAnalysis:
    """One session. See the module for the meaning of each field."""

    subject: str | None
    task_breakdown: dict[str, int]
    bottlenecks: list[str]
    velocity_metrics: dict[str, float]
    file_operation_stats: dict[str, int]
    tasks_open: int
    tasks_unstarted: int
    incomplete: int


@define
class AnalysisState:
    """What is known of one session after some stretch of the log."""

    breakdown: dict[str, int] = Factory(dict)
    """Milliseconds by task, without those whose start lies before the stretch."""
    tasks: Tasks = Factory(Tasks)
    files_read: int = 0
    files_written: int = 0
    tool_calls: int = 0
    incomplete: int = 0

    def took(self, task: str, milliseconds: int) -> None:
        """A completion of the task, or what became known of one."""
        self.breakdown[task] = self.breakdown.get(task, 0) + milliseconds


class SessionAnalyses(KeyedProjection[AnalysisState, SessionAnalysis]):
    """The projection; see the module. A session is a subject; None holds events without one."""

    name = "session-analysis"
    version = 1
    rows_version = 1
    types = frozenset(
        {"task.started", "task.completed", "file.read", "file.written", "tool.called"}
    )

    def initial_one(self) -> AnalysisState:
        """A session before its first event."""
        return AnalysisState()

    def apply_one(self, state: AnalysisState, event: Event) -> AnalysisState:
        """Take in one event of the session."""
        if not _TAKES[event.type](state, event):
            state.incomplete += 1
        return state

    def merge_one(self, earlier: AnalysisState, later: AnalysisState) -> AnalysisState:
        """Two stretches of one session."""
        found = earlier.tasks.merge(later.tasks)
        for task, milliseconds in chain(later.breakdown.items(), found.items()):
            earlier.took(task, milliseconds)
        earlier.files_read += later.files_read
        earlier.files_written += later.files_written
        earlier.tool_calls += later.tool_calls
        earlier.incomplete += later.incomplete
        return earlier

    def result_one(self, key: Key, state: AnalysisState) -> SessionAnalysis:
        """The session's analysis."""
        breakdown = dict(state.breakdown)
        total = sum(breakdown.values())
        return SessionAnalysis(
            subject=key,
            task_breakdown=breakdown,
            bottlenecks=[task for task, spent in breakdown.items() if 10 * spent > 3 * total],
            velocity_metrics=_velocity(state, total),
            file_operation_stats=_file_operations(state, total),
            tasks_open=len(state.tasks.open),
            tasks_unstarted=state.tasks.unstarted,
            incomplete=state.incomplete,
        )


def _velocity(state: AnalysisState, total: int) -> dict[str, float]:
    counts = {
        "tasks_per_hour": len(state.breakdown),
        "files_read_per_hour": state.files_read,
        "files_written_per_hour": state.files_written,
        "tool_calls_per_hour": state.tool_calls,
    }
    return {name: count * _HOUR_MS / total if total else 0.0 for name, count in counts.items()}


def _file_operations(state: AnalysisState, total: int) -> dict[str, int]:
    counts = {"read": state.files_read, "write": state.files_written}
    return {name: count for name, count in counts.items() if count or total}


# What each type changes. Each returns whether the data held what the type asks for.


def _task_started(state: AnalysisState, event: Event) -> bool:
    task = event.data.get("task")
    if not is_text(task):
        return False
    state.tasks.start(task, event)
    return True


def _task_completed(state: AnalysisState, event: Event) -> bool:
    task, reported = event.data.get("task"), event.data.get("duration_ms")
    if not is_text(task):
        return False
    if is_number(reported):
        state.tasks.complete(task)
        state.took(task, max(0, int(reported)))
    else:
        state.took(task, state.tasks.complete(task, event.time))
    return reported is None or is_number(reported)


def _file_read(state: AnalysisState, event: Event) -> bool:
    state.files_read += 1
    return is_text(event.data.get("path"))


def _file_written(state: AnalysisState, event: Event) -> bool:
    state.files_written += 1
    return is_text(event.data.get("path"))


def _tool_called(state: AnalysisState, event: Event) -> bool:
    state.tool_calls += 1
    return is_text(event.data.get("tool"))


_TAKES: dict[str, Callable[[AnalysisState, Event], bool]] = {
    "task.started": _task_started,
    "task.completed": _task_completed,
    "file.read": _file_read,
    "file.written": _file_written,
    "tool.called": _tool_called,
}
