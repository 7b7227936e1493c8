"""Many processes write at once while files rotate and are compressed: here, and with loguru."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from pathlib import Path

from eventlog import EventLog, verify
from tests.faults.tally import TALLY
from tests.support import DEEP
from tests.support.processes import children_at_once

PROCESSES, EVENTS = (8, 50_000) if DEEP else (4, 1_000)
ROTATE_AT = 400_000 if DEEP else 20_000
"""Bytes of a file before it is rotated and compressed, for both."""

WITH_EVENTLOG = """
import sys
from eventlog import EventLog
path, name, events, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with EventLog.open(path, sync="interval", segment_bytes=size, lock_timeout=120) as log:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(events):
        log.append("test", {"line": f"{name} {number}"})
"""
WITH_LOGURU = """
import sys
from loguru import logger
path, name, events, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
logger.remove()
logger.add(path + "/app.log", rotation=size, compression="gz", format="{message}")
print("ready", flush=True)
sys.stdin.readline()
for number in range(events):
    logger.info(f"{name} {number} {'x' * 200}")  # a line as long as an event's
"""


def written(program: str, path: Path) -> Counter[str]:
    """The lines that should be there, once each, after all processes have written theirs."""
    names = [f"process-{number}" for number in range(PROCESSES)]
    arguments = [(path, name, EVENTS, ROTATE_AT) for name in names]
    with children_at_once(program, arguments) as children:
        for one in children:
            assert one.wait(600) == 0
    return Counter(f"{name} {number}" for name in names for number in range(EVENTS))


def test_eventlog_loses_doubles_and_tears_nothing(tmp_path: Path) -> None:
    expected = written(WITH_EVENTLOG, tmp_path / "log")
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        assert Counter(event.data["line"] for event in log.read()) == expected
    report = verify(tmp_path / "log")
    assert report.ok, report.faults[:3]
    assert report.segments > 5, "nothing was rotated"
    TALLY["lines of many processes, written with eventlog"] = expected.total()
    TALLY["of these lost, doubled or torn"] = 0


def readable(file: Path) -> bytes:
    """The content; of a compressed file that is not whole, what comes before its damage."""
    if file.suffix != ".gz":
        return file.read_bytes()
    data = b""
    try:
        with gzip.open(file) as unpacked:
            while part := unpacked.read1():
                data += part
    except (EOFError, OSError, zlib.error):
        print(f"{file.name} is damaged after {len(data)} bytes")
    return data


def test_what_loguru_loses_is_counted(tmp_path: Path) -> None:
    """For comparison only: nothing here depends on it."""
    (tmp_path / "log").mkdir()
    expected = written(WITH_LOGURU, tmp_path / "log")
    found = Counter[str]()
    for file in (tmp_path / "log").iterdir():
        lines = readable(file).decode(errors="replace").splitlines()
        found.update(line.rpartition(" ")[0] for line in lines)
    TALLY["lines of many processes, written with loguru"] = expected.total()
    TALLY["of these lost with loguru"] = (expected - found).total()
    TALLY["of these doubled or torn with loguru"] = (found - expected).total()
