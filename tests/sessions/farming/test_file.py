"""The JSON file of the farming logger is shown from the log and edited by people."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog
from sessions._shared_log import close_shared_logs
from sessions.farming import SessionLogger
from sessions.farming._file import Pages
from tests.sessions.farming.helpers import FILE, LOG, edit, events, golds, in_file, put, save

# Notes


def test_edited_notes_are_read_and_survive_later_saves_trap_11(farm: SessionLogger) -> None:
    save(farm, 1, 2)
    edit(0, notes="good run")
    assert farm.load_sessions()[1]["notes"] == "good run"
    save(farm, 3, 4)
    assert [one["notes"] for one in in_file()] == ["good run", "", "", ""]
    (noted,) = events("session.annotated")
    first = events("session.summarized")[0]
    assert (noted.subject, noted.data["notes"]) == (first.subject, "good run")


def test_the_oldest_of_a_full_file_can_be_annotated(farm: SessionLogger) -> None:
    save(farm, *range(100))
    edit(0, notes="first")
    save(farm, 100)
    save(farm, 101)
    (noted,) = events("session.annotated")
    assert noted.subject == events("session.summarized")[0].subject
    assert in_file()[0]["total_gold"] == 2


def test_a_note_is_recorded_by_a_save_without_any_read(farm: SessionLogger) -> None:
    save(farm, 1)
    edit(0, notes="later")
    save(farm, 2)
    assert [one.data["notes"] for one in events("session.annotated")] == ["later"]
    assert in_file()[0]["notes"] == "later"


def test_a_note_is_recorded_once_and_changed_notes_again(farm: SessionLogger) -> None:
    save(farm, 1)
    for notes in ("a", "a", "b", "", ""):
        edit(0, notes=notes)
        farm.load_sessions()
        SessionLogger("another").load_sessions()
    assert [one.data["notes"] for one in events("session.annotated")] == ["a", "b", ""]


def test_the_other_reads_record_nothing(farm: SessionLogger) -> None:
    save(farm, 1)
    edit(0, notes="x")
    farm.get_trend_data("notes")
    farm.get_best_areas()
    farm.get_most_dangerous_areas()
    farm.export_sessions_csv()
    assert events("session.annotated") == []


def test_notes_of_equal_records_stay_where_they_are(
    farm: SessionLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a clock that stands still, records differ in nothing but their place."""
    monkeypatch.setattr("sessions.farming._saving.clock.time", lambda: 1_700_000_000.0)
    save(farm, 5, 5, 5)
    edit(1, notes="the second")
    save(farm, 5)
    assert [one["notes"] for one in in_file()] == ["", "the second", "", ""]
    assert len(events("session.imported")) == 0


def test_an_editor_may_begin_the_file_with_a_mark(farm: SessionLogger) -> None:
    save(farm, 1)
    FILE.write_bytes(b"\xef\xbb\xbf" + FILE.read_bytes().replace(b"\n", b"\r\n"))
    save(farm, 2)
    assert golds(farm) == [2, 1]
    assert events("log.reset", "session.imported") == []


# Other edits


def test_an_edited_number_is_the_sessions_new_record(farm: SessionLogger) -> None:
    save(farm, 1, 2)
    edit(0, total_gold=1000, notes="counted again")
    assert golds(farm) == [2, 1000]
    save(farm, 3)
    assert golds(farm) == [3, 2, 1000]
    (changed,) = events("session.imported")
    assert changed.subject == events("session.summarized")[0].subject
    assert changed.data["record"]["notes"] == "counted again"


def test_a_deleted_record_stays_deleted_wherever_it_was(farm: SessionLogger) -> None:
    save(farm, 1, 2, 3, 4)
    put(in_file()[1:-1])
    assert golds(farm) == [3, 2]
    save(farm, 5)
    assert golds(SessionLogger("another")) == [5, 3, 2]


def test_another_order_stays(farm: SessionLogger) -> None:
    save(farm, 1, 2, 3)
    put(in_file()[::-1])
    save(farm, 4)
    assert golds(farm) == [4, 1, 2, 3]
    assert events("session.imported") == []


