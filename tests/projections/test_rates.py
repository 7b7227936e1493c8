"""Rates: what fractions say, rounded once, in plain integers."""

from __future__ import annotations

from fractions import Fraction
from sys import float_info

from hypothesis import given
from hypothesis import strategies as st

from projections._rates import nearest, per_hour

numbers = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)
)


def rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return float_info.max if exact > 0 else -float_info.max


@given(amount=numbers, seconds=numbers)
def test_a_rate_is_the_float_nearest_to_the_exact_one(amount: float, seconds: float) -> None:
    exact = Fraction(amount) * 3600 / Fraction(seconds) if seconds > 0 else Fraction(0)
    assert per_hour(amount.as_integer_ratio(), seconds.as_integer_ratio()) == rounded(exact)


@given(numerator=st.integers(), denominator=st.integers(min_value=1))
def test_a_ratio_need_not_be_in_lowest_terms(numerator: int, denominator: int) -> None:
    expected = rounded(Fraction(numerator, denominator))
    assert nearest(numerator, denominator) == expected
    assert nearest(numerator * 30, denominator * 30) == expected


def test_rates_that_are_equal_on_paper_are_equal() -> None:
    assert per_hour((1, 10), (3, 1)) == per_hour((7, 70), (21, 7)) == 120.0
