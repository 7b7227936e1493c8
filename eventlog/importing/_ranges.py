"""Which lines before a mark were refused: ``5,17-40`` and back.

A later import with better options can then append exactly those.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]

MOST_RANGES = 20
"""So many ranges of any line numbers fit into one attribute of 512 characters."""

_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")


def format_ranges(ranges: Iterable[Range]) -> str:
    """The text of ranges of lines."""
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def parse_ranges(text: str) -> list[Range]:
    """The inverse of :func:`format_ranges`; parts that are no range are left out."""
    found = (_RANGE.fullmatch(part) for part in text.split(","))
    return [(int(part[1]), int(part[2] or part[1])) for part in found if part is not None]


class LineSet:
    """Line numbers, given as ranges."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges = sorted(ranges)
        self._starts = [start for start, _ in self._ranges]

    def __contains__(self, line: int) -> bool:
        place = bisect_right(self._starts, line)
        return place > 0 and line <= self._ranges[place - 1][1]
