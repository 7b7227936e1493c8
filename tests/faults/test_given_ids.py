"""A retry by id after a power loss: what is there is not stored again, what is gone is."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog import EventLog, verify
from tests.faults.crash_states import CrashState, crash_states
from tests.faults.disk import Directory
from tests.faults.test_crash_states import directory, drawn
from tests.faults.tracing import TracingFiles
from tests.faults.work import Work, new_event
from tests.support import DEEP
from tests.support.files import UnsyncedFiles

EVENTS = 7
STATES = 1_000 if DEEP else 60


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_a_retry_is_right_with_an_index_that_outlived_its_events(scratch: Path) -> None:
    """The index of ids is on the disk as the last process left it; of the log, what was synced."""
    with directory(scratch / "recorded") as root:
        files = TracingFiles(root)
        with Work(root, files, sync="never") as work:
            for _ in range(EVENTS):
                work.add(1, given=True)
        cache = root / "log" / "cache"
        assert any(file.stat().st_size for file in cache.iterdir()), "there is no index"
        states = [
            state
            for state in crash_states(files.trace, Directory())
            if "log/log.json" in state.files and not state.reordered
        ]
        assert len(states) > STATES
        for state in drawn(states, STATES):
            with directory(scratch / "after") as after:
                assert_retries(state, cache, after)


def assert_retries(state: CrashState, cache: Path, root: Path) -> None:
    state.put(root)
    shutil.copytree(cache, root / "log" / "cache", dirs_exist_ok=True)
    with EventLog.open(root / "log", files=UnsyncedFiles()) as log:
        for number in range(1, EVENTS + 1):
            (sequence,) = log.extend([new_event(number, given=True)])
            assert sequence == number
        assert [event.id for event in log.read()] == [f"given-{n}" for n in range(1, EVENTS + 1)]
    assert verify(root / "log").ok
