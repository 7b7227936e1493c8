"""Pairing starts and completions of tasks."""

from __future__ import annotations

from projections._tasks import Tasks
from tests.projections.helpers import START, event


def tasks_of(*steps: str) -> Tasks:
    """``+a`` starts a task, ``-a`` completes it; a second apart."""
    tasks = Tasks()
    for second, step in enumerate(steps):
        one = event("x", at=second, sequence=second + 1)
        if step[0] == "+":
            tasks.start(step[1:], one)
        else:
            tasks.complete(step[1:], one.time)
    return tasks


def test_open_tasks_come_in_order_of_their_start() -> None:
    assert tasks_of("+b", "+a", "+b", "+c", "-c").open == ["b", "a", "b"]


def test_a_completion_ends_the_newest_open_start_of_its_name() -> None:
    tasks = tasks_of("+a", "+b", "+a")
    assert tasks.complete("a", event("x", at=10).time) == 8000
    assert tasks.complete("a", event("x", at=10).time) == 10_000
    assert tasks.open == ["b"]


def test_a_later_stretch_takes_the_newest_start_of_the_earlier_one() -> None:
    earlier, later = tasks_of("+a", "+a"), Tasks()
    later.complete("a", event("x", at=10).time)
    assert earlier.merge(later) == {"a": 9000}
    assert earlier.open == ["a"]


def test_what_is_paired_takes_no_room() -> None:
    tasks = tasks_of(*(f"{sign}{name}" for name in range(100) for sign in "+-"))
    assert tasks.unpaired == {}
    earlier, later = tasks_of("+a"), Tasks()
    later.complete("a")
    earlier.merge(later)
    assert earlier.unpaired == {}


def test_a_completion_before_any_start_stays_without_one() -> None:
    tasks = tasks_of("-a", "+a")
    assert (tasks.unstarted, tasks.open) == (1, ["a"])


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    tasks = tasks_of("+a")
    assert tasks.complete("a", START.replace(year=2000)) == 0
