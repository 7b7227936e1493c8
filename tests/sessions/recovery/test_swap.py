"""The state file and its spare one change places: always whole, and never somebody else's file."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import multiprocessing
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.recovery import SessionRecoveryEngine
from sessions.recovery import _swap as swap
from sessions.recovery._state_file import write_state
from sessions.recovery._swap import MOST_BYTES, read_swapped, swap_in

from .conftest import MakeEngine

STATE = Path("state.json")
SPARE = Path(".state.json.spare")


@pytest.fixture(autouse=True)
def first(directory: Path) -> None:
    """One that is there already, as after the first save."""
    write_state(STATE, b"first")


def test_it_and_the_spare_one_change_places() -> None:
    files = set()
    for content in (b"the second, longer", b"third", b"", b"x" * MOST_BYTES):
        assert swap_in(STATE, content) is True
        assert STATE.read_bytes() == content
        files.add(STATE.stat().st_ino)
    assert len(files) == 2
    assert stat.S_IMODE(STATE.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"x" * (MOST_BYTES + 1), b"short"])
def test_any_length_follows_any_other(content: bytes) -> None:
    for one in (b"a", content, b"b" * 5000, content, b"c"):
        write_state(STATE, one)
        assert STATE.read_bytes() == one


def test_a_killed_attempt_leaves_what_the_next_writes_over() -> None:
    SPARE.write_bytes(b"half of somethi")
    SPARE.chmod(0o600)
    assert swap_in(STATE, b"new") is True
    assert STATE.read_bytes() == b"new"


def plant_a_link(theirs: Path) -> None:
    SPARE.symlink_to(theirs)


def plant_a_hard_link(theirs: Path) -> None:
    SPARE.hardlink_to(theirs)


def plant_a_pipe(theirs: Path) -> None:
    os.mkfifo(SPARE)


def plant_a_directory(theirs: Path) -> None:
    SPARE.mkdir()


def plant_a_public_file(theirs: Path) -> None:
    SPARE.touch()
    SPARE.chmod(0o666)


@pytest.mark.parametrize(
    "plant",
    [plant_a_link, plant_a_hard_link, plant_a_pipe, plant_a_directory, plant_a_public_file],
)
def test_a_spare_one_that_is_not_ours_is_not_written(plant: Callable[[Path], None]) -> None:
    theirs = Path("theirs")
    theirs.write_bytes(b"mine")
    plant(theirs)
    before = SPARE.lstat()
    write_state(STATE, b"new")
    assert (STATE.read_bytes(), theirs.read_bytes()) == (b"new", b"mine")
    after = SPARE.lstat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


def test_what_somebody_reads_is_not_written_over() -> None:
    """Whoever holds the lock of a file that has become the spare one keeps it as it is."""
    swap_in(STATE, b"second")
    with STATE.open("rb", buffering=0) as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        for content in (b"third", b"fourth", b"fifth"):
            write_state(STATE, content)
        assert reader.read() == b"second"
    assert STATE.read_bytes() == b"fifth"


def test_a_lock_of_somebody_else_does_not_keep_it_from_being_read() -> None:
    with STATE.open("rb") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        assert read_swapped(STATE, 100) == b"first"


def test_a_directory_in_its_place_stays_there() -> None:
    STATE.unlink()
    STATE.mkdir()
    with pytest.raises(IsADirectoryError):
        write_state(STATE, b"new")
    assert STATE.is_dir()


@pytest.mark.parametrize("reason", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_exchange_gets_a_new_file(
    monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    class Library:
        def renameat2(self, *_: object) -> int:
            ctypes.set_errno(reason)
            return -1

    monkeypatch.setattr(swap, "_library", Library)
    write_state(STATE, b"new")
    assert STATE.read_bytes() == b"new"


def test_a_c_library_without_the_call_gets_a_new_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "_library", object)
    write_state(STATE, b"new")
    assert STATE.read_bytes() == b"new"


def write_often(letter: bytes, times: int) -> None:
    for number in range(times):
        write_state(STATE, letter * (1 + number * 37 % MOST_BYTES))


def test_readers_find_it_whole_while_two_processes_write() -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_often, args=(one, 3000)) for one in (b"a", b"b")]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        content = read_swapped(STATE, MOST_BYTES)
        assert len(set(content)) == 1 or content == b"first"
        seen.add(content[:1])
    assert {b"a", b"b"} & seen
    assert [writer.exitcode for writer in writers] == [0, 0]
    for writer in writers:
        writer.close()


# With an engine


def test_cleaning_up_takes_the_spare_one_with_the_file(make_engine: MakeEngine) -> None:
    engine = make_engine()
    engine.save_session_state()
    engine.save_session_state()
    os.utime(engine.state_file, (0, 0))
    assert engine.cleanup_old_states() == 1
    assert list(engine.state_file.parent.iterdir()) == []


def test_a_spare_one_that_is_left_alone_goes_too(engine: SessionRecoveryEngine) -> None:
    engine.save_session_state()
    engine.save_session_state()
    engine.state_file.unlink()
    assert engine.cleanup_old_states() == 0
    assert list(engine.state_file.parent.iterdir()) == []


def test_two_engines_may_save_to_one_file(make_engine: MakeEngine) -> None:
    one, other = make_engine(), make_engine()
    for number in range(20):
        for engine in (one, other):
            engine.task_queue = [str(number)] * (number + 1)
            assert engine.save_session_state() is True
            assert json.loads(engine.state_file.read_text())["task_queue"] == engine.task_queue
