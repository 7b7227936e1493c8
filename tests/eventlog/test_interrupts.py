"""Ctrl-C at any instruction: nothing hangs, nothing is lost, and the log opens again."""

from __future__ import annotations

import fcntl
import gc
import signal
import sys
import time
import traceback
from collections import Counter
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Signal
from threading import Lock
from typing import Literal
from weakref import ref

import pytest

from eventlog import EventLog, WriterFailedError, verify
from eventlog._catalog import Catalog
from eventlog._files import Files
from eventlog._lock import hold_writer_lock
from eventlog._log_index import LogIndex
from eventlog._sealer import Sealer, _run
from eventlog._writer import LogWriter
from tests.support import DEEP
from tests.support.files import FailingFiles, UnsyncedFiles
from tests.support.interrupts import interrupted_at
from tests.support.processes import run

ROUNDS = 3000 if DEEP else 150

# A timer interrupts the whole life of a writer after a random part of the time that it takes.
INTERRUPT_AND_REOPEN = """
import faulthandler, random, signal, sys, time, warnings
from eventlog import EventLog, WriterFailedError, verify

directory, sync, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
warnings.simplefilter("ignore", ResourceWarning)  # an interrupt just after opening leaves it open
acknowledged = 0

def interrupt(*_):
    raise KeyboardInterrupt

def work(path):
    global acknowledged
    with EventLog.open(path, sync=sync, sync_interval=0.001, segment_events=7) as log:
        for number in range(20):
            acknowledged = log.append("test", {"n": number})
        log.rotate()
        log.seal()

signal.signal(signal.SIGALRM, interrupt)
work(f"{directory}/warm-up")
begun = time.perf_counter()
work(f"{directory}/measured")
duration = time.perf_counter() - begun
for number in range(rounds):
    faulthandler.dump_traceback_later(30, exit=True)
    path = f"{directory}/{number}"
    outcome, acknowledged = "done", 0
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, duration))
            work(path)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        outcome = "interrupted"
    with EventLog.open(path, lock_timeout=0) as log:
        assert acknowledged <= log.head() <= acknowledged + 1, (acknowledged, log.head())
    assert verify(path).ok
    print(outcome)
"""


@pytest.mark.parametrize("sync", ["always", "interval", "never"])
def test_an_interrupt_at_any_moment_loses_nothing_and_hangs_nowhere(
    tmp_path: Path, sync: str
) -> None:
    outcomes = Counter(run(INTERRUPT_AND_REOPEN, tmp_path, sync, ROUNDS, timeout=600).split())
    assert outcomes.total() == ROUNDS
    assert outcomes["interrupted"] > ROUNDS / 10


class InterruptedSync(Files):
    """Is interrupted in the first sync of a log's content."""

    interrupts = 1

    def sync(self, descriptor: int) -> None:
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        super().sync(descriptor)


