"""Several processes and one log: the lock, forks, readers elsewhere, and kill -9."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

from eventlog import ClosedLogError, EventLog, LockTimeoutError
from tests.support.logs import batch, numbers
from tests.support.processes import child, line_of

HOLD = """
import sys
from pathlib import Path
from eventlog import EventLog
from eventlog._files import Files
from eventlog._lock import hold_writer_lock
with EventLog.open(sys.argv[1]) as log:
    log.append("test.numbered", {"n": 1})
lock = hold_writer_lock(Path(sys.argv[1]), Files(), 0)
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_writer_that_waits_in_vain_says_so(tmp_path: Path) -> None:
    with child(HOLD, tmp_path / "log") as holder:
        assert line_of(holder) == "ready"
        with pytest.raises(LockTimeoutError, match=r"another process .* 0\.2 s: wait") as raised:
            EventLog.open(tmp_path / "log", lock_timeout=0.2)
        assert raised.value.path == tmp_path / "log"


def test_an_open_writer_waits_for_its_turn_to_append(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    with EventLog.open(tmp_path / "log", lock_timeout=0.1) as log:
        with child(HOLD, tmp_path / "log") as holder:
            line_of(holder)
            with pytest.raises(LockTimeoutError):
                log.append("test.numbered", {"n": 2})
        assert log.append("test.numbered", {"n": 2}) == 2  # nothing was written, all goes on


def test_the_lock_of_a_stopped_writer_is_never_stolen(tmp_path: Path) -> None:
    with child(HOLD, tmp_path / "log") as holder:
        line_of(holder)
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(LockTimeoutError):
            EventLog.open(tmp_path / "log", lock_timeout=0.1)
        holder.send_signal(signal.SIGCONT)


def test_the_lock_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    with child(HOLD, tmp_path / "log") as holder:
        line_of(holder)
        holder.kill()
        holder.wait()
        with EventLog.open(tmp_path / "log", lock_timeout=0) as log:
            assert log.head() == 1


def _in_fork(action: object) -> str:
    """What happened when a forked child called ``action``."""
    assert callable(action)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            action()
            os.write(writing, b"done")
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(pid, 0)
    return answer


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_may_not_write_through_its_parents_log(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("test.numbered", {"n": 1})
        for action in (
            lambda: log.append("test.numbered", {"n": 2}),
            lambda: log.append("test.numbered", {"n": 2}, id="given"),
            lambda: log.extend(batch(2, 2)),
            log.rotate,
            log.seal,
        ):
            answer = _in_fork(action)
            assert answer.startswith(ClosedLogError.__name__), answer
            assert "open it again after a fork" in answer
        log.append("test.numbered", {"n": 2})
    assert numbers(tmp_path / "log") == [1, 2]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_that_closes_its_parents_log_changes_nothing(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("test.numbered", {"n": 1})
        assert _in_fork(log.close) == "done"
        log.append("test.numbered", {"n": 2})
    assert numbers(tmp_path / "log") == [1, 2]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_that_was_forked_while_a_thread_writes_can_close_its_parents_log(
    tmp_path: Path,
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        writer = log._writer
        assert writer is not None
        with writer.lock():  # as a thread of the parent has it, and nobody in the child
            assert _in_fork(log.close) == "done"
            assert _in_fork(writer.__del__) == "done"
        log.append("test.numbered", {"n": 1})
    assert numbers(tmp_path / "log") == [1]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_that_drops_its_parents_log_changes_nothing(tmp_path: Path) -> None:
    logs = [EventLog.open(tmp_path / "log")]

    def drop() -> None:
        logs.clear()
        gc.collect()

    try:
        logs[0].append("test.numbered", {"n": 1})
        assert _in_fork(drop) == "done"
        logs[0].append("test.numbered", {"n": 2})
    finally:
        logs[0].close()
    assert numbers(tmp_path / "log") == [1, 2]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_reads_what_its_parent_wrote(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))

        def read() -> None:
            assert [event.data["n"] for event in log.read()] == [1, 2, 3]

        assert _in_fork(read) == "done"


FOLLOW = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1], readonly=True) as log:
    print("ready", flush=True)
    for event in log.follow(after=0, poll=0.002):
        print(event.sequence, event.data["n"], flush=True)
        if event.sequence == int(sys.argv[2]):
            break
"""


def test_a_follower_in_another_process_sees_everything_once_across_rotation_and_sealing(
    tmp_path: Path,
) -> None:
    with (
        EventLog.open(tmp_path / "log", segment_events=7, sync="never") as log,
        child(FOLLOW, log.path, 300) as first,
        child(FOLLOW, log.path, 300) as second,
    ):
        assert line_of(first) == line_of(second) == "ready"
        for number in range(1, 301, 2):
            log.extend(batch(number, 2))
        for follower in (first, second):
            seen = [line_of(follower) for _ in range(300)]
            assert seen == [f"{number} {number}" for number in range(1, 301)]
