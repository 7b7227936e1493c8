"""Asking a log for one of its read models, in this process or with the help of others."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, ParamSpec, Protocol, TypeVar

from cli._failures import Failure
from cli._options import open_for_reading
from cli._output import print_json, print_jsonl
from projections import AsOf, Projection, project, to_document

P = ParamSpec("P")
Result = TypeVar("Result")


class _Row(Protocol):
    @property
    def subject(self) -> str | None: ...


Row = TypeVar("Row", bound=_Row)


def ask(log: Path, projection: Projection[Any, Result], as_of: AsOf, jobs: int) -> Result:
    """The projection's answer for the log at this path."""
    with open_for_reading(log) as opened, _workers(jobs) as executor:
        return project(opened, projection, as_of, executor)


def of_subjects(rows: list[Row], subjects: Collection[str]) -> list[Row]:
    """The rows of these sessions; all when none is named."""
    return [row for row in rows if row.subject in subjects] if subjects else rows


def print_documents(rows: Iterable[object], *, lines: bool) -> None:
    """The rows as JSON: one document, or one a line."""
    documents = map(to_document, rows)
    if lines:
        print_jsonl(documents)
    else:
        print_json(list(documents))


@contextmanager
def _workers(jobs: int) -> Iterator[Executor | None]:
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
