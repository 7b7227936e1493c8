"""What a file may hold after a power loss: of each unsynced write nothing, all or any part."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from attrs import frozen

from tests.faults.disk import Cut, File, Write, replay

CUTS = 5
"""At how many bytes a write is torn when it is not at every one."""


@frozen
class Content:
    """What a file may hold."""

    data: bytes
    reordered: bool = False
    """Whether a later write is there and an earlier one is not: legal where neither was synced."""


def extremes(file: File) -> list[Content]:
    """All there; nothing there; the size there, and zeros or what the disk held before."""
    found = [Content(file.current), Content(file.safe)]
    grown = len(file.current) - len(file.safe)
    if grown > 0 and not _is_cut(file):
        found.append(Content(file.safe + bytes(grown)))
        found.append(Content(file.safe + _noise(len(file.safe), grown)))
    return found


def details(file: File, every_byte: bool) -> Iterator[Content]:
    """Every other legal content: each write torn, with its later parts absent or wrong."""
    for index, change in enumerate(file.pending):
        before = replay(file.safe, file.pending[:index])
        yield Content(before)
        if isinstance(change, Write):
            yield from _torn(before, change, cuts(len(change.data), every_byte))
            yield from _overtaken(before, change, file.pending[index + 1 :])
    if _is_cut(file):  # the cut is forgotten, and what was written after it is not
        yield Content(replay(file.safe, [one for one in file.pending if isinstance(one, Write)]))


def _is_cut(file: File) -> bool:
    return any(isinstance(change, Cut) for change in file.pending)


def _torn(before: bytes, write: Write, at: list[int]) -> Iterator[Content]:
    for cut in at:
        head, tail = write.data[:cut], write.data[cut:]
        yield Content(before + head)
        yield Content(before + head + bytes(len(tail)))
        yield Content(before + head + _noise(cut, len(tail)))
        yield Content(before + bytes(cut) + tail)


def _overtaken(before: bytes, write: Write, later: list[Write | Cut]) -> Iterator[Content]:
    """Later writes are there, while this one is not, or only its beginning."""
    for count in range(1, len(later) + 1):
        for cut in {0, len(write.data) // 2}:
            hole = write.data[:cut] + bytes(len(write.data) - cut)
            yield Content(replay(before + hole, later[:count]), reordered=True)


def cuts(size: int, every_byte: bool) -> list[int]:
    """At which bytes a write of this size is torn: all, or both ends and a spread between them."""
    if every_byte or size <= CUTS:
        return list(range(1, size))
    return sorted({1, size - 1, *Random(size).sample(range(2, size - 1), CUTS - 2)})


def _noise(seed: int, size: int) -> bytes:
    return Random(seed).randbytes(size)
