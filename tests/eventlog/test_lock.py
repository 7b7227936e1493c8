"""The writer's lock; what other processes meet is in test_processes.py."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Timer

import pytest

from eventlog import LockTimeoutError
from eventlog._files import Files
from eventlog._lock import WriterLock
from tests.support.processes import child, line_of


def test_a_lock_that_is_held_is_not_given_again(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path, Files(), 0)
    with pytest.raises(LockTimeoutError, match="another writer"):
        WriterLock(tmp_path, Files(), 0)
    lock.release()
    WriterLock(tmp_path, Files(), 0).release()


def test_waiting_ends_when_the_holder_lets_go(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path, Files(), 0)
    timer = Timer(0.1, lock.release)
    timer.start()
    started = time.monotonic()
    WriterLock(tmp_path, Files(), 30).release()
    timer.join()
    assert 0.05 < time.monotonic() - started < 20


def test_waiting_ends_after_the_timeout(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path, Files(), 0)
    started = time.monotonic()
    with pytest.raises(LockTimeoutError, match=r"0\.1 s"):
        WriterLock(tmp_path, Files(), 0.1)
    assert time.monotonic() - started >= 0.1
    lock.release()


def test_what_the_lock_file_holds_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "writer.lock").write_text("99999999\n")
    WriterLock(tmp_path, Files(), 0).release()
    assert (tmp_path / "writer.lock").read_text() == "99999999\n"


def test_a_lock_file_that_was_replaced_while_waiting_is_not_the_log_s(tmp_path: Path) -> None:
    """After a repair the directory has another lock file, and that one counts."""
    old = WriterLock(tmp_path, Files(), 0)

    def replace() -> None:
        (tmp_path / "writer.lock").unlink()
        old.release()

    timer = Timer(0.05, replace)
    timer.start()
    new = WriterLock(tmp_path, Files(), 30)
    timer.join()
    with pytest.raises(LockTimeoutError):
        WriterLock(tmp_path, Files(), 0)
    new.release()


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "writer.lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        WriterLock(tmp_path, Files(), 0)
    assert not target.exists()


HOLD_FORK_AND_DIE = """
import os, sys, time
from pathlib import Path
from eventlog._files import Files
from eventlog._lock import WriterLock
from tests.support.processes import child, line_of

lock = WriterLock(Path(sys.argv[1]), Files(), 0)
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
            WriterLock(tmp_path, Files(), 20).release()
        finally:
            os.kill(orphan, 9)
