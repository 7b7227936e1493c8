"""What the writer does when the disk says no, when it syncs, and when it rotates."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventlog import (
    ClosedLogError,
    ConflictError,
    DamagedLogError,
    EventLog,
    InvalidEventError,
    LockTimeoutError,
    NewEvent,
    ReadOnlyError,
    WriterFailedError,
    verify,
)
from eventlog._files import Files
from eventlog._lock import DirectoryLock
from tests.support.files import FailingFiles, RecordingFiles
from tests.support.logs import active_file, batch, flip, numbers, segment_files
from tests.support.processes import ROOT


class TornWrites(RecordingFiles):
    """The chosen write puts half of its bytes on the disk, then fails; so may cutting them off."""

    def __init__(self, fails_at: int, *, cuts: bool) -> None:
        super().__init__()
        self.fails_at = fails_at
        self.cuts = cuts

    def truncate(self, descriptor: int, size: int) -> None:
        if not self.cuts:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        Files.truncate(self, descriptor, size)

    def write(self, descriptor: int, data: bytes) -> None:
        self.counts["write"] += 1
        if self.counts["write"] == self.fails_at:
            os.write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        Files.write(self, descriptor, data)


def test_a_short_write_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        real, calls = os.write, []

        def short(descriptor: int, data: bytes) -> int:
            calls.append(len(data))
            return real(descriptor, bytes(data)[:50])

        monkeypatch.setattr(os, "write", short)
        log.extend(batch(1, 3))
        monkeypatch.undo()
    assert len(calls) > 3
    assert numbers(tmp_path / "log") == [1, 2, 3]


# Failures


@pytest.mark.parametrize("name", ["write", "sync"])
def test_a_failed_write_or_sync_poisons_the_writer_for_good(tmp_path: Path, name: str) -> None:
    files = FailingFiles(lambda what, count: False)
    with EventLog.open(tmp_path / "log", files=files) as log:
        log.append("test.numbered", {"n": 1})
        failing = files.counts[name] + 1
        files.when = lambda what, count: what == name and count == failing
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            log.append("test.numbered", {"n": 2})
        for again in (
            lambda: log.append("test.numbered", {"n": 3}),
            lambda: log.extend(batch(3, 2)),
            lambda: log.append("test.numbered", {"n": 3}, id="given"),
            log.rotate,
            log.seal,
        ):
            with pytest.raises(WriterFailedError, match="close this log and open it again"):
                again()
        assert [event.data["n"] for event in log.read()][:1] == [1], "reading goes on"
    assert files.counts[name] == failing, "a failed operation was tried again"


def test_no_sync_is_ever_tried_again_after_one_failed(tmp_path: Path) -> None:
    """Not by another append, not by close, not by rotation."""
    files = FailingFiles(lambda what, count: what == "sync" and count >= 4, errno.EIO)
    log = EventLog.open(tmp_path / "log", files=files)
    while not files.counts["sync"] >= 4:
        try:
            log.append("test.numbered", {"n": 1})
        except OSError:
            break
    with pytest.raises(WriterFailedError):
        log.append("test.numbered", {"n": 2})
    log.close()
    assert files.counts["sync"] == 4


def test_no_sync_is_tried_again_after_the_one_of_a_rotation_failed(tmp_path: Path) -> None:
    files = FailingFiles(lambda what, count: False)
    log = EventLog.open(tmp_path / "log", files=files, sync="interval", sync_interval=0.2)
    before = files.counts["sync"]
    files.when = lambda what, count: what == "sync" and count == before + 1
    log.append("test.numbered", {"n": 1})
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        log.rotate()
    time.sleep(0.5)  # the background sync has its turn, too
    log.close()
    assert files.counts["sync"] == before + 1


@pytest.mark.parametrize("cuts", [True, False])
def test_what_a_failed_write_left_is_cut_off_at_once_or_by_the_next_opening(
    tmp_path: Path, cuts: bool
) -> None:
    files = TornWrites(fails_at=4, cuts=cuts)
    log = EventLog.open(tmp_path / "log", files=files)
    acknowledged = []
    with pytest.raises(OSError, match="No space"):
        for number in range(1, 9):
            log.append("test.numbered", {"n": number})
            acknowledged.append(number)
    torn = active_file(log.path).read_bytes()
    log.close()
    assert active_file(log.path).read_bytes() == torn, "closing wrote something"
    assert numbers(log.path) == acknowledged
    with EventLog.open(log.path) as again:
        assert len(again.torn) == (0 if cuts else 1)
        assert again.head() == len(acknowledged)
        again.append("test.numbered", {"n": len(acknowledged) + 1})
    assert numbers(log.path) == [*acknowledged, len(acknowledged) + 1]


@pytest.mark.parametrize("name", ["create", "sync_directory", "sync"])
def test_a_failed_rotation_loses_nothing(tmp_path: Path, name: str) -> None:
    files = FailingFiles(lambda what, count: False)
    with EventLog.open(tmp_path / "log", files=files) as log:
        log.extend(batch(1, 3))
        failing = files.counts[name] + 1
        files.when = lambda what, count: what == name and count == failing
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            log.rotate()
        with pytest.raises(WriterFailedError):
            log.append("test.numbered", {"n": 4})
    with EventLog.open(tmp_path / "log") as log:
        assert log.append("test.numbered", {"n": 4}) == 4
        log.seal()
    assert numbers(tmp_path / "log") == [1, 2, 3, 4]
    assert verify(tmp_path / "log").ok


SEALING = ["create", "write", "sync", "rename", "sync_directory", "unlink"]


@pytest.mark.parametrize("name", SEALING)
def test_a_failed_seal_is_reported_and_appending_goes_on(tmp_path: Path, name: str) -> None:
    """The segment stays raw; the next opening seals it."""
    files = FailingFiles(lambda what, count: False, errno.ENOSPC)
    with EventLog.open(tmp_path / "log", files=files) as log:
        log.extend(batch(1, 3))
        log.rotate()
        log.seal()
        log.extend(batch(4, 3))
        log.rotate()
        files.when = lambda what, count: what == name
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            log.seal()
        files.when = lambda what, count: False
        if log_takes_more(log, 7):
            with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                log.seal()
        found = [event.data["n"] for event in log.read()]
    assert found[:6] == [1, 2, 3, 4, 5, 6]
    assert numbers(log.path) == found
    EventLog.open(log.path).close()
    names = [file.name for file in segment_files(log.path)]
    assert [name.endswith(".zst") for name in names] == [True] * (len(names) - 1) + [False]
    assert numbers(log.path) == found
    assert verify(log.path).ok


def log_takes_more(log: EventLog, number: int) -> bool:
    """Whether the failure hit only the sealing, and the writer is well."""
    try:
        log.append("test.numbered", {"n": number})
    except WriterFailedError:
        return False
    return True


def test_a_seal_that_failed_does_not_let_later_segments_overtake_it(tmp_path: Path) -> None:
    """The manifest would have a gap, and the log would be unreadable."""
    files = FailingFiles(lambda what, count: what == "rename" and count == 2)
    with EventLog.open(tmp_path / "log", files=files) as log:
        log.extend(batch(1, 3))
        for first in (4, 7):
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                log.seal()
            log.extend(batch(first, 3))
        assert [event.data["n"] for event in log.read()] == list(range(1, 10))
    assert numbers(log.path) == list(range(1, 10))
    EventLog.open(log.path).close()
    assert verify(log.path).ok


def test_a_sealing_failure_that_nobody_asked_about_is_raised_by_close(tmp_path: Path) -> None:
    files = FailingFiles(lambda what, count: what == "unlink")
    log = EventLog.open(tmp_path / "log", files=files)
    log.extend(batch(1, 3))
    log.rotate()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        log.close()
    with EventLog.open(log.path, lock_timeout=0) as again:
        assert again.head() == 3


def test_an_unexpected_error_while_sealing_is_not_taken_for_success(tmp_path: Path) -> None:
    class Broken(Files):
        def rename(self, source: Path, target: Path) -> None:
            if target.suffix == ".zst":
                raise MemoryError("not an OSError")
            super().rename(source, target)

    log = EventLog.open(tmp_path / "log", files=Broken())
    log.append("test.numbered", {"n": 1})
    with pytest.raises(MemoryError):
        log.seal()
    log.close()
    assert numbers(log.path) == [1]


def test_a_failed_opening_lets_the_next_one_in(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        EventLog.open(
            tmp_path / "log", files=FailingFiles(lambda what, count: what == "open_append")
        )
    EventLog.open(tmp_path / "log", lock_timeout=0).close()


@pytest.mark.parametrize("poisoned", [False, True])
def test_closing_leaves_no_descriptor_open(tmp_path: Path, poisoned: bool) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    files = FailingFiles(lambda what, count: False)
    log = EventLog.open(tmp_path / "log", files=files)
    log.extend(batch(1, 3))
    log.rotate()
    log.append("given", id="one")
    if poisoned:
        files.when = lambda what, count: what == "write"
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            log.append("test.numbered", {"n": 4})
        files.when = lambda what, count: False
    log.close()
    assert open_files() == before


FILL = """
import json, sys
from eventlog import EventLog, WriterFailedError
log = EventLog.open(sys.argv[1], segment_events=20)
acknowledged, failure, refused = [], None, None
try:
    while True:
        n = len(acknowledged) + 1
        log.append("test.numbered", {"n": n, "padding": "x" * 500})
        acknowledged.append(n)
