"""Session analysis: where the time of a session's tasks goes."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog import Event
from projections import SessionAnalyses, SessionAnalysis, fold
from tests.projections.helpers import event


def analyses_of(*stretch: Event) -> list[SessionAnalysis]:
    projection = SessionAnalyses()
    return projection.result(fold(projection, stretch))


def analysis_of(*stretch: Event) -> SessionAnalysis:
    (analysis,) = analyses_of(*stretch)
    return analysis


def started(task: Any, at: float) -> Event:
    return event("task.started", {"task": task}, at=at)


def completed(task: Any, at: float = 0, **data: Any) -> Event:
    return event("task.completed", {"task": task, **data}, at=at)


def took(**milliseconds: float) -> list[Event]:
    return [completed(task, duration_ms=spent) for task, spent in milliseconds.items()]


def test_the_time_of_a_task_runs_from_its_start_to_its_completion() -> None:
    # 1697654400.123 to 1697656200.456
    analysis = analysis_of(started("write_tests", 0.123), completed("write_tests", 1800.456))
    assert analysis.task_breakdown == {"write_tests": 1_800_333}


def test_times_add_up_by_name_and_rates_count_different_names() -> None:
    analysis = analysis_of(
        started("a", 0), completed("a", 1), started("a", 1), completed("a", 3), started("b", 0),
        completed("b", 1),
    )  # fmt: skip
    assert analysis.task_breakdown == {"a": 3000, "b": 1000}
    assert analysis.bottlenecks == ["a"]
    assert analysis.velocity_metrics["tasks_per_hour"] == 1800.0


def test_only_the_slow_one_is_a_bottleneck() -> None:
    assert analysis_of(*took(slow=10_000, fast=100)).bottlenecks == ["slow"]


@pytest.mark.parametrize(
    ("milliseconds", "bottlenecks"),
    [
        ({"a": 300, "b": 700}, ["b"]),
        ({"a": 301, "b": 699}, ["a", "b"]),
        ({"a": 1}, ["a"]),
        ({"a": 0}, []),
        ({"a": 1, "b": 1, "c": 1}, ["a", "b", "c"]),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, []),
        ({"a": 4 * 10**17, "b": 6 * 10**17 - 1, "c": 10**17}, ["a", "b"]),
        ({"a": 3 * 10**17, "b": 7 * 10**17}, ["b"]),
    ],
)
def test_a_bottleneck_took_more_than_30_percent(
    milliseconds: dict[str, float], bottlenecks: list[str]
) -> None:
    assert analysis_of(*took(**milliseconds)).bottlenecks == bottlenecks


def test_bottlenecks_come_in_order_of_the_breakdown_not_by_size() -> None:
    assert analysis_of(*took(second=40, first=60)).bottlenecks == ["second", "first"]


def test_the_breakdown_is_in_order_of_first_completion() -> None:
    analysis = analysis_of(started("a", 0), started("b", 1), completed("b", 2), completed("a", 3))
    assert list(analysis.task_breakdown) == ["b", "a"]


def test_the_order_holds_across_stretches_of_the_log() -> None:
    projection = SessionAnalyses()
    earlier = fold(projection, [started("a", 0), completed("c", 1)])
    later = fold(projection, [completed("b", 2), completed("a", 3), completed("c", 4)])
    (analysis,) = projection.result(projection.merge(earlier, later))
    assert list(analysis.task_breakdown.items()) == [("c", 0), ("b", 0), ("a", 3000)]


def test_a_reported_duration_wins_over_the_clock_and_is_cut_to_whole_milliseconds() -> None:
    analysis = analysis_of(started("a", 0), completed("a", 9, duration_ms=1.9), *took(b=0.9))
    assert analysis.task_breakdown == {"a": 1, "b": 0}
    assert (analysis.tasks_open, analysis.tasks_unstarted) == (0, 1)


def test_a_completion_takes_the_newest_open_start() -> None:
    analysis = analysis_of(started("a", 0), started("a", 10), completed("a", 11))
    assert analysis.task_breakdown == {"a": 1000}
    assert analysis.tasks_open == 1


def test_a_completion_of_a_later_stretch_takes_the_newest_open_start_of_the_earlier_one() -> None:
    projection = SessionAnalyses()
    earlier = fold(projection, [started("a", 0), started("a", 10)])
    later = fold(projection, [completed("a", 11), completed("a", 12, duration_ms=5)])
    (analysis,) = projection.result(projection.merge(earlier, later))
    assert analysis.task_breakdown == {"a": 1005}
    assert (analysis.tasks_open, analysis.tasks_unstarted) == (0, 0)


def test_a_completion_without_start_and_duration_took_nothing_and_is_counted() -> None:
    analysis = analysis_of(completed("a", 5))
    assert analysis.task_breakdown == {"a": 0}
    assert (analysis.tasks_unstarted, analysis.incomplete) == (1, 0)


def test_a_task_that_is_open_is_in_no_breakdown() -> None:
    analysis = analysis_of(started("a", 0))
    assert (analysis.task_breakdown, analysis.tasks_open) == ({}, 1)


def test_nothing_is_negative_when_a_clock_jumps_back() -> None:
    analysis = analysis_of(started("a", 10), completed("a", 3), *took(b=-5))
    assert analysis.task_breakdown == {"a": 0, "b": 0}


def test_parallel_tasks_count_in_full() -> None:
    analysis = analysis_of(
        started("a", 0), started("b", 0), completed("a", 1800), completed("b", 1800)
    )
    assert analysis.velocity_metrics["tasks_per_hour"] == 2.0


def files(read: int, written: int) -> list[Event]:
    return [
        *[event("file.read", {"path": "p"})] * read,
        *[event("file.written", {"path": "p"})] * written,
    ]


def test_rates_are_per_hour_of_task_time() -> None:
    tools = [event("tool.called", {"tool": "t"})] * 5
    analysis = analysis_of(*took(a=1_800_000), *files(3, 1), *tools)
    assert analysis.velocity_metrics == {
        "tasks_per_hour": 2.0, "files_read_per_hour": 6.0, "files_written_per_hour": 2.0,
        "tool_calls_per_hour": 10.0,
    }  # fmt: skip


def test_without_task_time_all_rates_are_zero() -> None:
    analysis = analysis_of(completed("a"), *files(1, 1), event("tool.called", {"tool": "t"}))
    assert set(analysis.velocity_metrics.values()) == {0.0}


@pytest.mark.parametrize(
    ("milliseconds", "read", "written", "stats"),
    [
        (1, 0, 0, {"read": 0, "write": 0}),
        (1, 2, 0, {"read": 2, "write": 0}),
        (0, 2, 0, {"read": 2}),
        (0, 0, 3, {"write": 3}),
        (0, 0, 0, {}),
    ],
)
def test_both_file_operations_are_there_when_there_is_task_time(
    milliseconds: int, read: int, written: int, stats: dict[str, int]
) -> None:
    analysis = analysis_of(*took(a=milliseconds), *files(read, written))
    assert analysis.file_operation_stats == stats


def test_sessions_without_tasks_files_and_tools_are_left_out() -> None:
    assert analyses_of(event("session.started"), event("area.visited", {"area": "a"})) == []


def test_tasks_of_different_sessions_do_not_pair() -> None:
    other = event("task.completed", {"task": "a"}, subject="other", at=5)
    one, two = analyses_of(started("a", 0), other)
    assert (one.tasks_open, two.tasks_unstarted) == (1, 1)


@pytest.mark.parametrize("wrong", [None, 5, True, [], {}], ids=repr)
@pytest.mark.parametrize(
    ("type_", "name"),
    [("task.started", "task"), ("task.completed", "task"), ("file.read", "path"),
     ("file.written", "path"), ("tool.called", "tool")],
)  # fmt: skip
def test_an_event_that_lacks_a_text_is_counted_as_incomplete(
    type_: str, name: str, wrong: object
) -> None:
    for data in ({}, {name: wrong}):
        assert analysis_of(event(type_, data)).incomplete == 1


@pytest.mark.parametrize("wrong", ["5", True, [], {}], ids=repr)
def test_a_duration_that_is_no_number_is_incomplete_and_the_clock_counts(wrong: object) -> None:
    analysis = analysis_of(started("a", 0), completed("a", 2, duration_ms=wrong))
    assert (analysis.task_breakdown, analysis.incomplete) == ({"a": 2000}, 1)


def test_incomplete_files_and_tools_still_count() -> None:
    analysis = analysis_of(*took(a=3_600_000), event("file.read"), event("tool.called"))
    assert analysis.file_operation_stats["read"] == 1
    assert analysis.velocity_metrics["tool_calls_per_hour"] == 1.0


def test_a_finished_task_leaves_only_its_sum() -> None:
    stretch = [one for n in range(100) for one in (started("a", n), completed("a", n + 1))]
    (state,) = fold(SessionAnalyses(), stretch).values()
    assert state.tasks.unpaired == {}
    assert state.breakdown == {"a": 100_000}
