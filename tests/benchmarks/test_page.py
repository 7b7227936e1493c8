"""The page says what was measured, and whether each goal is met."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks import recording_calls
from benchmarks._frame import MILLISECONDS, Measured, Piece, Taken
from benchmarks._goals import GOALS
from benchmarks._page import anchor, make_page
from benchmarks._scale import LONG, QUICK

PROJECT = Path(__file__).parents[2]


def nothing() -> Taken:
    return Taken({})


def startup(milliseconds: float) -> Measured:
    pieces = [Piece("import eventlog", nothing), Piece("lost", nothing)]
    values = {("import eventlog", MILLISECONDS): {0: milliseconds, 1: milliseconds + 2}}
    return Measured("Start-up", ["A note."], pieces, values, {"lost": "lost is not installed"})


def test_a_quick_page_says_that_it_is_and_shows_the_goals_it_measured() -> None:
    page = make_page([startup(50)], QUICK, 12.3)
    assert "**quick run**" in page
    assert "| start-up | import eventlog: at most 80 ms | 51 ms |  | 50 - 52 | met |" in page
    assert "not measured" not in page


def test_a_long_page_shows_every_goal() -> None:
    page = make_page([startup(90)], LONG, 3600)
    assert page.count("not measured") == len(GOALS) - 1
    assert page.count("| [not met](../docs/performance.md#start-up) |") == 1
    assert "60 minutes" in page


@pytest.mark.parametrize(
    ("heading", "expected"),
    [("16 threads, sync always", "16-threads-sync-always"), ("after 1 % more", "after-1--more"),
     ("p99.9 of append", "p999-of-append"), ("start-up", "start-up")],
)  # fmt: skip
def test_an_anchor_is_what_renderers_make_of_a_heading(heading: str, expected: str) -> None:
    assert anchor(heading) == expected


def test_the_reason_of_every_goal_that_is_not_met_can_be_found() -> None:
    results = (PROJECT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    reasons = (PROJECT / "docs" / "performance.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(\.\./docs/performance\.md#([^)]*)\)", results))
    headings = {anchor(line[3:]) for line in reasons.splitlines() if line.startswith("## ")}
    assert linked <= headings


def test_a_row_has_the_median_the_spread_and_what_is_missing() -> None:
    page = make_page([startup(50)], QUICK, 1)
    assert "| import eventlog | 51 | 50 - 52 | ms |  |  |" in page
    assert "| lost | lost is not installed |" in page


@pytest.mark.parametrize(("arguments", "kept"), [(["--quick"], False), ([], True)])
def test_only_a_whole_long_run_writes_the_results(
    arguments: list[str], kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """With nothing to measure, as a long run takes too long."""
    monkeypatch.setattr(command, "NAMES", ())
    monkeypatch.setattr(recording_calls, "recording_page", lambda quick: "## One recording call")
    command.main(arguments, tmp_path)
    results = tmp_path / "RESULTS.md"
    assert results.exists() == kept
    printed = capsys.readouterr().out
    assert printed.startswith("# Results")
    assert not kept or results.read_text() + "\n" == printed
    assert not (tmp_path / "scratch").exists()