def test_closing_goes_on_after_an_interrupt(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    files = InterruptedSync()
    files.interrupts = 0
    log = EventLog.open(tmp_path / "log", sync="interval", sync_interval=1000, files=files)
    log.append("test")
    files.interrupts = 1
    with pytest.raises(KeyboardInterrupt):
        log.close()
    log.close()
    with EventLog.open(tmp_path / "log", lock_timeout=0) as again:
        assert again.head() == 1


class InterruptedClose(FailingFiles):
    """Is interrupted when the next file was closed."""

    interrupts = 0

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt


def test_closing_goes_on_after_an_interrupt_when_the_background_sync_had_failed(
    tmp_path: Path,
) -> None:
    files = InterruptedClose(lambda what, count: False)
    log = EventLog.open(tmp_path / "log", sync="interval", sync_interval=0.001, files=files)
    before = files.counts["sync"]
    files.when = lambda what, count: what == "sync"
    log.append("test")
    while files.counts["sync"] == before:
        time.sleep(0.001)
    files.interrupts = 1
    with pytest.raises(KeyboardInterrupt):
        log.close()
    log.close()
    with EventLog.open(tmp_path / "log", lock_timeout=0) as again:
        assert again.head() == 1


@pytest.mark.parametrize("sync", ["always", "interval", "never"])
def test_a_log_that_nobody_holds_any_more_is_given_up_with_a_warning(
    tmp_path: Path, sync: str
) -> None:
    log = EventLog.open(tmp_path / "log", sync=sync)  # type: ignore[arg-type]
    log.append("test")
    with pytest.warns(ResourceWarning, match="never closed"):
        del log
        gc.collect()
    with EventLog.open(tmp_path / "log", lock_timeout=0) as again:
        assert again.head() == 1


FORK_AND_DROP = """
import gc, os, sys
from eventlog import EventLog
log = EventLog.open(sys.argv[1])
for number in range(100):
    log.append("test")  # busy enough to keep the lock
child = os.fork()
if child == 0:
    del log
    gc.collect()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
log.append("test")
log.close()
"""


def test_a_forked_child_that_drops_the_log_leaves_it_to_its_parent(tmp_path: Path) -> None:
    run(FORK_AND_DROP, tmp_path / "log")
    assert verify(tmp_path / "log").events == 101


def test_an_interrupted_append_poisons_the_writer_but_not_the_log(tmp_path: Path) -> None:
    script = INTERRUPTED_WRITE
    assert run(script, tmp_path / "log") == "WriterFailedError\n"
    with EventLog.open(tmp_path / "log") as log:
        assert log.head() == 2


INTERRUPTED_WRITE = f"""
import os, signal, sys
from eventlog import EventLog, WriterFailedError
from eventlog._files import Files
from eventlog._lock import hold_writer_lock
from eventlog._log_index import LogIndex

class Interrupting(Files):
    is_armed = False
    def write(self, descriptor, data):
        super().write(descriptor, data)
        if self.is_armed:
            os.kill(os.getpid(), {signal.SIGINT:d})

files = Interrupting()
with EventLog.open(sys.argv[1], files=files) as log:
    log.append("test")
    files.is_armed = True
    try:
        log.append("test")
    except KeyboardInterrupt:
        pass
    try:
        log.append("test")
    except WriterFailedError as error:
        print(type(error).__name__)
"""


def test_an_interrupt_while_the_lock_is_given_back_does_not_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def interrupted_once(descriptor: int, operation: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if operation == fcntl.LOCK_UN and path.name == "writer.lock":
            monkeypatch.setattr(fcntl, "flock", flock)
            raise KeyboardInterrupt
        flock(descriptor, operation)

    with EventLog.open(tmp_path / "log") as log:
        with EventLog.open(log.path) as other:
            other.append("test")  # so that log has to take the lock, and to read on
        monkeypatch.setattr(fcntl, "flock", interrupted_once)
        with pytest.raises(KeyboardInterrupt):
            log.append("test")
        with EventLog.open(log.path, lock_timeout=0) as other:
            assert other.head() == 2


@pytest.mark.parametrize("made", ["eventlog._lease.Lock", "eventlog._sealer.SimpleQueue"])
def test_an_interrupt_while_a_writer_is_made_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    EventLog.open(tmp_path / "log").close()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(made, interrupted)
        EventLog.open(tmp_path / "log")
    gc.collect()  # what was half made is dropped, and must not complain
    EventLog.open(tmp_path / "log", lock_timeout=0).close()


def some_thread_is_in(module: str) -> bool:
    stacks = (traceback.extract_stack(frame) for frame in sys._current_frames().values())
    return any(Path(call.filename).name == module for stack in stacks for call in stack)


def test_an_opening_that_was_interrupted_leaves_no_background_sync_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupt comes just when the thread was started."""
    start = LogWriter._start_flusher

    def interrupted(writer: LogWriter) -> None:
        start(writer)
        raise KeyboardInterrupt

    EventLog.open(tmp_path / "log").close()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LogWriter, "_start_flusher", interrupted)
        EventLog.open(tmp_path / "log", sync="interval", sync_interval=0.01)
    gc.collect()
    deadline = time.monotonic() + 30
    while some_thread_is_in("_flusher.py"):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    EventLog.open(tmp_path / "log", lock_timeout=0).close()


def test_a_log_that_nobody_holds_any_more_but_its_background_sync_is_given_up_by_that(
    tmp_path: Path,
) -> None:
    syncing, dropped, closed = Signal(), Signal(), Signal()

    class SlowSync(Files):
        is_armed = False

        def sync(self, descriptor: int) -> None:
            if self.is_armed:
                self.is_armed = False
                syncing.set()
                dropped.wait(30)
            super().sync(descriptor)

        def close(self, descriptor: int) -> None:
            super().close(descriptor)
            if dropped.is_set():
                closed.set()

    files = SlowSync()
    log = EventLog.open(tmp_path / "log", sync="interval", sync_interval=0.01, files=files)
    files.is_armed = True
    log.append("test")
    assert syncing.wait(30)
    with pytest.warns(ResourceWarning, match="never closed"):
        del log
        gc.collect()
        dropped.set()
        assert closed.wait(30)
    with EventLog.open(tmp_path / "log", lock_timeout=0) as again:
        assert again.head() == 1


def test_an_opening_that_was_interrupted_leaves_no_sealing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupt comes just when the thread was started."""

    def interrupted(writer: LogWriter) -> None:
        raise KeyboardInterrupt

    EventLog.open(tmp_path / "log").close()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LogWriter, "_start_flusher", interrupted)
        EventLog.open(tmp_path / "log")
    gc.collect()
    deadline = time.monotonic() + 30
    while some_thread_is_in("_sealer.py"):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    EventLog.open(tmp_path / "log", lock_timeout=0).close()


def test_a_sealer_that_was_given_up_seals_nothing_more(tmp_path: Path) -> None:
    """What it was told before may still be waiting."""
    EventLog.open(tmp_path / "log").close()
    given_up = ref(Sealer(Catalog(tmp_path / "log"), Files()))
    gc.collect()
    assert given_up() is None
    told: SimpleQueue[Lock | Literal[True] | None] = SimpleQueue()
    told.put(True)
    told.put(None)
    _run(given_up, told)
    assert told.empty()


def test_an_interrupt_anywhere_in_an_append_keeps_nobody_else_out(tmp_path: Path) -> None:
    files, moment, is_over = {"_writer.py", "_lease.py"}, 0, False
    while not is_over:
        log = EventLog.open(tmp_path / "log", sync="never", files=UnsyncedFiles())
        with closing(log), suppress(WriterFailedError):
            log.append("test")
            is_over = not interrupted_at(moment, files, partial(log.append, "test"), "call")
            hold_writer_lock(log.path, UnsyncedFiles(), 5).close()
        moment += 1
    assert moment > 4


def test_an_interrupted_question_keeps_nobody_else_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    log = EventLog.open(tmp_path / "log", sync="never", files=UnsyncedFiles())
    with closing(log):
        log.append("test", subject="a")
        for method, use in (("take_in", partial(log.head, "a")), ("save", log.close)):
            monkeypatch.setattr(LogIndex, method, interrupt)
            with pytest.raises(KeyboardInterrupt):
                use()
            hold_writer_lock(log.path, UnsyncedFiles(), 5).close()
            assert method == "save" or log.head("a") == 1
