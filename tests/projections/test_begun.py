"""The state of the active segment's beginning: kept, gone on from, and never taken for another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from attrs import define

from eventlog import Event, EventLog, NewEvent, prune
from projections import KeyedProjection, SessionSummaries, canonical_json, fold, project
from projections._begun import _FEWEST
from sessions.sample import sample_events
from tests.support.files import UnsyncedFiles

MANY = _FEWEST + 50


@define
class Count:
    events: int = 0


class Counting(KeyedProjection[Count, tuple[str | None, int]]):
    """Knows which events it was given."""

    name, version, types = "counting", 1, None

    def __init__(self) -> None:
        self.folded: list[int] = []

    def initial_one(self) -> Count:
        return Count()

    def apply_one(self, state: Count, event: Event) -> Count:
        self.folded.append(event.sequence)
        return Count(state.events + 1)

    def merge_one(self, earlier: Count, later: Count) -> Count:
        return Count(earlier.events + later.events)

    def result_one(self, key: str | None, state: Count) -> tuple[str | None, int]:
        return key, state.events


def folded(log: EventLog, as_of: int | None = None) -> list[int]:
    """Which events a question folds; its answer must be right."""
    counting = Counting()
    answer = project(log, counting, as_of)
    assert answer == Counting().result(fold(Counting(), log.read(until=as_of)))
    return counting.folded


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles(), sync="never") as log:
        yield log


def write(log: EventLog, count: int) -> None:
    log.extend(NewEvent("note", {}, subject=f"s-{number % 5}") for number in range(count))


def test_a_question_folds_what_came_since_the_last_one(log: EventLog) -> None:
    write(log, MANY)
    assert len(folded(log)) == MANY
    write(log, 3)
    assert folded(log) == [MANY + 1, MANY + 2, MANY + 3]


def test_a_few_events_are_not_worth_a_file(log: EventLog) -> None:
    write(log, _FEWEST - 1)
    folded(log)
    assert not list(log.cache_path.rglob("begun"))


def test_sealing_goes_on_from_what_was_folded(log: EventLog) -> None:
    write(log, MANY)
    folded(log)
    write(log, 2)
    log.seal()
    assert folded(log) == [MANY + 1, MANY + 2]


def test_an_earlier_moment_is_folded_and_replaces_nothing(log: EventLog) -> None:
    write(log, 2 * MANY)
    folded(log)
    assert len(folded(log, MANY - 10)) == MANY - 10
    assert folded(log) == []


def test_a_later_moment_goes_on_from_it(log: EventLog) -> None:
    write(log, MANY)
    folded(log)
    write(log, 9)
    assert folded(log, MANY + 1) == [MANY + 1]


def test_events_that_were_lost_and_others_in_their_place_are_folded_anew(tmp_path: Path) -> None:
    """As after a power loss that took what was not synced."""
    path = tmp_path / "log"
    with EventLog.open(path, files=UnsyncedFiles(), sync="never") as log:
        write(log, 10)
        shutil.copytree(path, tmp_path / "before")
        write(log, MANY)
        folded(log)
    shutil.copytree(path / "cache", tmp_path / "before" / "cache")
    with EventLog.open(tmp_path / "before", files=UnsyncedFiles(), sync="never") as log:
        assert len(folded(log)) == 10
        write(log, MANY + 7)
        assert len(folded(log)) == 10 + MANY + 7


def test_what_was_pruned_meanwhile_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path, files=UnsyncedFiles(), sync="never") as log:
        write(log, MANY)
        folded(log)
        log.seal()
    prune(path, keep_events=0)
    with EventLog.open(path, files=UnsyncedFiles(), sync="never") as log:
        write(log, 4)
        assert len(folded(log)) == 4


@pytest.mark.parametrize("rows", [None, 1])
def test_every_way_of_growing_gives_the_answer_of_a_plain_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int | None
) -> None:
    """Rows and states of before, states of the beginning, new and known sessions."""
    monkeypatch.setattr(SessionSummaries, "rows_version", rows)
    events, steps = sample_events(40), [300, 40, 400, 3, 300]
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles(), sync="never") as log:
        for number, count in enumerate(steps):
            log.extend(islice(events, count))
            plain = SessionSummaries().result(fold(SessionSummaries(), log.read()))
            for _ in range(2):
                found = project(log, SessionSummaries())
                assert canonical_json(found) == canonical_json(plain)
            if number % 2:
                log.seal()
                assert canonical_json(project(log, SessionSummaries())) == canonical_json(plain)
