"""Finding the intact lines in bytes whose line ends may be damaged too."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from heapq import merge
from zlib import crc32

from eventlog._check import CHECK_BYTES, CHECK_START, is_intact
from eventlog._format import HARD_MAX_LINE_BYTES

_START = re.compile(rb'\{"specversion":')
_CHECK = re.compile(rb',"crc32":"([0-9a-f]{8})"}')

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
"""Both as CRC-32 writes polynomials: the highest power in the lowest bit."""
_INVERTED = 0xFFFFFFFF
_ZEROS = bytes(1 << 16)


def intact_lines(chunk: bytes, salt: int) -> Iterator[tuple[int, bytes]]:
    """The intact lines of what lies between two LFs, each with its offset in the chunk.

    Mostly that is the chunk itself. Where an LF is damaged, two lines and a strange byte are in it.
    What an intact line quotes in its data is no line.
    """
    if len(chunk) <= HARD_MAX_LINE_BYTES and is_intact(chunk, salt):
        yield 0, chunk
        return
    passed = 0
    for start, end in reversed(_candidates(chunk, salt)):
        if start >= passed:
            yield start, chunk[start:end]
            passed = end


def _candidates(chunk: bytes, salt: int) -> list[tuple[int, int]]:
    """Each start of a line that has an end with a check that fits, and the nearest such end.

    From the last to the first. Trying every start with every end would let a few megabytes take
    hours. But a CRC is linear, so whether they fit can be told from the CRCs of all that is before
    the one and before the other: once both are moved to the same place, they must be the same.
    """
    places, checks = _marks(chunk, salt)
    found: list[tuple[int, int]] = []
    ends: dict[int, int] = {}
    behind, power = len(chunk), _ONE
    for place, check in zip(reversed(places), reversed(checks), strict=True):
        power = _moved(power, behind - place)
        behind, moved = place, _product(power, check)
        if chunk.startswith(CHECK_START, place):
            ends[moved] = place + CHECK_BYTES
        elif 0 < ends.get(moved, 0) - place <= HARD_MAX_LINE_BYTES:
            found.append((place, ends[moved]))
    return found


def _marks(chunk: bytes, salt: int) -> tuple[array[int], array[int]]:
    """Where lines may start, and where checks stand; and the CRC of all bytes before.

    That of a start is less what a line's CRC begins with, that of a check less what it states.
    """
    places, checks = array("Q"), array("I")
    first, last = _START.search(chunk), chunk.rfind(CHECK_START)
    if first is None or last < first.start():
        return places, checks
    where = chunk, first.start(), last + CHECK_BYTES
    crc, passed = _INVERTED, 0
    for match in merge(_START.finditer(*where), _CHECK.finditer(*where), key=re.Match.start):
        place = match.start()
        crc = crc32(memoryview(chunk)[passed:place], crc)
        passed = place
        places.append(place)
        checks.append(crc ^ (salt if match.re is _START else int(match[1], 16)))
    return places, checks


def _moved(power: int, distance: int) -> int:
    """The power of x by which a CRC is multiplied when so many more bytes follow."""
    crc = power ^ _INVERTED
    for passed in range(0, distance, len(_ZEROS)):
        crc = crc32(_ZEROS[: distance - passed], crc)
    return crc ^ _INVERTED


def _product(one: int, other: int) -> int:
    """Of two polynomials over GF(2), modulo that of CRC-32."""
    product = 0
    while one:
        if one & _ONE:
            product ^= other
        one = one << 1 & _INVERTED
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product
