"""Every measurement runs, at a tiny size, and gives the figures that the goals ask for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from benchmarks._frame import Figure, Measured, measure
from benchmarks._goals import GOALS
from benchmarks._page import theme_table
from benchmarks._scale import LONG, TINY
from benchmarks._themes import NAMES

GOALS_OF = {
    "writing": 3, "syncing": 6, "concurrency": 4, "sealing": 2, "replay": 3, "warm": 3,
    "questions": 0, "opening": 3, "sizes": 1, "checking": 0, "startup": 3, "growth": 4,
    "many_sessions": 0, "stages": 0,
}  # fmt: skip
SIZES = list(zip(LONG.growth[-2:], TINY.growth, strict=True))


def tiny(figure: Figure) -> Figure:
    """The same figure, as it is called where less is measured."""
    name, unit = figure
    for large, small in SIZES:
        name = name.replace(f"{large:,} events,", f"{small:,} events,")
    return name, unit


def test_every_goal_belongs_to_a_theme() -> None:
    assert set(GOALS_OF) == set(NAMES)
    assert sum(GOALS_OF.values()) == len(GOALS)


@pytest.mark.parametrize("theme", NAMES)
def test_a_theme_measures_all_its_pieces_and_what_its_goals_need(
    theme: str, tmp_path: Path
) -> None:
    measured = measure(import_module(f"benchmarks.{theme}").THEME, tmp_path / "measured", TINY)
    pieces = {piece.name for piece in measured.pieces}
    assert {name for name, _ in measured.values} == pieces - set(measured.missing)
    assert all(piece.against in pieces for piece in measured.pieces if piece.against)
    assert len(theme_table(measured)) > len(pieces)
    _assert_goals(measured, pieces, GOALS_OF[theme])


def _assert_goals(measured: Measured, pieces: set[str], expected: int) -> None:
    goals = [goal for goal in GOALS if tiny(goal.ours)[0] in pieces]
    assert len(goals) == expected
    for goal in goals:
        for figure in filter(None, (goal.ours, goal.peer)):
            assert tiny(figure)[0] in measured.missing or tiny(figure) in measured.values
