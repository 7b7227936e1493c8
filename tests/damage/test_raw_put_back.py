"""A sealed segment is gone, and its raw file is there again: damage, though no event is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog import DamagedLogError, EventLog, repair, verify
from tests.second_verifier import Log
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, batch, numbers, numbers_around_damage, segment_files


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        log.extend(batch(1, 3))
        raw = active_file(path)
        content = raw.read_bytes()
        log.seal()
        log.extend(batch(4, 2))
    segment_files(path)[0].unlink()
    raw.write_bytes(content)
    return path


def test_both_verifiers_see_it(log: Path) -> None:
    [fault] = verify(log).faults
    assert (fault.kind, fault.sequence) == ("missing", 1)
    assert list(Log(log).faults())


def test_reading_refuses_and_tells_which_file(log: Path) -> None:
    with pytest.raises(DamagedLogError, match="missing") as refused:
        numbers(log)
    assert refused.value.path == log / "segments" / "0000000000000000001.jsonl.zst"


def test_reading_around_damage_gives_every_event_and_tells_of_it(log: Path) -> None:
    found, met = numbers_around_damage(log)
    assert found == [1, 2, 3, 4, 5]
    assert ["raw file" in error.message for error in met] == [True]


def test_repair_takes_every_event_from_the_raw_file(log: Path) -> None:
    report = repair(log)
    assert report.lost == []
    assert verify(log).ok
    assert numbers(log) == [1, 2, 3, 4, 5]