except OSError as error:
    failure = error.errno
try:
    log.append("test.numbered", {"n": 0})
except WriterFailedError as error:
    refused = str(error)
read = [event.data["n"] for event in log.read()]
try:
    log.close()
except OSError:
    pass
with EventLog.open(sys.argv[1], readonly=True) as reader:
    again = [event.data["n"] for event in reader.read()]
print(json.dumps([acknowledged, failure, refused, read, again]))
"""


def test_a_full_disk_is_an_error_and_a_readable_log(tmp_path: Path) -> None:
    """On a real file system of 128 KiB."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here: a small file system cannot be mounted")
    script = 'mount -t tmpfs -o size=128k none "$0" && exec "$1" -c "$2" "$0/log"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, tmp_path, sys.executable, FILL],
        capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr or "permission denied" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    acknowledged, failure, refused, read, again = json.loads(done.stdout)
    assert len(acknowledged) > 20
    assert failure == errno.ENOSPC
    assert "close this log and open it again" in refused
    assert read[: len(acknowledged)] == acknowledged
    assert again[: len(acknowledged)] == acknowledged
    assert len(again) <= len(acknowledged) + 1


# Syncing


def _syncs(tmp_path: Path, mode: str, events: int) -> int:
    files = RecordingFiles()
    with EventLog.open(tmp_path / "log", files=files, sync=mode) as log:  # type: ignore[arg-type]
        before = files.counts["sync"]
        for number in range(1, events + 1):
            log.append("test.numbered", {"n": number})
        return files.counts["sync"] - before


