"""A goal is judged by the ratios within the rounds, and doubt is said."""

from __future__ import annotations

import pytest

from benchmarks._frame import US
from benchmarks._goals import Goal
from benchmarks._verdicts import MET, NOT_MEASURED, NOT_MET, UNSURE, judge

OURS, PEER = ("ours", US), ("peer", US)
GOAL = Goal("work", OURS, PEER, 2)


def word(ours: list[float], peer: list[float]) -> str:
    values = {OURS: dict(enumerate(ours)), PEER: dict(enumerate(peer))}
    return judge(GOAL, values).word


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([1, 1.9, 1.9], MET),
        ([1, 2, 2], UNSURE),
        ([3, 4, 5], NOT_MET),
        ([1, 2, 3], UNSURE),
        ([], NOT_MEASURED),
    ],
    ids=["within", "at the limit", "beyond", "on both sides", "nothing"],
)
def test_a_verdict_needs_all_rounds_on_one_side(ours: list[float], expected: str) -> None:
    assert word(ours, [1, 1, 1]) == expected


def test_of_five_rounds_one_at_either_end_decides_nothing() -> None:
    assert word([1, 1, 1, 1, 9], [1, 1, 1, 1, 1]) == MET
    assert word([1, 1, 1, 9, 9], [1, 1, 1, 1, 1]) == UNSURE


def test_a_slow_round_of_both_does_not_change_the_ratio() -> None:
    verdict = judge(GOAL, {OURS: {0: 1, 1: 10, 2: 1}, PEER: {0: 1, 1: 10, 2: 1}})
    assert (verdict.low, verdict.ratio, verdict.high) == (1, 1, 1)


def test_rounds_that_only_one_has_do_not_count() -> None:
    verdict = judge(GOAL, {OURS: {0: 1, 1: 8, 2: 3}, PEER: {0: 1, 2: 1}})
    assert (verdict.low, verdict.high) == (1, 3)


def test_without_a_peer_the_figure_itself_is_judged() -> None:
    limit = Goal("work", OURS, None, 2, "value")
    assert judge(limit, {OURS: {0: 1.9}}).word == MET
    assert judge(limit, {OURS: {0: 2.5}}).word == NOT_MET
