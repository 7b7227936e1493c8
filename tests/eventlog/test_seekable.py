"""The Zstandard seekable format."""

from __future__ import annotations

import io
import resource
import struct
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from eventlog import DamagedLogError
from eventlog._seekable import (
    MAX_FRAME_BYTES,
    compress_frames,
    find_frames,
    read_frame,
    read_frame_start,
    read_table,
    salvage_frame,
)
from tests.support.logs import flip

PATH = Path("segment")
BLOCKS = [b"one line\n" * 30, b"another\n", b"x" * 500 + b"\n"]


def stored(blocks: list[bytes]) -> bytes:
    return b"".join(compress_frames(blocks))


def opened(content: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(content))


def read(content: bytes) -> list[bytes]:
    file = opened(content)
    return [read_frame(file, frame, PATH) for frame in read_table(file, PATH)]


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12))
def test_the_frames_give_back_the_blocks(blocks: list[bytes]) -> None:
    assert read(stored(blocks)) == blocks


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=6), st.data())
def test_any_frame_is_read_alone_and_its_start_as_well(
    blocks: list[bytes], data: st.DataObject
) -> None:
    file = opened(stored(blocks))
    index = data.draw(st.integers(0, len(blocks) - 1))
    size = data.draw(st.integers(0, 400))
    frame = read_table(file, PATH)[index]
    assert read_frame(file, frame, PATH) == blocks[index]
    assert read_frame_start(file, frame, PATH, size) == blocks[index][:size]
    assert frame.raw_offset == sum(map(len, blocks[:index]))


def test_the_table_is_what_the_format_says() -> None:
    """A skippable frame that any Zstandard tool passes over."""
    content = stored(BLOCKS)
    frames, flags, magic = struct.unpack("<IBI", content[-9:])
    assert (frames, flags, magic) == (3, 0, 0x8F92EAB1)
    table = content[-9 - 8 * 3 - 8 :]
    assert struct.unpack_from("<II", table) == (0x184D2A5E, 8 * 3 + 9)
    sizes = list(struct.iter_unpack("<II", table[8:-9]))
    assert [raw for _, raw in sizes] == [len(block) for block in BLOCKS]
    assert sum(size for size, _ in sizes) == len(content) - len(table)


def test_each_frame_states_its_size_and_carries_a_checksum() -> None:
    content, file = stored(BLOCKS), opened(stored(BLOCKS))
    for frame, block in zip(read_table(file, PATH), BLOCKS, strict=True):
        parameters = zstandard.get_frame_parameters(content[frame.stored_offset :])
        assert parameters.content_size == len(block)
        assert parameters.has_checksum


def test_every_truncation_is_detected() -> None:
    content = stored(BLOCKS)
    for size in range(len(content)):
        with pytest.raises(DamagedLogError):
            read(content[:size])


def test_every_flipped_bit_is_detected_or_harmless() -> None:
    content, harmless = stored(BLOCKS), 0
    for offset in range(len(content)):
        for bit in range(8):
            try:
                assert read(flip(content, offset, bit)) == BLOCKS, (offset, bit)
                harmless += 1
            except DamagedLogError as error:
                assert error.path == PATH
    assert harmless <= 8 * len(BLOCKS), "only what a frame header leaves unused may be harmless"


@pytest.mark.parametrize("size", [0, 1, 8, 100])
def test_a_file_that_is_nothing_of_the_kind_is_damage(size: int) -> None:
    with pytest.raises(DamagedLogError):
        read(bytes(size))


def test_bytes_after_the_table_are_damage() -> None:
    with pytest.raises(DamagedLogError):
        read(stored(BLOCKS) + b"\0")


def test_a_second_table_does_not_hide_the_frames_before_the_first() -> None:
    with pytest.raises(DamagedLogError, match="does not fit the file's size"):
        read(stored(BLOCKS) + stored([b"forged\n"]))


def bomb(claimed: int, really: int) -> bytes:
    """A frame of zeros, and a table that claims something of it."""
    compressor = zstandard.ZstdCompressor(level=19)
    frame = compressor.compress(bytes(really))
    table = struct.pack("<II", len(frame), claimed) + struct.pack("<IBI", 1, 0, 0x8F92EAB1)
    return frame + struct.pack("<II", 0x184D2A5E, len(table)) + table


