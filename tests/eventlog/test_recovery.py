"""Crash points: whatever step is the last one, the log opens again with all that it promised."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

import pytest

from eventlog import DamagedLogError, EventLog, EventLogError, WriterFailedError, verify
from eventlog._catalog import Catalog
from eventlog._files import Files
from eventlog._lock import DirectoryLock
from eventlog._sealer import seal_segment
from eventlog._segments import RawSegment
from tests.support.files import (
    CrashError,
    CrashingFiles,
    FailingFiles,
    RecordingFiles,
    UnsyncedFiles,
)
from tests.support.logs import (
    active_file,
    batch,
    copy_of,
    flip,
    numbers,
    quarantined,
    segment_files,
    small_log,
)

EVENTS = 17


def work(path: Path, files: Files, acknowledged: list[int]) -> None:
    """Creates, appends, rotates, seals and closes; notes what was acknowledged at once."""

    def add(log: EventLog, size: int) -> None:
        first = len(acknowledged) + 1
        log.extend(batch(first, size))
        acknowledged.extend(range(first, first + size))

    with EventLog.open(path, files=files, segment_events=4) as log:
        for size in (1, 2, 3):
            add(log, size)
        log.seal()
        for size in (1, 3, 1):
            add(log, size)
    with EventLog.open(path, files=files, segment_events=4) as log:
        add(log, 4)
        add(log, 2)
        log.seal()


@contextmanager
def crashing() -> Iterator[None]:
    """What a process runs into when its disk is gone; the crash itself is noted by the files."""
    with suppress(OSError, EventLogError):
        yield


def operations_of_work(tmp_path: Path) -> int:
    files, acknowledged = RecordingFiles(), list[int]()
    work(tmp_path / "counted", files, acknowledged)
    assert len(acknowledged) == EVENTS
    return len(files.trace)


def assert_reopens(path: Path, acknowledged: list[int]) -> None:
    """Every acknowledged event once and in order, everything sealed, nothing left over."""
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        found = [event.data["n"] for event in log.read()]
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= len(acknowledged), "an acknowledged event is gone"
        assert len(found) - len(acknowledged) in (0, 1, 2, 3, 4), "more than the batch in flight"
        log.extend(batch(len(found) + 1, 2))
        log.seal()
    assert numbers(path) == list(range(1, len(found) + 3))
    names = [file.name for file in segment_files(path)]
    assert [name.endswith(".zst") for name in names] == [True] * (len(names) - 1) + [False]
    report = verify(path)
    assert report.ok, report.faults


def may_be_missing(path: Path, acknowledged: list[int]) -> bool:
    """Before ``log.json`` is there, there is no log, and nothing was acknowledged."""
    return not acknowledged and not (path / "log.json").exists()


@pytest.mark.parametrize("torn", [0.0, 0.5, 1.0])
def test_a_crash_at_any_operation_loses_and_doubles_nothing(tmp_path: Path, torn: float) -> None:
    for at in range(1, operations_of_work(tmp_path) + 1):
        path, acknowledged = tmp_path / f"log-{at}", list[int]()
        files = CrashingFiles(at, torn)
        with crashing():
            work(path, files, acknowledged)
        assert files.crashed
        assert_reopens(path, acknowledged)
        shutil.rmtree(path)


def test_a_reader_sees_all_that_was_acknowledged_before_anything_is_recovered(
    tmp_path: Path,
) -> None:
    for at in range(1, operations_of_work(tmp_path) + 1):
        path, acknowledged = tmp_path / f"log-{at}", list[int]()
        with crashing():
            work(path, CrashingFiles(at, 0.5), acknowledged)
        if not may_be_missing(path, acknowledged):
            found = numbers(path)
            assert found[: len(acknowledged)] == acknowledged, at
            assert found == list(range(1, len(found) + 1)), at


def crashed_logs(tmp_path: Path) -> Iterator[tuple[Path, list[int]]]:
    """A log for each crash point of the work that leaves the next opening something to do."""
    for at in range(1, operations_of_work(tmp_path) + 1):
        path, acknowledged = tmp_path / f"crashed-{at}", list[int]()
        with crashing():
            work(path, CrashingFiles(at, 0.5), acknowledged)
        yield path, acknowledged
        shutil.rmtree(path, ignore_errors=True)


def test_a_crash_at_any_operation_of_the_recovery_is_recovered_from(tmp_path: Path) -> None:
    for crashed, acknowledged in crashed_logs(tmp_path):
        at, files = 0, CrashingFiles(1)
        while files.crashed:
            at += 1
            path = tmp_path / "again"
            if crashed.exists():
                copy_of(crashed, path)
            files = CrashingFiles(at, 0.5)
            with crashing():
                EventLog.open(path, files=files, segment_events=4).close()
            assert_reopens(path, acknowledged)
            shutil.rmtree(path)


def test_recovery_is_idempotent(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "log", list[int]()
    at = operations_of_work(tmp_path) // 2
    with crashing():
        work(path, CrashingFiles(at, 0.5), acknowledged)
    EventLog.open(path).close()
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    EventLog.open(path).close()
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_a_torn_manifest_line_is_kept_and_its_segment_sealed_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.extend(batch(1, 3))
        raw = segment_files(path)[0]
        content = raw.read_bytes()
        log.seal()
    manifest = path / "manifest.jsonl"
    line = manifest.read_bytes()
    for size in range(len(line)):
        raw.write_bytes(content)
        manifest.write_bytes(line[:size])
        shutil.rmtree(path / "quarantine", ignore_errors=True)
        EventLog.open(path, files=UnsyncedFiles()).close()
        assert quarantined(path) == ([line[:size]] if size else [])
        assert manifest.read_bytes() == line
        assert numbers(path) == [1, 2, 3]


def test_the_crash_is_what_stopped_the_work(tmp_path: Path) -> None:
    """The harness must not pass because something else failed first."""
    for at in range(1, operations_of_work(tmp_path) + 1):
        with pytest.raises((CrashError, EventLogError)) as raised:
            work(tmp_path / f"log-{at}", CrashingFiles(at), [])
        errors = [raised.value, raised.value.__cause__, raised.value.__context__]
        assert any("crash before" in str(error) for error in errors), at


def test_a_writer_that_finds_damage_in_what_others_wrote_writes_nothing_behind_it(
    tmp_path: Path,
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 1))
        known = active_file(log.path).stat().st_size
        with EventLog.open(log.path) as other:
            for number in (2, 3):
                other.extend(batch(number, 1))
        content = active_file(log.path).read_bytes()
        damaged = flip(flip(content, known + 60, 0), len(content) - 60, 0)
        active_file(log.path).write_bytes(damaged)
        with pytest.raises(DamagedLogError, match="damaged, and not at its end") as raised:
            log.append("test.numbered", {"n": 4})
        assert (raised.value.offset, raised.value.sequence) == (known, 2)
        with pytest.raises(WriterFailedError):
            log.append("test.numbered", {"n": 4})
    assert active_file(log.path).read_bytes() == damaged


def test_a_segment_that_another_process_seals_while_we_open_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FailingFiles(lambda what, count: what == "rename" and count > 1)  # no sealing
    log = EventLog.open(tmp_path / "log", files=files)
    log.extend(batch(1, 3))
    log.rotate()
    log.extend(batch(4, 3))
    with pytest.raises(OSError, match="error"):
        log.close()
    open_raw = RawSegment.open

    def sealed_first(segment: RawSegment) -> BufferedReader:
        monkeypatch.undo()
        seal_segment(segment, Catalog(tmp_path / "log"), Files())
        return open_raw(segment)

    with DirectoryLock(tmp_path / "log" / "segments") as sealing:
        assert sealing.acquire(0)
        monkeypatch.setattr(RawSegment, "open", sealed_first)
        again = EventLog.open(tmp_path / "log")
    assert again.append("test.numbered", {"n": 7}) == 7
    again.close()
    assert numbers(again.path) == list(range(1, 8))


def test_a_file_in_the_place_of_the_quarantine_is_named_and_nothing_cut(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log", [1])
    log.put(log.content + b"torn")
    (log.path / "quarantine").write_text("mine")
    with pytest.raises(DamagedLogError, match=r"this is no directory, .* move it"):
        EventLog.open(log.path)
    assert log.active.read_bytes() == log.content + b"torn"


def test_nothing_is_quarantined_through_a_link(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log", [1])
    log.put(log.content + b"torn")
    (tmp_path / "elsewhere").mkdir()
    (log.path / "quarantine").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedLogError, match="nothing is written through one"):
        EventLog.open(log.path)
    assert log.active.read_bytes() == log.content + b"torn"
