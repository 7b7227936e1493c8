"""Reading around damage gives every intact event, and tells each damaged place once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eventlog import DamagedLogError, Event, EventLog, verify
from eventlog._seekable import compress_frames
from tests.support.files import FailingFiles, UnsyncedFiles
from tests.support.logs import active_file, batch, flip, numbers, segment_files

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sealed segments of four events, and three events in the active one."""
    path = tmp_path_factory.mktemp("whole") / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        for first in (1, 5, 9):
            log.extend(batch(first, 1))
            log.extend(batch(first + 1, 3))
            log.seal()
        for number in (13, 14, 15):
            log.extend(batch(number, 1))
    return path


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "log")


def around(
    path: Path, *, reverse: bool = False, after: int = 0, until: int | None = None
) -> tuple[list[int], list[DamagedLogError]]:
    """The numbers of the events that are left, and what was told."""
    met: list[DamagedLogError] = []
    with EventLog.open(path, readonly=True) as log:
        events: list[Event] = list(
            log.read(after=after, until=until, reverse=reverse, on_damage=met.append)
        )
    assert [event.sequence for event in events] == [event.data["n"] for event in events]
    return [event.data["n"] for event in events], met


def _change(index: int, change: Callable[[bytes], bytes]) -> Damage:
    def damage(path: Path) -> None:
        file = segment_files(path)[index]
        file.write_bytes(change(file.read_bytes()))

    return damage


def _change_manifest(change: Callable[[list[bytes]], list[bytes]]) -> Damage:
    def damage(path: Path) -> None:
        file = path / "manifest.jsonl"
        file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))

    return damage


DAMAGE: dict[str, tuple[Damage, set[int], str]] = {
    "the first manifest line": (
        _change_manifest(lambda lines: [flip(lines[0], 50, 0), *lines[1:]]), set(), "manifest.jsonl"
    ),
    "the second manifest line": (
        _change_manifest(lambda lines: [lines[0], flip(lines[1], 50, 0), lines[2]]), set(),
        "manifest.jsonl",
    ),
    "the last manifest line": (
        _change_manifest(lambda lines: [*lines[:2], flip(lines[2], 50, 0)]), set(),
        "manifest.jsonl",
    ),
    "a manifest line gone": (
        _change_manifest(lambda lines: [lines[0], lines[2]]), set(), "manifest.jsonl"
    ),
    "the manifest gone": (
        lambda path: (path / "manifest.jsonl").unlink(), set(), "manifest.jsonl"
    ),
    "the first segment gone": (
        lambda path: segment_files(path)[0].unlink(), {1, 2, 3, 4}, "0000000000000000001.jsonl.zst"
    ),
    "the second segment gone": (
        lambda path: segment_files(path)[1].unlink(), {5, 6, 7, 8}, "0000000000000000005.jsonl.zst"
    ),
    "the active segment gone": (
        lambda path: active_file(path).unlink(), {13, 14, 15}, "segments"
    ),
    "a seek table": (
        _change(1, lambda content: flip(content, len(content) - 1, 0)), set(),
        "0000000000000000005.jsonl.zst",
    ),
    "a seek table gone": (
        _change(1, lambda content: content[:-17]), set(), "0000000000000000005.jsonl.zst"
    ),
    "more bytes behind a sealed segment": (
        _change(1, lambda content: content + b"more"), set(), "0000000000000000005.jsonl.zst"
    ),
    "a frame's header": (
        _change(1, lambda content: flip(content, 1, 0)), set(), "0000000000000000005.jsonl.zst"
    ),
    "a line end in a frame": (
        _change(1, lambda content: b"".join(compress_frames(
            [lines.replace(b"\n", b"\x0b", 1) for lines in _frames(content)]
        ))), set(), "0000000000000000005.jsonl.zst",
    ),
    "a line of the active segment": (
        _change(3, lambda content: flip(content, 40, 0)), {13}, "0000000000000000013.jsonl"
    ),
    "a line end of the active segment": (
        _change(3, lambda content: flip(content, content.index(b"\n"), 3)), set(),
        "0000000000000000013.jsonl",
    ),
    "a line gone from the active segment": (
        _change(3, lambda content: b"".join(
            line for index, line in enumerate(content.splitlines(keepends=True)) if index != 1
        )), {14}, "0000000000000000013.jsonl",
    ),
    "every line of the active segment": (
        _change(3, lambda content: content.replace(b'"time":', b'"tine":')), {13, 14, 15},
        "0000000000000000013.jsonl",
    ),
    "two neighboring lines": (
        _change(3, lambda content: flip(flip(content, 40, 0), content.index(b"\n") + 40, 0)),
        {13, 14}, "0000000000000000013.jsonl",
    ),
}  # fmt: skip


def _frames(content: bytes) -> list[bytes]:
    import zstandard

    return [zstandard.ZstdDecompressor().decompressobj().decompress(content)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("damage", "lost", "place"), DAMAGE.values(), ids=DAMAGE)
