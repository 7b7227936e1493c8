"""Session summaries, line by line of what their module promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eventlog import STANDARD_TYPES, Event
from tests.projections.helpers import (
    START,
    TYPES,
    complete_example,
    event,
    summaries_of,
    summary_of,
)


def of(*types: str) -> list[Event]:
    """Events of these types a minute apart; ``type:name`` gives the data a task name."""
    result = []
    for index, text in enumerate(types):
        type_, _, task = text.partition(":")
        result.append(event(type_, {"task": task} if task else {}, at=60.0 * index))
    return result


def test_nothing_gives_no_session() -> None:
    assert summaries_of([]) == []


def test_sessions_come_in_order_of_their_first_event() -> None:
    stretch = [event("x", subject=name) for name in ("b", "a", None, "b", "c")]
    assert [one.subject for one in summaries_of(stretch)] == ["b", "a", None, "c"]


def test_events_without_a_subject_are_one_session() -> None:
    stretch = [event("x", subject=None), event("x", subject="s"), event("x", subject=None)]
    assert [(one.subject, one.events) for one in summaries_of(stretch)] == [(None, 2), ("s", 1)]


def test_the_source_is_that_of_the_first_event() -> None:
    assert summary_of(event("x", source="one"), event("x", source="two")).source == "one"


@pytest.mark.parametrize(
    ("types", "status"),
    [
        (["x"], "open"),
        (["session.started"], "open"),
        (["session.started", "session.ended"], "ended"),
        (["session.summarized"], "ended"),
        (["crash.detected"], "crashed"),
        (["crash.detected", "x", "task.started:a", "state.saved"], "crashed"),
        (["crash.detected", "recovery.completed"], "open"),
        (["crash.detected", "session.started"], "open"),
        (["crash.detected", "session.ended"], "ended"),
        (["crash.detected", "recovery.completed", "crash.detected"], "crashed"),
        (["session.ended", "crash.detected"], "crashed"),
        (["session.ended", "session.started"], "open"),
        (["session.ended", "x"], "ended"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_the_status_follows_the_last_event_that_decides_it(types: list[str], status: str) -> None:
    summary = summary_of(*of(*types))
    assert summary.status == status
    assert (summary.ended is not None) == (status == "ended")


def test_ended_is_the_time_of_the_event_that_ended_it() -> None:
    assert summary_of(*of("session.started", "session.ended", "x")).ended == START + timedelta(
        minutes=1
    )


def test_started_is_the_earliest_time_wherever_it_stands() -> None:
    summary = summary_of(event("x", at=10), event("x", at=-5), event("x", at=3))
    assert summary.started == START - timedelta(seconds=5)
    assert summary.duration_ms == 15_000


def test_a_clock_that_jumps_back_cannot_make_the_duration_negative() -> None:
    assert summary_of(event("x", at=0), event("x", at=-3600)).duration_ms == 3_600_000


def test_a_duration_counts_whole_milliseconds() -> None:
    assert summary_of(event("x"), event("x", at=0.0019)).duration_ms == 1


@pytest.mark.parametrize(
    ("tasks", "open_", "unstarted"),
    [
        (["+a"], 1, 0),
        (["+a", "-a"], 0, 0),
        (["-a", "+a"], 1, 1),
        (["-a"], 0, 1),
        (["+a", "+a", "-a"], 1, 0),
        (["+a", "+a", "-a", "-a", "-a"], 0, 1),
        (["+a", "+b", "-b", "-a"], 0, 0),
        (["+a", "-b"], 1, 1),
        (["+a", "-a", "-a", "+a"], 1, 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_tasks_pair_by_name_in_order(tasks: list[str], open_: int, unstarted: int) -> None:
    kinds = {"+": "task.started", "-": "task.completed"}
    summary = summary_of(*of(*(f"{kinds[task[0]]}:{task[1:]}" for task in tasks)))
    assert (summary.tasks_open, summary.tasks_unstarted) == (open_, unstarted)
    assert summary.tasks_started == sum(task[0] == "+" for task in tasks)
    assert summary.tasks_completed == sum(task[0] == "-" for task in tasks)
    assert summary.incomplete == 0


def test_tasks_of_different_sessions_do_not_pair() -> None:
    stretch = [
        event("task.started", {"task": "a"}, subject="one"),
        event("task.completed", {"task": "a"}, subject="two"),
    ]
    one, two = summaries_of(stretch)
    assert (one.tasks_open, two.tasks_unstarted) == (1, 1)


@pytest.mark.parametrize(
    ("completed", "seconds", "velocity"),
    [
        (0, 3600, 0.0),
        (1, 3600, 1.0),
        (3, 7200, 1.5),
        (1, 60, 60.0),
        (5, 0, 0.0),
        (5, 0.0009, 0.0),
    ],
)
def test_velocity_is_tasks_completed_per_hour(
    completed: int, seconds: float, velocity: float
) -> None:
    tasks = [event("task.completed", {"task": f"t{n}"}) for n in range(completed)]
    assert summary_of(event("x"), *tasks, event("x", at=seconds)).velocity == velocity


def test_files_and_tools_are_counted() -> None:
    summary = summary_of(
        event("file.read", {"path": "a"}),
        event("file.read", {"path": "a"}),
        event("file.written", {"path": "a"}),
        event("tool.called", {"tool": "grep"}),
    )
    assert (summary.files_read, summary.files_written, summary.tool_calls) == (2, 1, 1)
    assert summary.incomplete == 0


@pytest.mark.parametrize(
    ("stretch", "gold"),
    [
        ([], None),
        ([("area.visited", 10)], 10),
        ([("area.visited", 10), ("area.visited", 2.5)], 12.5),
        ([("area.visited", 0.1)] * 10, 1.0),
        ([("area.visited", -3)], -3),
        ([("area.visited", 10), ("session.summarized", 7)], 7),
        ([("session.summarized", 7), ("area.visited", 10)], 7),
        ([("session.summarized", 7), ("session.summarized", 9)], 9),
        ([("session.summarized", 7), ("session.summarized", None)], 7),
        ([("area.visited", 10), ("session.summarized", None)], 10),
        ([("session.summarized", 0)], 0),
    ],
)
def test_gold_is_what_was_stated_last_or_else_the_sum_over_areas(
    stretch: list[tuple[str, Any]], gold: float | None
) -> None:
    events = [event(type_, {"area": "a", "gold": number}) for type_, number in stretch]
    found = summary_of(event("x"), *events).gold
    assert found == gold
    assert type(found) is type(gold) or found == 1.0


def test_an_area_without_gold_counts_as_none_found() -> None:
    summary = summary_of(event("area.visited", {"area": "a"}))
    assert (summary.gold, summary.incomplete) == (0, 0)


def test_metrics_are_means_by_name_of_whatever_is_a_number() -> None:
    summary = summary_of(
        event("metric.recorded", {"tempo": 80, "accuracy": 0.5, "piece": "etude"}),
        event("metric.recorded", {"tempo": 90, "is_warm": True}),
    )
    assert summary.metrics == {"tempo": 85.0, "accuracy": 0.5}
    assert summary.incomplete == 0


def test_the_last_note_counts() -> None:
    stretch = [
        event("session.annotated", {"notes": "first"}),
        event("session.summarized", {"gold": 1, "notes": "second"}),
        event("session.summarized", {"gold": 1, "notes": ""}),
    ]
    assert summary_of(*stretch).notes == "second"
    assert summary_of(*reversed(stretch)).notes == "first"
    assert summary_of(event("x")).notes is None


@pytest.mark.parametrize("type_", TYPES)
def test_an_event_with_what_its_type_asks_for_is_complete(type_: str) -> None:
    assert summary_of(event(type_, complete_example(type_))).incomplete == 0
    STANDARD_TYPES.load(event(type_, complete_example(type_)))  # the class agrees


@pytest.mark.parametrize("wrong", [None, 5, True, [], {}, ["a"]], ids=repr)
@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("task.started", "task"),
        ("task.completed", "task"),
        ("file.read", "path"),
        ("file.written", "path"),
        ("tool.called", "tool"),
        ("area.visited", "area"),
        ("session.annotated", "notes"),
        ("crash.detected", "error_type"),
    ],
)
def test_an_event_that_lacks_a_text_is_counted_as_incomplete(
    type_: str, name: str, wrong: object
) -> None:
    for data in ({}, {name: wrong}):
        summary = summary_of(event(type_, data))
        assert (summary.events, summary.incomplete) == (1, 1)


@pytest.mark.parametrize("wrong", [None, "5", True, [], {}], ids=repr)
@pytest.mark.parametrize("type_", ["area.visited", "session.summarized", "metric.recorded"])
def test_an_event_that_lacks_a_number_is_counted_as_incomplete(type_: str, wrong: object) -> None:
    summary = summary_of(event(type_, {"area": "a", "gold": wrong}))
    assert (summary.events, summary.incomplete) == (1, 1)
    assert summary.metrics == {}


def test_an_incomplete_event_still_counts() -> None:
    summary = summary_of(
        event("task.started"), event("task.completed"), event("file.read"), event("tool.called"),
        event("crash.detected"),
    )  # fmt: skip
    assert (summary.tasks_started, summary.tasks_completed) == (1, 1)
    assert (summary.files_read, summary.tool_calls) == (1, 1)
    assert (summary.tasks_open, summary.tasks_unstarted) == (0, 0)
    assert summary.status == "crashed"
    assert (summary.events, summary.incomplete) == (5, 5)


def test_a_type_that_nobody_knows_is_only_counted() -> None:
    summary = summary_of(event("something.else", {"task": 5}))
    assert (summary.events, summary.incomplete) == (1, 0)


def test_a_finished_task_takes_no_room() -> None:
    """A session may have any number of task names."""
    from projections import SessionSummaries, fold

    stretch = of(
        *(f"{kind}:{n}" for n in range(100) for kind in ("task.started", "task.completed"))
    )
    (state,) = fold(SessionSummaries(), stretch).values()
    assert state.pairs == {}
