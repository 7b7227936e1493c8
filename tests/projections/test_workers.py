"""Processes that help to answer."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from eventlog import EventLog, NewEvent
from projections import SessionSummaries, fold_sealed, project, workers

EARLY, LATE = datetime(2000, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    """Three sealed segments, and a little more, for readers."""
    path = tmp_path / "log"
    with EventLog.open(path, sync="never") as opened:
        for part in range(3):
            opened.extend([NewEvent("t", {"n": n}, f"s{n % (part + 2)}") for n in range(50)])
            opened.seal()
        opened.append("t", {}, subject="s0")
    return EventLog.open(path, readonly=True)


def test_one_job_needs_no_process() -> None:
    with workers(1) as executor:
        assert executor is None


@pytest.mark.parametrize("jobs", [0, -1])
def test_fewer_than_one_job_is_refused(jobs: int) -> None:
    with pytest.raises(ValueError, match=f"jobs is {jobs}: it must be 1 or more"), workers(jobs):
        pass


def test_work_is_done_elsewhere() -> None:
    with workers(2) as executor:
        assert executor is not None
        assert executor.submit(os.getpid).result() != os.getpid()


def test_without_work_no_process_starts() -> None:
    with workers(2):
        assert not multiprocessing.active_children()


def test_afterwards_none_is_left() -> None:
    with workers(2) as executor:
        assert executor is not None
        executor.submit(os.getpid).result()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("more_threads", [False, True])
def test_the_answer_is_that_of_one_process(log: EventLog, more_threads: bool) -> None:
    plain = project(log, SessionSummaries())
    shutil.rmtree(log.cache_path)
    done = Flag()
    thread = Thread(target=done.wait)
    if more_threads:  # then the processes are started in another way
        thread.start()
    try:
        with workers(2) as executor:
            assert project(log, SessionSummaries(), executor=executor) == plain
    finally:
        done.set()
        if more_threads:
            thread.join()


def states_kept(log: EventLog) -> list[str]:
    return sorted(path.name for path in (log.cache_path / "partials").rglob("0*"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("as_of", "kept"), [(None, 3), (100, 2), (99, 1), (EARLY, 0), (LATE, 3)])
def test_segments_can_be_folded_before_anybody_asks(
    log: EventLog, jobs: int, as_of: int | datetime | None, kept: int
) -> None:
    with workers(jobs) as executor:
        fold_sealed(log, SessionSummaries(), as_of, executor)
    assert states_kept(log) == [entry.segment[:19] for entry in log.sealed()[:kept]]


def test_few_segments_wait_with_an_executor(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = project(log, SessionSummaries())
    shutil.rmtree(log.cache_path)
    monkeypatch.setattr("projections._partials._AHEAD", 1)
    with Counting() as executor:
        assert project(log, SessionSummaries(), executor=executor) == plain
        assert executor.most == 1


class Counting(ThreadPoolExecutor):
    """Notes how much it was given at once, at most."""

    most = waiting = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        future = super().submit(fn, *args, **kwargs)
        taken = future.result

        def result(timeout: float | None = None) -> Any:
            self.waiting -= 1
            return taken(timeout)

        future.result = result  # type: ignore[method-assign]
        return future


PROGRAM = """
import os, sys, threading
from projections import workers

if __name__ == "__main__":
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(int(sys.argv[1]))]
    for thread in threads:
        thread.start()
    sys.modules["made_up"] = sys
    with workers(2) as executor:
        print("made_up" in executor.submit(list_modules).result())
    done.set()
""".replace("if __name__", "def list_modules():\n    return list(sys.modules)\n\nif __name__", 1)


@pytest.mark.parametrize(("threads", "is_copy"), [(0, True), (1, False)])
def test_only_a_process_with_one_thread_is_copied(
    threads: int, is_copy: bool, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, program, str(threads)], capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout == f"{is_copy}\n"


AGAIN = """
import os
from projections import workers

for _ in range(10):
    with workers(2) as executor:
        executor.submit(os.getpid).result()
print("done")
"""


def test_threads_of_an_earlier_pool_are_no_reason_against_a_copy(tmp_path: Path) -> None:
    program = tmp_path / "program.py"  # which another process could not import without asking
    program.write_text(AGAIN)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("done\n", "")


HANDLING = """
import os, signal, time
from projections import workers

signal.signal(signal.SIGTERM, lambda *_: print("the program was told", flush=True))
signal.set_wakeup_fd(os.open("/dev/null", os.O_WRONLY | os.O_NONBLOCK))
with workers(2) as executor:
    print(executor.submit(signal.getsignal, signal.SIGTERM).result())
    print(executor.submit(signal.set_wakeup_fd, -1).result())
    print(executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result())
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_what_a_program_does_about_signals_is_not_done_in_its_workers(tmp_path: Path) -> None:
    program = tmp_path / "program.py"  # with one thread, so that its workers are copies
    program.write_text(HANDLING)
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "0", "-1", "{<Signals.SIGINT: 2>}", "the program was told",
    ]  # fmt: skip


def test_a_worker_that_dies_is_named_so() -> None:
    with workers(2) as executor:
        assert executor is not None
        with pytest.raises(BrokenProcessPool):
            executor.submit(os._exit, 1).result()


def test_an_interrupt_is_left_to_the_parent() -> None:
    with workers(2) as executor:
        assert executor is not None
        blocked = executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
        assert signal.SIGINT in blocked


def test_the_parent_can_be_interrupted_again() -> None:
    with workers(2) as executor:
        assert executor is not None
        executor.submit(os.getpid).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
