"""When sessions began and ended, by the law of projections: in pieces as at once."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from eventlog import Event, EventLog, NewEvent
from projections import fold, project
from projections.testing import make_event
from sessions.practice._names import ENDED, MEASURED, STARTED
from sessions.practice._sessions import PracticeSessions
from tests.sessions.practice.helpers import Place, begin

ONE, OTHER = "9b2f3a52-9a3a-4b3a-8f5e-0c6c1f6b7d10", "00000000-0000-4000-8000-000000000001"

HISTORIES = st.lists(
    st.tuples(
        st.sampled_from([STARTED, ENDED, MEASURED]),
        st.sampled_from([ONE, OTHER, "practice-1"]),
        st.sampled_from(["practice/ada", "agent/7"]),
    ),
    max_size=8,
)


def events_of(history: list[tuple[str, str, str]]) -> list[Event]:
    return [
        make_event(number, NewEvent(type_, {}, subject=subject, source=source))
        for number, (type_, subject, source) in enumerate(history, 1)
    ]


TWICE = [(type_, ONE, "practice/ada") for type_ in (STARTED, ENDED, STARTED, ENDED)]


@example(history=TWICE, cuts={1})
@given(history=HISTORIES, cuts=st.sets(st.integers(0, 8)))
def test_pieces_merge_to_the_whole(history: list[tuple[str, str, str]], cuts: set[int]) -> None:
    projection, events = PracticeSessions(), events_of(history)
    edges = [0, *sorted(cuts), len(events)]
    pieces = [events[edge : max(edge, later)] for edge, later in pairwise(edges)]
    states = [fold(projection, piece) for piece in pieces]
    assert reduce(projection.merge, states, projection.initial()) == fold(projection, events)


@given(history=HISTORIES)
def test_the_first_end_behind_the_first_start_counts(history: list[tuple[str, str, str]]) -> None:
    state = fold(PracticeSessions(), events_of(history))
    for subject in (ONE, OTHER):
        ours = [
            (number, type_)
            for number, (type_, whose, source) in enumerate(history, 1)
            if whose == subject and source == "practice/ada"
        ]
        start = next((number for number, type_ in ours if type_ == STARTED), None)
        ends = [one for one, type_ in ours if type_ == ENDED and start and one > start]
        span = state.get(subject)
        assert (span and span.start and span.start.sequence) == start
        if start is not None:
            assert span is not None
            assert (span.end and span.end.sequence) == (ends[0] if ends else None)
    assert "practice-1" not in state


def test_its_states_are_cached(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
    with EventLog.open(place.log, readonly=True) as log:
        (span,) = project(log, PracticeSessions())
    assert span.start is not None
    assert span.start.data["user_id"] == "ada"
    assert session_id == place.events()[0].subject
