"""Chance, built on nothing but ``random()``.

It is the one method of ``random.Random`` whose results are promised to stay the same in every
Python version. The arithmetic here is IEEE multiplication and addition, which no platform rounds
differently, as it may a logarithm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

Draw = Callable[[], float]
"""Gives the next number in [0, 1)."""

Step = tuple[float, object]
"""Seconds since the step before it, and the typed event that happens then."""

# Session lengths in minutes at the seventeen sixteenths 0/16 .. 16/16: log-normal in shape, with a
# median of 38 minutes and a mean of 68.
_MINUTES = (1, 6, 10, 14, 18, 22, 27, 32, 38, 45, 54, 65, 80, 102, 140, 220, 420)


def pick(draw: Draw, table: Sequence[T]) -> T:
    """One of the table's items, each as likely as the others."""
    return table[int(draw() * len(table))]


def pick_ranked(draw: Draw, table: Sequence[T]) -> T:
    """One of the table's items, the earlier the likelier, close to Zipf's law."""
    return table[int(draw() * draw() * len(table))]


def between(draw: Draw, low: float, high: float) -> float:
    """A number in [low, high)."""
    return low + (high - low) * draw()


def skewed(draw: Draw, mean: float) -> float:
    """A number in [0, 4 * mean), mostly small, seldom large."""
    return 4 * mean * draw() * draw()


def count(draw: Draw, mean: float) -> int:
    """A whole number around ``mean``, which may be far below 1."""
    return int(2 * mean * draw() + draw())


def thousandths(value: float) -> float:
    """``value`` cut to three decimals."""
    return int(value * 1000) / 1000


def session_seconds(draw: Draw) -> float:
    """The length of a session: from a minute to seven hours."""
    place, rest = divmod(draw() * 16, 1)
    low, high = _MINUTES[int(place)], _MINUTES[int(place) + 1]
    return 60 * (low + (high - low) * rest)
