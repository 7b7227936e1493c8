"""Everything that a log can be asked, and that nothing but an answer or our own error may come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from eventlog import EventLog, EventLogError, prune, repair, verify
from projections import SessionSummaries, project
from tests.hostile.clock import ends_within
from tests.support.files import UnsyncedFiles


def _read(path: Path, **how: Any) -> int:
    with EventLog.open(path, readonly=True) as log:
        log.info()
        return len(list(log.read(**how)))


def _ask(path: Path) -> int:
    with EventLog.open(path, readonly=True) as log:
        return len(project(log, SessionSummaries()))


def _write(path: Path) -> int:
    with EventLog.open(path, files=UnsyncedFiles(), lock_timeout=1) as log:
        log.append("test.again", {}, id="given", subject="s", expected_stream_sequence=None)
        log.seal()
        return log.append("test.more", {}, subject="s-1", expected_stream_sequence=2)


USES: tuple[Callable[[Path], object], ...] = (
    _read,
    lambda path: _read(path, reverse=True),
    lambda path: _read(path, on_damage=lambda _: None),
    lambda path: _read(path, reverse=True, on_damage=lambda _: None),
    lambda path: _read(path, subject="s-1", after=1),
    _ask,
    verify,
    lambda path: repair(path, dry_run=True),
    lambda path: prune(path, keep_events=1, dry_run=True),
    _write,
    repair,
    verify,
)


def use(path: Path) -> None:
    """Ask all of it, in order. Any error but ours, and any hang, fails the test."""
    with ends_within(60):
        for action in USES:
            try:
                action(path)
            except EventLogError as error:
                assert str(error)
