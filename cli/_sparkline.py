"""Numbers as little drawings: of block characters, or of ASCII where the encoding lacks them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

Values = Sequence[float | None]

_LEVELS, _PLAIN_LEVELS = "▁▂▃▄▅▆▇█", "_.-=+*#@"
_PARTS, _PLAIN_PARTS = "▏▎▍▌▋▊▉█", "-------#"
"""The eighths of one character of a bar."""
_BAR_WIDTH = 12


def sparkline(values: Values) -> str:
    """One character per value, from the lowest to the highest; a blank for None."""
    levels = _drawable(_LEVELS, _PLAIN_LEVELS)
    scaled = _scaled(values)
    known = [one for one in scaled if one is not None]
    low, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    return "".join(
        " " if one is None else levels[min(7, int((one - low) / span * 8)) if span else 3]
        for one in scaled
    )


def bars(values: Values) -> list[str]:
    """A bar per value, as long as its part of the greatest; none for None or less than 0."""
    parts = _drawable(_PARTS, _PLAIN_PARTS)
    return [_bar(max(0.0, one or 0.0), parts) for one in _scaled(values)]


def _bar(share: float, parts: str) -> str:
    whole, rest = divmod(round(share * _BAR_WIDTH * 8), 8)
    return parts[7] * whole + (parts[rest - 1] if rest else "")


def _scaled(values: Values) -> list[float | None]:
    """Between -1 and 1, so that no difference of two is beyond all floats."""
    greatest = max((abs(one) for one in values if one is not None), default=0) or 1
    return [None if one is None else one / greatest for one in values]


def _drawable(blocks: str, plain: str) -> str:
    try:
        blocks.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return plain
    return blocks
