"""What is called like a segment and is no file: nobody waits for it, and everybody says so."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from eventlog import DamagedLogError, EventLog, prune, repair, verify
from eventlog._names import raw_name, sealed_name
from tests.hostile.clock import ends_within
from tests.support.logs import active_file, batch, numbers, numbers_around_damage, segment_files

Make = Callable[[Path], object]


def _socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)  # binding one takes a short path


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.parents[2] / "pipe")
    path.symlink_to(path.parents[2] / "pipe")


KINDS = pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, _socket, _link_to_pipe])
LATER = pytest.mark.parametrize(
    "name", [raw_name(6), raw_name(99), sealed_name(6), sealed_name(99)]
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A sealed segment with the events 1 to 3, and an active one with 4 and 5."""
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        log.seal()
        log.extend(batch(4, 2))
    return log.path


@KINDS
@LATER
def test_a_strange_thing_behind_the_log_is_named_and_left_out(
    log: Path, make: Make, name: str
) -> None:
    strange = log / "segments" / name
    make(strange)
    with ends_within(30):
        (fault,) = verify(log).faults
        assert (fault.kind, fault.file) == ("unknown", f"segments/{name}")
        assert "is no file" in fault.message
        found, met = numbers_around_damage(log)
        assert found == [1, 2, 3, 4, 5]
        assert [error.path for error in met] == [strange]
        with pytest.raises(DamagedLogError):
            EventLog.open(log)
        for dry_run in (True, False):
            with pytest.raises(DamagedLogError, match="is no file: move it out of the log"):
                repair(log, dry_run=dry_run)
    assert os.path.lexists(strange)


@KINDS
def test_a_strange_thing_right_behind_the_active_segment_stops_a_reader(
    log: Path, make: Make
) -> None:
    make(log / "segments" / raw_name(6))
    with ends_within(30), pytest.raises(DamagedLogError, match="is no file"):
        numbers(log)


@KINDS
@pytest.mark.parametrize("index", [0, 1])
def test_a_strange_thing_in_a_segment_s_place_costs_only_that_one(
    log: Path, make: Make, index: int
) -> None:
    place = segment_files(log)[index]
    place.unlink()
    make(place)
    with ends_within(30):
        assert "is no file" in verify(log).faults[0].message
        found, met = numbers_around_damage(log)
        assert found == ([4, 5], [1, 2, 3])[index]
        assert "is no file" in str(met[0])
        with EventLog.open(log, readonly=True) as opened, pytest.raises(DamagedLogError):
            list(opened.read())
        with pytest.raises(DamagedLogError, match="is no file"):
            repair(log)


@KINDS
def test_a_raw_segment_is_not_deleted_for_a_strange_thing(log: Path, make: Make) -> None:
    """Its sealed form is what the manifest states, or it stays."""
    sealed = segment_files(log)[0]
    raw = sealed.with_name(raw_name(1))
    shutil.copy2(sealed, raw)
    sealed.unlink()
    make(sealed)
    with ends_within(30), pytest.raises(DamagedLogError, match="is no file"):
        EventLog.open(log)
    assert raw.exists()


def test_a_directory_under_the_name_of_a_pruned_segment_is_not_deleted(log: Path) -> None:
    with EventLog.open(log) as opened:
        opened.seal()
    prune(log, keep_events=2)
    strange = log / "segments" / raw_name(1)
    strange.mkdir()
    assert [fault.kind for fault in verify(log).faults] == ["unknown"]
    with pytest.raises(DamagedLogError, match="is no file"):
        EventLog.open(log)
    strange.rmdir()
    assert numbers(log) == [4, 5]


def test_after_the_strange_thing_was_moved_away_the_log_is_as_before(log: Path) -> None:
    strange = active_file(log).with_name(raw_name(6))
    os.mkfifo(strange)
    assert not verify(log).ok
    strange.unlink()
    assert verify(log).ok
    assert numbers(log) == [1, 2, 3, 4, 5]
