"""Sums that do not depend on how a log was split.

Adding floats rounds at every step, so (a + b) + c and a + (b + c) may differ in the last bit, and
the law of projections would not hold. A float is a whole number divided by a power of two; kept
like that, addition is exact and associative, and only the result is rounded.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class ExactSum:
    """``numerator / 2**exponent``, in lowest terms. Also counts what was added."""

    numerator: int = 0
    exponent: int = 0
    count: int = 0

    def add(self, value: float) -> ExactSum:
        """The sum with one more value, which must be finite."""
        numerator, denominator = value.as_integer_ratio()
        return self.merge(ExactSum(numerator, denominator.bit_length() - 1, 1))

    def merge(self, other: ExactSum) -> ExactSum:
        """The sum of two sums."""
        exponent = max(self.exponent, other.exponent)
        numerator = (self.numerator << (exponent - self.exponent)) + (
            other.numerator << (exponent - other.exponent)
        )
        surplus = min(exponent, _trailing_zeros(numerator)) if numerator else exponent
        return ExactSum(numerator >> surplus, exponent - surplus, self.count + other.count)

    @property
    def value(self) -> int | float:
        """The sum: an int when it is whole, else the nearest float."""
        return self.numerator if not self.exponent else self.numerator / (1 << self.exponent)

    @property
    def mean(self) -> float | None:
        """The nearest float to the mean; None of nothing."""
        return self.numerator / (self.count << self.exponent) if self.count else None


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
