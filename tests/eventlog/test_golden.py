"""Logs that earlier versions wrote stay readable, and can be written on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from eventlog import EventLog, verify
from tests.golden.make_format_1 import as_json, make

GOLDEN = Path(__file__).parents[1] / "golden"
FORMATS = [1]


@pytest.fixture(params=FORMATS, ids=lambda number: f"format-{number}")
def golden(request: pytest.FixtureRequest) -> Path:
    return GOLDEN / f"format-{request.param}.eventlog"


def _content(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


def test_it_reads_as_it_was_recorded(golden: Path) -> None:
    before = _content(golden)
    with EventLog.open(golden, readonly=True) as log:
        events = [as_json(event) for event in log.read()]
        info = log.info()
    expected = json.loads(golden.with_suffix(".json").read_text(encoding="utf-8"))
    assert repr(events) == repr(expected)
    assert info.events == len(expected) > 40
    assert info.sealed_segments == 3
    assert _content(golden) == before, "reading changed the log"


def test_it_verifies(golden: Path) -> None:
    report = verify(golden)
    assert report.ok, report.faults


def test_a_copy_takes_more_events_and_seals(golden: Path, tmp_path: Path) -> None:
    path = shutil.copytree(golden, tmp_path / "copy")
    with EventLog.open(path) as log:
        assert log.torn == ()
        last = log.head()
        assert log.append("later.version", {"n": 1}) == last + 1
        assert log.append("last", {"min": -(2**63)}, id="given-2") == last, "an id was forgotten"
        log.seal()
        assert log.append("later.version", {"n": 2}) == last + 2
        assert [event.sequence for event in log.read()] == list(range(1, last + 3))
    report = verify(path)
    assert report.ok, report.faults


def test_its_maker_still_writes_the_same_lines(tmp_path: Path) -> None:
    """What changes here is the format, and needs a new version of it."""
    make(tmp_path)
    lines = []
    for path in (tmp_path, GOLDEN):
        with EventLog.open(path / "format-1.eventlog", readonly=True) as log:
            lines.append([line for line, _ in log.scan()])
    assert lines[0] == lines[1]
    for name in ("format-1.eventlog/log.json", "format-1.json"):
        assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes()
