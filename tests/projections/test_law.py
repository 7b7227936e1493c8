"""The law of projections: however a log is split, folding and merging give the same answer."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import Event, EventLog, NewEvent
from projections import SessionSummaries, fold, project
from tests.projections.helpers import canonical, events, summaries_of
from tests.support.files import UnsyncedFiles

PROJECTION = SessionSummaries()


@given(events())
def test_every_split_in_two_gives_the_same(stretch: list[Event]) -> None:
    expected = canonical(summaries_of(stretch))
    for cut in range(len(stretch) + 1):
        merged = PROJECTION.merge(fold(PROJECTION, stretch[:cut]), fold(PROJECTION, stretch[cut:]))
        assert canonical(PROJECTION.result(merged)) == expected, cut


@given(events(), st.data())
def test_three_parts_may_be_merged_from_either_end(
    stretch: list[Event], data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stretch)), min_size=2, max_size=2).map(sorted))
    one, two, three = stretch[: cuts[0]], stretch[cuts[0] : cuts[1]], stretch[cuts[1] :]
    parts = [fold(PROJECTION, part) for part in (one, two, three)]
    a, b, c = deepcopy(parts)
    from_the_left = PROJECTION.merge(PROJECTION.merge(a, b), c)
    a, b, c = deepcopy(parts)
    from_the_right = PROJECTION.merge(a, PROJECTION.merge(b, c))
    expected = canonical(summaries_of(stretch))
    assert canonical(PROJECTION.result(from_the_left)) == expected
    assert canonical(PROJECTION.result(from_the_right)) == expected


@given(events())
def test_single_events_merged_one_by_one_give_the_same(stretch: list[Event]) -> None:
    state = PROJECTION.initial()
    for event in stretch:
        state = PROJECTION.merge(state, fold(PROJECTION, [event]))
    assert canonical(PROJECTION.result(state)) == canonical(summaries_of(stretch))


@given(events())
def test_an_empty_part_changes_nothing(stretch: list[Event]) -> None:
    empty = PROJECTION.initial
    before = PROJECTION.merge(empty(), fold(PROJECTION, stretch))
    behind = PROJECTION.merge(fold(PROJECTION, stretch), empty())
    expected = canonical(summaries_of(stretch))
    assert canonical(PROJECTION.result(before)) == expected
    assert canonical(PROJECTION.result(behind)) == expected


@given(events())
def test_asking_for_the_result_changes_nothing(stretch: list[Event]) -> None:
    state = fold(PROJECTION, stretch)
    assert canonical(PROJECTION.result(state)) == canonical(PROJECTION.result(state))


@given(events())
def test_no_data_however_wrong_raises_or_goes_uncounted(stretch: list[Event]) -> None:
    summaries = summaries_of(stretch)
    assert sum(summary.events for summary in summaries) == len(stretch)
    for summary in summaries:
        assert 0 <= summary.incomplete <= summary.events
        assert summary.duration_ms >= 0
        assert summary.tasks_open <= summary.tasks_started
        assert summary.tasks_unstarted <= summary.tasks_completed
        assert all(value >= 0 for value in attrs.astuple(summary)[7:13])


def store(path: Path, stretch: list[Event]) -> EventLog:
    log = EventLog.open(path, segment_events=4, files=UnsyncedFiles(), sync="never")
    for one in stretch:
        log.extend([NewEvent(one.type, one.data, one.subject, one.source, None, one.time)])
    return log


@given(stretch=events(max_size=12))
def test_as_of_a_sequence_is_the_fold_up_to_it(
    stretch: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("as-of") / "log"
    with store(path, stretch) as log:
        for sequence in range(len(stretch) + 2):
            found = project(log, SessionSummaries(), sequence)
            assert canonical(found) == canonical(summaries_of(stretch[:sequence]))


@given(stretch=events(max_size=12))
def test_as_of_a_time_is_the_fold_of_what_happened_by_then(
    stretch: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By time means by the time of the events, wherever they stand in the log."""
    path = tmp_path_factory.mktemp("as-of") / "log"
    with store(path, stretch) as log:
        moments = {event.time for event in stretch}
        for moment in moments | {time - timedelta(microseconds=1) for time in moments}:
            found = project(log, SessionSummaries(), moment)
            by_then = [event for event in stretch if event.time <= moment]
            assert canonical(found) == canonical(summaries_of(by_then))
