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

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import Factory, define, frozen

from eventlog import Event, EventLogError
from projections._exact import ExactSum
from projections._keyed import Key, KeyedProjection
from projections._rates import Ratio, nearest, per_hour
from projections._session_state import SessionState
from projections._values import Number, is_number, merge_values, number_in
from projections.summaries import SessionSummaries

ALIASES: Mapping[str, str] = {"avg_session_length": "session_length"}

_SUMMARIES = SessionSummaries()
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
    sessions: Iterable[SessionMetrics],
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
    chosen = deque[TrendPoint](maxlen=last)  # the sessions may be more than fit into memory
    names: set[str] = set()
    any_sessions = False
    for one in sessions:
        any_sessions = True
        value = one.metrics.get(name)
        if every or value is not None:
            chosen.append(TrendPoint(one.subject, one.started, value))
        names.update(one.metrics)
    if any_sessions and name not in names:
        known = ", ".join(sorted(names))
        raise UnknownMetricError(f"no session has the metric {metric!r}; known: {known}")
    return list(chosen)


@define
class TrendState(SessionState):
    """What the summaries keep of a session, and what else its metrics come from."""

    visited: dict[str, ExactSum] = Factory(dict)
    """Sums over area.visited."""
    stated: dict[str, int | float] = Factory(dict)
    """The numbers of session.summarized, each as it was stated last."""


class SessionTrends(KeyedProjection[TrendState, SessionMetrics]):
    """The projection; see the module. A session is a subject; None holds events without one."""

    name = "session-trends"
    version = 2  # the state extends that of the summaries: raise it with theirs
    rows_version = 1
    types = SessionSummaries.types

    def initial_one(self) -> TrendState:
        """A session before its first event."""
        return TrendState()

    def apply_one(self, state: TrendState, event: Event) -> TrendState:
        """Count one event in its session."""
        _SUMMARIES.apply_one(state, event)
        if event.type == "area.visited":
            for name in _VISITED:
                state.visited.setdefault(name, ExactSum()).add(number_in(event.data, name)[0])
        elif event.type == "session.summarized":
            state.stated.update((name, one) for name, one in event.data.items() if is_number(one))
        return state

    def merge_one(self, earlier: TrendState, later: TrendState) -> TrendState:
        """Two stretches of one session."""
        _SUMMARIES.merge_one(earlier, later)
        merge_values(earlier.visited, later.visited, ExactSum.merge)
        earlier.stated |= later.stated
        return earlier

    def result_one(self, key: Key, state: TrendState) -> SessionMetrics:
        """Every number that is known of the session."""
        totals = _totals(state)
        known = state.means | totals | _counts(state)
        known.update(_rates(_length(state), totals))
        return SessionMetrics(key, state.first_time, known)


def _counts(state: TrendState) -> dict[str, Number]:
    return {
        "events": state.events,
        "tasks_started": state.tasks_started,
        "tasks_completed": state.tasks_completed,
        "tasks_open": state.tasks_open,
        "tasks_unstarted": state.tasks_unstarted,
        "files_read": state.files_read,
        "files_written": state.files_written,
        "tool_calls": state.tool_calls,
        "duration_ms": state.duration_ms,
        "velocity": state.velocity,
        "incomplete": state.incomplete,
    }


def _totals(state: TrendState) -> dict[str, Number]:
    """What was stated, or else seen."""
    seen = {name: total.value for name, total in state.visited.items()} if state.visited else {}
    gold = state.gold
    return seen | state.stated if gold is None else seen | state.stated | {"gold": gold}


def _length(state: TrendState) -> Ratio:
    """The session's length in seconds."""
    stated = state.stated.get("duration_seconds")
    if stated is not None:
        return max(0, stated).as_integer_ratio()
    return (state.last_time - state.first_time) // _MICROSECOND, 1_000_000


def _rates(seconds: Ratio, totals: Mapping[str, Number]) -> Iterable[tuple[str, float]]:
    yield "session_length", nearest(seconds[0], seconds[1] * 60)
    for name in ("gold", "deaths"):
        if name in totals:
            yield f"{name}_per_hour", per_hour(totals[name].as_integer_ratio(), seconds)
