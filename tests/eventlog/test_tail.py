"""The tear rule: what is cut off at the end of a log, and what is never touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventlog import DamagedLogError, EventLog, repair
from tests.support import DEEP
from tests.support.files import UnsyncedFiles
from tests.support.logs import (
    Corrupt,
    SmallLog,
    active_file,
    batch,
    cut,
    flip,
    noise,
    numbers,
    numbers_around_damage,
    quarantined,
    segment_files,
    small_log,
    zero,
)

SHAPES = pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (3, 3), (1, 3, 1), (2, 1, 3)], ids=str)


@SHAPES
@pytest.mark.parametrize("corrupt", [cut, zero, noise])
def test_a_torn_tail_costs_no_whole_batch_and_its_bytes_are_kept(
    tmp_path: Path, sizes: tuple[int, ...], corrupt: Corrupt
) -> None:
    small = small_log(tmp_path / "log", sizes)
    every = 1 if DEEP or sizes == (2, 1, 3) else 11
    for offset in range(0, len(small.content), every):
        found = corrupt(small.content, offset)
        if found == small.content:
            continue
        small.put(found)
        _assert_recovers(small, found, offset)


def _assert_recovers(small: SmallLog, found: bytes, offset: int) -> None:
    whole = small.whole_batches(offset)
    end = (0, *small.ends)[whole]
    kept = small.expected(whole)
    assert numbers(small.path) == kept, f"read-only, damaged from byte {offset}"
    assert small.active.read_bytes() == found, "reading changed the log"
    with EventLog.open(small.path, files=UnsyncedFiles()) as log:
        assert [(torn.offset, torn.size) for torn in log.torn] == (
            [(end, len(found) - end)] if len(found) > end else []
        )
        assert log.append("test.numbered", {"n": len(kept) + 1}) == len(kept) + 1
    assert quarantined(small.path) == ([found[end:]] if len(found) > end else [])
    assert numbers(small.path) == [*kept, len(kept) + 1], f"appended after byte {offset}"
    assert small.active.read_bytes().startswith(small.content[:end])


@SHAPES
@pytest.mark.parametrize("corrupt", [cut, zero, noise])
def test_a_reader_takes_the_whole_batches_in_reverse_as_well(
    tmp_path: Path, sizes: tuple[int, ...], corrupt: Corrupt
) -> None:
    small = small_log(tmp_path / "log", sizes)
    for offset in range(0, len(small.content), 7):
        small.put(corrupt(small.content, offset))
        with EventLog.open(small.path, readonly=True) as log:
            found = [event.data["n"] for event in log.read(reverse=True)]
            assert log.head() == len(found)
        assert found[::-1] == small.expected(small.whole_batches(offset)), offset


def _flips(content: bytes, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    for offset in range(start, stop):
        yield offset, flip(content, offset, offset % 8)


@SHAPES
def test_a_flipped_bit_before_the_last_batch_is_never_taken_for_a_tear(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    small = small_log(tmp_path / "log", sizes)
    for offset, damaged in _flips(small.content, 0, small.ends[-2]):
        small.put(damaged)
        _assert_refused(small.path, small.active, f"byte {offset}")
        assert small.active.read_bytes() == damaged, "something was cut off"
        assert not quarantined(small.path)


@SHAPES
def test_reading_goes_on_around_a_flipped_bit_when_asked(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    small = small_log(tmp_path / "log", sizes)
    everything = small.expected(len(sizes))
    for offset, damaged in _flips(small.content, 0, small.ends[-2]):
        small.put(damaged)
        found, met = numbers_around_damage(small.path)
        lost = set(everything) - set(found)
        assert len(met) == 1, offset
        # The lines on both sides of a flipped line end are whole.
        assert len(lost) == (0 if small.content[offset] == 0x0A else 1), offset
        assert found == [number for number in everything if number not in lost], offset


@pytest.mark.parametrize("bit", range(8))
def test_every_bit_of_a_line_end_counts(tmp_path: Path, bit: int) -> None:
    small = small_log(tmp_path / "log", (1, 1, 1))
    small.put(flip(small.content, small.ends[1] - 1, bit))
    _assert_refused(small.path, small.active, "the line end before the last batch")


def _assert_refused(path: Path, damaged: Path, where: str) -> None:
    with pytest.raises(DamagedLogError) as writing:
        EventLog.open(path, files=UnsyncedFiles())
    assert writing.value.path == damaged, where
    assert writing.value.offset is not None, where
    with pytest.raises(DamagedLogError) as reading:
        numbers(path)
    assert reading.value.path == damaged, where


def test_a_flipped_bit_in_the_very_last_batch_looks_like_a_tear_and_is_kept(
    tmp_path: Path,
) -> None:
    """The downside that the format names; the bytes are in the quarantine."""
    small = small_log(tmp_path / "log", (1, 3))
    inner_ends = [at for at in range(small.ends[1] - 1) if small.content[at] == 0x0A]
    for offset, damaged in _flips(small.content, small.ends[0], small.ends[1]):
        if offset in inner_ends:  # then every line is intact
            continue
        small.put(damaged)
        with EventLog.open(small.path, files=UnsyncedFiles()) as log:
            assert log.head() == 1, offset
        assert quarantined(small.path) == [damaged[small.ends[0] :]]


def _first_twice(lines: list[bytes]) -> list[bytes]:
    return [*lines[:1], lines[1], *lines[1:]]


JUNK = {
    "an empty line inside": lambda lines: [*lines[:2], b"\n", *lines[2:]],
    "a line of another kind inside": lambda lines: [*lines[:2], b"{}\n", *lines[2:]],
    "the first line twice": _first_twice,
    "a line before": lambda lines: [*lines[:1], b"xx\n", *lines[1:]],
    "bytes before": lambda lines: [*lines[:1], b"\0\0", *lines[1:]],
    "a damaged line end inside": lambda lines: [*lines[:1], lines[1][:-1], b"\r", *lines[2:]],
    "torn bytes before": lambda lines: [*lines[:1], lines[1][:70], b"\n", *lines[1:]],
}


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_a_last_batch_that_is_all_there_is_never_cut_off(
    tmp_path: Path, junk: Callable[[list[bytes]], list[bytes]], size: int
) -> None:
    """No write that is cut short leaves anything before or inside a whole batch."""
    small = small_log(tmp_path / "log", (1, size))
    found = b"".join(junk(small.content.splitlines(keepends=True)))
    small.put(found)
    _assert_refused(small.path, small.active, "the last batch")
    assert small.active.read_bytes() == found
    assert numbers_around_damage(small.path)[0] == small.expected(2)
    assert repair(small.path).lost == []
    assert numbers(small.path) == small.expected(2)


def test_a_last_event_behind_strange_bytes_is_never_cut_off(tmp_path: Path) -> None:
    small = small_log(tmp_path / "log", (1, 2, 1))
    small.put(small.content[: small.ends[1]] + b"\0\n" + small.content[small.ends[1] :])
    _assert_refused(small.path, small.active, "the last batch")
    assert repair(small.path).lost == []
    assert numbers(small.path) == [1, 2, 3, 4]


def test_a_last_batch_without_its_last_line_end_is_torn(tmp_path: Path) -> None:
    """As a write leaves it that was cut short by one byte, whatever somebody put before it."""
    small = small_log(tmp_path / "log", (1, 2))
    small.put(small.content[: small.ends[0]] + b"xx\n" + small.content[small.ends[0] : -1])
    with EventLog.open(small.path) as log:
        assert log.head() == 1


def test_a_later_batch_after_a_hole_of_zeros_is_corruption(tmp_path: Path) -> None:
    small = small_log(tmp_path / "log", (1, 1, 1))
    hole = small.ends[1] - small.ends[0]
    small.put(small.content[: small.ends[0]] + bytes(hole) + small.content[small.ends[1] :])
    _assert_refused(small.path, small.active, "the hole")


def test_bytes_after_a_damaged_batch_that_ended_are_corruption(tmp_path: Path) -> None:
    """Not even a torn later batch may be cut off together with an acknowledged one."""
    small = small_log(tmp_path / "log", (1, 1, 1))
    damaged = flip(small.content, small.ends[0] + 30, 0)
    for end in range(small.ends[1] + 1, small.ends[2]):
        small.put(damaged[:end])
        _assert_refused(small.path, small.active, f"cut at {end}")


def test_a_batch_that_looks_like_lines_of_the_log_is_torn_like_any_other(tmp_path: Path) -> None:
    """Data that quotes the log must not be taken for a later batch."""
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.append("test.numbered", {"n": 1})
        quoted = next(log.read())
        line = {"crc32": quoted.crc32, "commit": 1, "specversion": "1.0", "id": f"{log.log_id}-9"}
        end = active_file(path).stat().st_size
        log.append("test.quoting", {"n": 2, "lines": [line, line], "text": str(line)})
    content = active_file(path).read_bytes()
    for offset in range(end, len(content)):
        active_file(path).write_bytes(content[:offset])
        with EventLog.open(path, files=UnsyncedFiles()) as log:
            assert log.head() == 1, offset


# Segments that are not active


def _rotated(path: Path, files: UnsyncedFiles) -> list[Path]:
    """A log of a sealed segment, two raw ones, and the active one; the raw ones' sealing failed."""
    with EventLog.open(path, files=files) as log:
        log.extend(batch(1, 3))
        log.seal()
    sealed = segment_files(path)[0]
    copies = []
    with EventLog.open(path, files=files) as log:
        for first in (4, 7):
            log.extend(batch(first, 3))
            copies.append((active_file(path), active_file(path).read_bytes()))
            log.rotate()
        log.append("test.numbered", {"n": 10})
    _unseal(path, copies)
    return [sealed, *(file for file, _ in copies), active_file(path)]


