"""The workload: the same everywhere, a Zipf-like share of sessions, lines of about 280 bytes."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path

from benchmarks._workload import (
    line_bytes,
    load_plain,
    plain_events,
    save_plain,
    workload,
    write_log,
)
from eventlog import EventLog

COUNT = 4_000
DIGEST = "221c57864a80d934b85e5da9731c2fdfe513105f0b3d8bd54f2351dc70057414"  # of 2,000 events


def test_the_workload_is_the_same_in_every_run(tmp_path: Path) -> None:
    save_plain(tmp_path / "events", 2_000)
    assert sha256((tmp_path / "events").read_bytes()).hexdigest() == DIGEST


def test_what_was_kept_is_loaded_again_whole_or_in_parts(tmp_path: Path) -> None:
    save_plain(tmp_path / "events", 50)
    events = list(plain_events(50))
    assert load_plain(tmp_path / "events") == events
    assert load_plain(tmp_path / "events", 20, start=1, step=3) == events[1:20:3]


def test_a_line_takes_about_280_bytes(tmp_path: Path) -> None:
    write_log(tmp_path / "log", COUNT, segments=3)
    assert 265 < line_bytes(tmp_path / "log") < 300


def test_a_log_is_sealed_in_as_many_segments_as_are_asked_for(tmp_path: Path) -> None:
    write_log(tmp_path / "log", COUNT, segments=3)
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        assert len(log.sealed()) == 3
        assert log.head() == COUNT


def test_all_kinds_of_activity_are_in_it() -> None:
    found = {one.type for one in plain_events(COUNT)}
    assert {
        "task.completed",
        "file.read",
        "tool.called",
        "area.visited",
        "metric.recorded",
    } <= found


def test_few_sessions_have_much_and_most_have_little() -> None:
    """By Zipf's law a tenth of a few hundred sessions has more than a third of what happens."""
    counts = sorted(Counter(one.subject for one in workload(20_000)).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > 20_000 / 3
    assert counts[len(counts) // 2] < counts[0] / 8
