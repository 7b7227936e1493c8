"""The processes of ``--jobs``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from cli._failures import Failure


@contextmanager
def processes(jobs: int) -> Iterator[Executor | None]:
    """That many; None for one job, which needs no other process."""
    if jobs == 1:
        yield None
        return
    from concurrent.futures.process import BrokenProcessPool  # which one process never needs

    from projections import workers

    try:
        with workers(jobs) as executor:
            yield executor
    except BrokenProcessPool:
        raise Failure("a worker process died: there may be too little memory for --jobs") from None
