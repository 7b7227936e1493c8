"""Trends: one number per session, over the last sessions."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog import Event
from projections import (
    SessionMetrics,
    SessionSummaries,
    SessionTrends,
    UnknownMetricError,
    fold,
    trend,
)
from tests.projections.helpers import START, event, summary_of


def sessions_of(*stretch: Event) -> list[SessionMetrics]:
    projection = SessionTrends()
    return projection.result(fold(projection, stretch))


def metrics_of(*stretch: Event) -> dict[str, Any]:
    (session,) = sessions_of(*stretch)
    return session.metrics


def record(subject: str = "s-1", **data: Any) -> Event:
    return event("session.summarized", data, subject=subject)


@pytest.mark.parametrize(
    ("gold", "seconds", "rate"),
    [(15_000, 1800, 30_000.0), (20_000, 2400, 30_000.0), (15_000, 0, 0.0), (15_000, -5, 0.0)],
)
def test_gold_per_hour(gold: float, seconds: float, rate: float) -> None:
    assert metrics_of(record(gold=gold, duration_seconds=seconds))["gold_per_hour"] == rate


def test_deaths_per_hour() -> None:
    found = metrics_of(record(deaths=3, duration_seconds=1800))["deaths_per_hour"]
    assert found == 6.0


def test_the_length_is_in_minutes_and_what_a_record_states() -> None:
    stretch = [event("x"), record(duration_seconds=90), event("x", at=600)]
    assert metrics_of(*stretch)["session_length"] == 1.5


def test_a_length_that_nothing_states_runs_from_the_earliest_to_the_latest_event() -> None:
    stretch = [event("x", at=60), event("x", at=-60), event("x")]
    assert metrics_of(*stretch)["session_length"] == 2.0


def test_a_stated_length_is_never_negative() -> None:
    assert metrics_of(record(duration_seconds=-60))["session_length"] == 0.0


def test_live_visits_add_up() -> None:
    visits = [
        event("area.visited", {"area": "a", "gold": 10, "deaths": 1, "kills": 4}),
        event("area.visited", {"area": "b", "gold": 20, "flees": 2}, at=1800),
    ]
    found = metrics_of(*visits)
    assert {name: found[name] for name in ("gold", "kills", "deaths", "flees")} == {
        "gold": 30, "kills": 4, "deaths": 1, "flees": 2,
    }  # fmt: skip
    assert (found["gold_per_hour"], found["deaths_per_hour"]) == (60.0, 2.0)


@pytest.mark.parametrize("order", [1, -1])
def test_a_record_wins_over_live_sums(order: int) -> None:
    visit = event("area.visited", {"area": "a", "gold": 10, "deaths": 1, "flees": 5})
    found = metrics_of(*[visit, record(gold=7, deaths=0, duration_seconds=3600)][::order])
    assert (found["gold"], found["deaths"], found["flees"]) == (7, 0, 5)
    assert (found["gold_per_hour"], found["deaths_per_hour"]) == (7.0, 0.0)


def test_what_a_record_states_last_counts() -> None:
    found = metrics_of(record(gold=7, kills=1), record(gold=9, bandages=3))
    assert (found["gold"], found["kills"], found["bandages"]) == (9, 1, 3)


def test_the_mean_of_a_recorded_metric_is_a_metric() -> None:
    stretch = [event("metric.recorded", {"tempo": tempo}) for tempo in (80, 90)]
    assert metrics_of(*stretch)["tempo"] == 85.0


def test_counts_are_those_of_the_summary() -> None:
    stretch = [
        event("task.started", {"task": "a"}), event("task.completed", {"task": "a"}, at=1800),
        event("file.read", {"path": "p"}), event("tool.called"),
    ]  # fmt: skip
    found, summary = metrics_of(*stretch), summary_of(*stretch)
    for name in ("events", "tasks_completed", "files_read", "tool_calls", "duration_ms",
                 "velocity", "incomplete"):  # fmt: skip
        assert found[name] == getattr(summary, name)
    assert (found["velocity"], found["incomplete"]) == (2.0, 1)


def test_a_count_wins_over_a_measurement_of_its_name() -> None:
    assert metrics_of(event("metric.recorded", {"events": 99}))["events"] == 1


@pytest.mark.parametrize("wrong", [None, "5", True, [], {}], ids=repr)
def test_what_is_no_number_is_no_metric(wrong: object) -> None:
    found = metrics_of(record(gold=wrong, deaths=wrong, duration_seconds=wrong), event("x", at=60))
    assert not {"gold", "gold_per_hour", "deaths", "deaths_per_hour"} & set(found)
    assert (found["session_length"], found["incomplete"]) == (1.0, 1)


def test_a_session_without_gold_has_no_gold_per_hour() -> None:
    assert "gold_per_hour" not in metrics_of(event("x"), event("x", at=60))


# Picking one metric.

SESSIONS = sessions_of(
    record("one", gold=1, duration_seconds=3600),
    event("x", subject="two", at=5),
    record("three", gold=3, duration_seconds=3600),
    record("four", gold=4, duration_seconds=0),
    event("x", subject=None),
)


def values_of(metric: str, last: int | None = None, **how: bool) -> list[Any]:
    return [(point.subject, point.value) for point in trend(SESSIONS, metric, last, **how)]


def test_a_trend_is_oldest_first_and_skips_sessions_without_the_metric() -> None:
    assert values_of("gold_per_hour") == [("one", 1.0), ("three", 3.0), ("four", 0.0)]


def test_the_last_sessions_are_the_newest_that_have_the_metric() -> None:
    assert values_of("gold", 2) == [("three", 3), ("four", 4)]
    assert values_of("gold", 99) == values_of("gold")
    assert values_of("gold", 0) == []


def test_every_session_can_be_asked_for() -> None:
    assert values_of("gold", every=True) == [
        ("one", 1), ("two", None), ("three", 3), ("four", 4), (None, None),
    ]  # fmt: skip
    assert values_of("gold", 2, every=True) == [("four", 4), (None, None)]


def test_a_point_knows_when_its_session_began() -> None:
    (point,) = trend(sessions_of(event("x", at=9), event("x")), "events")
    assert point.started == START


def test_the_length_has_a_second_name() -> None:
    assert values_of("avg_session_length") == values_of("session_length")


def test_a_metric_that_no_session_has_names_those_that_are_there() -> None:
    with pytest.raises(UnknownMetricError, match=r"metric 'golf'; known: .*\bgold\b"):
        trend(SESSIONS, "golf", every=True)


def test_no_sessions_have_no_trend_of_anything() -> None:
    assert trend([], "golf") == []


def test_the_state_follows_that_of_the_summaries() -> None:
    """When theirs changes, the version of both must be raised."""
    assert (SessionSummaries.version, SessionTrends.version) == (1, 2)


def test_sessions_without_any_metric_have_none_that_could_be_asked_for() -> None:
    bare = SessionMetrics("s-1", START, {})
    with pytest.raises(UnknownMetricError, match="'velocity'"):
        trend([bare], "velocity")
    assert trend([], "velocity") == []