def test_always_syncs_every_append_before_it_returns(tmp_path: Path) -> None:
    assert _syncs(tmp_path, "always", 10) == 10


def test_never_leaves_syncing_to_the_operating_system(tmp_path: Path) -> None:
    assert _syncs(tmp_path, "never", 10) == 0


def test_a_batch_is_synced_once(tmp_path: Path) -> None:
    files = RecordingFiles()
    with EventLog.open(tmp_path / "log", files=files) as log:
        before = files.counts["sync"]
        log.extend(batch(1, 100))
        assert files.counts["sync"] - before == 1


def test_interval_syncs_within_its_interval_and_not_per_append(tmp_path: Path) -> None:
    files = RecordingFiles()
    with EventLog.open(tmp_path / "log", files=files, sync="interval", sync_interval=0.05) as log:
        before = files.counts["sync"]
        for number in range(1, 101):
            log.append("test.numbered", {"n": number})
        deadline = time.monotonic() + 5
        while files.counts["sync"] == before and time.monotonic() < deadline:
            time.sleep(0.005)
        synced = files.counts["sync"] - before
        assert 1 <= synced < 100
        time.sleep(0.2)
        assert files.counts["sync"] - before <= synced + 1, "it syncs though nothing was written"
        log.append("test.numbered", {"n": 101})
    assert files.counts["sync"] > before + 1, "closing did not sync the last append"


def test_a_failed_background_sync_fails_the_next_append(tmp_path: Path) -> None:
    files = FailingFiles(lambda what, count: False)
    log = EventLog.open(tmp_path / "log", files=files, sync="interval", sync_interval=0.01)
    files.when = lambda what, count: what == "sync"
    before = files.counts["sync"]
    log.append("test.numbered", {"n": 1})
    deadline = time.monotonic() + 5
    while files.counts["sync"] == before and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    with pytest.raises(WriterFailedError):
        log.append("test.numbered", {"n": 2})
    log.close()
    assert files.counts["sync"] == before + 1