def test_all_that_is_intact_is_read_and_the_place_told_once(
    log: Path, damage: Damage, lost: set[int], place: str, reverse: bool
) -> None:
    damage(log)
    found, met = around(log, reverse=reverse)
    assert found == sorted(set(range(1, 16)) - lost, reverse=reverse)
    assert [error.path.name for error in met if error.path] == [place]


@pytest.mark.parametrize(("damage", "lost", "place"), DAMAGE.values(), ids=DAMAGE)
def test_verify_counts_what_is_intact_and_names_the_place(
    log: Path, damage: Damage, lost: set[int], place: str
) -> None:
    damage(log)
    report = verify(log)
    assert not report.ok
    assert report.events == 15 - len(lost)
    without_manifest = {fault.kind for fault in report.faults} == {"unknown"}
    assert without_manifest or place in {Path(fault.file).name for fault in report.faults}
    assert all(fault.offset is not None or fault.sequence is not None for fault in report.faults)


@pytest.mark.parametrize(("damage", "lost", "place"), DAMAGE.values(), ids=DAMAGE)
def test_any_part_can_be_read_around_damage(
    log: Path, damage: Damage, lost: set[int], place: str
) -> None:
    damage(log)
    left = sorted(set(range(1, 16)) - lost)
    for after in range(16):
        for until in (after + 1, after + 4, None):
            wanted = [n for n in left if n > after and (until is None or n <= until)]
            assert around(log, after=after, until=until)[0] == wanted
            assert around(log, after=after, until=until, reverse=True)[0] == wanted[::-1]


@pytest.mark.parametrize("reverse", [False, True])
def test_damage_outside_the_part_that_is_read_is_not_told(log: Path, reverse: bool) -> None:
    _change(0, lambda content: flip(content, 60, 0))(log)
    active = active_file(log)
    active.write_bytes(flip(active.read_bytes(), active.read_bytes().index(b"\n") + 40, 0))
    assert around(log, after=4, until=12, reverse=reverse)[1] == []
    assert len(around(log, reverse=reverse)[1]) == 2


def test_a_sound_log_has_nothing_to_tell(log: Path) -> None:
    assert around(log) == (list(range(1, 16)), [])
    assert around(log, reverse=True) == (list(range(15, 0, -1)), [])


def test_two_places_are_told_apart(log: Path) -> None:
    active = active_file(log)
    first, second, third = active.read_bytes().splitlines(keepends=True)
    active.write_bytes(flip(first, 40, 0) + second + flip(third, 40, 0) + third)
    found, met = around(log)
    assert found == [*range(1, 13), 14, 15]
    assert [(error.sequence, error.offset) for error in met] == [
        (13, 0), (15, len(first + second))
    ]  # fmt: skip


def test_repeated_lines_are_read_once(log: Path) -> None:
    _change(3, lambda content: content * 2)(log)
    for reverse in (False, True):
        found, met = around(log, reverse=reverse)
        assert sorted(found) == list(range(1, 16))
        assert met


def test_a_segment_that_is_a_link_to_nowhere_is_told(log: Path) -> None:
    active = active_file(log)
    active.unlink()
    active.symlink_to(log / "nowhere")
    found, (error,) = around(log)
    assert found == list(range(1, 13))
    assert error.path == active


def test_without_being_asked_reading_stops_and_says_what_to_do(log: Path) -> None:
    _change_manifest(lambda lines: [flip(lines[0], 50, 0), *lines[1:]])(log)
    with pytest.raises(
        DamagedLogError, match=r"manifest line .* \(line 1\): .*'eventlog repair'"
    ) as met:
        numbers(log)
    assert (met.value.path, met.value.offset) == (log / "manifest.jsonl", 0)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_sealed_segment_that_is_gone_is_read_from_its_raw_file_where_that_is_left(
    log: Path, reverse: bool
) -> None:
    sealed = segment_files(log)[1]
    (lines,) = _frames(sealed.read_bytes())
    sealed.unlink()
    sealed.with_suffix("").write_bytes(lines)
    assert around(log, reverse=reverse)[0] == sorted(range(1, 16), reverse=reverse)


def test_a_segment_that_is_sealed_before_the_reader_comes_to_it_is_read_all_the_same(
    tmp_path: Path,
) -> None:
    files = FailingFiles(lambda what, count: what == "rename" and count > 1)  # no sealing
    writer = EventLog.open(tmp_path / "log", files=files)
    for first in (1, 4, 7):
        writer.extend(batch(first, 3))
        writer.rotate()
    with pytest.raises(OSError, match="error"):
        writer.close()
    met: list[DamagedLogError] = []
    with EventLog.open(tmp_path / "log", readonly=True) as reader:
        events = reader.read(on_damage=met.append)
        found = [next(events).sequence]
        EventLog.open(tmp_path / "log").close()
        assert [file.suffix for file in segment_files(reader.path)] == [".zst"] * 3 + [".jsonl"]
        found += [event.sequence for event in events]
    assert (found, met) == (list(range(1, 10)), [])