def test_a_bomb_whose_table_claims_too_much_is_refused_before_it_is_opened() -> None:
    with pytest.raises(DamagedLogError, match="a frame claims"):
        read(bomb(MAX_FRAME_BYTES + 1, 1000))


def test_a_bomb_that_claims_little_never_grows() -> None:
    """Its frame states 400 MB; nothing of that size is ever allocated."""
    content = bomb(1000, 400_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DamagedLogError, match="different sizes"):
        read(content)
    frame = read_table(opened(content), PATH)[0]
    assert len(read_frame_start(opened(content), frame, PATH, 1 << 20)) <= 1000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000, f"{grown} KiB more"


def test_a_frame_that_states_no_size_is_damage() -> None:
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(b"a line\n")
    table = struct.pack("<II", len(frame), 7) + struct.pack("<IBI", 1, 0, 0x8F92EAB1)
    with pytest.raises(DamagedLogError):
        read(frame + struct.pack("<II", 0x184D2A5E, len(table)) + table)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.data())
def test_frames_are_found_without_the_table(blocks: list[bytes], data: st.DataObject) -> None:
    content = stored(blocks)
    frames = read_table(opened(content), PATH)
    table = frames[-1].stored_offset + frames[-1].stored_bytes if frames else 0
    size = data.draw(st.integers(table, len(content)))
    assert find_frames(opened(content[:size])) == frames


def test_damage_in_one_frame_does_not_hide_the_others() -> None:
    """The table is damaged as well, or it would tell where they are."""
    content = stored(BLOCKS)[:-1]
    _, second, third = find_frames(opened(content))
    for offset in range(second.stored_offset, third.stored_offset):
        for bit in range(8):
            file = opened(flip(content, offset, bit))
            found = {entry.stored_offset: entry for entry in find_frames(file)}
            assert salvage_frame(file, found[0]) == BLOCKS[0]
            assert salvage_frame(file, found[third.stored_offset]) == BLOCKS[2]


def test_what_is_damaged_beside_the_content_costs_no_byte_of_it() -> None:
    """The header, and the checksum at the end."""
    lines = b"".join(b"line %d of this frame\n" % number for number in range(9000))
    content = stored([lines])
    (frame,) = read_table(opened(content), PATH)
    header = zstandard.frame_header_size(content)
    end = frame.stored_bytes
    for offset in [*range(header), *range(end - 4, end)]:
        for bit in range(8):
            assert salvage_frame(opened(flip(content, offset, bit)), frame) == lines
    for size in range(end - 4, end):
        assert salvage_frame(opened(content[:size]), frame) == lines


def test_all_blocks_before_the_damaged_one_are_salvaged() -> None:
    blocks = b"".join(b"line %d of this frame\n" % number for number in range(30_000))
    content = stored([blocks])
    (frame,) = read_table(opened(content), PATH)
    damaged = flip(content, frame.stored_bytes - 1000, 0)
    salvaged = salvage_frame(opened(damaged), frame)
    assert len(salvaged) >= len(blocks) - (128 << 10)
    assert salvaged[: len(blocks) - (128 << 10)] == blocks[: len(blocks) - (128 << 10)]


def test_a_file_that_is_cut_off_while_it_is_read_is_damage() -> None:
    content = stored(BLOCKS)
    frames = read_table(opened(content), PATH)
    cut_off = opened(content[: frames[-1].stored_offset + 1])
    assert read_frame(cut_off, frames[0], PATH) == BLOCKS[0]
    with pytest.raises(DamagedLogError, match="the file ends too early"):
        read_frame(cut_off, frames[-1], PATH)


def test_the_start_of_a_frame_that_is_damaged_there_is_damage() -> None:
    content = stored(BLOCKS)
    frame = read_table(opened(content), PATH)[1]
    damaged = content[: frame.stored_offset] + b"x" + content[frame.stored_offset + 1 :]
    with pytest.raises(DamagedLogError, match="a frame cannot be decompressed") as raised:
        read_frame_start(opened(damaged), frame, PATH, 10)
    assert raised.value.offset == frame.raw_offset
