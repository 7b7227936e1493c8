"""Sums that do not depend on how a log was split.

Adding floats rounds at every step, so (a + b) + c and a + (b + c) may differ in the last bit, and
the law of projections would not hold. A float is a whole number divided by a power of two; kept
like that, addition is exact and associative, and only the result is rounded.
"""

from __future__ import annotations

from math import ldexp

from msgspec import Struct

from eventlog._format import MAX_INTEGER, MIN_INTEGER
from projections._rates import Ratio, nearest

_SHARE_DIGITS = 96
_SCALABLE, _EXPONENT = 1e100, 512
"""A float below the first, times two to the power of the second, is still a float."""


class ExactSum(Struct, array_like=True, gc=False):
    """``numerator / 2**exponent``, and how many values it is the sum of.

    The exponent is the largest that any value needed, so the same values in any order and any
    grouping give the same fields. States hold many of them, so this is a Struct that is written as
    an array (docs/decisions/0013).
    """

    numerator: int = 0
    exponent: int = 0
    count: int = 0

    def add(self, value: float) -> ExactSum:
        """Add one more value, which must be finite, to this sum."""
        exponent = self.exponent
        if type(value) is int:
            self.numerator += value << exponent
        elif exponent <= _EXPONENT and -_SCALABLE < value < _SCALABLE:
            scaled = ldexp(value, exponent)  # exact: only the float's exponent changes
            if not scaled.is_integer():
                return self._add_ratio(value)
            self.numerator += int(scaled)
        else:
            return self._add_ratio(value)
        self.count += 1
        return self

    def _add_ratio(self, value: float) -> ExactSum:
        numerator, denominator = value.as_integer_ratio()
        return self._take(numerator, denominator.bit_length() - 1, 1)

    def add_share(self, numerator: int, denominator: int) -> ExactSum:
        """Add a ratio, to the nearest 96th binary digit: a third has no last one.

        What is rounded here is far below what the nearest float of any sum of them can show.
        """
        scaled = (2 * (numerator << _SHARE_DIGITS) + denominator) // (2 * denominator)
        return self._take(scaled, _SHARE_DIGITS, 1)

    def merge(self, other: ExactSum) -> ExactSum:
        """Add another sum to this one."""
        if self.exponent == other.exponent:
            self.numerator += other.numerator
            self.count += other.count
            return self
        return self._take(other.numerator, other.exponent, other.count)

    def _take(self, numerator: int, exponent: int, count: int) -> ExactSum:
        surplus = exponent - self.exponent
        if surplus > 0:
            self.numerator = (self.numerator << surplus) + numerator
            self.exponent = exponent
        else:
            self.numerator += numerator << -surplus
        self.count += count
        return self

    @property
    def ratio(self) -> Ratio:
        """The sum without any rounding."""
        return self.numerator, 1 << self.exponent

    @property
    def value(self) -> int | float:
        """The sum: an int when it is whole and has at most 64 bits, else the nearest float."""
        numerator, denominator = self.ratio
        whole, rest = divmod(numerator, denominator)
        if not rest and MIN_INTEGER <= whole <= MAX_INTEGER:
            return whole
        return nearest(numerator, denominator)

    @property
    def mean(self) -> float | None:
        """The nearest float to the mean; None of nothing."""
        return self.numerator / (self.count << self.exponent) if self.count else None
