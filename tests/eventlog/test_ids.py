"""Ids that callers give, so that a retry is stored once."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from eventlog import (
    ConflictError,
    DamagedLogError,
    EventLog,
    EventLogError,
    InvalidEventError,
    NewEvent,
)
from eventlog._files import Files
from tests.support import DEEP
from tests.support.files import FailingFiles
from tests.support.logs import batch, copy_of, flip, numbers, segment_files


def index_of(log: EventLog) -> Path:
    return log.path / "cache" / "ids.sqlite"


def test_a_retry_gets_the_sequence_of_the_event_that_is_there(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("test.numbered", {"n": 1})
        assert log.append("test.numbered", {"n": 2}, id="two") == 2
        assert log.append("test.numbered", {"n": 2}, id="two") == 2
        assert log.append("test.numbered", {"n": 3}, id="three") == 3
    assert numbers(tmp_path / "log") == [1, 2, 3]


def test_the_same_id_of_another_source_is_another_event(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("a", {}, id="x", source="one") == 1
        assert log.append("a", {}, id="x", source="two") == 2


@pytest.mark.parametrize(
    "change", [{"event": "b"}, {"data": {"n": 2}}, {"data": {"n": 1.0}}, {"subject": "s"}], ids=str
)
def test_an_id_that_belongs_to_another_event_is_a_conflict(
    tmp_path: Path, change: dict[str, object]
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        first = {"event": "a", "data": {"n": 1}, "id": "x"}
        log.append(**first)  # type: ignore[arg-type]
        with pytest.raises(ConflictError, match="give this event an id of its own") as raised:
            log.append(**{**first, **change})  # type: ignore[arg-type]
        assert raised.value.sequence == 1
        with pytest.raises(ConflictError):
            log.extend([NewEvent("fine"), NewEvent(**{**first, **change})])  # type: ignore[arg-type]
        assert log.head() == 1


def test_a_batch_may_hold_new_events_retries_and_the_same_id_twice(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a", {}, id="one")
        sequences = log.extend(
            [
                NewEvent("a", {"new": 1}),
                NewEvent("a", {}, id="one"),
                NewEvent("a", {}, id="two"),
                NewEvent("a", {}, id="two"),
                NewEvent("a", {"new": 2}),
            ]
        )
        assert sequences == [2, 1, 3, 3, 4]
        assert [event.commit for event in log.read(after=1)] == [None, None, 3]


def test_a_retry_is_no_conflict_with_where_the_log_stands(tmp_path: Path) -> None:
    """The first try went through, so the log has moved on."""
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("a", {}, id="one", expected_sequence=0) == 1
        assert log.append("a", {}, id="one", expected_sequence=0) == 1
        with pytest.raises(ConflictError):
            log.append("a", {}, id="two", expected_sequence=0)


def test_the_id_that_the_log_made_names_its_event(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a", {"n": 1}, subject="s")
        own = f"{log.log_id}-1"
        assert log.append("a", {"n": 1}, subject="s", id=own) == 1
        with pytest.raises(ConflictError):
            log.append("a", {"n": 2}, subject="s", id=own)
        assert log.head() == 1


@pytest.mark.parametrize("number", ["2", "0", "01", "-1", "", "x", "1 ", "\u0661"])
def test_an_id_that_looks_like_the_log_s_own_and_names_nothing_is_refused(
    tmp_path: Path, number: str
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
        with pytest.raises(InvalidEventError, match="looks like one that this log makes itself"):
            log.append("a", {}, id=f"{log.log_id}-{number}")
        assert log.head() == 1


def test_a_log_without_given_ids_has_no_index(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 5))
    assert not (log.path / "cache").exists()


def _given(path: Path, files: FailingFiles | None = None) -> EventLog:
    log = EventLog.open(path, segment_events=3, files=files)
    for number in range(1, 11):
        log.append("test.numbered", {"n": number}, id=f"id-{number}")
    return log


def _assert_known(path: Path) -> None:
    with EventLog.open(path) as log:
        for number in range(1, 11):
            assert log.append("test.numbered", {"n": number}, id=f"id-{number}") == number
    assert numbers(path) == list(range(1, 11))


def test_ids_are_known_after_opening_again(tmp_path: Path) -> None:
    _given(tmp_path / "log").close()
    _assert_known(tmp_path / "log")


def test_ids_are_known_after_a_crash(tmp_path: Path) -> None:
    """The index was not saved; it catches up from the log."""
    with _given(tmp_path / "log") as log:
        log.seal()
        _assert_known(copy_of(log.path, tmp_path / "copy"))


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + b"x" * 99])
def test_a_damaged_index_is_built_again(tmp_path: Path, content: bytes) -> None:
    log = _given(tmp_path / "log")
    log.close()
    index_of(log).write_bytes(content)
    _assert_known(log.path)


def test_an_index_of_another_version_is_built_again(tmp_path: Path) -> None:
    log = _given(tmp_path / "log")
    log.close()
    database = sqlite3.connect(index_of(log))
    database.execute("PRAGMA user_version = 99")
    database.close()
    digest = sha256(index_of(log).read_bytes()).hexdigest()
    index_of(log).with_name("ids.sqlite.sha256").write_text(digest)
    _assert_known(log.path)


def test_an_index_of_a_longer_log_is_built_again(tmp_path: Path) -> None:
    """The log was brought back from an older copy, the cache was not."""
    log = EventLog.open(tmp_path / "log")
    log.append("test.numbered", {"n": 1}, id="id-1")
    log.close()
    copy_of(log.path, tmp_path / "older")
    with EventLog.open(log.path) as log:
        log.append("test.numbered", {"n": 2}, id="id-2")
    index = index_of(log).read_bytes()
    (tmp_path / "older" / "cache" / "ids.sqlite").write_bytes(index)
    with EventLog.open(tmp_path / "older") as older:
        assert older.append("other", {"n": 9}, id="id-2") == 2
        assert older.append("test.numbered", {"n": 1}, id="id-1") == 1


def test_an_index_of_a_log_that_went_another_way_is_built_again(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("test.numbered", {"n": 1})
    other = copy_of(log.path, tmp_path / "other")
    for path, id_ in ((log.path, "here"), (other, "there")):
        with EventLog.open(path) as log:
            log.append("test.numbered", {"n": 2}, id=id_)
    index = (tmp_path / "log" / "cache" / "ids.sqlite").read_bytes()
    (other / "cache" / "ids.sqlite").write_bytes(index)
    with EventLog.open(other) as log:
        assert log.append("test.numbered", {"n": 2}, id="there") == 2
        assert log.append("test.numbered", {"n": 3}, id="here") == 3


def test_ids_of_events_that_were_never_acknowledged_are_not_known(tmp_path: Path) -> None:
    files = FailingFiles(lambda name, count: False)
    log = _given(tmp_path / "log", files)
    log.seal()  # or the sealer in the background may meet the failing disk first
    files.when = lambda name, count: name == "write"
    with pytest.raises(OSError, match="error"):
        log.append("test.numbered", {"n": 11}, id="id-11")
    files.when = lambda name, count: False
    log.close()
    _assert_known(log.path)
    with EventLog.open(log.path) as again:
        assert again.append("test.numbered", {"n": 11}, id="id-11") == 11


def test_many_ids_are_saved_while_the_log_is_open(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as log:
        log.extend(NewEvent("a", {"n": n}, id=f"id-{n}") for n in range(10_001))
        database = sqlite3.connect(index_of(log))
        assert database.execute("SELECT count(*) FROM known").fetchone() == (10_001,)
        database.close()
        assert log.append("a", {"n": 5}, id="id-5") == 6


def test_ids_with_zero_bytes_and_slashes_never_become_paths(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        for number, id_ in enumerate(["../../x", "/etc/passwd", "a/b", "%00", "."], 1):
            assert log.append("a", {}, id=id_, subject=id_) == number
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log"]


@pytest.mark.parametrize("seed", range(25))
def test_an_index_that_is_damaged_anywhere_never_stops_the_log(tmp_path: Path, seed: int) -> None:
    """Zeros over a whole page of SQLite's, at any place."""
    news = [NewEvent("a", {"n": n}, id=f"id-{n}") for n in range(400)]
    with EventLog.open(tmp_path / "log", sync="never") as log:
        sequences = log.extend(news)
    index = tmp_path / "log" / "cache" / "ids.sqlite"
    content = bytearray(index.read_bytes())
    page = seed % (len(content) // 4096)
    content[page * 4096 : page * 4096 + 4096] = bytes(4096)
    index.write_bytes(content)
    with EventLog.open(tmp_path / "log", sync="never") as log:
        assert log.extend(news) == sequences


def _many_given(path: Path) -> tuple[list[NewEvent], list[int]]:
    news = [NewEvent("a", {"n": n}, id=f"id-{n}") for n in range(400)]
    with EventLog.open(path, sync="never") as log:
        return news, log.extend(news)


@pytest.mark.parametrize("seed", range(400 if DEEP else 20))
def test_a_flipped_bit_in_the_index_doubles_no_event(tmp_path: Path, seed: int) -> None:
    """In a key it would hide an event, in a sequence or a digest it would name a wrong one."""
    news, sequences = _many_given(tmp_path / "log")
    index = tmp_path / "log" / "cache" / "ids.sqlite"
    content, random = index.read_bytes(), Random(seed)
    index.write_bytes(flip(content, random.randrange(len(content)), random.randrange(8)))
    with EventLog.open(tmp_path / "log", sync="never") as log:
        assert log.extend(news) == sequences


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE known SET key = zeroblob(16) WHERE sequence = 200",
        "UPDATE known SET sequence = 7 WHERE sequence = 200",
        "UPDATE known SET content = zeroblob(16) WHERE sequence = 200",
        "DELETE FROM known WHERE sequence = 200",
    ],
)
def test_an_index_that_changed_since_its_hash_was_noted_is_built_again(
    tmp_path: Path, change: str
) -> None:
    news, sequences = _many_given(tmp_path / "log")
    with closing(sqlite3.connect(tmp_path / "log" / "cache" / "ids.sqlite")) as database, database:
        database.execute(change)
    with EventLog.open(tmp_path / "log", sync="never") as log:
        assert log.extend(news) == sequences


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"0" * 64])
def test_an_index_without_its_hash_is_built_again(tmp_path: Path, content: bytes) -> None:
    log = _given(tmp_path / "log")
    log.close()
    note = log.path / "cache" / "ids.sqlite.sha256"
    assert len(note.read_bytes()) == 64
    note.write_bytes(content)
    _assert_known(log.path)


