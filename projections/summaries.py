"""Session summaries: one row per session, whatever kind of session it is.

The JSON shape, per session in order of first event (times RFC 3339 UTC, unknown is null):

``subject, source, status, started, ended, duration_ms, events, tasks_started, tasks_completed,
tasks_open, files_read, files_written, tool_calls, velocity, gold, notes``, and further
``tasks_unstarted``, ``metrics``, ``incomplete``.

* ``source`` is that of the first event.
* ``status``: ``ended`` after session.ended or session.summarized, ``crashed`` after crash.detected
  until recovery.completed or a new start, else ``open``.
* ``started`` is the time of the earliest event; ``ended`` the time of the event that ended it.
* ``duration_ms`` runs from the earliest to the latest event, so a clock that jumps back cannot make
  it negative.
* Tasks pair by name, the newest open start first. ``tasks_open`` have no completion yet,
  ``tasks_unstarted`` are completions without a start; both are counted in the other numbers too.
* ``velocity``: tasks completed per hour of ``duration_ms``; 0.0 for no duration.
* ``gold``: what session.summarized states last, else the sum over area.visited; null without both.
* ``metrics``: the mean of every number in metric.recorded, by name.
* ``incomplete``: events whose data lacks what their type asks for. They still count as events.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import frozen

from eventlog import Event
from projections._exact import ExactSum
from projections._keyed import Key, KeyedProjection
from projections._session_state import SessionState, TaskPairs
from projections._values import is_number


@frozen
class SessionSummary:
    """One session. See the module for the meaning of each field."""

    subject: str | None
    source: str
    status: str
    started: datetime
    ended: datetime | None
    duration_ms: int
    events: int
    tasks_started: int
    tasks_completed: int
    tasks_open: int
    files_read: int
    files_written: int
    tool_calls: int
    velocity: float
    gold: int | float | None
    notes: str | None
    tasks_unstarted: int
    metrics: dict[str, float]
    incomplete: int


class SessionSummaries(KeyedProjection[SessionState, SessionSummary]):
    """The projection; see the module. A session is a subject; None holds events without one."""

    name = "session-summaries"
    version = 1
    rows_version = 1
    types = None

    def initial_one(self) -> SessionState:
        """A session before its first event."""
        return SessionState()

    def apply_one(self, state: SessionState, event: Event) -> SessionState:
        """Count one event in its session."""
        time = event.time
        if not state.events:
            state.source, state.first_time, state.last_time = event.source, time, time
        elif time > state.last_time:
            state.last_time = time
        elif time < state.first_time:
            state.first_time = time
        state.events += 1
        take = _TAKES.get(event.type)
        if take is not None and not take(state, event):
            state.incomplete += 1
        return state

    def merge_one(self, earlier: SessionState, later: SessionState) -> SessionState:
        """Two stretches of one session."""
        return earlier.merge(later)

    def result_one(self, key: Key, state: SessionState) -> SessionSummary:
        """The session's summary."""
        return _summarize(key, state)


def _summarize(subject: Key, session: SessionState) -> SessionSummary:
    return SessionSummary(
        subject=subject,
        source=session.source,
        status=session.status or "open",
        started=session.first_time,
        ended=session.ended,
        duration_ms=session.duration_ms,
        events=session.events,
        tasks_started=session.tasks_started,
        tasks_completed=session.tasks_completed,
        tasks_open=session.tasks_open,
        files_read=session.files_read,
        files_written=session.files_written,
        tool_calls=session.tool_calls,
        velocity=session.velocity,
        gold=session.gold,
        notes=session.notes,
        tasks_unstarted=session.tasks_unstarted,
        metrics=session.means,
        incomplete=session.incomplete,
    )


# What each type changes. Each returns whether the data held what the type asks for.


def _decide(session: SessionState, status: str, ended: datetime | None) -> bool:
    session.status, session.ended = status, ended
    return True


def _crashed(session: SessionState, event: Event) -> bool:
    _decide(session, "crashed", None)
    return isinstance(event.data.get("error_type"), str)


def _task_started(session: SessionState, event: Event) -> bool:
    session.tasks_started += 1
    return _pair(session, event, TaskPairs.start)


def _task_completed(session: SessionState, event: Event) -> bool:
    session.tasks_completed += 1
    return _pair(session, event, TaskPairs.complete)


def _pair(session: SessionState, event: Event, step: Callable[[TaskPairs], None]) -> bool:
    task = event.data.get("task")
    if not isinstance(task, str):
        return False
    pair = session.pairs.setdefault(task, TaskPairs())
    step(pair)
    if not (pair.open or pair.unstarted):  # as good as never seen, and names may be many
        del session.pairs[task]
    return True


def _file_read(session: SessionState, event: Event) -> bool:
    session.files_read += 1
    return isinstance(event.data.get("path"), str)


def _file_written(session: SessionState, event: Event) -> bool:
    session.files_written += 1
    return isinstance(event.data.get("path"), str)


def _tool_called(session: SessionState, event: Event) -> bool:
    session.tool_calls += 1
    return isinstance(event.data.get("tool"), str)


def _area_visited(session: SessionState, event: Event) -> bool:
    gold: Any = event.data.get("gold", 0)
    if not is_number(gold):
        return False
    session.area_gold.add(gold)
    return isinstance(event.data.get("area"), str)


def _summarized(session: SessionState, event: Event) -> bool:
    _decide(session, "ended", event.time)
    notes, gold = event.data.get("notes"), event.data.get("gold")
    if isinstance(notes, str) and notes:
        session.notes = notes
    if not is_number(gold):
        return False
    session.stated_gold = gold
    return True


def _annotated(session: SessionState, event: Event) -> bool:
    notes = event.data.get("notes")
    if not isinstance(notes, str):
        return False
    session.notes = notes
    return True


def _metric_recorded(session: SessionState, event: Event) -> bool:
    found, metrics = False, session.metrics
    for name, value in event.data.items():
        if is_number(value):
            total = metrics.get(name)
            if total is None:  # and not setdefault, which would make a sum for every value
                total = metrics[name] = ExactSum()
            total.add(value)
            found = True
    return found


_TAKES: dict[str, Callable[[SessionState, Event], bool]] = {
    "session.started": lambda session, event: _decide(session, "open", None),
    "session.ended": lambda session, event: _decide(session, "ended", event.time),
    "session.summarized": _summarized,
    "session.annotated": _annotated,
    "task.started": _task_started,
    "task.completed": _task_completed,
    "file.read": _file_read,
    "file.written": _file_written,
    "tool.called": _tool_called,
    "area.visited": _area_visited,
    "metric.recorded": _metric_recorded,
    "crash.detected": _crashed,
    "recovery.completed": lambda session, event: _decide(session, "open", None),
}
