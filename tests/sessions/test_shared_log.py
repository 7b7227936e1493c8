"""The log that all session systems of a process record into."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from eventlog import EventLog, InvalidEventError, MetricRecorded, TaskStarted, verify
from sessions._shared_log import SharedLog, close_shared_logs, log_path, shared_log
from tests.cli.helpers import environment
from tests.support.logs import unwritable


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a lock that nobody lets go of would only take time here."""
    monkeypatch.setattr("sessions._shared_log.LOCK_TIMEOUT", 0.05)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedLog]:
    log = SharedLog(tmp_path / "log")
    yield log
    log.close()


def types(path: Path) -> list[str]:
    with EventLog.open(path, readonly=True) as log:
        return [event.type for event in log.read()]


def record(log: SharedLog, type_: str) -> int | None:
    return log.record(type_, {}, subject="s", source="test")


# Where it is


def test_the_argument_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTLOG_DIR", str(tmp_path / "b"))
    assert log_path(tmp_path / "a") == (tmp_path / "a").resolve()
    assert log_path() == (tmp_path / "b").resolve()


def test_the_default_is_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENTLOG_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    assert log_path() == tmp_path.resolve() / "activity.eventlog"


def test_one_path_has_one_log_in_a_process(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "log")
    assert shared_log(tmp_path / "log") is shared_log(tmp_path / "link")


# Recording


def test_an_event_is_in_the_file_when_record_returns(shared: SharedLog) -> None:
    assert shared.record(TaskStarted(task="x"), subject="s", source="test") == 1
    with EventLog.open(shared.path, readonly=True) as log:
        assert [event.type for event in log.read()] == ["task.started"]


def test_a_closed_log_opens_again_with_the_next_event(shared: SharedLog) -> None:
    record(shared, "a")
    shared.close()
    assert record(shared, "b") == 2


def test_recording_does_not_wait_for_a_writer_that_does_not_let_go(
    shared: SharedLog, caplog: pytest.LogCaptureFixture
) -> None:
    with unwritable(shared.path), caplog.at_level(logging.ERROR):
        assert record(shared, "a") is None
        assert record(shared, "b") is None
    assert shared.waiting == 2
    assert "kept in memory" in caplog.text
    assert shared.flush()
    assert types(shared.path) == ["a", "b"]


