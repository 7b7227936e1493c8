"""ExactSum: the sum that a fraction gives, whatever the order and the grouping."""

from __future__ import annotations

import sys
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import ExactSum

Number = int | float

numbers: st.SearchStrategy[Number] = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.1, 0.5, -0.0, 1e308, -1e308, 5e-324, 2.0**53, sys.float_info.max]),
)
many = st.lists(numbers, max_size=20)


def total(values: list[Number]) -> ExactSum:
    result = ExactSum()
    for value in values:
        result = result.add(value)
    return result


def exactly(values: list[Number]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0))


def nearest(value: Fraction) -> float:
    """The nearest finite float."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return sys.float_info.max if value > 0 else -sys.float_info.max


@given(many)
def test_the_sum_is_that_of_fractions(values: list[Number]) -> None:
    summed = total(values)
    assert Fraction(summed.numerator, 1 << summed.exponent) == exactly(values)
    assert summed.count == len(values)


@given(many)
def test_the_value_is_the_whole_number_or_the_nearest_float(values: list[Number]) -> None:
    value, expected = total(values).value, exactly(values)
    if expected.denominator == 1 and -(2**63) <= expected < 2**64:
        assert type(value) is int
        assert value == expected
    else:
        assert type(value) is float
        assert value == nearest(expected)


@given(many.filter(bool))
def test_the_mean_is_correctly_rounded(values: list[Number]) -> None:
    mean = exactly(values) / len(values)
    assert total(values).mean == mean.numerator / mean.denominator


@given(many, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(values: list[Number], random: Random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert total(shuffled) == total(values)


@given(many, many, many)
def test_the_grouping_does_not_matter(
    first: list[Number], second: list[Number], third: list[Number]
) -> None:
    expected = total(first + second + third)
    assert total(first).merge(total(second)).merge(total(third)) == expected
    assert total(first).merge(total(second).merge(total(third))) == expected


def test_nothing_has_no_mean_and_the_sum_zero() -> None:
    assert ExactSum().mean is None
    assert ExactSum().value == 0
    assert type(ExactSum().value) is int


def test_a_tenth_ten_times_is_rounded_once() -> None:
    assert total([0.1] * 10).value == 1.0 != sum([0.1] * 10)


def test_halves_that_make_a_whole_give_an_int() -> None:
    assert total([0.5, 0.5]).value == 1
    assert type(total([0.5, 0.5]).value) is int


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_beyond_all_floats_is_the_largest_of_them(sign: int) -> None:
    values = [sign * 1.7e308, sign * 1.7e308, sign * 0.5]
    assert total(values).value == sign * sys.float_info.max


def test_opposites_beyond_all_floats_cancel_out() -> None:
    assert total([1.7e308, 1.7e308, 1.0, -1.7e308, -1.7e308]).value == 1
