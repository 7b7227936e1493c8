"""Rates per hour, rounded once.

Two rates that are equal on paper are equal here, too, so that a ranking by rate has the ties that
people expect.
"""

from __future__ import annotations

from fractions import Fraction
from sys import float_info

from projections._exact import ExactSum

HOUR_SECONDS = 3600


def exactly(total: ExactSum) -> Fraction:
    """The sum without any rounding."""
    return Fraction(total.numerator, 1 << total.exponent)


def nearest(value: Fraction) -> float:
    """The nearest finite float."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return float_info.max if value > 0 else -float_info.max


def per_hour(amount: Fraction | int, seconds: Fraction | int) -> float:
    """How much of it an hour brings; 0.0 when no time went by."""
    return nearest(Fraction(amount * HOUR_SECONDS) / seconds) if seconds > 0 else 0.0
