"""SIGKILL at random moments: the next run ends like one that was never killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from eventlog import EventLog, verify
from projections.exports import Selection
from tests.exports.helpers import Backend, lines_of, odd_event, reading, tables
from tests.support import DEEP
from tests.support.processes import ROOT

KILLS = 150 if DEEP else 15
PATIENCE = 60.0

EXPORT_IN_SMALL_STEPS = """
import sys
from eventlog import EventLog
from projections.exports import Selection, export_to_postgres, export_to_sqlite
kind, log, target = sys.argv[1:]
if kind == "postgres":
    import psycopg
export = {"sqlite": export_to_sqlite, "postgres": export_to_postgres}[kind]
with EventLog.open(log, readonly=True) as opened:
    print("opened", flush=True)
    export(opened, target, batch_rows=20)
    export(opened, target, Selection(model="session-summaries"))
    export(opened, target, Selection(model="areas"))
"""

EXPORT_FILES = """
import sys
from eventlog import EventLog
from projections.exports import export_to_file
log, target = sys.argv[1:]
with EventLog.open(log, readonly=True) as opened:
    print("opened", flush=True)
    for format in ("csv", "jsonl", "parquet"):
        export_to_file(opened, f"{target}/file.{format}", format, manifest=True)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose export takes some hundred transactions."""
    path = tmp_path_factory.mktemp("large") / "log"
    with EventLog.open(path, sync="never", segment_events=300) as log:
        for first in range(1, 2000, 50):
            log.extend([odd_event(number) for number in range(first, first + 50)])
    return path


def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Run the program, to where it begins to export."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"opened\n"
    return child


def kill_or_finish(child: subprocess.Popen[bytes], delay: float) -> bool:
    """Whether it had to be killed."""
    try:
        child.wait(delay)
    except subprocess.TimeoutExpired:
        child.kill()
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode in (0, -signal.SIGKILL), err.decode()
    return child.returncode != 0


def duration_of(child: subprocess.Popen[bytes]) -> float:
    """How long the export takes when nobody kills it, without what comes before it."""
    begun = time.monotonic()
    assert not kill_or_finish(child, PATIENCE)
    return time.monotonic() - begun


def target_of(backend: Backend) -> str:
    return str(getattr(backend, "path", None) or getattr(backend, "dsn", ""))


def test_a_database_is_the_same_after_any_number_of_kills(backend: Backend, large: Path) -> None:
    arguments = (EXPORT_IN_SMALL_STEPS, backend.name, str(large), target_of(backend))
    duration, expected = duration_of(start(*arguments)), tables(backend)
    assert len(expected["events"]) == 2000

    kills, random = 0, Random(time.time_ns())
    while kills < KILLS:
        _clear(backend)
        before, patience = kills, duration / 2
        while kill_or_finish(start(*arguments), random.uniform(0, patience)):
            kills += 1
            patience += duration / 10  # so that it comes to an end on a busy machine, too
        assert tables(backend) == expected, f"after {kills} kills"
        if kills == before:
            duration /= 2  # it is faster than it seemed


def _clear(backend: Backend) -> None:
    with backend.open() as database:
        for name in tables(backend):
            database.execute(f'DROP TABLE "{name}"')


def test_a_file_is_whole_or_not_there_after_a_kill(large: Path, tmp_path: Path) -> None:
    duration = duration_of(start(EXPORT_FILES, str(large), str(tmp_path)))
    expected = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert expected["file.jsonl"] == b"".join(line + b"\n" for line in lines_of(large))
    random = Random(time.time_ns())
    for _ in range(KILLS // 2):
        for path in tmp_path.glob("file.*"):
            path.unlink()
        kill_or_finish(start(EXPORT_FILES, str(large), str(tmp_path)), random.uniform(0, duration))
        for path in tmp_path.glob("file.*"):
            assert path.read_bytes() == expected[path.name]


def test_the_log_is_untouched_by_all_of_this(large: Path) -> None:
    assert verify(large).ok
    with reading(large) as opened:
        assert opened.head() == 2000
        assert Selection().until(opened) == 2000
