"""Trends: one number per session, over the last sessions.

The result has, per session in order of first event, ``subject``, ``started`` and ``metrics``: every
number that is known of the session, by name. :func:`trend` picks one metric; its JSON shape is a
list of ``{subject, started, value}``, oldest first.

* ``session_length``, in minutes: the ``duration_seconds`` that session.summarized states, else from
  the earliest to the latest event. ``avg_session_length`` is the same.
* ``gold_per_hour`` and ``deaths_per_hour``: of that length; 0.0 when it is 0.
* ``gold``, ``kills``, ``deaths``, ``flees``: what session.summarized states last, else the sums
  over area.visited, where a missing one counts as 0; not there without either.
* ``events``, ``tasks_started``, ``tasks_completed``, ``tasks_open``, ``tasks_unstarted``,
  ``files_read``, ``files_written``, ``tool_calls``, ``duration_ms``, ``velocity``, ``incomplete``:
  as in the session summaries.
* Any other number that session.summarized states last, and the mean of any number in
  metric.recorded, by its own name; in this order where names meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from attrs import Factory, define, frozen

from eventlog import Event, EventLogError
from projections._exact import ExactSum
from projections._keyed import Key, KeyedProjection
from projections._rates import nearest, per_hour
from projections._values import Number, is_number, merge_values, number_in
from projections.summaries import SessionState, SessionSummaries, SessionSummary

ALIASES: Mapping[str, str] = {"avg_session_length": "session_length"}

_SUMMARIES = SessionSummaries()
_COUNTS = (
    *("events", "tasks_started", "tasks_completed", "tasks_open", "tasks_unstarted", "files_read"),
    *("files_written", "tool_calls", "duration_ms", "velocity", "incomplete"),
)
_VISITED = ("kills", "deaths", "flees")
_MICROSECOND = timedelta(microseconds=1)


@frozen
class SessionMetrics:
    """Every number that is known of one session, by name."""

    subject: str | None
    started: datetime
    metrics: dict[str, int | float]


@frozen
class TrendPoint:
    """One session's value; None when the session has none."""

    subject: str | None
    started: datetime
    value: int | float | None


class UnknownMetricError(EventLogError):
    """No session has a metric of this name."""


def trend(
    sessions: Sequence[SessionMetrics],
    metric: str,
    last: int | None = None,
    *,
    every: bool = False,
) -> list[TrendPoint]:
    """The metric over the ``last`` sessions that have it (None for all), oldest first.

    With ``every``, over the last sessions of all, also those without it. No sessions give no
    points; UnknownMetricError when there are some, and none has the metric.
    """
    name = ALIASES.get(metric, metric)
    points = [TrendPoint(one.subject, one.started, one.metrics.get(name)) for one in sessions]
    known = [point for point in points if point.value is not None]
    if points and not known:
        names = ", ".join(sorted({name for one in sessions for name in one.metrics}))
        raise UnknownMetricError(f"no session has the metric {metric!r}; known: {names}")
    chosen = points if every else known
    return chosen if last is None else chosen[max(0, len(chosen) - last) :]


@define
class TrendState:
    """A session's summary, and what else its metrics come from."""

    session: SessionState = Factory(SessionState)
    visited: dict[str, ExactSum] = Factory(dict)
    """Sums over area.visited."""
    stated: dict[str, int | float] = Factory(dict)
    """The numbers of session.summarized, each as it was stated last."""


class SessionTrends(KeyedProjection[TrendState, SessionMetrics]):
    """The projection; see the module. A session is a subject; None holds events without one."""

    name = "session-trends"
    version = 1  # the state holds that of the summaries: raise it with theirs
    types = SessionSummaries.types

    def initial_one(self) -> TrendState:
        """A session before its first event."""
        return TrendState()

    def apply_one(self, state: TrendState, event: Event) -> TrendState:
        """Count one event in its session."""
        _SUMMARIES.apply_one(state.session, event)
        if event.type == "area.visited":
            for name in _VISITED:
                state.visited.setdefault(name, ExactSum()).add(number_in(event.data, name)[0])
        elif event.type == "session.summarized":
            state.stated.update((name, one) for name, one in event.data.items() if is_number(one))
        return state

    def merge_one(self, earlier: TrendState, later: TrendState) -> TrendState:
        """Two stretches of one session."""
        return TrendState(
            _SUMMARIES.merge_one(earlier.session, later.session),
            merge_values(earlier.visited, later.visited, ExactSum.merge),
            earlier.stated | later.stated,
        )

    def result_one(self, key: Key, state: TrendState) -> SessionMetrics:
        """Every number that is known of the session."""
        summary = _SUMMARIES.result_one(key, state.session)
        known = summary.metrics | _totals(state, summary)
        known |= {name: getattr(summary, name) for name in _COUNTS}
        known |= _rates(_length(state), _totals(state, summary))
        return SessionMetrics(key, summary.started, known)


def _totals(state: TrendState, summary: SessionSummary) -> dict[str, Number]:
    """What was stated, or else seen."""
    seen = {name: total.value for name, total in state.visited.items()}
    gold = {} if summary.gold is None else {"gold": summary.gold}
    return seen | state.stated | gold


def _length(state: TrendState) -> Fraction:
    """The session's length in seconds."""
    stated = state.stated.get("duration_seconds")
    if stated is not None:
        return max(Fraction(0), Fraction(stated))
    session = state.session
    return Fraction((session.last_time - session.first_time) // _MICROSECOND, 1_000_000)


def _rates(seconds: Fraction, totals: Mapping[str, Number]) -> Iterable[tuple[str, float]]:
    yield "session_length", nearest(seconds / 60)
    for name in ("gold", "deaths"):
        if name in totals:
            yield f"{name}_per_hour", per_hour(Fraction(totals[name]), seconds)