def test_records_that_were_there_first_are_imported_once(farm: SessionLogger) -> None:
    old = {
        "session_id": "2026-02-05_14-30-22", "start_time": 1770301822.0, "end_time": 1770303622.0,
        "duration_minutes": 30.0, "total_gold": 15000, "kills": 50, "flee_events": 3, "deaths": 1,
        "areas_farmed": [{"area": "Orc Fort", "gold": 15000, "time": 1800}], "notes": "mine",
    }  # fmt: skip
    foreign = {"session_id": "2026-02-05_14-30-22", "stats": {"gold": 7}}
    put([old, foreign, 5, foreign])
    save(farm, 1)
    save(farm, 2)
    assert in_file()[:4] == [old, foreign, 5, foreign]
    assert [one.data["record"] for one in events("session.imported")] == [old, foreign, 5, foreign]
    imported = events("session.summarized")[1]
    assert (imported.data["gold"], imported.data["duration_seconds"]) == (15000, 1800)
    assert imported.time.timestamp() == 1770303622.0


def test_what_was_imported_and_trimmed_at_once_does_not_come_back(farm: SessionLogger) -> None:
    put([{"total_gold": number} for number in range(150)])
    save(farm, 150, 151)
    assert [one["total_gold"] for one in in_file()] == list(range(52, 152))
    assert len(events("session.imported")) == 150
    assert farm.load_sessions(1000) == in_file()[::-1]


def test_what_json_has_not_stays_in_the_file_and_is_imported_once(farm: SessionLogger) -> None:
    FILE.write_text('[{"total_gold": NaN, "big": 100000000000000000000000, "bad": "\\ud800"}]')
    save(farm, 1)
    save(farm, 2)
    assert '"total_gold": NaN' in FILE.read_text()
    assert in_file()[0]["big"] == 10**23
    assert len(events("session.imported")) == 1


def test_a_record_that_no_log_takes_stays_in_the_file(
    farm: SessionLogger, caplog: pytest.LogCaptureFixture
) -> None:
    huge = {"total_gold": 5, "notes": "x" * 2_000_000}
    put([huge])
    save(farm, 1)
    save(farm, 2)
    assert in_file()[0] == huge
    assert golds(farm) == [2, 1, 5]
    assert "stays out of the log" in caplog.text


def test_a_record_of_no_time_that_clocks_know_is_imported_as_it_is(farm: SessionLogger) -> None:
    put([{"total_gold": 5, "start_time": 1e300, "end_time": -1e300}])
    save(farm, 1)
    assert golds(farm) == [1, 5]
    assert len(events("session.imported")) == len(events("session.summarized")) == 1


def test_restoring_keeps_a_record_that_no_log_takes(farm: SessionLogger) -> None:
    put([{"total_gold": 5, "notes": "x" * 2_000_000}])
    assert farm.restore() == 1
    assert golds(farm) == [5]


# Starting over


def test_a_deleted_file_starts_over_trap_12(farm: SessionLogger) -> None:
    save(farm, *range(5))
    FILE.unlink()
    assert golds(farm) == []
    save(farm, 9)
    assert [one["total_gold"] for one in in_file()] == [9]
    assert golds(SessionLogger("another")) == [9]
    (reset,) = events("log.reset")
    assert reset.data["reason"] == "missing"


def test_reading_does_not_start_over(farm: SessionLogger) -> None:
    save(farm, 1)
    kept = FILE.rename("elsewhere")
    assert golds(farm) == []
    kept.rename(FILE)
    save(farm, 2)
    assert golds(farm) == [2, 1]
    assert events("log.reset", "session.imported") == []


@pytest.mark.parametrize("text", [b"", b'[{"total_gold": 1', b"{}", b"\xff\xfe", b"[" * 100_000])
def test_a_corrupt_file_is_kept_beside(farm: SessionLogger, text: bytes) -> None:
    save(farm, 1, 2)
    FILE.write_bytes(text)
    save(farm, 3)
    assert golds(farm) == [3]
    (reset,) = events("log.reset")
    assert reset.data["reason"] == "corrupt"
    assert (FILE.parent / reset.data["kept_as"]).read_bytes() == text
    FILE.write_bytes(b"again")
    save(farm, 4)
    kept = [one.data["kept_as"] for one in events("log.reset")]
    assert [(FILE.parent / name).read_bytes() for name in kept] == [text, b"again"]


def test_restoring_brings_everything_back(farm: SessionLogger) -> None:
    save(farm, *range(120))
    edit(99, notes="last")
    farm.load_sessions()
    FILE.unlink()
    save(farm, 120)
    assert farm.restore() == 100
    assert golds(farm) == list(range(120, 20, -1))
    assert in_file()[98]["notes"] == "last"
    save(farm, 121)
    assert golds(SessionLogger("another"))[:3] == [121, 120, 119]
    assert len(in_file()) == 100


