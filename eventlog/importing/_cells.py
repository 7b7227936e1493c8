"""Numbers in CSV cells."""

from __future__ import annotations

import re

from eventlog._format import MAX_INTEGER, MIN_INTEGER

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,19}")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def cell_value(cell: str) -> str | int | float:
    """The number that ``cell`` spells, or ``cell`` itself.

    Only what would be written back as the very same characters becomes a number. So ``1.10`` and
    ``007`` stay text, as does a number with more digits than a float can hold.
    """
    if _INTEGER.fullmatch(cell):
        number = int(cell)
        return number if MIN_INTEGER <= number <= MAX_INTEGER else cell
    if _FLOAT.fullmatch(cell) and repr(float(cell)) == cell:
        return float(cell)
    return cell
