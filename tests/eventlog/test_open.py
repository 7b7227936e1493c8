"""Opening: what is there, what is not, and what is left alone."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from eventlog import (
    DamagedLogError,
    EventLog,
    LogNotFoundError,
    NotALogError,
    UnsupportedFormatError,
    verify,
)
from eventlog._check import finish_line
from eventlog._files import Files
from tests.support.files import FailingFiles
from tests.support.logs import active_file, batch, numbers, segment_files
from tests.support.processes import ROOT


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """A log with a sealed segment and three events in the active one."""
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        log.seal()
        log.extend(batch(4, 3))
    return tmp_path / "log"


# Nothing there


@pytest.mark.parametrize("options", [{"readonly": True}, {"create": False}], ids=str)
def test_a_missing_log_is_not_found_unless_it_may_be_created(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    with pytest.raises(LogNotFoundError, match="check the path, or create one"):
        EventLog.open(tmp_path / "log", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "log").exists()


def test_a_log_in_a_missing_directory_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        EventLog.open(tmp_path / "missing" / "log")


def test_an_empty_directory_becomes_a_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("first", {}) == 1


def test_a_log_that_another_process_made_while_we_waited_is_taken_as_it_is(tmp_path: Path) -> None:
    class Overtaken(Files):
        """Another process makes the log before this one has the lock."""

        def open_lock(self, path: Path) -> int:
            if not (path.parent / "log.json").exists():
                with EventLog.open(path.parent) as faster:
                    made.append(faster.log_id)
                    faster.append("first", {})
            return super().open_lock(path)

    made: list[str] = []
    with EventLog.open(tmp_path / "log", files=Overtaken()) as log:
        assert [log.log_id] == made
        assert log.head() == 1


def test_a_path_may_be_text(tmp_path: Path) -> None:
    with EventLog.open(str(tmp_path / "log")) as log:
        assert log.path == tmp_path / "log"


# Something else there


@pytest.mark.parametrize("options", [{}, {"readonly": True}, {"create": False}], ids=str)
def test_a_file_is_no_log(tmp_path: Path, options: dict[str, bool]) -> None:
    (tmp_path / "log").write_text("mine")
    with pytest.raises(NotALogError, match="this is a file"):
        EventLog.open(tmp_path / "log", **options)  # type: ignore[arg-type]
    assert (tmp_path / "log").read_text() == "mine"


@pytest.mark.parametrize("options", [{}, {"readonly": True}, {"create": False}], ids=str)
def test_a_directory_with_other_files_is_no_log_and_stays_as_it_is(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(NotALogError, match="no event log"):
        EventLog.open(tmp_path, **options)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_newer_format_is_refused_and_nothing_else_is_looked_at(log_path: Path) -> None:
    (log_path / "log.json").write_bytes(finish_line(b'{"format":2,"anything":[]', 0))
    shutil.rmtree(log_path / "segments")
    for readonly in (True, False):
        with pytest.raises(UnsupportedFormatError, match="install a newer eventlog"):
            EventLog.open(log_path, readonly=readonly)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 96, b"[" * 4096, b"\xff\xfe"])
def test_a_damaged_identity_is_damage_and_never_a_new_log(log_path: Path, content: bytes) -> None:
    (log_path / "log.json").write_bytes(content)
    for readonly in (True, False):
        with pytest.raises(DamagedLogError, match="restore it from a copy") as raised:
            EventLog.open(log_path, readonly=readonly)
        assert raised.value.path == log_path / "log.json"


def test_a_missing_identity_never_makes_a_new_log_of_an_old_one(log_path: Path) -> None:
    (log_path / "log.json").unlink()
    before = sorted(log_path.rglob("*"))
    for readonly in (True, False):
        with pytest.raises(DamagedLogError, match=r"log\.json is missing, and there are events"):
            EventLog.open(log_path, readonly=readonly)
    assert sorted(log_path.rglob("*")) == before


def test_a_lost_identity_of_a_log_without_manifest_never_makes_a_new_log(tmp_path: Path) -> None:
    """It looks like one whose creation was cut short, but for its events."""
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
    (tmp_path / "log" / "log.json").unlink()
    content = active_file(tmp_path / "log").read_bytes()
    with pytest.raises(DamagedLogError, match=r"log\.json is missing, and there are events"):
        EventLog.open(tmp_path / "log")
    assert active_file(tmp_path / "log").read_bytes() == content


# Parts missing or foreign


def test_a_missing_segments_directory_is_damage(log_path: Path) -> None:
    shutil.rmtree(log_path / "segments")
    with pytest.raises(DamagedLogError, match="directory of the segments is missing"):
        EventLog.open(log_path)
    with pytest.raises(DamagedLogError, match="directory of the segments is missing"):
        numbers(log_path)


def test_a_missing_active_segment_is_damage(log_path: Path) -> None:
    active_file(log_path).unlink()
    with pytest.raises(DamagedLogError, match="active segment is missing") as raised:
        EventLog.open(log_path)
    assert raised.value.sequence == 4
    with pytest.raises(DamagedLogError, match="active segment is missing"):
        numbers(log_path)


def test_a_missing_sealed_segment_is_met_by_reading(log_path: Path) -> None:
    segment_files(log_path)[0].unlink()
    with pytest.raises(DamagedLogError, match="a sealed segment is missing"):
        numbers(log_path)


def test_a_sealed_segment_of_another_size_is_met_by_reading(log_path: Path) -> None:
    sealed = segment_files(log_path)[0]
    sealed.write_bytes(sealed.read_bytes() + b"\0")
    with pytest.raises(DamagedLogError, match="and the manifest states"):
        numbers(log_path)


def test_a_segment_that_the_manifest_does_not_know_is_damage(log_path: Path) -> None:
    sealed = segment_files(log_path)[0]
    foreign = sealed.with_name("0000000000000000002.jsonl.zst")
    shutil.copy(sealed, foreign)
    with pytest.raises(DamagedLogError, match="not in the manifest") as raised:
        EventLog.open(log_path)
    assert raised.value.path == foreign
    assert foreign.exists()


def test_a_raw_segment_of_another_log_is_damage(log_path: Path, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "other") as other:
        for first in (1, 4, 7):
            other.extend(batch(first, 3))
    shutil.copy(active_file(other.path), active_file(log_path))
    with pytest.raises(DamagedLogError):
        EventLog.open(log_path)
    with pytest.raises(DamagedLogError):
        numbers(log_path)


def test_a_sealed_segment_of_another_log_is_met_by_reading(log_path: Path, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "other") as other:
        other.extend(batch(1, 5))
        other.seal()
    shutil.copy(segment_files(other.path)[0], segment_files(log_path)[0])
    with pytest.raises(DamagedLogError):
        numbers(log_path)
    assert not verify(log_path).ok


def test_a_raw_segment_that_was_sealed_goes_only_when_the_sealed_one_is_whole(
    log_path: Path,
) -> None:
    sealed = segment_files(log_path)[0]
    raw = sealed.with_suffix("")
    raw.write_bytes(b"the original lines\n")
    content = sealed.read_bytes()
    sealed.write_bytes(content[:-1] + b"\0")
    with pytest.raises(DamagedLogError, match="does not have the hash"):
        EventLog.open(log_path)
    sealed.unlink()
    with pytest.raises(DamagedLogError, match="a sealed segment is missing"):
        EventLog.open(log_path)
    sealed.symlink_to(log_path / "nowhere")
    with pytest.raises(DamagedLogError, match="a sealed segment is missing"):
        EventLog.open(log_path)
    assert raw.exists()
    sealed.unlink()
    sealed.write_bytes(content)
    EventLog.open(log_path).close()
    assert not raw.exists()


def test_a_link_to_nowhere_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotALogError, match="check the path"):
        EventLog.open(tmp_path / "log", readonly=True)


def test_unknown_files_are_ignored_and_kept(log_path: Path) -> None:
    strange = [
        log_path / "notes.txt",
        log_path / "segments" / "notes.txt",
        log_path / "segments" / "0000000000000000007.jsonl.bak",
        log_path / "segments" / "notes.tmp",
    ]
    for path in strange:
        path.write_text("mine")
    with EventLog.open(log_path) as log:
        log.extend(batch(7, 3))
        log.seal()
    assert numbers(log_path) == list(range(1, 10))
    assert all(path.read_text() == "mine" for path in strange)


def test_a_temporary_file_of_a_seal_that_was_cut_short_goes(log_path: Path) -> None:
    left = log_path / "segments" / "0000000000000000004.jsonl.zst.tmp"
    left.write_bytes(b"half")
    EventLog.open(log_path).close()
    assert not left.exists()


def test_the_cache_may_be_deleted_at_any_time(log_path: Path) -> None:
    with EventLog.open(log_path) as log:
        sequence = log.append("test.numbered", {"n": 7}, id="seven")
    shutil.rmtree(log_path / "cache")
    with EventLog.open(log_path) as log:
        assert log.append("test.numbered", {"n": 7}, id="seven") == sequence


# Links


def test_a_link_as_active_segment_is_not_written_through(log_path: Path, tmp_path: Path) -> None:
    active, elsewhere = active_file(log_path), tmp_path / "elsewhere"
    active.rename(elsewhere)
    active.symlink_to(elsewhere)
    content = elsewhere.read_bytes()
    with pytest.raises(OSError, match="symbolic link"):
        EventLog.open(log_path)
    elsewhere.write_bytes(content + b"torn")
    with pytest.raises(OSError, match="symbolic link"):
        EventLog.open(log_path)
    assert elsewhere.read_bytes() == content + b"torn"


def test_a_link_to_nowhere_as_active_segment_is_damage(log_path: Path) -> None:
    active = active_file(log_path)
    active.unlink()
    active.symlink_to(log_path / "nowhere")
    with pytest.raises(DamagedLogError, match="a link leads nowhere") as raised:
        EventLog.open(log_path)
    assert str(raised.value.path) == str(active)
    assert not (log_path / "nowhere").exists()


def test_a_link_as_next_segment_is_not_written_through(log_path: Path, tmp_path: Path) -> None:
    with EventLog.open(log_path) as log:
        (log_path / "segments" / "0000000000000000007.jsonl").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileExistsError):
            log.rotate()
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_as_lock_file_is_not_followed(log_path: Path, tmp_path: Path) -> None:
    (log_path / "writer.lock").unlink()
    (log_path / "writer.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        EventLog.open(log_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_log_may_be_opened_through_a_link_to_its_directory(
    log_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(log_path)
    with EventLog.open(tmp_path / "link") as log:
        assert log.append("test.numbered", {"n": 7}) == 7


# Permissions


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_directories_are_0700_and_files_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with EventLog.open(tmp_path / "log") as log:
            log.append("given", {}, id="one")
            log.seal()
            log.append("given", {}, id="two")
        with active_file(log.path).open("ab") as file:
            file.write(b"torn")
        EventLog.open(log.path).close()
    finally:
        os.umask(before)
    found = {path: path.stat().st_mode & 0o777 for path in [log.path, *log.path.rglob("*")]}
    expected = {path: 0o700 if path.is_dir() else 0o600 for path in found}
    assert found == expected
    assert {path.name for path in log.path.iterdir()} == {
        "log.json", "manifest.jsonl", "segments", "quarantine", "cache", "writer.lock",
    }  # fmt: skip


READ_ONLY = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1], readonly=True) as log:
    print(len(list(log.read())), log.head(), log.info().events)
try:
    EventLog.open(sys.argv[1])
except OSError as error:
    print(error)
"""


