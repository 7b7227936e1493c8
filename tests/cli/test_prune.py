"""``eventlog prune``: says what it would do, asks for --yes, and keeps the log sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog import EventLog, verify
from tests.cli.helpers import eventlog, refused
from tests.support.files import UnsyncedFiles
from tests.support.logs import batch, copy_of, numbers


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        for first in (1, 11, 21):
            log.extend(batch(first, 10))
            log.seal()
    return path


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    return copy_of(whole, tmp_path / "log")


def test_it_says_what_was_pruned(log: Path) -> None:
    outcome = eventlog("prune", log, "--keep-events", "10", "--yes")
    assert outcome.code == 0
    first, second = outcome.text.splitlines()
    assert first.startswith("20 events in 2 segments (")
    assert first.endswith(" bytes) were pruned")
    assert second == "the log begins at 21"
    assert numbers(log) == list(range(21, 31))
    assert verify(log).ok


def test_a_dry_run_says_what_would_be_pruned(log: Path) -> None:
    outcome = eventlog("prune", log, "--keep-size", "0", "--dry-run")
    assert outcome.text.startswith("30 events in 3 segments (")
    assert outcome.text.endswith(" would be pruned\nthe log would begin at 31\n")
    assert len(numbers(log)) == 30


def test_json_tells_the_same(log: Path) -> None:
    told = eventlog("prune", log, "--keep-events", "10", "--dry-run", "--json").json
    assert (told["events"], len(told["segments"]), told["first_kept"]) == (20, 2, 21)


def test_nothing_to_prune_is_no_error(log: Path) -> None:
    outcome = eventlog("prune", log, "--older-than", "1d", "--yes")
    assert (outcome.code, outcome.text) == (
        0, "nothing to prune: every sealed segment is to be kept\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--yes",), "say what to keep"),
        (("--keep-events", "1"), "confirm with --yes"),
        (("--keep-size", "a lot", "--yes"), "is no size: write it like 500MB or 2GiB"),
        (("--older-than", "old", "--yes"), "is no age: write it like 36h, 90d or 8w"),
        (("--keep-events", "-1", "--yes"), "--keep-events"),
    ],
)
def test_without_a_rule_or_a_confirmation_nothing_happens(
    log: Path, options: tuple[str, ...], message: str
) -> None:
    outcome = eventlog("prune", log, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert len(numbers(log)) == 30


@pytest.mark.parametrize(
    ("size", "goes"), [("1GB", 0), ("1gib", 0), ("1 kb", 1), ("10", 3), ("0b", 3)]
)
def test_sizes_have_units(log: Path, size: str, goes: int) -> None:
    told = eventlog("prune", log, "--keep-size", size, "--dry-run", "--json").json
    assert len(told["segments"]) == goes


def test_reading_what_was_pruned_says_where_to_go_on(log: Path) -> None:
    eventlog("prune", log, "--keep-events", "10", "--yes")
    outcome = eventlog("cat", log, "--after", "5")
    refused(outcome, 1, "the events up to sequence 20 were pruned")


def test_a_model_in_a_database_is_written_anew_from_what_is_kept(log: Path, tmp_path: Path) -> None:
    export = ("export", log, "--format", "sqlite", "--model", "session-summaries")
    target = ("--output", tmp_path / "a.db")
    assert eventlog(*export, *target).code == 0
    with EventLog.open(log) as opened:
        opened.extend(batch(31, 1))
    eventlog("prune", log, "--keep-events", "1", "--yes")
    assert eventlog(*export, *target).code == 0


def test_a_log_in_which_nothing_is_sealed_says_how_to_seal(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles()) as opened:
        opened.extend(batch(1, 3))
    outcome = eventlog("prune", tmp_path / "log", "--keep-events", "0", "--yes")
    assert outcome.code == 0
    assert outcome.text.startswith("nothing to prune: no segment is sealed, and only sealed")
    assert f"'eventlog seal {tmp_path / 'log'}'" in outcome.text
    assert numbers(tmp_path / "log") == [1, 2, 3]
