"""Whether a goal is met, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from attrs import frozen

from benchmarks._frame import ByRound, Figure
from benchmarks._goals import Goal

Values = Mapping[Figure, ByRound]

MET = "met"
NOT_MET = "not met"
UNSURE = "spread wider than the margin"
NOT_MEASURED = "not measured"

_ENOUGH_TO_TRIM = 5
_DRIFT = 1.05
"""So much a whole run may differ from another one, however close its own rounds are."""


@frozen
class Verdict:
    """A goal, its figures, and the ratio in the middle round with those around it."""

    goal: Goal
    ours: float | None
    peer: float | None
    ratio: float | None
    low: float | None
    high: float | None
    word: str


def judge(goal: Goal, values: Values) -> Verdict:
    """The ratio is taken within each round, where both ran one after the other.

    Its spread is from the lowest to the highest round, without one at either end when there are
    five rounds or more: a single round in which something else woke up decides nothing.
    """
    ours = values.get(goal.ours, {})
    peer = dict.fromkeys(ours, 1.0) if goal.peer is None else values.get(goal.peer, {})
    ratios = ratios_by_round(ours, peer)
    if not ratios:
        return Verdict(goal, _middle(ours), None, None, None, None, NOT_MEASURED)
    trimmed = sorted(ratios)[1:-1] if len(ratios) >= _ENOUGH_TO_TRIM else ratios
    low, high = min(trimmed), max(trimmed)
    other = None if goal.peer is None else _middle(peer)
    word = _word(goal.at_most, low, high)
    return Verdict(goal, _middle(ours), other, median(ratios), low, high, word)


def ratios_by_round(ours: ByRound, others: ByRound) -> list[float]:
    """One to the other, in each round that has both."""
    return [value / others[number] for number, value in ours.items() if number in others]


def _word(at_most: float, low: float, high: float) -> str:
    if high * _DRIFT <= at_most:
        return MET
    return NOT_MET if low / _DRIFT > at_most else UNSURE


def _middle(values: ByRound) -> float | None:
    return median(values.values()) if values else None
