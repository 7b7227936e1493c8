"""The reference workload for failed calls: it goes on after a failure as a program should."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from eventlog import EventLogError, WriterFailedError
from tests.faults.tracing import TracingFiles
from tests.faults.work import Work

TASKS: tuple[int | str, ...] = (1, 1, 2, 3, "given", 1, "rotate", 2)
"""Sizes of batches, an event with a given id, and a rotation; segments hold four events."""
_OPENINGS = 3


def stubborn(root: Path, files: TracingFiles) -> None:
    """Does the tasks; after a failure it opens the log again. Gives up after some openings."""
    tasks = list(TASKS)
    for opening in range(_OPENINGS):
        try:
            work = Work(root, files)
        except (OSError, EventLogError):
            if opening == _OPENINGS - 1:
                raise
            continue
        with suppress(OSError), work:  # a failed sealer is heard of when the log is closed, too
            _do(tasks, work)
        if not tasks:
            return


def _do(tasks: list[int | str], work: Work) -> None:
    """Take off what is done. After a failed write there is no going on with this log."""
    while tasks:
        before = work.log.head()
        try:
            _do_one(tasks[0], work)
        except OSError:
            assert_poisoned(work, before)
            return
        del tasks[0]
        with suppress(OSError):
            work.settle()  # when the sealer fails, appending goes on


def _do_one(task: int | str, work: Work) -> None:
    if task == "rotate":
        work.log.rotate()
    elif task == "given":
        work.add(1, given=True)
    else:
        work.add(int(task))


def assert_poisoned(work: Work, before: int) -> None:
    """It takes nothing more, and still reads all that it acknowledged."""
    for _ in range(2):
        with pytest.raises(WriterFailedError):
            work.log.append("test.never")
    with pytest.raises(WriterFailedError):
        work.log.rotate()
    events = [event.data["n"] for event in work.log.read(until=before)]
    assert events == list(range(1, before + 1)), "what was acknowledged cannot be read"
    assert before >= work.files.promise.kept


def recovery(root: Path, files: TracingFiles) -> None:
    """Opens what a failure left, lets the sealer finish, and appends."""
    with Work(root, files) as work:
        work.settle()
        work.add(2)
