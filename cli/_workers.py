"""Processes that help to answer, and end with the one that asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import ParamSpec, TypeVar

from cli._failures import Failure

P = ParamSpec("P")
Result = TypeVar("Result")


@contextmanager
def workers(jobs: int) -> Iterator[Executor | None]:
    """That many processes, each started when there is work for it; None for one job."""
    if jobs == 1:
        yield None
        return
    pool = _Workers(jobs, get_context("spawn"), _prepare_worker)
    try:
        yield pool
    except BrokenProcessPool:
        raise Failure("a worker process died: there may be too little memory for --jobs") from None
    finally:
        pool.shutdown(cancel_futures=True)


class _Workers(ProcessPoolExecutor):
    """Workers that leave Ctrl-C to their parent, from their first moment on.

    What is blocked when a process starts is blocked in it, and ``submit`` is what starts them.
    """

    def submit(
        self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[Result]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker() -> None:
    """A worker ends when its parent does, whatever ends that one."""
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # noqa: S101 - a worker has one
    parent.join()
    os._exit(1)
