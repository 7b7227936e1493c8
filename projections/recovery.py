"""Recovery snapshots: what a session needs to go on from, and what happened since.

The JSON shape, per session in order of first event: ``subject, state, sequence, time, crashes,
ended_cleanly, open_tasks``, and further ``crashes_total, incomplete``.

* ``state`` is the data of the last state.saved, whole; ``sequence`` and ``time`` are that event's.
  All three are null for a session that saved none.
* ``crashes`` counts crash.detected since that state, ``crashes_total`` all of them.
* ``ended_cleanly``: session.ended or session.summarized came, and after it nothing that shows that
  the session went on: no start of it or of a task, no crash, no recovery.
* ``open_tasks``: the names of started tasks without a completion, in order of their start. A
  completion ends the newest open start of its name.
* ``incomplete``: events whose data lacks what their type asks for.

Sessions in which nothing of this happened are not listed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import Factory, define, frozen

from eventlog import Event
from projections._keyed import Key, KeyedProjection
from projections._tasks import Tasks
from projections._values import is_text


@frozen
class RecoverySnapshot:
    """One session. See the module for the meaning of each field."""

    subject: str | None
    state: dict[str, Any] | None
    sequence: int | None
    time: datetime | None
    crashes: int
    ended_cleanly: bool
    open_tasks: list[str]
    crashes_total: int
    incomplete: int


@define
class SavedState:
    """A state.saved event."""

    state: dict[str, Any]
    sequence: int
    time: datetime


@define
class RecoveryState:
    """What is known of one session after some stretch of the log."""

    saved: SavedState | None = None
    crashes: int = 0
    """Since the saved state, if there is one."""
    crashes_total: int = 0
    ended: bool | None = None
    """Set by the last event that decides it; None when this stretch has none."""
    tasks: Tasks = Factory(Tasks)
    incomplete: int = 0


class RecoverySnapshots(KeyedProjection[RecoveryState, RecoverySnapshot]):
    """The projection; see the module. A session is a subject; None holds events without one."""

    name = "recovery-snapshots"
    version = 1
    rows_version = 1
    types = frozenset(
        {"session.started", "session.ended", "session.summarized", "task.started", "task.completed"}
        | {"state.saved", "crash.detected", "recovery.completed"}
    )

    def initial_one(self) -> RecoveryState:
        """A session before its first event."""
        return RecoveryState()

    def apply_one(self, state: RecoveryState, event: Event) -> RecoveryState:
        """Take in one event of the session."""
        state.ended = _ENDS.get(event.type, state.ended)
        take = _TAKES.get(event.type)
        if take is not None and not take(state, event):
            state.incomplete += 1
        return state

    def merge_one(self, earlier: RecoveryState, later: RecoveryState) -> RecoveryState:
        """Two stretches of one session."""
        earlier.tasks.merge(later.tasks)
        since = 0 if later.saved else earlier.crashes
        return RecoveryState(
            saved=later.saved or earlier.saved,
            crashes=since + later.crashes,
            crashes_total=earlier.crashes_total + later.crashes_total,
            ended=earlier.ended if later.ended is None else later.ended,
            tasks=earlier.tasks,
            incomplete=earlier.incomplete + later.incomplete,
        )

    def result_one(self, key: Key, state: RecoveryState) -> RecoverySnapshot:
        """The session's snapshot."""
        saved = state.saved
        return RecoverySnapshot(
            subject=key,
            state=None if saved is None else saved.state,
            sequence=None if saved is None else saved.sequence,
            time=None if saved is None else saved.time,
            crashes=state.crashes,
            ended_cleanly=bool(state.ended),
            open_tasks=state.tasks.open,
            crashes_total=state.crashes_total,
            incomplete=state.incomplete,
        )


_ENDS = {
    **dict.fromkeys(("session.ended", "session.summarized"), True),
    **dict.fromkeys(("session.started", "task.started"), False),
    **dict.fromkeys(("crash.detected", "recovery.completed"), False),
}
"""Which types decide whether a session ended cleanly, and how."""


# What each type changes. Each returns whether the data held what the type asks for.


def _saved(state: RecoveryState, event: Event) -> bool:
    state.saved = SavedState(event.data, event.sequence, event.time)
    state.crashes = 0
    return True


def _crashed(state: RecoveryState, event: Event) -> bool:
    state.crashes += 1
    state.crashes_total += 1
    return is_text(event.data.get("error_type"))


def _task_started(state: RecoveryState, event: Event) -> bool:
    task = event.data.get("task")
    if not is_text(task):
        return False
    state.tasks.start(task, event)
    return True


def _task_completed(state: RecoveryState, event: Event) -> bool:
    task = event.data.get("task")
    if not is_text(task):
        return False
    state.tasks.complete(task)
    return True


_TAKES: dict[str, Callable[[RecoveryState, Event], bool]] = {
    "state.saved": _saved,
    "crash.detected": _crashed,
    "task.started": _task_started,
    "task.completed": _task_completed,
}
