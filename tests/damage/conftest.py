"""The log to damage, the bed it lies on, and a count of all cases at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.damage.bed import Bed, Tally
from tests.damage.reference import Reference, reference_log

_TALLY = pytest.StashKey[Tally]()
_MEMORY = Path("/dev/shm")  # noqa: S108 - only faster: the directory made there is private


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The log that is damaged."""
    return reference_log(tmp_path_factory.mktemp("reference"), "gabcdefghijk")


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """Another log with the same events."""
    return reference_log(tmp_path_factory.mktemp("foreign"), "zyxwvutsrqpn")


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """A directory in memory where there is one."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as directory:
        yield Bed(Path(directory))


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """The counts of all tests of this run."""
    return request.config.stash.setdefault(_TALLY, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """How many cases of damage there were, and how many of them were seen."""
    tally = config.stash.get(_TALLY, {})
    if not tally:
        return
    terminalreporter.section("damage seen by verify and by the second verifier")
    for (kind, files), count in sorted(tally.items()):
        unseen = f", {count.by_nature_unseen} earlier states" if count.by_nature_unseen else ""
        terminalreporter.line(f"{kind:32} {files:16} {count.seen:>7,} seen{unseen}")
    seen = sum(count.seen for count in tally.values())
    earlier = sum(count.by_nature_unseen for count in tally.values())
    terminalreporter.line(
        f"{seen:,} seen; {earlier} earlier states of the log, which nobody can see"
    )
