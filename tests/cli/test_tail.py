"""``eventlog tail``: the last events, and those that follow."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from eventlog import EventLog
from tests.cli.helpers import PATIENCE, environment, eventlog, start
from tests.support.logs import batch

APPEND = """
import sys
from eventlog import EventLog, NewEvent
first, number, size = map(int, sys.argv[2:])
with EventLog.open(sys.argv[1], sync="never", segment_events=size) as log:
    for n in range(first, first + number):
        log.append("test.numbered", {"n": n}, subject=f"s-{n % 3}")
    if size == 1_000_000:
        log.seal()
"""


def append_elsewhere(log: Path, first: int, number: int, segment_events: int = 1_000_000) -> None:
    """Append numbered events in another process; with no segment size, seal the log at the end."""
    subprocess.run(
        [sys.executable, "-c", APPEND, log, str(first), str(number), str(segment_events)],
        check=True, env=environment(), timeout=PATIENCE,
    )  # fmt: skip


@contextmanager
def following(log: Path, *options: str) -> Iterator[Iterator[int]]:
    """The numbers that ``tail -f --jsonl`` prints, as they come."""
    child = start("tail", log, "-f", "--jsonl", *options)
    assert child.stdout is not None
    watchdog = Timer(PATIENCE, child.kill)
    watchdog.start()
    try:
        yield (json.loads(line)["data"]["n"] for line in child.stdout)
    finally:
        watchdog.cancel()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
        assert (child.returncode, err) == (130, b"eventlog: interrupted\n")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with twenty numbered events, half of them sealed."""
    path = tmp_path / "log"
    with EventLog.open(path, sync="never") as opened:
        opened.extend(batch(1, 10))
        opened.seal()
        opened.extend(batch(11, 10))
    return path


def numbers(*args: str | Path) -> list[int]:
    return [event["data"]["n"] for event in eventlog("tail", *args, "--jsonl").jsonl]


def test_tail_prints_the_last_ten_events(log: Path) -> None:
    assert numbers(log) == list(range(11, 21))


@pytest.mark.parametrize("number", [0, 1, 5, 10, 11, 20, 21, 1000])
def test_tail_prints_as_many_as_asked_across_segments(number: int, log: Path) -> None:
    assert numbers(log, "-n", str(number)) == list(range(1, 21))[max(0, 20 - number) :]


def test_tail_counts_only_what_matches(log: Path) -> None:
    assert numbers(log, "-n", "2", "--subject", "s-1") == [16, 19]
    assert numbers(log, "--type", "other") == []


def test_tail_shows_events_to_people_like_cat(log: Path) -> None:
    assert eventlog("tail", log, "-n", "20").out == eventlog("cat", log).out


def test_follow_sees_what_another_process_appends(log: Path) -> None:
    with following(log, "-n", "2") as seen:
        assert [next(seen), next(seen)] == [19, 20]
        append_elsewhere(log, 21, 5, 3)
        assert [next(seen) for _ in range(5)] == list(range(21, 26))


def test_follow_goes_on_across_rotation_and_sealing(log: Path) -> None:
    with following(log, "-n", "1") as seen:
        assert next(seen) == 20
        append_elsewhere(log, 21, 40, 7)  # rotates, and seals in the background
        append_elsewhere(log, 61, 3)  # seals everything
        append_elsewhere(log, 64, 3)
        assert [next(seen) for _ in range(46)] == list(range(21, 67))


def test_follow_shows_only_what_matches(log: Path) -> None:
    with following(log, "-n", "1", "--subject", "s-0") as seen:
        assert next(seen) == 18
        append_elsewhere(log, 21, 9, 4)
        assert [next(seen) for _ in range(3)] == [21, 24, 27]


def test_follow_waits_for_the_first_event_of_an_empty_log(tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    with following(tmp_path / "log") as seen:
        append_elsewhere(tmp_path / "log", 1, 2, 5)
        assert [next(seen), next(seen)] == [1, 2]