def _unseal(path: Path, copies: list[tuple[Path, bytes]]) -> None:
    """Back to the state in which these segments were rotated and not sealed yet."""
    manifest = path / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes().split(b"\n")[0] + b"\n")
    for file, content in copies:
        file.with_name(file.name + ".zst").unlink()
        file.write_bytes(content)


def test_rotated_raw_segments_are_read_and_sealed_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "log"
    _rotated(path, UnsyncedFiles())
    assert numbers(path) == list(range(1, 11))
    EventLog.open(path).close()
    assert numbers(path) == list(range(1, 11))
    assert [file.name.endswith(".zst") for file in segment_files(path)] == [True] * 3 + [False]


@pytest.mark.parametrize("index", [1, 2])
def test_a_flipped_bit_in_a_rotated_segment_is_damage(tmp_path: Path, index: int) -> None:
    path = tmp_path / "log"
    damaged = _rotated(path, UnsyncedFiles())[index]
    content = damaged.read_bytes()
    for offset, changed in _flips(content, 0, len(content)):
        damaged.write_bytes(changed)
        _assert_refused(path, damaged, f"byte {offset}")
        found, met = numbers_around_damage(path)
        assert len(met) == 1, offset
        assert len(found) == (10 if content[offset] == 0x0A else 9), offset
        assert damaged.read_bytes() == changed


