"""Whether a whole block of lines is as it should be, found out at once for all of them.

What verifying does for each line, done for thousands of lines by a few calls that loop in C. Lines
that are decoded and encoded again have to give the same bytes: so they have the form that the
format prescribes, and nothing stands twice or beside it. A block that is not plainly sound says
nothing here: then each line is looked at, to tell what is wrong, or that nothing is (lines with
extension attributes take that way, and those whose writer escapes text or spells numbers in another
way).
"""

from __future__ import annotations

import struct
from datetime import datetime
from itertools import repeat
from typing import Annotated, Any, Literal
from zlib import crc32

import msgspec
from attrs import frozen

from eventlog._check import CHECK_BYTES
from eventlog._collector import collector_paused
from eventlog._format import HARD_MAX_LINE_BYTES, SEQUENCE_DIGITS
from eventlog._segments import Block

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Sequence = Annotated[str, msgspec.Meta(min_length=SEQUENCE_DIGITS, max_length=SEQUENCE_DIGITS)]
_Check = Annotated[str, msgspec.Meta(min_length=8, max_length=8)]


class _Line(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An event's line, its fields in the order of the format."""

    specversion: Literal["1.0"]
    id: _Text
    source: _Text
    type: _Text
    subject: _Text | None = None
    time: str
    schemaversion: Annotated[int, msgspec.Meta(ge=1)] = 1
    sequence: _Sequence
    data: dict[str, Any]
    commit: int | None = None
    crc32: _Check


_decode = msgspec.json.Decoder(_Line).decode_lines
_encode = msgspec.json.Encoder().encode_lines

_ZEROED = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_ZERO_TIME = b"0000-00-00T00:00:00.000000Z"


@frozen
class SoundBlock:
    """The lines of a sound block, without their LFs, their times, and the batch they leave open."""

    lines: list[bytes]
    times: tuple[bytes, bytes]
    """The first and the last one."""
    batch: int


def sound_block(block: Block, salt: int, expected: int, batch: int) -> SoundBlock | None:
    """The block's lines when all are in order, from sequence ``expected`` on; else None.

    ``batch`` lines of an unfinished batch came before.
    """
    if len(block.data) > HARD_MAX_LINE_BYTES:  # then a single line may be too long
        return None
    lines = block.data.split(b"\n")
    if lines.pop() or not lines:
        return None
    with collector_paused():
        try:
            events = _decode(block.data)
            if len(events) != len(lines) or _encode(events) != block.data:
                return None
            times = _times(events)
        except (ValueError, RecursionError):
            return None
        left = _open_batch(events, batch)
        if left is None or not (_are_intact(events, lines, salt) and _follow(events, expected)):
            return None
        return SoundBlock(lines, times, left)


def _are_intact(events: list[_Line], lines: list[bytes], salt: int) -> bool:
    checks = map(crc32, [line[:-CHECK_BYTES] for line in lines], repeat(salt))
    stated = "".join([event.crc32 for event in events])
    return struct.pack(f">{len(lines)}I", *checks).hex() == stated


def _follow(events: list[_Line], expected: int) -> bool:
    numbers = tuple(range(expected, expected + len(events)))
    return "".join([event.sequence for event in events]) == "%019d" * len(events) % numbers


def _times(events: list[_Line]) -> tuple[bytes, bytes]:
    """The first and the last time; ValueError when one is none, or not written as it should be."""
    times = [event.time for event in events]
    if "".join(times).encode().translate(_ZEROED) != _ZERO_TIME * len(times):
        raise ValueError
    for _ in map(datetime.fromisoformat, times):  # a day and an hour that exist
        pass
    return min(times).encode(), max(times).encode()


def _open_batch(events: list[_Line], batch: int) -> int | None:
    """How many lines the last, unfinished batch has; None when a batch says another length."""
    start = -batch
    for place, event in enumerate(events, 1):
        if event.commit is not None:
            if event.commit != place - start:
                return None
            start = place
    return len(events) - start
