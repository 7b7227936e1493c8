"""Recovery snapshots: what a session needs to go on from, and what happened since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eventlog import Event
from projections import RecoverySnapshot, RecoverySnapshots, fold
from tests.projections.helpers import START, event


def snapshots_of(*stretch: Event) -> list[RecoverySnapshot]:
    projection = RecoverySnapshots()
    return projection.result(fold(projection, stretch))


def snapshot_of(*texts: str) -> RecoverySnapshot:
    """Of one event per text, a second apart: its type, with ``:name`` for a task."""
    (snapshot,) = snapshots_of(*map(_numbered, range(1, len(texts) + 1), texts))
    return snapshot


def _numbered(number: int, text: str) -> Event:
    type_, _, task = text.partition(":")
    data: dict[str, Any] = {"task": task} if task else {"step": number, "error_type": "E"}
    return event(type_, data, at=number, sequence=number)


def test_the_state_is_the_data_of_the_last_saved_one() -> None:
    snapshot = snapshot_of("state.saved", "task.started:a", "state.saved", "crash.detected")
    assert snapshot.state == {"step": 3, "error_type": "E"}
    assert (snapshot.sequence, snapshot.time) == (3, START + timedelta(seconds=3))


def test_a_state_may_be_anything_also_empty() -> None:
    nested = {"queue": [1, {"a": None}], "big": 2**64 - 1, "x": 1.0}
    assert snapshots_of(event("state.saved", nested))[0].state == nested
    assert snapshots_of(event("state.saved", {}))[0].state == {}


def test_without_a_saved_state_there_is_none() -> None:
    snapshot = snapshot_of("session.started", "crash.detected")
    assert (snapshot.state, snapshot.sequence, snapshot.time) == (None, None, None)
    assert (snapshot.crashes, snapshot.crashes_total) == (1, 1)


@pytest.mark.parametrize(
    ("types", "since", "total"),
    [
        ([], 0, 0),
        (["crash.detected"], 1, 1),
        (["crash.detected", "state.saved"], 0, 1),
        (["crash.detected", "state.saved", "crash.detected", "crash.detected"], 2, 3),
        (["state.saved", "crash.detected", "recovery.completed"], 1, 1),
    ],
)
def test_crashes_are_counted_since_the_saved_state_and_in_all(
    types: list[str], since: int, total: int
) -> None:
    snapshot = snapshot_of("state.saved", *types)
    assert (snapshot.crashes, snapshot.crashes_total) == (since, total)


@pytest.mark.parametrize(
    ("types", "clean"),
    [
        (["session.started"], False),
        (["state.saved"], False),
        (["session.started", "session.ended"], True),
        (["session.summarized"], True),
        (["session.ended", "state.saved"], True),
        (["session.ended", "task.completed:a"], True),
        (["session.ended", "session.started"], False),
        (["session.ended", "task.started:a"], False),
        (["session.ended", "crash.detected"], False),
        (["session.ended", "recovery.completed"], False),
        (["crash.detected", "session.ended"], True),
        (["session.ended", "session.started", "session.ended"], True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_clean_end_is_one_after_which_nothing_starts(types: list[str], clean: bool) -> None:
    assert snapshot_of(*types).ended_cleanly is clean


def test_open_tasks_come_in_order_of_their_start() -> None:
    snapshot = snapshot_of(
        "task.started:b", "task.started:a", "task.started:b", "task.started:c", "task.completed:b"
    )
    assert snapshot.open_tasks == ["b", "a", "c"]


def test_a_completion_of_a_later_stretch_ends_the_newest_start() -> None:
    projection = RecoverySnapshots()
    names = ("task.started:a", "task.started:b", "task.started:a", "task.completed:a")
    stretch = [_numbered(number, text) for number, text in enumerate(names, 1)]
    state = projection.merge(fold(projection, stretch[:3]), fold(projection, stretch[3:]))
    assert projection.result(state)[0].open_tasks == ["a", "b"]


def test_each_session_has_its_own_in_order_of_first_event() -> None:
    stretch = [event("state.saved", {"n": n}, subject=s) for n, s in enumerate(["b", None, "b"])]
    assert [(one.subject, one.state) for one in snapshots_of(*stretch)] == [
        ("b", {"n": 2}),
        (None, {"n": 1}),
    ]


def test_sessions_with_nothing_of_this_are_left_out() -> None:
    assert snapshots_of(event("file.read", {"path": "p"})) == []


@pytest.mark.parametrize("type_", ["task.started", "task.completed", "crash.detected"])
@pytest.mark.parametrize("wrong", [None, 5, True, [], {}], ids=repr)
def test_an_event_that_lacks_a_text_is_counted_as_incomplete(type_: str, wrong: object) -> None:
    (snapshot,) = snapshots_of(event(type_, {"task": wrong, "error_type": wrong}))
    assert (snapshot.incomplete, snapshot.open_tasks) == (1, [])
    assert snapshot.crashes == (type_ == "crash.detected")
