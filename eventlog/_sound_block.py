"""Whether a whole block of lines is as it should be, found out at once for all of them.

What verifying does for each line, done for thousands of lines by a few calls that loop in C. A
block that is not plainly sound says nothing here: then each line is looked at, to tell what is
wrong, or that nothing is (lines with extension attributes or escaped names take that way, too).
"""

from __future__ import annotations

import re
from zlib import crc32

from attrs import frozen

from eventlog._check import CHECK_BYTES
from eventlog._codec import decode_lines
from eventlog._collector import collector_paused
from eventlog._errors import DamagedLogError
from eventlog._event import Event
from eventlog._format import HARD_MAX_LINE_BYTES
from eventlog._segments import Block

_NAME = rb'"[^"\\]+"'
_LINE = re.compile(
    rb'{"specversion":"1\.0","id":%b,"source":%b,"type":%b(?:,"subject":%b)?'
    rb',"time":"([^"\\]{27})","sequence":"[^"\\]{19}","data":{[^\n]*\n'
    % (_NAME, _NAME, _NAME, _NAME)
)
_TIMES = re.compile(rb"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)*")
_START = b'\n{"specversion":'


@frozen
class SoundBlock:
    """The lines of a sound block, without their LFs, their times, and the batch they leave open."""

    lines: list[bytes]
    times: list[bytes]
    batch: int


def sound_block(block: Block, salt: int, expected: int, batch: int) -> SoundBlock | None:
    """The block's lines when all are in order, from sequence ``expected`` on; else None.

    ``batch`` lines of an unfinished batch came before.
    """
    if len(block.data) > HARD_MAX_LINE_BYTES:  # then a single line may be too long
        return None
    *lines, rest = block.data.split(b"\n")
    if rest or not lines or not _are_intact(lines, salt):
        return None
    times = _times(block.data, lines)
    if times is None:
        return None
    try:
        with collector_paused():
            events = decode_lines(lines)
            left = _open_batch(events, expected, batch)
    except DamagedLogError:
        return None
    return None if left is None else SoundBlock(lines, times, left)


def _are_intact(lines: list[bytes], salt: int) -> bool:
    stated = [line[-CHECK_BYTES:] for line in lines]
    return stated == [b',"crc32":"%08x"}' % crc32(line[:-CHECK_BYTES], salt) for line in lines]


def _times(data: bytes, lines: list[bytes]) -> list[bytes] | None:
    """The times of lines that all have the shape that the format prescribes."""
    times: list[bytes] = _LINE.findall(data)
    starts = data.count(_START) + data.startswith(_START[1:])
    if not len(times) == starts == len(lines) or not _TIMES.fullmatch(b"".join(times)):
        return None
    return times


def _open_batch(events: list[Event], expected: int, batch: int) -> int | None:
    """How many lines the last, unfinished batch has; None when something is not in its place."""
    numbers = range(expected, expected + len(events))
    if [event.digits for event in events] != [f"{number:019d}" for number in numbers]:
        return None
    for commit in [event.commit for event in events]:
        batch += 1
        if commit is not None:
            if commit != batch:
                return None
            batch = 0
    return batch
