"""The writer's lock; what other processes meet is in test_processes.py."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread, Timer

import pytest

from eventlog import LockTimeoutError
from eventlog._files import Files
from eventlog._lock import WriterLock, hold_writer_lock, writing_stopped
from tests.support.interrupts import interrupted_at
from tests.support.processes import child, line_of


def hold(log: Path, timeout: float = 0) -> WriterLock:
    return hold_writer_lock(log, Files(), timeout)


def test_a_lock_that_is_held_is_not_given_again(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(LockTimeoutError, match="another process"):
        hold(tmp_path)
    hold(tmp_path).close()


def test_a_lock_can_be_taken_again(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        first.release()
        hold(tmp_path).close()
        first.acquire()
        with pytest.raises(LockTimeoutError):
            hold(tmp_path)


def test_waiting_ends_when_the_holder_lets_go(tmp_path: Path) -> None:
    lock = hold(tmp_path)
    timer = Timer(0.1, lock.close)
    timer.start()
    started = time.monotonic()
    hold(tmp_path, 30).close()
    timer.join()
    assert 0.05 < time.monotonic() - started < 20


def test_waiting_ends_after_the_timeout(tmp_path: Path) -> None:
    started = time.monotonic()
    with hold(tmp_path), pytest.raises(LockTimeoutError, match=r"0\.1 s"):
        hold(tmp_path, 0.1)
    assert time.monotonic() - started >= 0.1


def test_the_holder_sees_that_somebody_waits(tmp_path: Path) -> None:
    (tmp_path / "log.json").touch()  # where the queue is
    with hold(tmp_path) as lock:
        assert not lock.is_wanted()
        waiting = Thread(target=lambda: hold(tmp_path, 30).close())
        waiting.start()
        while not lock.is_wanted():
            time.sleep(0.001)
        lock.release()
        waiting.join()
        assert not lock.is_wanted()


def test_who_takes_it_again_does_not_push_ahead(tmp_path: Path) -> None:
    (tmp_path / "log.json").touch()
    order = []

    def wait() -> None:
        with hold(tmp_path, 30):
            order.append("waiting")

    with hold(tmp_path) as lock:
        waiting = Thread(target=wait)
        waiting.start()
        while not lock.is_wanted():
            time.sleep(0.001)
        lock.release()
        order_lock = WriterLock(tmp_path, Files(), 30)
        order_lock.acquire()
        order.append("again")
        order_lock.close()
        waiting.join()
    assert order == ["waiting", "again"]


def test_what_the_lock_file_holds_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "writer.lock").write_text("99999999\n")
    hold(tmp_path).close()
    assert (tmp_path / "writer.lock").read_text() == "99999999\n"


def test_a_lock_file_that_was_replaced_while_waiting_is_not_the_log_s(tmp_path: Path) -> None:
    """After a repair the directory has another lock file, and that one counts."""
    old = hold(tmp_path)

    def replace() -> None:
        (tmp_path / "writer.lock").unlink()
        old.close()

    timer = Timer(0.05, replace)
    timer.start()
    with hold(tmp_path, 30):
        timer.join()
        with pytest.raises(LockTimeoutError):
            hold(tmp_path)


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "writer.lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        hold(tmp_path)
    assert not target.exists()


HOLD_FORK_AND_DIE = """
import os, sys, time
from pathlib import Path
from eventlog._files import Files
from eventlog._lock import hold_writer_lock

lock = hold_writer_lock(Path(sys.argv[1]), Files(), 0)
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(tmp_path: Path) -> None:
    with child(HOLD_FORK_AND_DIE, tmp_path) as parent:
        orphan = int(line_of(parent))
        parent.wait()
        try:
            os.kill(orphan, 0)  # it is alive, or this shows nothing
            hold(tmp_path, 20).close()
        finally:
            os.kill(orphan, 9)


def test_who_waits_behind_another_waiter_gives_up_in_time(tmp_path: Path) -> None:
    (tmp_path / "log.json").touch()
    with hold(tmp_path) as lock:
        waiting = Thread(target=lambda: hold(tmp_path, 30).close())
        waiting.start()
        while not lock.is_wanted():
            time.sleep(0.001)
        with pytest.raises(LockTimeoutError, match=r"0\.05 s"):
            hold(tmp_path, 0.05)
        lock.release()
        waiting.join()


def test_a_look_at_what_is_written_tells_when_the_writers_could_not_be_kept_out(
    tmp_path: Path,
) -> None:
    with hold(tmp_path), writing_stopped(tmp_path, 0.01) as is_stopped:
        assert not is_stopped
    with writing_stopped(tmp_path, 0) as is_stopped:
        assert is_stopped


def test_an_interrupt_anywhere_in_taking_it_leaves_nothing_locked_behind_its_release(
    tmp_path: Path,
) -> None:
    (tmp_path / "log.json").touch()
    with WriterLock(tmp_path, Files(), 0) as lock:
        instruction = 0
        while interrupted_at(instruction, {"_lock.py"}, lock.acquire):
            instruction += 1
            lock.release()
            hold(tmp_path).close()
        assert instruction > 50