def test_a_log_on_a_read_only_file_system_is_read_and_says_why_it_takes_nothing(
    log_path: Path,
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here: a read-only file system cannot be mounted")
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$1" -c "$2" "$0"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, log_path, sys.executable, READ_ONLY],
        capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    if "not permitted" in done.stderr or "permission denied" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    counts, reason = done.stdout.splitlines()
    assert counts == "6 6 6"
    assert "Read-only file system" in reason
    assert str(log_path) in reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_log_without_the_right_to_write_is_read(log_path: Path) -> None:
    log_path.chmod(0o500)
    try:
        assert numbers(log_path) == [1, 2, 3, 4, 5, 6]
        (log_path / "writer.lock").chmod(0o400)
        with pytest.raises(PermissionError):
            EventLog.open(log_path)
    finally:
        log_path.chmod(0o700)


def test_reading_changes_nothing_at_all(log_path: Path) -> None:
    with active_file(log_path).open("ab") as file:
        file.write(b"torn")
    before = {path: path.stat().st_mtime_ns for path in [log_path, *log_path.rglob("*")]}
    with EventLog.open(log_path, readonly=True) as log:
        assert len(list(log.read())) == log.head() == log.info().events == 6
        assert log.torn == ()
    after = {path: path.stat().st_mtime_ns for path in [log_path, *log_path.rglob("*")]}
    assert after == before


# What opening reports


def test_a_tear_is_reported_to_the_caller_and_to_the_log_of_the_program(
    log_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    active = active_file(log_path)
    size = active.stat().st_size
    with active.open("ab") as file:
        file.write(b"torn")
    with caplog.at_level(logging.WARNING, "eventlog"), EventLog.open(log_path) as log:
        (torn,) = log.torn
    assert (torn.path, torn.offset, torn.size) == (active, size, 4)
    assert torn.kept_in.read_bytes() == b"torn"
    assert torn.kept_in.name.startswith(f"{active.name}.{size}.torn.")
    assert str(torn.kept_in) in caplog.text


def test_two_tears_at_the_same_place_are_both_kept(log_path: Path) -> None:
    for text in (b"first", b"second"):
        with active_file(log_path).open("ab") as file:
            file.write(text)
        EventLog.open(log_path).close()
    kept = [path.read_bytes() for path in (log_path / "quarantine").iterdir()]
    assert sorted(kept) == [b"first", b"second"]


def test_a_tear_is_not_cut_when_its_bytes_cannot_be_kept(log_path: Path) -> None:
    with active_file(log_path).open("ab") as file:
        file.write(b"torn")
    content = active_file(log_path).read_bytes()
    for name in ("make_directory", "create", "write", "sync"):
        with pytest.raises(OSError, match="error"):
            EventLog.open(log_path, files=FailingFiles(lambda what, count, n=name: what == n))  # type: ignore[misc]
        assert active_file(log_path).read_bytes() == content, name
        shutil.rmtree(log_path / "quarantine", ignore_errors=True)


def test_a_log_tells_how_it_is_open(log_path: Path) -> None:
    with EventLog.open(log_path, readonly=True) as log:
        assert repr(log) == f"<EventLog {str(log_path)!r}, reading>"
    with EventLog.open(log_path) as log:
        assert repr(log) == f"<EventLog {str(log_path)!r}, writing>"
        assert len(log.log_id) == 12


def test_pieces_that_are_cut_off_at_the_same_moment_are_both_kept(
    log_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoppedClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> StoppedClock:
            return cls(2026, 2, 6, tzinfo=tz)

    monkeypatch.setattr("eventlog._quarantine.datetime", StoppedClock)
    for text in (b"first", b"second", b"third"):
        with active_file(log_path).open("ab") as file:
            file.write(text)
        EventLog.open(log_path).close()
    kept = {path.name: path.read_bytes() for path in (log_path / "quarantine").iterdir()}
    name = min(kept)
    assert kept == {name: b"first", f"{name}-1": b"second", f"{name}-2": b"third"}
