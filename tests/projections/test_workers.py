"""Processes that help to answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest

from eventlog import EventLog, NewEvent
from projections import SessionSummaries, project, workers


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
    for kept in (log.cache_path / "partials").rglob("*"):
        if kept.is_file():
            kept.unlink()
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
