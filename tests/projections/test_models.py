"""What every read model promises, whatever it answers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from copy import deepcopy
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import projections
from eventlog import Event, EventLog, NewEvent
from projections import (
    READ_MODELS,
    AreaDanger,
    AreaGold,
    Areas,
    AreaStatistics,
    Projection,
    RecoverySnapshot,
    SessionAnalysis,
    SessionSummary,
    TrendPoint,
    canonical_json,
    fold,
    project,
)
from projections._states import StateCodec
from projections.testing import check_projection
from tests.projections.helpers import event, events
from tests.support.files import UnsyncedFiles

NAMES = list(READ_MODELS)
for_each = pytest.mark.parametrize("name", NAMES)

_TASKS: list[dict[str, Any]] = [
    {"task": "a"}, {"task": "b"}, {"task": "a", "duration_ms": 7}, {"task": 5},
]  # fmt: skip
_steps = st.tuples(
    st.sampled_from(["task.started", "task.completed"]),
    st.sampled_from(_TASKS),
    st.integers(-3, 10),
)


@st.composite
def task_events(draw: st.DrawFn) -> list[Event]:
    """One session with many starts and completions of few names, and a clock that jumps."""
    steps = draw(st.lists(_steps, max_size=25))
    return [
        event(type_, data, at=at, sequence=sequence)
        for sequence, (type_, data, at) in enumerate(steps, 1)
    ]


def answer(projection: Projection[Any, Any], stretch: list[Event]) -> bytes:
    return canonical_json(projection.result(fold(projection, stretch)))


def merged(projection: Projection[Any, Any], stretch: list[Event], cuts: list[int]) -> bytes:
    state = projection.initial()
    for start, end in pairwise([0, *cuts, len(stretch)]):
        state = projection.merge(state, fold(projection, stretch[start:end]))
    return canonical_json(projection.result(state))


def test_a_read_model_has_the_name_that_it_is_found_by() -> None:
    assert NAMES == [
        "session-summaries", "session-analysis", "session-trends", "areas", "recovery-snapshots",
        "practice-metrics",
    ]  # fmt: skip
    assert [make().name for make in READ_MODELS.values()] == NAMES


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


SHAPES: dict[type, str] = {
    SessionSummary: "subject source status started ended duration_ms events tasks_started"
    " tasks_completed tasks_open files_read files_written tool_calls velocity gold notes",
    SessionAnalysis: "subject task_breakdown bottlenecks velocity_metrics file_operation_stats",
    TrendPoint: "subject started value",
    AreaStatistics: "best dangerous",
    AreaGold: "area gold_per_hour gold seconds sessions",
    AreaDanger: "area flees_per_hour flees seconds visits",
    RecoverySnapshot: "subject state sequence time crashes ended_cleanly open_tasks",
}
"""The names that scripts rely on, in their order; more may follow."""


@pytest.mark.parametrize("row", SHAPES, ids=lambda row: row.__name__)
def test_a_row_begins_with_the_names_that_scripts_rely_on(row: type) -> None:
    promised = SHAPES[row].split()
    assert [field.name for field in attrs.fields(row)][: len(promised)] == promised


@for_each
def test_the_law_holds_and_every_way_to_an_answer_gives_the_same_bytes(
    name: str, processes: Executor
) -> None:
    """Serial, cached, in two processes, live and as of the end; on random logs and segments."""
    check_projection(READ_MODELS[name](), max_examples=100, executor=processes)


@for_each
@given(stretch=task_events(), data=st.data())
def test_tasks_pair_the_same_however_the_log_is_split(
    name: str, stretch: list[Event], data: st.DataObject
) -> None:
    projection = READ_MODELS[name]()
    places = st.lists(st.integers(0, len(stretch)), max_size=4).map(sorted)
    cuts = data.draw(places)
    assert merged(projection, stretch, cuts) == answer(projection, stretch)


@for_each
@given(stretch=events())
def test_single_events_merged_one_by_one_give_the_same(name: str, stretch: list[Event]) -> None:
    """These events hold anything anywhere, so this also shows that wrong data raises nothing."""
    projection = READ_MODELS[name]()
    every = list(range(1, len(stretch)))
    assert merged(projection, stretch, every) == answer(projection, stretch)


@for_each
@given(stretch=events())
def test_a_state_survives_its_json(name: str, stretch: list[Event]) -> None:
    projection = READ_MODELS[name]()
    codec, state = StateCodec(projection), fold(projection, stretch)
    assert codec.load(codec.dump(state)) == state


@for_each
@given(stretch=events(), more=events())
def test_asking_leaves_the_state_as_it_is(
    name: str, stretch: list[Event], more: list[Event]
) -> None:
    projection = READ_MODELS[name]()
    state = fold(projection, stretch)
    before = deepcopy(state)
    projection.result(state)
    assert state == before
    projection.result(projection.merge(state, fold(projection, more)))


@for_each
@given(stretch=events(max_size=12))
def test_as_of_a_sequence_is_the_fold_up_to_it(
    name: str, stretch: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, projection = tmp_path_factory.mktemp("as-of") / "log", READ_MODELS[name]()
    with EventLog.open(path, segment_events=4, files=UnsyncedFiles(), sync="never") as log:
        for one in stretch:
            log.extend([NewEvent(one.type, one.data, one.subject, one.source, None, one.time)])
        for sequence in range(len(stretch) + 1):
            found = canonical_json(project(log, projection, sequence))
            assert found == answer(projection, stretch[:sequence]), sequence


def test_an_option_of_the_question_is_no_part_of_what_is_cached() -> None:
    """The name and the version are the key of a cached state."""
    asked = [Areas(), Areas(last=1), Areas(subjects=["x"])]
    stretch = [event("area.visited", {"area": "a", "seconds": 1}, subject=s) for s in "xy"]
    states = {StateCodec(one).dump(fold(one, stretch)) for one in asked}
    assert len(states) == 1
    assert len({(one.name, one.version) for one in asked}) == 1


@for_each
def test_an_empty_log_has_an_answer(name: str) -> None:
    projection = READ_MODELS[name]()
    empty = projection.result(projection.initial())
    document = canonical_json(empty)
    expected = {
        "areas": b'{"best":[],"dangerous":[],"incomplete":0}',
        "practice-metrics": b'{"sessions":[],"users":[]}',
    }
    assert document == expected.get(name, b"[]")


def test_the_list_of_models_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        READ_MODELS["mine"] = Areas  # type: ignore[index]


def test_each_read_model_stands_under_its_own_name() -> None:
    assert {name: make.name for name, make in READ_MODELS.items()} == {  # type: ignore[attr-defined]
        name: name for name in READ_MODELS
    }


def test_all_that_the_package_names_is_there() -> None:
    assert set(projections.__all__) == set(projections._MODULE_OF)
    for name in projections.__all__:
        assert getattr(projections, name) is not None