@pytest.mark.parametrize("index", [1, 2])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_rotated_segment_that_ends_early_is_damage_at_any_byte(
    tmp_path: Path, index: int, reverse: bool
) -> None:
    path = tmp_path / "log"
    damaged = _rotated(path, UnsyncedFiles())[index]
    content = damaged.read_bytes()
    last = index * 3 + 3
    for size in range(len(content)):
        damaged.write_bytes(content[:size])
        with pytest.raises(DamagedLogError):
            EventLog.open(path, files=UnsyncedFiles())
        with EventLog.open(path, readonly=True) as log:
            with pytest.raises(DamagedLogError):
                list(log.read(reverse=reverse))
            with pytest.raises(DamagedLogError):
                list(log.read(after=last - 1, until=last, reverse=reverse))


def test_a_flipped_bit_in_a_sealed_segment_is_met_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        for first in (1, 4):
            log.extend(batch(first, 3))
            log.seal()
    damaged = segment_files(path)[0]
    content = damaged.read_bytes()
    for offset, changed in _flips(content, 0, len(content)):
        damaged.write_bytes(changed)
        harmless = _frames_unchanged(changed, content)
        found, met = numbers_around_damage(path)
        assert met or (harmless and found == [1, 2, 3, 4, 5, 6]), offset
        assert len(met) <= 1, offset
        assert found == sorted(set(found)), offset
        assert {4, 5, 6} <= set(found) <= set(range(1, 7)), offset
        assert all(error.path is not None for error in met)
        if met:
            with pytest.raises(DamagedLogError):
                numbers(path)


def _frames_unchanged(changed: bytes, content: bytes) -> bool:
    """Whether the flip leaves all that Zstandard decompresses as it was.

    A bit that the frame format ignores changes nothing for a reader; ``verify`` compares the hash.
    """
    import zstandard

    def plain(stored: bytes) -> bytes:
        with zstandard.ZstdDecompressor().stream_reader(stored) as reader:
            return reader.read()

    try:
        return plain(changed) == plain(content)
    except zstandard.ZstdError:
        return False


def test_a_missing_segment_before_another_is_damage(tmp_path: Path) -> None:
    original = tmp_path / "log"
    *names, _ = [file.name for file in _rotated(original, UnsyncedFiles())]
    for index, name in enumerate(names):
        path = tmp_path / f"copy-{index}"
        shutil.copytree(original, path)
        (path / "segments" / name).unlink()
        with pytest.raises(DamagedLogError):
            numbers(path)


def test_a_batch_that_lost_its_first_line_is_torn_like_any_other(tmp_path: Path) -> None:
    """It claims more lines than the file holds."""
    small = small_log(tmp_path / "log", [3])
    left = small.content[small.content.index(b"\n") + 1 :]
    small.put(left)
    assert numbers(small.path) == []
    with EventLog.open(small.path) as log:
        assert log.head() == 0
    assert quarantined(small.path) == [left]
