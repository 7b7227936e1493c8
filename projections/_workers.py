"""Processes that help to answer, and end with the one that asked."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")

_LOOKS, _LOOK_SECONDS = 20, 0.001


@contextmanager
def workers(jobs: int) -> Iterator[Executor | None]:
    """That many processes for :func:`project`, started when there is work; None for one job.

    A process that has one thread forks them, which takes milliseconds. One with more starts new
    ones, as a lock that another thread holds would stay locked in a copy; then the program's main
    module has to be importable without asking again (``if __name__ == "__main__":``).

    They leave Ctrl-C to their parent, and end when it does, whatever ends it.
    ``concurrent.futures.process.BrokenProcessPool`` when one of them dies. ValueError when ``jobs``
    is less than 1.

        with workers(2) as executor:
            rows = project(log, SessionSummaries(), executor=executor)
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}: it must be 1 or more")
    if jobs == 1:
        yield None
        return
    pool = _Workers(jobs)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Workers(Executor):
    """A pool that decides how to start its processes at the moment when it does."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None

    def submit(
        self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[Result]:
        # What is blocked when a process starts is blocked in it, and submitting is what starts it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            if self._pool is None:
                context = get_context("fork" if _has_one_thread() else "spawn")
                prepare = partial(_prepare_worker, before | {signal.SIGINT})
                self._pool = ProcessPoolExecutor(self._jobs, context, prepare)
            return self._pool.submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _has_one_thread() -> bool:
    """Whether the kernel knows of no other: libraries have threads that Python does not see.

    One that Python has seen the end of, as of an earlier pool, is there for a moment longer.
    """
    for _ in range(_LOOKS):
        try:
            if len(os.listdir("/proc/self/task")) == 1:
                return True
        except FileNotFoundError:  # only Linux tells
            return False
        if threading.active_count() > 1:
            return False
        time.sleep(_LOOK_SECONDS)
    return False


def _prepare_worker(blocked: set[int | signal.Signals]) -> None:
    """What the program does about signals is none of a worker's business; its end is."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # noqa: S101 - a worker has one
    parent.join()
    os._exit(1)
