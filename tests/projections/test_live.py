"""A live view: the answer moves with the log, and only by what is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog import ClosedLogError, Event, EventLog, NewEvent
from projections import (
    Areas,
    LiveView,
    SessionSummaries,
    SessionSummary,
    canonical_json,
    fold,
    project,
)
from projections._session_state import SessionState
from tests.support.files import UnsyncedFiles
from tests.support.processes import child, line_of

POLL = 0.001
PATIENCE = 60.0

WRITE = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1], sync="never", segment_events=3) as log:
    print("open", flush=True)
    for line in sys.stdin:
        log.append("note", {}, subject=line.strip())
"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles(), sync="never") as log:
        yield log


class Counting(SessionSummaries):
    """Knows which events it was given."""

    def __init__(self) -> None:
        self.folded: list[int] = []

    def apply_one(self, state: SessionState, event: Event) -> SessionState:
        self.folded.append(event.sequence)
        return super().apply_one(state, event)


def counts(summaries: list[SessionSummary]) -> dict[str | None, int]:
    """How many events each session has."""
    return {one.subject: one.events for one in summaries}


def test_a_refresh_folds_only_what_is_new(log: EventLog) -> None:
    projection = Counting()
    log.append("note", {}, subject="a")
    view = LiveView(log, projection)
    for number in range(2, 5):
        log.append("note", {}, subject="a")
        projection.folded.clear()
        assert counts(view.refresh()) == {"a": number}
        assert (view.through, projection.folded) == (number, [number])


def test_a_refresh_without_news_gives_the_same_answer(log: EventLog) -> None:
    log.append("note", {}, subject="a")
    view = LiveView(log, SessionSummaries())
    assert view.refresh() == view.refresh() == view.result


def test_the_answer_stands_still_between_refreshes(log: EventLog) -> None:
    view = LiveView(log, SessionSummaries())
    log.append("note", {}, subject="a")
    assert (view.through, view.result) == (0, [])


def test_an_answer_that_was_given_does_not_change_any_more(log: EventLog) -> None:
    log.append("area.visited", {"area": "a", "gold": 1, "seconds": 1}, subject="s")
    view = LiveView(log, Areas())
    first = view.result
    before = canonical_json(first)
    log.append("area.visited", {"area": "a", "gold": 1, "seconds": 1}, subject="s")
    assert canonical_json(view.refresh()) != before
    assert canonical_json(first) == before


@pytest.mark.parametrize("end", ["nothing", "rotate", "seal"])
def test_a_refresh_goes_on_behind_an_end_of_a_segment(log: EventLog, end: str) -> None:
    view = LiveView(log, SessionSummaries())
    for number in range(1, 5):
        log.append("note", {}, subject="a")
        log.append("note", {}, subject="b")
        if end != "nothing":
            getattr(log, end)()
        assert counts(view.refresh()) == {"a": number, "b": number}
    assert view.result == project(log, SessionSummaries())


def test_following_gives_the_answer_now_and_after_every_event(log: EventLog) -> None:
    answers = LiveView(log, SessionSummaries()).follow(poll=POLL)
    assert next(answers) == []
    for number in range(1, 4):
        log.append("note", {}, subject="a")
        assert counts(next(answers)) == {"a": number}


@pytest.mark.parametrize("end", ["rotate", "seal"])
def test_following_goes_on_across_segments(log: EventLog, end: str) -> None:
    answers = LiveView(log, SessionSummaries()).follow(poll=POLL)
    next(answers)
    for number in range(1, 6):
        log.append("note", {}, subject="a")
        getattr(log, end)()
        assert counts(next(answers)) == {"a": number}


def test_a_batch_that_spans_an_answer_is_counted_once(log: EventLog) -> None:
    answers = LiveView(log, SessionSummaries()).follow(poll=POLL, timeout=0)
    next(answers)
    log.extend([NewEvent("note", {}, subject="a") for _ in range(700)])
    assert [counts(answer) for answer in answers] == [{"a": 700}]


def test_following_does_not_repeat_what_a_refresh_was_ahead_with(log: EventLog) -> None:
    view = LiveView(log, SessionSummaries())
    answers = view.follow(poll=POLL, timeout=0)
    next(answers)
    log.append("note", {}, subject="a")
    log.append("note", {}, subject="a")
    assert counts(next(answers)) == {"a": 2}
    log.append("note", {}, subject="b")
    assert counts(view.refresh()) == {"a": 2, "b": 1}
    assert list(answers) == []


def test_events_that_the_projection_does_not_fold_are_no_news(log: EventLog) -> None:
    answers = LiveView(log, Areas()).follow(poll=POLL, timeout=0)
    next(answers)
    log.append("note", {}, subject="a")
    assert list(answers) == []


def test_following_ends_when_nothing_came_for_the_timeout(log: EventLog) -> None:
    log.append("note", {}, subject="a")
    assert len(list(LiveView(log, SessionSummaries()).follow(poll=POLL, timeout=0))) == 1


def test_a_view_outlives_the_end_of_its_following(log: EventLog) -> None:
    view = LiveView(log, SessionSummaries())
    answers = view.follow(poll=POLL)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    log.append("note", {}, subject="a")
    assert counts(view.refresh()) == {"a": 1}


def test_a_closed_log_is_an_error_and_the_last_answer_stays(log: EventLog) -> None:
    log.append("note", {}, subject="a")
    view = LiveView(log, SessionSummaries())
    answers = view.follow(poll=POLL)
    next(answers)
    log.close()
    with pytest.raises(ClosedLogError):
        next(answers)
    with pytest.raises(ClosedLogError):
        view.refresh()
    assert counts(view.result) == {"a": 1}


def test_following_sees_what_another_process_writes_and_seals(tmp_path: Path) -> None:
    path, subjects = tmp_path / "log", [f"s-{number % 3}" for number in range(20)]
    with child(WRITE, path) as writer:
        assert writer.stdin is not None
        assert line_of(writer) == "open"
        with EventLog.open(path, readonly=True) as log:
            view = LiveView(log, SessionSummaries())
            answers = view.follow(poll=POLL, timeout=PATIENCE)
            assert next(answers) == []
            for number, subject in enumerate(subjects, 1):
                writer.stdin.write(f"{subject}\n")
                writer.stdin.flush()
                assert sum(one.events for one in next(answers)) == number
            writer.communicate(timeout=PATIENCE)
            assert len(log.sealed()) >= 6
            assert view.result == SessionSummaries().result(fold(SessionSummaries(), log.read()))
