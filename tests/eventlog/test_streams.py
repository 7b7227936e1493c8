"""``expected_stream_sequence``: a decision about one stream counts only if nothing came to it."""

from __future__ import annotations

from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import ConflictError, EventLog, InvalidEventError, NewEvent, prune
from tests.support.files import UnsyncedFiles
from tests.support.logs import copy_of, flip
from tests.support.processes import run


def new(subject: str | None) -> NewEvent:
    return NewEvent("test.noted", {}, subject=subject)


def test_an_event_is_appended_when_its_stream_stands_where_expected(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend([new("a"), new("b"), new(None)])
        assert log.append("x", subject="a", expected_stream_sequence=1) == 4


def test_other_streams_may_have_moved(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("x", subject="a", expected_stream_sequence=0) == 1
        assert log.append("x", subject="b") == 2
        assert log.append("x", subject="a", expected_stream_sequence=1) == 3


@pytest.mark.parametrize("expected", [0, 1, 3, 4])
def test_a_stream_that_stands_elsewhere_is_a_conflict(tmp_path: Path, expected: int) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend([new("a"), new("a"), new("b")])
        with pytest.raises(ConflictError, match="stands at sequence 2, not at ") as raised:
            log.append("x", subject="a", expected_stream_sequence=expected)
        assert raised.value.sequence == 2
        assert log.head() == 3


def test_a_batch_of_one_subject_can_expect_too(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        assert log.extend([new("a"), new("a")], expected_stream_sequence=0) == [1, 2]
        assert log.extend([new("a"), new("a")], expected_stream_sequence=2) == [3, 4]
        with pytest.raises(ConflictError):
            log.extend([new("a")], expected_stream_sequence=3)


@pytest.mark.parametrize("subjects", [[None], ["a", "b"], ["a", None]])
def test_without_one_subject_there_is_no_stream(tmp_path: Path, subjects: list[str | None]) -> None:
    with (
        EventLog.open(tmp_path / "log") as log,
        pytest.raises(InvalidEventError, match="one and the same subject"),
    ):
        log.extend([new(subject) for subject in subjects], expected_stream_sequence=0)


def test_a_retry_by_id_is_no_conflict(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        for _ in range(2):
            assert log.append("x", subject="a", id="one", expected_stream_sequence=0) == 1


def test_both_expectations_must_hold(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend([new("a"), new("b")])
        with pytest.raises(ConflictError, match="the log stands at sequence 2"):
            log.append("x", subject="a", expected_sequence=1, expected_stream_sequence=1)
        assert log.append("x", subject="a", expected_sequence=2, expected_stream_sequence=1) == 3


def test_streams_are_known_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.append("x", subject="a", expected_stream_sequence=0)
        log.append("x", subject="b")
        log.seal()
    with EventLog.open(path) as log:
        assert (log.head("a"), log.head("b"), log.head("c"), log.head()) == (1, 2, 0, 2)


def test_a_log_opened_for_reading_tells_where_a_stream_stands(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend([new("a"), new("b"), new("a")])
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        assert (log.head("a"), log.head("b"), log.head("c")) == (3, 2, 0)


APPEND = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1]) as log:
    log.append("x", subject="a")
"""


def test_what_another_process_appended_counts(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("x", subject="a", expected_stream_sequence=0)
        run(APPEND, log.path)
        with pytest.raises(ConflictError):
            log.append("x", subject="a", expected_stream_sequence=1)
        assert log.append("x", subject="a", expected_stream_sequence=2) == 3


def test_of_threads_that_expect_the_same_one_wins(tmp_path: Path) -> None:
    won: list[int] = []

    def decide(log: EventLog) -> None:
        for _ in range(20):
            stands = log.head("a")
            try:
                log.append("x", subject="a", expected_stream_sequence=stands)
                won.append(stands)
            except ConflictError:
                pass

    with EventLog.open(tmp_path / "log", sync="never") as log:
        threads = [Thread(target=decide, args=(log,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert log.head() == len(won)
    assert sorted(won) == list(range(len(won)))


def test_the_events_of_a_pruned_stream_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.append("x", subject="a", expected_stream_sequence=0)
        log.seal()
        prune(path, keep_events=0)
        log.append("x", subject="b")
        assert log.head("a") == 0
        assert log.append("x", subject="a", expected_stream_sequence=0) == 3


def test_an_index_of_an_older_copy_is_built_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.append("x", subject="a", expected_stream_sequence=0)
    older = copy_of(path, tmp_path / "older")
    with EventLog.open(path) as log:
        log.append("x", subject="a", expected_stream_sequence=1)
    copy_of(path / "cache", older / "cache")
    with EventLog.open(older) as log:
        assert log.head("a") == 1


@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_in_the_index_lets_no_decision_through(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "log"
    with EventLog.open(path, sync="never") as log:
        log.extend([new(f"s-{n}") for n in range(100)])
        assert log.head("s-7") == 8
    index, random = path / "cache" / "streams.sqlite", Random(seed)
    content = index.read_bytes()
    index.write_bytes(flip(content, random.randrange(len(content)), random.randrange(8)))
    with EventLog.open(path, sync="never") as log:
        assert [log.head(f"s-{n}") for n in range(100)] == list(range(1, 101))


def test_an_index_that_another_process_left_half_written_is_built_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.append("x", subject="a", expected_stream_sequence=0)
        assert log.head("a") == 1
        (path / "cache" / "streams.sqlite.sha256").unlink()  # as one does that was killed
        (path / "cache" / "streams.sqlite").write_bytes(b"half")
        assert log.head("b") == 0
        assert log.append("x", subject="a", expected_stream_sequence=1) == 2


_SUBJECTS = st.sampled_from(
    [None, "a", "b", 'with "quotes"', ',"subject":"a"', "über", "\\", "\N{BELL}"]
)


@given(st.lists(st.tuples(st.lists(_SUBJECTS, min_size=1, max_size=3), st.booleans()), max_size=8))
def test_a_stream_stands_where_its_last_event_is(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[list[str | None], bool]]
) -> None:
    path = tmp_path_factory.mktemp("streams") / "log"
    stands: dict[str, int] = {}
    sequence = 0
    with EventLog.open(path, sync="never", segment_events=3, files=UnsyncedFiles()) as log:
        for subjects, ask in batches:
            log.extend([new(subject) for subject in subjects])
            for subject in subjects:
                sequence += 1
                if subject is not None:
                    stands[subject] = sequence
            if ask:
                assert {one: log.head(one) for one in stands} == stands
    with EventLog.open(path, sync="never", files=UnsyncedFiles()) as log:
        assert {one: log.head(one) for one in stands} == stands
        assert log.head("never seen") == 0


def test_a_stream_s_own_appends_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every append would take as long as the active segment is."""
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles()) as log:
        assert log.append("a", subject="s-1", expected_stream_sequence=0) == 1
        monkeypatch.setattr("eventlog._log_index.line_blocks", pytest.fail)
        assert log.append("a", subject="s-1", expected_stream_sequence=1) == 2
        assert log.head("s-1") == 2
        monkeypatch.undo()


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("subject", [5, b"s-1", ("s-1",)])
def test_a_subject_that_is_no_text_is_refused(
    tmp_path: Path, subject: object, readonly: bool
) -> None:
    EventLog.open(tmp_path / "log").close()
    with (
        EventLog.open(tmp_path / "log", readonly=readonly) as log,
        pytest.raises(InvalidEventError, match="subject must be text, not"),
    ):
        log.head(subject)  # type: ignore[arg-type]


@pytest.mark.parametrize("readonly", [False, True])
def test_a_subject_that_no_event_can_have_stands_nowhere(tmp_path: Path, readonly: bool) -> None:
    EventLog.open(tmp_path / "log").close()
    with EventLog.open(tmp_path / "log", readonly=readonly) as log:
        assert log.head("\ud800") == 0


@pytest.mark.parametrize("name", ["expected_sequence", "expected_stream_sequence"])
@pytest.mark.parametrize("value", ["0", 0.0])
def test_an_expectation_that_is_no_whole_number_is_refused(
    tmp_path: Path, name: str, value: object
) -> None:
    """A conflict would be understood as something that another process did."""
    expected: dict[str, Any] = {name: value}
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles()) as log:
        with pytest.raises(InvalidEventError, match=f"{name} must be a whole number, not "):
            log.append("a", subject="s-1", **expected)
        with pytest.raises(InvalidEventError, match=f"{name} must be a whole number, not "):
            log.extend([new("s-1")], **expected)
        assert log.head() == 0
