"""Rates per hour, rounded once.

Two rates that are equal on paper are equal here, too, so that a ranking by rate has the ties that
people expect.
"""

from __future__ import annotations

from sys import float_info

HOUR_SECONDS = 3600

Ratio = tuple[int, int]
"""A number without any rounding: numerator and denominator, which is above 0."""


def nearest(numerator: int, denominator: int) -> float:
    """The finite float that is nearest to the ratio; Python rounds a division of ints once."""
    try:
        return numerator / denominator
    except OverflowError:
        return float_info.max if numerator > 0 else -float_info.max


def per_hour(amount: Ratio, seconds: Ratio) -> float:
    """How much of it an hour brings; 0.0 when no time went by."""
    if seconds[0] <= 0:
        return 0.0
    return nearest(amount[0] * HOUR_SECONDS * seconds[1], amount[1] * seconds[0])