# Rotation


def _active_events(log: EventLog) -> int:
    return active_file(log.path).read_bytes().count(b"\n")


def test_a_segment_is_rotated_before_it_has_too_many_events(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", segment_events=5) as log:
        for first in range(1, 40, 2):
            log.extend(batch(first, 2))
            assert _active_events(log) in (2, 4)
        log.extend(batch(41, 9))
        assert _active_events(log) == 9, "a batch is never split"


def test_a_segment_is_rotated_before_it_is_too_large(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", segment_bytes=1000) as log:
        for number in range(1, 40):
            log.append("test.numbered", {"n": number})
            assert active_file(log.path).stat().st_size <= 1000
        log.append("large", {"x": "x" * 2000})
        assert _active_events(log) == 1
    assert len(numbers_of(log.path)) == 40


def numbers_of(path: Path) -> list[int]:
    with EventLog.open(path, readonly=True) as log:
        return [event.sequence for event in log.read()]


def test_a_segment_is_rotated_when_it_was_active_for_long_enough(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", segment_age=0.05) as log:
        log.extend(batch(1, 2))
        time.sleep(0.06)
        log.append("test.numbered", {"n": 3})
        assert _active_events(log) == 1


def test_age_counts_across_writers(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", segment_age=3600) as log:
        log.extend(batch(1, 2))
    created = tmp_path / "log" / "log.json"
    os.utime(created, (time.time() - 4000,) * 2)
    with EventLog.open(tmp_path / "log", segment_age=3600) as log:
        log.append("test.numbered", {"n": 3})
        assert _active_events(log) == 1
    with EventLog.open(tmp_path / "log", segment_age=3600) as log:
        log.append("test.numbered", {"n": 4})
        assert _active_events(log) == 2


def test_an_empty_segment_is_not_rotated(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.rotate()
        log.seal()
        assert [file.name for file in segment_files(log.path)] == ["0000000000000000001.jsonl"]


def test_a_clock_that_runs_backwards_changes_no_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(2_000_000_000_000_000_000, 0, -1_000_000_000_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(now))
    with EventLog.open(tmp_path / "log", segment_events=2) as log:
        for number in range(1, 8):
            log.append("test.numbered", {"n": number})
        monkeypatch.undo()
        events = list(log.read())
        assert [event.data["n"] for event in events] == [1, 2, 3, 4, 5, 6, 7]
        times = [event.time for event in events]
        assert times == sorted(times, reverse=True)
        assert len(set(times)) == 7
        assert [event.data["n"] for event in log.read(before=times[2])] == [4, 5, 6, 7]
    assert verify(log.path).ok


# Refusals


def test_a_batch_beyond_64_mib_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        part = [NewEvent("large", {"x": "x" * 1_000_000})] * 68
        with pytest.raises(InvalidEventError, match="append it in parts"):
            log.extend(part)
        assert active_file(log.path).stat().st_size == 0
        assert log.append("test.numbered", {"n": 1}) == 1


def test_an_empty_batch_is_nothing(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        assert log.extend([]) == []
        assert log.head() == 0


def test_a_conflict_says_where_the_log_stands(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3), expected_sequence=0)
        with pytest.raises(ConflictError, match="stands at sequence 3, not at 2: read what"):
            log.append("test.numbered", {"n": 4}, expected_sequence=2)
        assert log.head() == 3


WRITING: list[Callable[[EventLog], object]] = [
    lambda log: log.append("test.numbered", {"n": 1}),
    lambda log: log.extend(batch(1, 1)),
    EventLog.rotate,
    EventLog.seal,
]
READING: list[Callable[[EventLog], object]] = [
    lambda log: list(log.read()),
    lambda log: list(log.scan()),
    lambda log: list(log.follow(timeout=0)),
    EventLog.head,
    EventLog.info,
]


@pytest.mark.parametrize("action", [*WRITING, *READING])
def test_a_closed_log_does_nothing_more(
    tmp_path: Path, action: Callable[[EventLog], object]
) -> None:
    log = EventLog.open(tmp_path / "log")
    log.close()
    log.close()
    assert "closed" in repr(log)
    with pytest.raises(ClosedLogError):
        action(log)


@pytest.mark.parametrize("action", WRITING)
def test_a_log_that_was_opened_for_reading_takes_nothing(
    tmp_path: Path, action: Callable[[EventLog], object]
) -> None:
    EventLog.open(tmp_path / "log").close()
    with (
        EventLog.open(tmp_path / "log", readonly=True) as log,
        pytest.raises(ReadOnlyError, match="open it without readonly"),
    ):
        action(log)


def test_a_log_that_is_closed_while_a_batch_is_put_together_takes_nothing_more(
    tmp_path: Path,
) -> None:
    log = EventLog.open(tmp_path / "log")

    def closing() -> Iterator[NewEvent]:
        yield NewEvent("test.numbered", {"n": 1})
        log.close()

    with pytest.raises(ClosedLogError):
        log.extend(closing())
    assert numbers(log.path) == []


def test_a_log_that_is_moved_away_while_it_is_synced_promises_nothing(tmp_path: Path) -> None:
    class Moving(Files):
        is_armed = False

        def sync(self, descriptor: int) -> None:
            super().sync(descriptor)
            if self.is_armed:
                (tmp_path / "log").rename(tmp_path / "moved")
                self.is_armed = False

    files = Moving()
    with EventLog.open(tmp_path / "log", files=files) as log:
        log.append("test.numbered", {"n": 1})
        files.is_armed = True
        with pytest.raises(WriterFailedError, match="was deleted, or replaced"):
            log.append("test.numbered", {"n": 2})


# Sealing what is not as it was written


class AtSealing(Files):
    """Does something to the log at the moment at which a segment is about to be compressed."""

    def __init__(self, action: Callable[[Path], object]) -> None:
        self.action = action

    def create(self, path: Path) -> int:
        if path.name.endswith(".zst.tmp"):
            self.action(path.with_name(path.name.removesuffix(".zst.tmp")))
        return super().create(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: flip(content, 60, 0), "a line of a rotated segment is damaged"),
        (lambda content: content[: content.rindex(b'{"specversion"')], "ends inside a batch"),
        (lambda content: content + b"more", "ends inside a batch"),
    ],
    ids=["flipped", "cut", "more"],
)
def test_a_segment_that_was_damaged_since_it_was_written_is_not_sealed(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    files = AtSealing(lambda raw: raw.write_bytes(damage(raw.read_bytes())))
    with EventLog.open(tmp_path / "log", files=files) as log:
        log.extend(batch(1, 3))
        with pytest.raises(DamagedLogError, match=message) as raised:
            log.seal()
        assert str(raised.value.path).endswith("0000000000000000001.jsonl")
        assert not log.sealed()
    assert [file.name for file in segment_files(log.path) if file.suffix == ".zst"] == []


def test_what_another_process_left_when_it_was_killed_while_sealing_is_replaced(
    tmp_path: Path,
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        log.seal()
        (log.path / "segments" / "0000000000000000004.jsonl.zst.tmp").write_bytes(b"half")
        log.extend(batch(4, 3))
        log.seal()
    assert [file.suffix for file in segment_files(log.path)] == [".zst", ".zst", ".jsonl"]
    assert verify(log.path).ok


def test_sealing_that_waits_in_vain_for_another_process_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog._sealer._PATIENCE_SECONDS", 0.01)
    with EventLog.open(tmp_path / "log") as log, DirectoryLock(log.path / "segments") as sealing:
        assert sealing.acquire(0)
        log.extend(batch(1, 3))
        with pytest.raises(LockTimeoutError, match=r"another process has been sealing for 0\.01 s"):
            log.seal()
        assert log.head() == 3


def test_events_of_a_batch_without_a_time_have_one_and_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(2_000_000_000_000_000_000, 3_000_000_000_000_000_000, 1000))
    with EventLog.open(tmp_path / "log") as log:
        monkeypatch.setattr(time, "time_ns", lambda: next(now))
        log.extend(batch(1, 3))
        log.extend(batch(4, 2))
        monkeypatch.undo()
        times = [event.time for event in log.read()]
    assert len(set(times[:3])) == len(set(times[3:])) == 1
    assert times[2] < times[3]
