"""Which segments there are, while another process changes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eventlog import DamagedLogError, EventLog
from eventlog._catalog import Catalog
from tests.support.files import FailingFiles
from tests.support.logs import batch, numbers, segment_files


def _with_raw_segments(path: Path) -> None:
    """Three raw segments, since sealing fails."""
    files = FailingFiles(lambda name, count: name == "rename" and count > 1)
    log = EventLog.open(path, files=files)
    for first in (1, 4, 7):
        log.extend(batch(first, 3))
        if first < 7:
            log.rotate()
    with pytest.raises(OSError, match="error"):
        log.close()


def test_a_listing_that_missed_a_new_segment_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel may leave out a name that is added while it lists the directory."""
    _with_raw_segments(tmp_path / "log")
    catalog, real, calls = Catalog(tmp_path / "log"), os.listdir, []

    def listdir(path: Path) -> list[str]:
        calls.append(path)
        return [name for name in real(path) if len(calls) > 1 or "4" not in name]

    monkeypatch.setattr(os, "listdir", listdir)
    assert [segment.first_sequence for segment in catalog.snapshot().raw] == [1, 4, 7]


def test_a_listing_from_before_everything_was_sealed_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        catalog, real, calls = Catalog(log.path), os.listdir, []

        def listdir(path: Path) -> list[str]:
            calls.append(path)
            names = real(path)
            if len(calls) == 1:
                monkeypatch.undo()
                log.seal()
                monkeypatch.setattr(os, "listdir", listdir)
            return names

        monkeypatch.setattr(os, "listdir", listdir)
        snapshot = catalog.snapshot()
        monkeypatch.undo()
    assert [segment.first_sequence for segment in snapshot.raw] == [4]
    assert [snapshot.first_sequence(index) for index in range(len(snapshot))] == [1, 4]
    assert [snapshot.last_sequence(index) for index in range(len(snapshot))] == [3, None]
    assert [snapshot.index_of(sequence) for sequence in (0, 1, 3, 4, 99)] == [0, 0, 0, 1, 1]


def test_a_segment_that_is_sealed_before_it_is_opened_is_read_sealed(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", segment_events=3) as log:
        log.extend(batch(1, 3))
        with EventLog.open(log.path, readonly=True) as reader:
            events = reader.read()
            assert next(events).sequence == 1
            log.extend(batch(4, 3))
            log.seal()
            # What was there when reading began, from files that are gone by now.
            assert [event.sequence for event in events] == [2, 3]
            assert [event.sequence for event in reader.read()] == [1, 2, 3, 4, 5, 6]


def test_a_segment_that_is_a_link_to_nowhere_is_damage(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    (active,) = segment_files(tmp_path / "log")
    active.unlink()
    active.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DamagedLogError, match="leads nowhere") as raised:
        numbers(tmp_path / "log")
    assert raised.value.path == active
