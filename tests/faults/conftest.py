"""What the fault tests counted, printed at the end of a run, and where they put their logs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.tally import TALLY


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty directory in memory where there is such a thing: thousands of logs go through it."""
    memory = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
    parent = memory if memory.is_dir() else None
    path = Path(tempfile.mkdtemp(prefix="eventlog-faults-", dir=parent))
    yield path
    shutil.rmtree(path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that was counted."""
    if TALLY:
        terminalreporter.section("faults")
    for what, count in TALLY.items():
        terminalreporter.line(f"{count:>9,} {what}")