def test_an_index_that_breaks_while_it_is_in_use_is_built_again(tmp_path: Path) -> None:
    news, sequences = _many_given(tmp_path / "log")
    with EventLog.open(tmp_path / "log", sync="never") as log:
        assert log.extend(news[:1]) == sequences[:1]
        index_of(log).write_bytes(b"x" * index_of(log).stat().st_size)
        assert log.extend(news) == sequences
        assert log.append("a", {"n": -1}, id="new") == 401
    with EventLog.open(tmp_path / "log", sync="never") as log:
        assert log.append("a", {"n": -1}, id="new") == 401


def test_an_index_that_cannot_be_saved_costs_no_event_and_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a", {}, id="one")
        shutil.rmtree(log.cache_path)
    assert "was not saved, and is built again" in caplog.text
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("a", {}, id="one") == 1


def test_an_index_that_cannot_be_built_refuses_the_event(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
        log.cache_path.write_bytes(b"in the way")
        with pytest.raises(DamagedLogError, match=r"this is no directory, .* move it"):
            log.append("a", {}, id="one")
        assert log.append("a") == 2
        assert log.cache_path.read_bytes() == b"in the way"


def test_the_index_is_as_private_as_the_log(tmp_path: Path) -> None:
    log = _given(tmp_path / "log")
    log.close()
    assert log.cache_path.stat().st_mode & 0o777 == 0o700
    files = sorted(log.cache_path.iterdir())
    assert [file.name for file in files] == ["ids.sqlite", "ids.sqlite.sha256"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_the_order_of_names_makes_no_other_event(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("test", {"a": 1, "b": {"c": 2, "d": 3}}, id="x") == 1
        assert log.append("test", {"b": {"d": 3, "c": 2}, "a": 1}, id="x") == 1
        both = [
            NewEvent("test", {"a": 1, "b": 2}, id="y"),
            NewEvent("test", {"b": 2, "a": 1}, id="y"),
        ]
        assert log.extend(both) == [2, 2]
        for data in ({"a": 1}, {"a": 2, "b": 2}, {"a": [2, 1], "b": 2}, {"a": "1", "b": 2}):
            with pytest.raises(ConflictError):
                log.append("test", data, id="y")
        assert log.head() == 2


def test_an_index_that_is_a_link_is_replaced_and_what_it_leads_to_kept(tmp_path: Path) -> None:
    log = _given(tmp_path / "log")
    log.close()
    index_of(log).rename(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    index_of(log).symlink_to(tmp_path / "elsewhere")
    _assert_known(log.path)
    assert not index_of(log).is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == before


def test_damage_that_is_met_while_an_index_is_built_leaves_none_that_is_believed(
    tmp_path: Path,
) -> None:
    log = _given(tmp_path / "log")
    log.close()
    shutil.rmtree(log.cache_path)
    sealed = segment_files(log.path)[1]
    content = sealed.read_bytes()
    sealed.write_bytes(flip(content, 30, 0))
    with EventLog.open(log.path) as log, pytest.raises(DamagedLogError):
        log.append("test.numbered", {"n": 1}, id="id-1")
    sealed.write_bytes(content)
    _assert_known(log.path)


def test_an_index_for_which_there_is_no_space_refuses_the_event_and_says_what_to_do(
    tmp_path: Path,
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # less than a page of SQLite
        try:
            with pytest.raises(EventLogError, match=r"cannot be built .*: free some space"):
                log.append("a", {}, id="one")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert log.append("a", {}, id="one") == 2


def test_an_index_that_outgrows_the_disk_while_it_is_saved_costs_no_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [f"id-{number}-{'x' * 80}" for number in range(400)]
    with EventLog.open(tmp_path / "log", sync="never", segment_events=20) as log:
        log.append("a", {}, id=ids[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        for id_ in ids[1:]:
            log.append("a", {}, id=id_)
        log.seal()
        resource.setrlimit(resource.RLIMIT_FSIZE, (index_of(log).stat().st_size + 100, hard))
        try:
            log.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "was not saved, and is built again" in caplog.text
    with EventLog.open(tmp_path / "log") as log:
        assert [log.append("a", {}, id=id_) for id_ in ids] == list(range(1, 401))


def test_a_cache_that_another_process_makes_meanwhile_is_taken(tmp_path: Path) -> None:
    class Late(Files):
        def make_directory(self, path: Path) -> None:
            super().make_directory(path)  # the other's
            super().make_directory(path)

    EventLog.open(tmp_path / "log").close()
    with EventLog.open(tmp_path / "log", files=Late()) as log:
        assert log.append("a", id="given") == log.append("a", id="given") == 1


def test_a_row_that_is_of_another_kind_is_not_believed(tmp_path: Path) -> None:
    """SQLite keeps text in a column of numbers, and the hash may fit."""
    with _given(tmp_path / "log") as log:
        index = index_of(log)
    with closing(sqlite3.connect(index)) as database:
        database.execute("UPDATE known SET sequence = 'x'")
        database.commit()
    index.with_name("ids.sqlite.sha256").write_text(sha256(index.read_bytes()).hexdigest())
    _assert_known(tmp_path / "log")
