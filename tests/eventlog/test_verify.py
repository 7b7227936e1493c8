"""``verify``: every damage is found, named, and left as it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Event as Signal

import attrs
import pytest
from attrs import asdict, evolve

from eventlog import EventLog, LogNotFoundError, NotALogError, verify
from eventlog._check import CHECK_BYTES, finish_line, salt_of
from eventlog._manifest_lines import SealedEntry, encode_entry
from tests.second_verifier import Log
from tests.support import DEEP
from tests.support.files import FailingFiles
from tests.support.logs import active_file, batch, flip, segment_files


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """Two sealed segments, a rotated one that is not sealed, and an active one."""
    files = FailingFiles(lambda name, count: name == "create" and count > 7)
    with EventLog.open(tmp_path / "log") as log:
        for first in (1, 4):
            log.extend(batch(first, 3))
            log.seal()
        log.extend(batch(7, 3))
    files = FailingFiles(lambda name, count: name == "rename")
    log = EventLog.open(tmp_path / "log", files=files)
    log.rotate()
    log.append("test.numbered", {"n": 10})
    log.append("test.numbered", {"n": 11})
    with pytest.raises(OSError, match="error"):
        log.close()
    assert [file.suffix for file in segment_files(log.path)] == [
        ".zst",
        ".zst",
        ".jsonl",
        ".tmp",
        ".jsonl",
    ]
    return log.path


def names_of_faults(path: Path) -> set[str]:
    return {fault.file for fault in verify(path).faults}


def test_a_sound_log_has_no_faults(log_path: Path) -> None:
    report = verify(log_path)
    assert (report.ok, report.faults) == (True, [])
    assert (report.events, report.segments) == (11, 4)


def test_an_empty_log_is_sound(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    report = verify(str(tmp_path / "log"))
    assert (report.ok, report.events, report.segments) == (True, 0, 1)


def test_what_is_no_log_is_an_error_and_no_report(tmp_path: Path) -> None:
    with pytest.raises(LogNotFoundError):
        verify(tmp_path / "missing")
    with pytest.raises(NotALogError):
        verify(tmp_path)


def test_progress_counts_the_bytes_of_the_lines(log_path: Path) -> None:
    seen: list[int] = []
    verify(log_path, seen.append)
    with EventLog.open(log_path, readonly=True) as log:
        assert sum(seen) == log.info().raw_bytes


def _files(path: Path) -> list[Path]:
    found = [path / "log.json", path / "manifest.jsonl", *segment_files(path)]
    return [file for file in found if file.suffix != ".tmp"]


@pytest.mark.parametrize("index", range(6))
def test_any_flipped_bit_is_found_in_its_file(log_path: Path, index: int) -> None:
    file = _files(log_path)[index]
    content = file.read_bytes()
    for offset in range(len(content)):
        for bit in range(8) if DEEP else [offset % 8]:
            file.write_bytes(flip(content, offset, bit))
            try:
                faults = verify(log_path).faults
            except Exception as error:
                assert file.name == "log.json", error
                assert "newer eventlog" in str(error)
                continue
            assert faults, (offset, bit)
            assert file.relative_to(log_path).as_posix() in {f.file for f in faults}, (offset, bit)
            for fault in faults:
                assert fault.message
                assert fault.offset is None or 0 <= fault.offset <= 100_000
    file.write_bytes(content)
    assert verify(log_path).ok


@pytest.mark.parametrize("index", range(1, 6))
def test_any_truncation_is_found(log_path: Path, index: int) -> None:
    """But for one that takes whole batches of the active segment, which is an older log."""
    file = _files(log_path)[index]
    content = file.read_bytes()
    whole = {0, content.index(b"\n") + 1} if file == active_file(log_path) else set()
    for size in range(len(content)):
        file.write_bytes(content[:size])
        assert bool(verify(log_path).faults) is (size not in whole), size


def _swap(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink()


DAMAGE: dict[str, Callable[[list[Path]], object]] = {
    "sealed missing": lambda files: files[2].unlink(),
    "raw missing": lambda files: files[4].unlink(),
    "active missing": lambda files: _remove(files[4:]),
    "sealed swapped": lambda files: _swap(files[2], files[3]),
    "raw swapped": lambda files: _swap(files[4], files[5]),
    "sealed copied": lambda files: shutil.copy(
        files[2], files[2].with_name("0" * 18 + "2.jsonl.zst")
    ),
    "sealed with more bytes": lambda files: files[2].write_bytes(files[2].read_bytes() + b"\0"),
    "raw with more lines": lambda files: files[4].write_bytes(files[4].read_bytes() * 2),
    "manifest gone": lambda files: files[1].unlink(),
    "manifest doubled": lambda files: files[1].write_bytes(files[1].read_bytes() * 2),
    "manifest reversed": lambda files: files[1].write_bytes(
        b"".join(files[1].read_bytes().splitlines(keepends=True)[::-1])
    ),
    "manifest cut by a line": lambda files: files[1].write_bytes(
        files[1].read_bytes().split(b"\n")[0] + b"\n"
    ),
    "segments gone": lambda files: shutil.rmtree(files[2].parent),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_to_whole_files_is_found_and_left_as_it_is(
    log_path: Path, damage: Callable[[list[Path]], object]
) -> None:
    damage(_files(log_path))
    before = {path: path.read_bytes() for path in log_path.rglob("*") if path.is_file()}
    report = verify(log_path)
    assert not report.ok
    assert report.faults
    assert {path: path.read_bytes() for path in log_path.rglob("*") if path.is_file()} == before


def test_a_torn_tail_is_a_fault_of_its_own_kind(log_path: Path) -> None:
    active = active_file(log_path)
    size = active.stat().st_size
    with active.open("ab") as file:
        file.write(b'{"specversion":')
    (fault,) = verify(log_path).faults
    assert (fault.kind, fault.offset, fault.sequence) == ("torn", size, 12)
    assert fault.file == f"segments/{active.name}"


def test_a_fault_tells_file_offset_and_sequence(log_path: Path) -> None:
    active = active_file(log_path)
    content = active.read_bytes()
    active.write_bytes(flip(content, 40, 0))
    faults = verify(log_path).faults
    assert (faults[0].file, faults[0].offset) == (f"segments/{active.name}", 0)
    assert faults[0].sequence in (None, 10)


def test_a_log_in_use_has_no_faults(tmp_path: Path) -> None:
    """Rotation and sealing go on meanwhile."""
    done = Signal()

    def fill(log: EventLog) -> None:
        try:
            for first in range(1, 1500, 3):
                log.extend(batch(first, 3))
        finally:
            done.set()

    def check(path: Path) -> None:
        while not done.is_set():
            report = verify(path)
            assert report.faults == []

    with (
        EventLog.open(tmp_path / "log", sync="never", segment_events=6) as log,
        ThreadPoolExecutor(3) as pool,
    ):
        futures = [pool.submit(fill, log), *[pool.submit(check, log.path) for _ in range(2)]]
        for future in futures:
            future.result()


FIELDS: dict[str, tuple[object, str, str]] = {
    "record": ("other", "manifest", "a record of an unknown kind: 'other'"),
    "segment": ("0000000000000000002.jsonl.zst", "manifest", "names a wrong file"),
    "first_sequence": (2, "manifest", "names a wrong file"),
    "last_sequence": (2, "manifest", "last_sequence is 3, and the manifest states 2"),
    "events": (4, "manifest", "events is 3, and the manifest states 4"),
    "first_time": ("2000-01-01T00:00:00.000000Z", "manifest", "first_time is "),
    "last_time": ("2999-01-01T00:00:00.000000Z", "manifest", "last_time is "),
    "raw_bytes": (1, "frame", "the seek table contradicts the manifest"),
    "stored_bytes": (1, "frame", "and the manifest states 1"),
    "sha256": ("0" * 64, "hash", "SHA-256 is not what the manifest states"),
    "merkle_root": ("0" * 64, "merkle", "merkle_root is "),
    "previous": ("0" * 64, "manifest", "does not follow the line before it"),
}


def test_every_field_of_the_manifest_is_tried_below() -> None:
    assert set(FIELDS) == {field.name for field in attrs.fields(SealedEntry)}


@pytest.mark.parametrize(("name", "value", "kind", "message"), [(n, *f) for n, f in FIELDS.items()])
def test_a_manifest_that_was_forged_with_fitting_hashes_contradicts_the_segment(
    log_path: Path, name: str, value: object, kind: str, message: str
) -> None:
    """Each line's check and the chain are right: only the segment can tell."""
    with EventLog.open(log_path, readonly=True) as log:
        salt, (first, second) = salt_of(log.log_id), log.sealed()
    forged = encode_entry(SealedEntry(**{**asdict(first), name: value}), salt)
    following = evolve(second, previous=sha256(forged[:-1]).hexdigest())
    (log_path / "manifest.jsonl").write_bytes(forged + encode_entry(following, salt))
    found = [fault for fault in verify(log_path).faults if message in fault.message]
    assert [fault.kind for fault in found] == [kind]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"events":3', b'"events": 3'),
        (b'"events":3', b'"events":4,"events":3'),
        (b'"events":3', b'"other":4,"events":3'),
        (b'"sealed"', rb'"\u0073ealed"'),
    ],
)
def test_a_manifest_line_that_was_forged_in_another_form_is_found(
    log_path: Path, old: bytes, new: bytes
) -> None:
    path = log_path / "manifest.jsonl"
    salt = salt_of(EventLog.open(log_path, readonly=True).log_id)
    first, last = path.read_bytes().splitlines(keepends=True)
    assert old in last
    path.write_bytes(first + finish_line(last.replace(old, new)[: -CHECK_BYTES - 1], salt))
    assert [fault.kind for fault in verify(log_path).faults] == ["manifest"]
    assert list(Log(log_path).faults())


def test_damage_before_an_unfinished_end_is_told_apart_from_it(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        for number in (1, 2, 3):
            log.extend(batch(number, 1))
    active = active_file(log.path)
    content = active.read_bytes()
    third = content.splitlines(keepends=True)[2]
    damaged = flip(content, len(content) - len(third) + 60, 0)
    active.write_bytes(damaged + b"unfinished")
    report = verify(log.path)
    assert report.events == 2
    assert [(fault.kind, fault.offset, fault.message) for fault in report.faults] == [
        ("line", len(content) - len(third), "a line is damaged: its check does not fit its bytes"),
        ("line", len(content), "the last line has no end"),
    ]
