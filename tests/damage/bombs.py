"""Logs that ask for far more memory or time than they have a right to, with fitting checks.

Only somebody who knows the format makes such a log: the checks and the hashes in it are right.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import zstandard

from eventlog import EventLog
from eventlog._check import finish_line, salt_of
from tests.damage.reference import MANIFEST
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, segment_files

MIB = 1 << 20
HUGE = 1 << 40

Bomb = Callable[[Path], None]
"""Puts it into the log in this directory, which has one sealed segment and an empty active one."""

BOMBS: list[Bomb] = []


def _bomb(bomb: Bomb) -> Bomb:
    BOMBS.append(bomb)
    return bomb


def sealed_log(path: Path) -> Path:
    """One event in a sealed segment, and nothing in the active one."""
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        log.append("a.note", {"n": 1})
        log.seal()
    return path


# In the sealed segment and its line of the manifest


def _state(path: Path, **changes: object) -> None:
    """Make the manifest state something else, with a check that fits."""
    manifest = path / MANIFEST
    entry = json.loads(manifest.read_bytes()) | changes
    del entry["crc32"]
    body = json.dumps(entry, separators=(",", ":")).encode()[:-1]
    manifest.write_bytes(finish_line(body, _salt(path)))


def _replace(path: Path, frames: bytes, sizes: list[tuple[int, int]]) -> None:
    """Put frames and a seek table into the segment; the manifest states the same."""
    table = b"".join(struct.pack("<II", *size) for size in sizes)
    table += struct.pack("<IBI", len(sizes), 0, 0x8F92EAB1)
    stored = frames + struct.pack("<II", 0x184D2A5E, len(table)) + table
    segment_files(path)[0].write_bytes(stored)
    raw_bytes = sum(raw for _, raw in sizes)
    digest = sha256(stored).hexdigest()
    _state(path, stored_bytes=len(stored), sha256=digest, raw_bytes=raw_bytes)


@cache
def _zeros(size: int, *, with_size: bool = True) -> bytes:
    """A frame that unpacks to so many zeros."""
    compressor = zstandard.ZstdCompressor(write_checksum=True, write_content_size=with_size)
    packing = compressor.compressobj(size if with_size else -1)
    pieces = [packing.compress(bytes(min(MIB, size - at))) for at in range(0, size, MIB)]
    return b"".join([*pieces, packing.flush()])


def _header(size: int) -> bytes:
    """The beginning of a frame that states a size, with the checksum flag; then an empty block."""
    return b"\x28\xb5\x2f\xfd" + bytes([0xE4]) + struct.pack("<Q", size) + b"\x01\0\0" + bytes(4)


@_bomb
def frame_of_512_megabytes(path: Path) -> None:
    frame = _zeros(512 * MIB)
    _replace(path, frame, [(len(frame), 512 * MIB)])


@_bomb
def frame_of_512_megabytes_the_table_calls_small(path: Path) -> None:
    frame = _zeros(512 * MIB)
    _replace(path, frame, [(len(frame), 300)])


@_bomb
def frame_of_512_megabytes_that_states_no_size(path: Path) -> None:
    frame = _zeros(512 * MIB, with_size=False)
    _replace(path, frame, [(len(frame), 300)])


@_bomb
def frame_of_512_megabytes_without_a_table(path: Path) -> None:
    segment_files(path)[0].write_bytes(_zeros(512 * MIB, with_size=False))


@_bomb
def frame_that_states_a_terabyte(path: Path) -> None:
    _replace(path, _header(HUGE), [(len(_header(HUGE)), 0xFFFFFFFF)])


@_bomb
def frame_that_states_a_terabyte_the_table_calls_small(path: Path) -> None:
    _replace(path, _header(HUGE), [(len(_header(HUGE)), 300)])


@_bomb
def hundred_frames_of_the_largest_size(path: Path) -> None:
    frame = _zeros(16 * MIB)
    _replace(path, frame * 100, [(len(frame), 16 * MIB)] * 100)


@_bomb
def manifest_that_states_a_terabyte(path: Path) -> None:
    _state(path, raw_bytes=HUGE, stored_bytes=HUGE)


@_bomb
def manifest_that_states_a_terabyte_of_lines(path: Path) -> None:
    _state(path, raw_bytes=HUGE)


@_bomb
def manifest_with_2_to_the_60_events(path: Path) -> None:
    _state(path, last_sequence=1 << 60, events=1 << 60)


@_bomb
def table_of_four_billion_frames(path: Path) -> None:
    segment = segment_files(path)[0]
    segment.write_bytes(segment.read_bytes()[:-9] + struct.pack("<IBI", 0xFFFFFFFF, 0, 0x8F92EAB1))


@_bomb
def table_of_64_million_frames_that_is_there(path: Path) -> None:
    frames = 1 << 26
    size = frames * 8 + 17
    with segment_files(path)[0].open("r+b") as file:  # sparse: it takes no room
        file.seek(size - 9)
        file.write(struct.pack("<IBI", frames, 0, 0x8F92EAB1))
        file.seek(0)
        file.write(struct.pack("<II", 0x184D2A5E, size - 8))
    _state(path, stored_bytes=size)


@_bomb
def table_of_a_million_empty_frames(path: Path) -> None:
    _replace(path, b"", [(0, 0)] * 1_000_000)


@_bomb
def sealed_segment_with_512_megabytes_behind_it(path: Path) -> None:
    with segment_files(path)[0].open("r+b") as file:
        file.truncate(512 * MIB)


# In the active segment


@_bomb
def line_of_100_megabytes(path: Path) -> None:
    active_file(path).write_bytes(b"x" * 100 * MIB + b"\n")


@_bomb
def line_of_100_megabytes_without_an_end(path: Path) -> None:
    active_file(path).write_bytes(b"x" * 100 * MIB)


@_bomb
def sound_line_of_100_megabytes(path: Path) -> None:
    _write_event(path, b'{"text":"' + b"x" * 100 * MIB + b'"}')


@_bomb
def line_of_100_megabytes_before_a_sound_one(path: Path) -> None:
    _write_event(path, b"{}")
    active = active_file(path)
    active.write_bytes(b"x" * 100 * MIB + b"\n" + active.read_bytes())


@_bomb
def nesting_of_100_000(path: Path) -> None:
    _write_event(path, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@_bomb
def many_beginnings_of_lines(path: Path) -> None:
    active_file(path).write_bytes(b'{"specversion":"1.0",' * 200_000)


@_bomb
def many_beginnings_and_ends_of_lines(path: Path) -> None:
    active_file(path).write_bytes(b'{"specversion":,"commit":1,"crc32":"00000000"}' * 20_000)


def _write_event(path: Path, data: bytes) -> None:
    line = (
        b'{"specversion":"1.0","id":"given","source":"s","type":"t"'
        b',"time":"2026-02-06T12:34:56.789012Z","sequence":"0000000000000000002","data":'
    )
    active_file(path).write_bytes(finish_line(line + data + b',"commit":1', _salt(path)))


# In the small files


@_bomb
def manifest_line_of_100_megabytes(path: Path) -> None:
    with (path / MANIFEST).open("ab") as file:
        file.write(b"x" * 100 * MIB)


@_bomb
def manifest_nesting_of_100_000(path: Path) -> None:
    nested = b'{"record":"sealed","segment":' + b"[" * 100_000 + b"]" * 100_000
    (path / MANIFEST).write_bytes(finish_line(nested, _salt(path)))


@_bomb
def log_json_of_100_megabytes(path: Path) -> None:
    (path / "log.json").write_bytes(b"x" * 100 * MIB)


@_bomb
def log_json_nesting_of_100_000(path: Path) -> None:
    nested = b'{"format":' + b"[" * 100_000 + b"]" * 100_000
    (path / "log.json").write_bytes(finish_line(nested, 0))


def _salt(path: Path) -> int:
    with EventLog.open(path, readonly=True) as log:
        return salt_of(log.log_id)
