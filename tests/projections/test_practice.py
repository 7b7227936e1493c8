"""Practice metrics: what was measured, per session and per user."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog import Event
from projections import (
    MetricStatistics,
    PracticeMetrics,
    PracticeStatistics,
    SessionPractice,
    UserPractice,
    fold,
)
from tests.projections.helpers import event


def practice_of(*stretch: Event) -> PracticeStatistics:
    projection = PracticeMetrics()
    return projection.result(fold(projection, stretch))


def session_of(*stretch: Event) -> SessionPractice:
    (session,) = practice_of(*stretch).sessions
    return session


def measured(subject: str | None = "s-1", **data: Any) -> Event:
    return event("metric.recorded", data, subject=subject)


def begun(subject: str = "s-1", **data: Any) -> Event:
    return event("session.started", data, subject=subject)


def test_each_number_is_a_metric() -> None:
    session = session_of(measured(tempo=80, accuracy=0.5), measured(tempo=90, piece="etude"))
    assert session.metrics == {
        "tempo": MetricStatistics(85.0, 2, 80, 90),
        "accuracy": MetricStatistics(0.5, 1, 0.5, 0.5),
    }
    assert session.incomplete == 0


def test_a_truth_value_and_a_text_are_no_numbers() -> None:
    session = session_of(measured(warm=True, tempo="80", detail={"hz": 440}))
    assert (session.metrics, session.incomplete) == ({}, 1)


def test_a_missing_score_does_not_dilute_the_mean() -> None:
    session = session_of(*[measured(score=0.5)] * 3, measured(score=None, other=1))
    assert session.metrics["score"] == MetricStatistics(0.5, 3, 0.5, 0.5)


def test_the_mean_does_not_depend_on_rounding() -> None:
    assert session_of(*[measured(score=0.1)] * 10).metrics["score"].mean == 0.1


@pytest.mark.parametrize(
    ("data", "user"),
    [
        ({}, None),
        ({"user": "ann"}, "ann"),
        ({"user_id": "u-1"}, "u-1"),
        ({"user_id": "u-1", "user": "ann"}, "u-1"),
        ({"user_id": None, "user": "ann"}, "ann"),
        ({"user_id": "", "user": "ann"}, "ann"),
        ({"user": {"username": "ann"}}, None),
        ({"user_id": 5}, None),
    ],
)
def test_the_user_is_what_the_start_of_the_session_states(
    data: dict[str, Any], user: str | None
) -> None:
    assert session_of(begun(**data), measured(tempo=80)).user == user


def test_the_last_start_that_states_a_user_counts() -> None:
    stretch = [measured(tempo=80), begun(user="ann"), begun(user="ben"), begun()]
    assert session_of(*stretch).user == "ben"


def test_sessions_in_which_nothing_was_measured_are_left_out() -> None:
    statistics = practice_of(begun("one", user="ann"), measured("two", tempo=80))
    assert [one.subject for one in statistics.sessions] == ["two"]
    assert [one.user for one in statistics.users] == [None]


def test_a_user_has_the_measurements_of_all_sessions() -> None:
    statistics = practice_of(
        begun("one", user="ann"), begun("two", user="ben"), begun("three", user="ann"),
        measured("one", tempo=80), measured("two", tempo=60), measured("three", tempo=100),
        measured("three", tempo=120), measured("four", score=1),
    )  # fmt: skip
    assert statistics.users == [
        UserPractice("ann", 2, {"tempo": MetricStatistics(100.0, 3, 80, 120)}),
        UserPractice("ben", 1, {"tempo": MetricStatistics(60.0, 1, 60, 60)}),
        UserPractice(None, 1, {"score": MetricStatistics(1.0, 1, 1, 1)}),
    ]


def test_events_without_a_subject_are_one_session() -> None:
    assert session_of(measured(None, tempo=80), measured(None, tempo=90)).subject is None


def test_the_smallest_and_the_greatest_keep_the_type_that_came_first() -> None:
    found = session_of(measured(x=1), measured(x=1.0)).metrics["x"]
    assert (type(found.min), type(found.max)) == (int, int)