def test_restoring_keeps_what_people_did_since(farm: SessionLogger) -> None:
    save(farm, 1, 2)
    put([{"total_gold": 7, "end_time": 0}, {**in_file()[1], "notes": "n"}])
    assert farm.restore() == 3
    assert golds(farm) == [2, 1, 7]
    assert in_file()[2]["notes"] == "n"
    assert farm.restore() == 3


def test_restoring_from_a_corrupt_file_keeps_it(farm: SessionLogger) -> None:
    save(farm, 1)
    FILE.write_text("broken")
    assert farm.restore() == 1
    (beside,) = FILE.parent.glob("*.corrupt-*")
    assert beside.read_text() == "broken"


def test_there_is_nothing_to_restore_in_the_beginning(farm: SessionLogger) -> None:
    assert farm.restore() == 0
    assert os.listdir("logs") == []


def test_a_backup_put_back_is_known(farm: SessionLogger) -> None:
    save(farm, 1, 2)
    backup = in_file()
    FILE.unlink()
    save(farm, 3)
    put([*backup, *in_file()])
    save(farm, 4)
    assert golds(farm) == [4, 3, 2, 1]
    assert farm.restore() == 4
    assert len(events("session.summarized")) == 4


def test_a_copy_of_the_file_elsewhere_counts_no_session_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTLOG_DIR", str(tmp_path / LOG))
    save(SessionLogger("x"), 1, 2)
    data = FILE.read_bytes()
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    farm = SessionLogger("x")
    FILE.write_bytes(data)
    save(farm, 3)
    assert golds(farm) == golds(SessionLogger("y")) == [3, 2, 1]
    assert farm.restore() == 3
    monkeypatch.chdir(tmp_path)
    assert len(events("session.summarized")) == 3
    assert golds(SessionLogger("x")) == [2, 1]


