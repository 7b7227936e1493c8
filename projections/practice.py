"""Practice metrics: what was measured, per session and per user.

The JSON shape: ``{"sessions": [{subject, user, metrics: {name: {mean, count, min, max}},
incomplete}], "users": [{user, sessions, metrics: {...}}]}``.

* ``sessions``: those with metric.recorded, in order of first event. Every number in it is a metric
  by its name; a bool is no number.
* ``user``: the ``user_id``, else the ``user``, that session.started states last, when it is text;
  null for a session without one.
* ``users``: in order of their first session, with the measurements of all their sessions together;
  the sessions without a user are those of null.
* ``incomplete``: metric.recorded events without any number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import Factory, define, frozen

from eventlog import Event
from projections._exact import ExactSum
from projections._values import Number, is_number, is_text, merge_values

_NO_SUBJECT = ""  # no event has it: a subject has at least one character


@frozen
class MetricStatistics:
    """One metric over some measurements."""

    mean: float
    count: int
    min: int | float
    max: int | float


@frozen
class SessionPractice:
    """What was measured in one session."""

    subject: str | None
    user: str | None
    metrics: dict[str, MetricStatistics]
    incomplete: int


@frozen
class UserPractice:
    """What was measured in all sessions of one user."""

    user: str | None
    sessions: int
    metrics: dict[str, MetricStatistics]


@frozen
class PracticeStatistics:
    """Both tables. See the module for the meaning of each field."""

    sessions: list[SessionPractice]
    users: list[UserPractice]


@define
class Measured:
    """What is known of one metric."""

    min: int | float
    max: int | float
    sum: ExactSum = Factory(ExactSum)

    @classmethod
    def once(cls, value: Number) -> Measured:
        """One measurement."""
        return cls(value, value, ExactSum().add(value))

    def add(self, value: Number) -> None:
        """One more measurement."""
        if value < self.min:
            self.min = value
        elif value > self.max:
            self.max = value
        self.sum.add(value)

    def merge(self, later: Measured) -> Measured:
        """Both. Of equals the earlier one is kept: 1 and 1.0 are equal, and not the same JSON."""
        return Measured(
            min(self.min, later.min),
            max(self.max, later.max),
            ExactSum().merge(self.sum).merge(later.sum),
        )


@define
class PracticeState:
    """What is known of one session after some stretch of the log."""

    user: str | None = None
    """Stated last; None when this stretch states none."""
    records: int = 0
    metrics: dict[str, Measured] = Factory(dict)
    incomplete: int = 0

    def merge(self, later: PracticeState) -> PracticeState:
        """Two stretches of one session."""
        return PracticeState(
            self.user if later.user is None else later.user,
            self.records + later.records,
            merge_values(self.metrics, later.metrics, Measured.merge),
            self.incomplete + later.incomplete,
        )


class PracticeMetrics:
    """The projection; see the module. A session is a subject, or all events without one."""

    name = "practice-metrics"
    version = 1
    types = frozenset({"session.started", "metric.recorded"})

    def initial(self) -> dict[str, PracticeState]:
        """No sessions."""
        return {}

    def apply(self, state: dict[str, PracticeState], event: Event) -> dict[str, PracticeState]:
        """Take one event into its session."""
        subject = event.subject or _NO_SUBJECT
        session = state.get(subject)
        if session is None:
            session = state[subject] = PracticeState()
        _TAKES[event.type](session, event.data)
        return state

    def merge(
        self, earlier: dict[str, PracticeState], later: dict[str, PracticeState]
    ) -> dict[str, PracticeState]:
        """Session by session."""
        return merge_values(earlier, later, PracticeState.merge)

    def result(self, state: dict[str, PracticeState]) -> PracticeStatistics:
        """What was measured, twice."""
        measured = {subject: one for subject, one in state.items() if one.records}
        sessions = [
            SessionPractice(subject or None, one.user, _statistics(one.metrics), one.incomplete)
            for subject, one in measured.items()
        ]
        return PracticeStatistics(sessions, _users(measured.values()))


def _users(sessions: Iterable[PracticeState]) -> list[UserPractice]:
    by_user: dict[str | None, list[PracticeState]] = {}
    for session in sessions:
        by_user.setdefault(session.user, []).append(session)
    return [
        UserPractice(user, len(theirs), _statistics(_together(theirs)))
        for user, theirs in by_user.items()
    ]


def _together(sessions: Iterable[PracticeState]) -> dict[str, Measured]:
    metrics: dict[str, Measured] = {}
    for session in sessions:
        merge_values(metrics, session.metrics, Measured.merge)  # which leaves theirs as they are
    return metrics


def _statistics(metrics: dict[str, Measured]) -> dict[str, MetricStatistics]:
    return {
        name: MetricStatistics(one.sum.mean or 0.0, one.sum.count, one.min, one.max)
        for name, one in metrics.items()
    }


# What each type changes.


def _started(session: PracticeState, data: dict[str, Any]) -> None:
    stated = (data.get("user_id"), data.get("user"))
    session.user = next((one for one in stated if is_text(one) and one), session.user)


def _measured(session: PracticeState, data: dict[str, Any]) -> None:
    metrics, found = session.metrics, False
    for name, value in data.items():
        if is_number(value):
            found = True
            known = metrics.get(name)
            if known is None:
                metrics[name] = Measured.once(value)
            else:
                known.add(value)
    session.records += 1
    session.incomplete += not found


_TAKES: dict[str, Callable[[PracticeState, dict[str, Any]], None]] = {
    "session.started": _started,
    "metric.recorded": _measured,
}