def test_what_waits_is_written_without_another_call(
    shared: SharedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions._shared_log._RETRY_SECONDS", 0.01)
    with unwritable(shared.path):
        assert record(shared, "a") is None
        writer = shared._writer
    assert writer is not None
    writer.join(60)
    assert types(shared.path) == ["a"]


def test_while_events_wait_a_call_waits_for_nobody(
    shared: SharedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one has waited in vain. A patience that no test has shows who waits again."""
    with unwritable(shared.path):
        record(shared, "a")
        monkeypatch.setattr("sessions._shared_log.LOCK_TIMEOUT", 3600)
        monkeypatch.setattr("sessions._shared_log._RETRY_SECONDS", 3600)
        for _ in range(100):
            assert record(shared, "b") is None
        list(shared.read())
    assert shared.waiting == 101


def test_settling_brings_everything_to_the_disk_and_lets_others_write(shared: SharedLog) -> None:
    for _ in range(100):
        record(shared, "a")
    assert shared.settle()
    with EventLog.open(shared.path, lock_timeout=0) as log:
        log.append("b")
    assert record(shared, "c") == 102


def test_a_log_that_was_deleted_in_the_middle_of_a_burst_is_noticed(
    shared: SharedLog, caplog: pytest.LogCaptureFixture
) -> None:
    record(shared, "a")
    record(shared, "b")
    shutil.rmtree(shared.path)
    record(shared, "c")
    assert not shared.settle()
    assert "the log was deleted" in caplog.text
    assert record(shared, "d") == 1
    assert types(shared.path) == ["d"]


def test_a_log_that_was_moved_away_after_settling_is_begun_anew(
    shared: SharedLog, tmp_path: Path
) -> None:
    record(shared, "a")
    shared.settle()
    shared.path.rename(tmp_path / "moved")
    assert record(shared, "b") == 1
    assert (types(tmp_path / "moved"), types(shared.path)) == (["a"], ["b"])


def test_what_waited_keeps_its_time_and_its_data(shared: SharedLog) -> None:
    data = {"list": [1]}
    with unwritable(shared.path):
        shared.record("a", data, subject="s", source="test")
        data["list"].append(2)
    shared.record("b", {}, subject="s", source="test")
    assert shared.flush()
    first, second = shared.read()
    assert first.data == {"list": [1]}
    assert first.time < second.time


def test_a_full_disk_loses_nothing(shared: SharedLog) -> None:
    record(shared, "a")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        assert record(shared, "b") is None
        assert record(shared, "c") is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert shared.flush()
    assert record(shared, "d") == 4
    assert types(shared.path) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("wait", [False, True])
def test_a_bad_event_is_refused_at_once(shared: SharedLog, wait: bool) -> None:
    record(shared, "a")
    shared.close()
    if wait:
        with unwritable(shared.path), pytest.raises(InvalidEventError):
            shared.record("b", {"x": float("nan")}, subject="s", source="test")
    else:
        with pytest.raises(InvalidEventError):
            shared.record("b", {"x": float("nan")}, subject="s", source="test")
    assert shared.waiting == 0


def test_a_bad_typed_event_is_refused_at_once_as_well(shared: SharedLog) -> None:
    with unwritable(shared.path), pytest.raises(InvalidEventError):
        shared.record(MetricRecorded({"x": float("nan")}), subject="s", source="test")
    assert shared.waiting == 0


def test_several_processes_record_into_one_log(tmp_path: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", RECORD, tmp_path / "log"], env=environment())
        for _ in range(3)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert len(types(tmp_path / "log")) == 1500


RECORD = """
import sys
from sessions._shared_log import shared_log
log = shared_log(sys.argv[1])
for _ in range(500):
    assert log.record("a", {}, subject="s", source="test")
"""


def test_too_many_waiting_events_are_counted(
    shared: SharedLog, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions._shared_log.MOST_WAITING", 2)
    with unwritable(shared.path), caplog.at_level(logging.ERROR):
        for _ in range(4):
            record(shared, "a")
    assert "2 so far" in caplog.text
    assert shared.waiting == 2


def test_threads_record_into_one_log(shared: SharedLog) -> None:
    def work() -> None:
        for _ in range(500):
            record(shared, "a")

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.close()
    assert len(types(shared.path)) == 2000
    assert verify(shared.path).ok


# Reading


def test_there_is_nothing_to_read_without_a_log(shared: SharedLog) -> None:
    assert list(shared.read()) == []


def test_a_log_of_another_writer_can_be_read(shared: SharedLog) -> None:
    with EventLog.open(shared.path) as log:
        log.append("a", {}, subject="s")
        assert [event.type for event in shared.read(subject="s")] == ["a"]


# The end of the process

RECORD_AND_FORK = """
import os, sys
from sessions._shared_log import shared_log
log = shared_log(sys.argv[1])
log.record("parent", {}, subject="s", source="test")
child = os.fork()
if child == 0:
    assert log.record("child", {}, subject="s", source="test") == 2
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
log.record("parent", {}, subject="s", source="test")
if "kill" in sys.argv:
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("end", ["", "kill"])
def test_a_forked_child_records_into_the_same_log(tmp_path: Path, end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RECORD_AND_FORK, tmp_path / "log", end],
        env=environment(), capture_output=True,
    )  # fmt: skip
    assert done.returncode == (-signal.SIGKILL if end else 0), done.stderr
    assert types(tmp_path / "log") == ["parent", "child", "parent"]


FORK_UNDER_LOAD = """
import os, sys, threading
from sessions.agent import SessionLogger
from sessions.farming import StatisticsTracker

logger, tracker = SessionLogger("a", log_dir=sys.argv[1]), StatisticsTracker(log_dir=sys.argv[1])

def work():
    while True:
        logger.log_file_read("x")
        tracker.add_gold(1)

threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        logger.log_file_read("child")
        tracker.add_gold(2)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""


def test_a_child_forked_while_threads_record_is_not_stuck(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK_UNDER_LOAD, tmp_path / "log"],
        env=environment(), capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert types(tmp_path / "log").count("file.read") > 20


def test_closing_all_lets_others_write(tmp_path: Path) -> None:
    record(shared_log(tmp_path / "log"), "a")
    close_shared_logs()
    with EventLog.open(tmp_path / "log", lock_timeout=0) as log:
        assert log.head() == 1


def test_what_can_never_be_written_is_said_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = SharedLog(tmp_path / "log")
    (tmp_path / "log").write_text("no log")
    with caplog.at_level(logging.ERROR):
        record(log, "a")
        log.close()
    assert "1 events could not be written" in caplog.text
    assert os.listdir(tmp_path) == ["log"]