def test_the_log_and_its_files_may_move_together(
    farm: SessionLogger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        if name == "new":
            close_shared_logs()
            (tmp_path / "old" / LOG).rename(LOG)
            (tmp_path / "old" / "logs").rename("logs")
        save(SessionLogger("x"), 1)
    assert len(in_file()) == 2
    assert events("session.imported", "log.reset") == []


# The text of the file

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


@given(rounds=st.lists(st.lists(VALUES, max_size=4), min_size=1, max_size=4))
def test_the_text_is_that_of_the_json_module_whatever_was_written_before(
    rounds: list[list[Any]],
) -> None:
    pages = Pages()
    kept: list[Any] = []
    for new in rounds:
        kept = [*kept, *new][-5:]
        data = pages.encode(kept)
        assert data == json.dumps(kept, indent=2).encode()
        assert pages.parse(data) == kept
        assert pages.parse(b"[1]") == [1]


# When files cannot be written


def test_a_file_that_cannot_be_replaced_gets_the_session_later(
    farm: SessionLogger, caplog: pytest.LogCaptureFixture
) -> None:
    save(farm, 1)
    before = FILE.read_bytes()
    obstacle = Path("logs/.farming_sessions.json.tmp")
    obstacle.mkdir()
    save(farm, 2)
    assert FILE.read_bytes() == before
    assert "not written now, the next save does it" in caplog.text
    assert golds(farm) == golds(SessionLogger("another")) == [2, 1]
    obstacle.rmdir()
    save(farm, 3)
    assert [one["total_gold"] for one in in_file()] == [1, 2, 3]


def test_no_more_is_shown_than_the_file_will_have(farm: SessionLogger) -> None:
    put([{"total_gold": gold} for gold in range(99)])
    obstacle = Path("logs/.farming_sessions.json.tmp")
    obstacle.mkdir()
    save(farm, 99, 100, 101)
    assert golds(farm) == list(range(101, 1, -1))
    obstacle.rmdir()
    save(farm, 102)
    assert [one["total_gold"] for one in in_file()] == list(range(3, 103))


def test_what_waits_for_the_file_is_not_what_readers_change(farm: SessionLogger) -> None:
    Path("logs/.farming_sessions.json.tmp").mkdir()
    save(farm, 1)
    farm.load_sessions()[0]["total_gold"] = 5
    assert golds(farm) == [1]


def test_a_directory_that_is_gone_is_made_again(farm: SessionLogger) -> None:
    Path("logs").rmdir()
    save(farm, 1)
    assert golds(farm) == [1]


def test_where_the_directory_is_a_file_the_log_alone_has_the_sessions() -> None:
    Path("logs").write_text("in the way")
    farm = SessionLogger("x")
    save(farm, 1, 2)
    assert golds(farm) == [2, 1]
    assert not farm.export_sessions_csv()
    with pytest.raises(OSError):
        farm.restore()
    Path("logs").unlink()
    save(farm, 3)
    assert golds(farm) == [3, 2, 1]
    assert len(in_file()) == 3


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_left_alone(farm: SessionLogger, make: Any) -> None:
    make(FILE)
    save(farm, 1)
    assert golds(farm) == [1]
    assert not FILE.is_file()


def test_a_full_disk_loses_nothing_and_the_file_stays_whole(farm: SessionLogger) -> None:
    save(farm, 1)
    before = FILE.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        save(farm, 2)
        assert FILE.read_bytes() == before
        assert golds(farm) == [2, 1]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    save(farm, 3)
    assert [one["total_gold"] for one in in_file()] == [1, 2, 3]
    farm.close()
    assert [one.data["gold"] for one in events("session.summarized")] == [1, 2, 3]
    assert events("session.imported") == []


def test_a_log_that_cannot_be_opened_leaves_the_file_as_it_was_used_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    LOG.write_text("no log")
    farm = SessionLogger("x")
    save(farm, 1, 2)
    assert golds(farm) == [2, 1]
    edit(0, notes="n")
    assert farm.load_sessions()[1]["notes"] == "n"
    assert "kept in memory" in caplog.text
    LOG.unlink()
    save(farm, 3)
    assert [one["total_gold"] for one in in_file()] == [1, 2, 3]
    farm.close()
    assert [one.data["gold"] for one in events("session.summarized")] == [1, 2, 3]


def test_a_directory_that_is_held_for_long_holds_nobody(
    farm: SessionLogger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sessions.farming._publishing._PATIENCE", 0.02)
    descriptor = os.open("logs", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        save(farm, 1)
        assert not FILE.exists()
        assert golds(farm) == [1]
        assert "the next save does it" in caplog.text
        assert "another program holds it" in caplog.text
    finally:
        os.close(descriptor)
    save(farm, 2)
    assert [one["total_gold"] for one in in_file()] == [1, 2]


def test_a_link_in_place_of_the_file_is_not_written_through(
    farm: SessionLogger, tmp_path: Path
) -> None:
    target = tmp_path / "precious.json"
    target.write_text('[{"total_gold": 5}]')
    FILE.symlink_to(target)
    save(farm, 1)
    assert target.read_text() == '[{"total_gold": 5}]'
    assert not FILE.is_symlink()
    assert golds(farm) == [1, 5]


def test_the_files_mode_stays(farm: SessionLogger) -> None:
    save(farm, 1)
    FILE.chmod(0o640)
    save(farm, 2)
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o640


def test_a_log_that_does_not_close_in_order_stops_nobody(
    farm: SessionLogger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError("disk gone")

    with monkeypatch.context() as broken:
        broken.setattr(farm._history.shared, "settle", fail)
        farm.close()
    assert "disk gone" in caplog.text


# More than one logger


def test_what_a_killed_writer_left_is_removed(farm: SessionLogger) -> None:
    Path("logs/.farming_sessions.json.tmp").write_text("half")
    save(farm, 1)
    assert os.listdir("logs") == [FILE.name]


def test_threads_and_loggers_share_one_file() -> None:
    def work(number: int) -> None:
        farm = SessionLogger(f"bot-{number}")
        save(farm, *range(number * 10, number * 10 + 5))

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {number * 10 + run for number in range(4) for run in range(5)}
    assert set(golds(SessionLogger("x"))) == expected
    assert len(in_file()) == 20
    assert events("session.imported", "log.reset") == []


def test_sessions_of_others_in_the_same_log_are_not_seen(farm: SessionLogger) -> None:
    with EventLog.open(LOG) as log:
        log.append("session.summarized", {"gold": 1}, subject="s", source="farming/x")
        log.append(
            "session.summarized", {"file": "logs/farming_sessions.json", "record": {}},
            subject="s", source="agent/x",
        )  # fmt: skip
    save(farm, 2)
    assert golds(farm) == [2]
    assert farm.restore() == 1


def test_another_log_in_the_place_of_the_first_is_noticed(farm: SessionLogger) -> None:
    save(farm, 1, 2)
    farm.close()
    LOG.rename("old.eventlog")
    save(farm, 3)
    assert golds(farm) == [3, 2, 1]
    assert len(events("session.imported")) == 2
