"""``repair``: what is intact is kept, what is lost is marked, the originals are kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import zstandard

from eventlog import (
    DamagedLogError,
    EventLog,
    EventLogError,
    LockTimeoutError,
    LogNotFoundError,
    WriterFailedError,
    repair,
    verify,
)
from eventlog._files import Files
from eventlog._lock import DirectoryLock, hold_writer_lock
from eventlog._names import raw_name, sealed_name
from eventlog._salvage import salvage
from eventlog._seekable import compress_frames
from tests.support import DEEP
from tests.support.logs import (
    active_file,
    batch,
    flip,
    quarantined,
    segment_files,
    small_log,
    zero,
)


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """Two sealed segments and an active one, with batches of one and three."""
    with EventLog.open(tmp_path / "log") as log:
        for first in (1, 6):
            log.extend(batch(first, 1))
            log.extend(batch(first + 1, 3))
            log.extend(batch(first + 4, 1))
            log.seal()
        log.extend(batch(11, 3))
        log.extend(batch(14, 1))
        log.extend(batch(15, 1))
    return tmp_path / "log"


def events_of(path: Path) -> dict[int, int | None]:
    """By sequence, the number of each event; None for a marker of a lost one."""
    with EventLog.open(path, readonly=True) as log:
        events = list(log.read())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    return {
        event.sequence: None if event.type == "eventlog.lost" else event.data["n"]
        for event in events
    }


def content_of(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file()
    }


def test_a_sound_log_stays_as_it_is(log_path: Path) -> None:
    before = content_of(log_path)
    report = repair(log_path)
    assert (report.faults, report.lost, report.written_to) == ([], [], None)
    assert content_of(log_path) == before


def test_a_missing_log_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(LogNotFoundError):
        repair(tmp_path / "log")


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"{}"),
        lambda file: file.write_bytes(flip(file.read_bytes(), 30, 1)),
        lambda file: file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":3')),
    ],
    ids=["missing", "overwritten", "flipped", "another format"],
)
@pytest.mark.parametrize("only_sealed", [False, True])
def test_a_lost_identity_is_made_again_from_the_events(
    log_path: Path, damage: Callable[[Path], object], only_sealed: bool
) -> None:
    if only_sealed:
        with EventLog.open(log_path) as log:
            log.seal()
    with EventLog.open(log_path, readonly=True) as log:
        log_id, created = log.log_id, log.info().created
    damage(log_path / "log.json")
    with pytest.raises(DamagedLogError, match="'eventlog repair'"):
        EventLog.open(log_path, readonly=True)
    report = verify(log_path)
    assert [fault.kind for fault in report.faults] == ["identity"]
    assert report.events == 15
    assert repair(log_path).lost == []
    assert events_of(log_path) == {number: number for number in range(1, 16)}
    with EventLog.open(log_path) as log:
        assert log.log_id == log_id
        assert log.info().created[:4] == created[:4]


def test_an_identity_that_no_event_tells_cannot_be_made_again(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a", {"quoted": {"id": f"{log.log_id}-1"}}, id="given")
    (tmp_path / "log" / "log.json").write_bytes(b"{}")
    with pytest.raises(DamagedLogError, match="restore it from a copy"):
        repair(tmp_path / "log")
    (fault,) = verify(tmp_path / "log").faults
    assert fault.kind == "identity"


def test_a_torn_tail_is_cut_as_opening_would(log_path: Path) -> None:
    with active_file(log_path).open("ab") as file:
        file.write(b"torn")
    report = repair(log_path)
    assert (report.lost, report.written_to) == ([], log_path)
    assert quarantined(log_path) == [b"torn"]
    assert verify(log_path).ok
    assert events_of(log_path) == {number: number for number in range(1, 16)}


def _each_file(path: Path) -> list[Path]:
    return [path / "manifest.jsonl", *segment_files(path)]


@pytest.mark.parametrize("index", range(4))
def test_after_any_flipped_bit_the_log_is_sound_and_only_what_was_hit_is_lost(
    log_path: Path, tmp_path: Path, index: int
) -> None:
    content = _each_file(log_path)[index].read_bytes()
    for offset in range(0, len(content), 1 if DEEP else 23):
        path = tmp_path / "damaged"
        shutil.copytree(log_path, path)
        file = _each_file(path)[index]
        file.write_bytes(flip(content, offset, offset % 8))
        _assert_mended(path, content, file)
        shutil.rmtree(path)


def _assert_mended(path: Path, original: bytes, damaged: Path) -> None:
    kept = damaged.read_bytes()
    report = repair(path)
    assert report.written_to == path
    assert report.faults
    assert verify(path).ok
    found = events_of(path)
    assert len(found) in (14, 15)  # the last batch may have looked like a tear
    lost = [sequence for sequence, number in found.items() if number is None]
    assert lost == report.lost
    assert {number for number in found.values() if number} == set(found) - set(lost)
    if damaged.name == "manifest.jsonl":
        assert not lost
    elif damaged.suffix == ".jsonl":
        assert len(lost) <= 2
    assert any(kept.endswith(one) for one in quarantined(path)), "the damaged bytes are gone"
    with EventLog.open(path) as log:
        assert log.append("after.repair", {"n": 0}) == len(found) + 1
        log.seal()
    assert verify(path).ok
    assert not [other for other in path.parent.iterdir() if other.name.startswith("damaged.")]


DAMAGE: dict[str, tuple[Callable[[Path], object], set[int]]] = {
    "a sealed segment missing": (lambda path: segment_files(path)[0].unlink(), {1, 2, 3, 4, 5}),
    "the manifest missing": (lambda path: (path / "manifest.jsonl").unlink(), set()),
    "the active segment missing": (lambda path: active_file(path).unlink(), set()),
    "a sealed segment overwritten": (
        lambda path: segment_files(path)[1].write_bytes(b"nonsense"),
        {6, 7, 8, 9, 10},
    ),
    "a hole of zeros": (
        lambda path: active_file(path).write_bytes(
            zero(active_file(path).read_bytes()[:300], 100) + active_file(path).read_bytes()[300:]
        ),
        {11, 12},
    ),
}


@pytest.mark.parametrize(("damage", "lost"), DAMAGE.values(), ids=DAMAGE)
def test_lost_events_are_marked_and_all_others_kept(
    log_path: Path, damage: Callable[[Path], object], lost: set[int]
) -> None:
    damage(log_path)
    report = repair(log_path)
    assert set(report.lost) == lost
    assert verify(log_path).ok
    found = events_of(log_path)
    assert {sequence for sequence, number in found.items() if number is None} == lost
    assert len(found) in (10, 15)
    EventLog.open(log_path).close()


def test_a_dry_run_tells_the_same_and_changes_nothing(log_path: Path) -> None:
    active = active_file(log_path)
    active.write_bytes(flip(active.read_bytes(), 40, 0))
    before = content_of(log_path)
    planned = repair(log_path, dry_run=True)
    assert content_of(log_path) == before
    assert planned.written_to is None
    done = repair(log_path)
    assert (done.lost, done.rebuilt_files, done.kept_files) == (
        planned.lost,
        planned.rebuilt_files,
        planned.kept_files,
    )
    assert planned.lost == [11]


def test_a_mended_copy_leaves_the_damaged_log_alone(log_path: Path, tmp_path: Path) -> None:
    segment_files(log_path)[0].write_bytes(b"nonsense")
    before = content_of(log_path)
    report = repair(log_path, into=tmp_path / "mended")
    assert report.written_to == tmp_path / "mended"
    assert content_of(log_path) == before
    assert verify(tmp_path / "mended").ok
    assert b"nonsense" in quarantined(tmp_path / "mended")


def test_earlier_quarantine_and_files_of_others_are_kept(log_path: Path) -> None:
    with active_file(log_path).open("ab") as file:
        file.write(b"earlier")
    EventLog.open(log_path).close()
    (log_path / "notes.txt").write_text("mine")
    (log_path / "segments" / "notes.txt").write_text("mine too")
    (log_path / "rejects.jsonl").write_text("{}\n")
    (log_path / "link").symlink_to("nowhere")
    segment_files(log_path)[0].write_bytes(b"nonsense")
    repair(log_path)
    assert b"earlier" in quarantined(log_path)
    assert (log_path / "notes.txt").read_text() == "mine"
    assert (log_path / "segments" / "notes.txt").read_text() == "mine too"
    assert (log_path / "rejects.jsonl").read_text() == "{}\n"
    assert (log_path / "link").readlink() == Path("nowhere")


def test_the_mended_log_is_on_the_disk_before_it_takes_the_damaged_one_s_place(
    log_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = Files.sync, Files.rename

    def note_sync(self: Files, descriptor: int) -> None:
        steps.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(self, descriptor)

    def note_rename(self: Files, source: Path, target: Path) -> None:
        steps.append(f"rename {source.name}")
        rename(self, source, target)

    monkeypatch.setattr(Files, "sync", note_sync)
    monkeypatch.setattr(Files, "rename", note_rename)
    segment_files(log_path)[0].write_bytes(b"nonsense")
    repair(log_path)
    synced = set(steps[: steps.index("rename log.repairing")])
    made = [path for path in log_path.rglob("*") if path.is_file()]
    assert {str(path).replace("/log/", "/log.repairing/") for path in made} <= synced


def test_a_log_that_is_being_written_is_not_repaired(log_path: Path) -> None:
    with hold_writer_lock(log_path, Files(), 0), pytest.raises(LockTimeoutError):
        repair(log_path, lock_timeout=0)


def test_a_writer_of_a_log_that_was_replaced_by_a_repair_says_so(log_path: Path) -> None:
    with EventLog.open(log_path) as log:
        segment_files(log_path)[0].write_bytes(b"nonsense")
        repair(log_path)
        with pytest.raises(WriterFailedError, match=r"replaced .*open it again"):
            log.append("test")
        for _ in range(5):
            with pytest.raises(WriterFailedError):
                log.append("test")
    with EventLog.open(log_path) as log:
        log.append("test")


def test_the_modes_of_a_mended_log_are_those_of_any_log(log_path: Path) -> None:
    segment_files(log_path)[0].write_bytes(b"nonsense")
    repair(log_path)
    for path in [log_path, *log_path.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("seed", range(300 if DEEP else 15))
def test_any_damage_at_all_ends_in_a_sound_log(log_path: Path, seed: int) -> None:
    """Several files damaged at once, in any way; whatever is left intact is kept."""
    random = Random(seed)
    for file in random.sample(_each_file(log_path), random.randint(1, 4)):
        content = file.read_bytes()
        offset = random.randrange(len(content))
        file.write_bytes(
            random.choice(
                [
                    content[:offset],
                    zero(content, offset),
                    content[:offset] + random.randbytes(random.randint(1, 60)) + content[offset:],
                    content + content,
                    flip(content, offset, 3),
                    b"",
                ]
            )
        )
    repair(log_path)
    assert verify(log_path).ok
    found = events_of(log_path)
    assert all(number in (None, sequence) for sequence, number in found.items())
    with EventLog.open(log_path) as log:
        assert log.append("after.repair", {}) == len(found) + 1


def test_what_an_earlier_repair_left_is_not_touched(log_path: Path) -> None:
    first = segment_files(log_path)[0]
    first.write_bytes(zero(first.read_bytes(), 100))
    left = log_path.with_name("log.repairing")
    left.mkdir()
    with pytest.raises(EventLogError, match="an earlier repair left there"):
        repair(log_path)
    assert not any(left.iterdir())


def test_a_repair_that_was_killed_between_its_renames_is_not_covered_by_a_new_log(
    log_path: Path,
) -> None:
    shutil.copytree(log_path, log_path.with_name("log.repairing"))
    log_path.rename(log_path.with_name("log.damaged"))
    with pytest.raises(DamagedLogError, match="a repair of this log was cut short"):
        EventLog.open(log_path)
    assert not log_path.exists()


@pytest.mark.parametrize("end", [b"\0" * 40, b"{garbage", b"x\n"])
def test_a_rotated_segment_with_a_damaged_end_is_mended_without_loss(
    tmp_path: Path, end: bytes
) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.extend(batch(1, 3))
    rotated = active_file(path)
    with EventLog.open(path) as log:
        log.seal()
        log.extend(batch(4, 1))
    unseal(path, rotated.name)
    with rotated.open("ab") as file:
        file.write(end)
    with pytest.raises(DamagedLogError):
        EventLog.open(path)
    assert repair(path).lost == []
    assert verify(path).ok
    assert list(events_of(path).values()) == [1, 2, 3, 4]


def unseal(path: Path, name: str) -> None:
    """Put a log with one sealed segment back to the moment before it was sealed."""
    with EventLog.open(path, readonly=True) as log:
        lines = [line for line, _ in log.scan()]
    (path / "manifest.jsonl").unlink()
    (path / "segments" / f"{name}.zst").unlink()
    (path / "segments" / name).write_bytes(b"".join(line + b"\n" for line in lines[:3]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: flip(content, len(content) - 1, 0),
        lambda content: flip(content, len(content) - 20, 3),
        lambda content: content[:-1],
        lambda content: content[:-17],
        lambda content: content + b"more",
    ],
    ids=["flipped magic", "flipped entry", "cut by a byte", "cut by the footer", "appended to"],
)
def test_a_damaged_seek_table_costs_no_event(
    log_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    first = segment_files(log_path)[0]
    first.write_bytes(damage(first.read_bytes()))
    assert not verify(log_path).ok
    assert repair(log_path).lost == []
    assert verify(log_path).ok


def test_a_damaged_line_end_costs_no_event(log_path: Path) -> None:
    active = active_file(log_path)
    content = active.read_bytes()
    ends = [offset for offset, byte in enumerate(content[:-1]) if byte == 0x0A]
    for offset in ends:
        for bit in range(8):
            active.write_bytes(flip(content, offset, bit))
            assert repair(log_path, dry_run=True).lost == [], (offset, bit)
    active.write_bytes(content.replace(b"\n", b"\r\n"))
    assert repair(log_path).lost == []
    assert events_of(log_path) == {number: number for number in range(1, 16)}


def test_a_damaged_line_end_in_a_frame_costs_no_event(log_path: Path) -> None:
    """As if it had been damaged in memory, before the segment was compressed."""
    sealed = segment_files(log_path)[0]
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(sealed.read_bytes())
    offset = lines.index(b"\n")
    sealed.write_bytes(b"".join(compress_frames([flip(lines, offset, 0)])))
    assert repair(log_path).lost == []
    assert events_of(log_path) == {number: number for number in range(1, 16)}


@pytest.mark.parametrize("name", [".", "../log", "sub/..", "link"])
def test_a_log_is_repaired_by_any_name(
    log_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = log_path.with_name("link")
    link.symlink_to("log")
    (log_path / "sub").mkdir()
    segment_files(log_path)[0].write_bytes(b"nonsense")
    monkeypatch.chdir(log_path.parent if name == "link" else log_path)
    assert repair(name).written_to == Path(name)
    monkeypatch.chdir(log_path)  # the directory is another one now
    assert verify(log_path).ok
    assert link.is_symlink()
    assert verify(link).ok
    assert {path.name for path in log_path.parent.iterdir()} == {"log", "link"}


@pytest.mark.parametrize("name", ["", "sub", "segments/copy", "../link/copy"])
def test_a_copy_inside_the_log_is_refused(log_path: Path, name: str) -> None:
    log_path.with_name("link").symlink_to("log")
    segment_files(log_path)[0].write_bytes(b"nonsense")
    before = content_of(log_path)
    for dry_run in (True, False):
        with pytest.raises(EventLogError, match="cannot lie inside the log"):
            repair(log_path, into=log_path / name, dry_run=dry_run)
    assert content_of(log_path) == before


def test_a_copy_of_a_sound_log_is_a_copy(log_path: Path, tmp_path: Path) -> None:
    report = repair(log_path, into=tmp_path / "copy")
    assert (report.faults, report.lost, report.written_to) == ([], [], tmp_path / "copy")
    assert events_of(tmp_path / "copy") == events_of(log_path)
    assert verify(tmp_path / "copy").ok


def test_a_dry_run_on_a_torn_tail_tells_that_it_is_cut(log_path: Path) -> None:
    active = active_file(log_path)
    with active.open("ab") as file:
        file.write(b"torn")
    before = content_of(log_path)
    planned = repair(log_path, dry_run=True)
    assert content_of(log_path) == before
    assert (planned.rebuilt_files, planned.cut_files, planned.lost) == ([], [active.name], [])
    assert len(planned.kept_files) == 2
    assert repair(log_path).cut_files == [active.name]


def test_whatever_meets_a_repair_that_was_cut_short_says_what_to_do(log_path: Path) -> None:
    shutil.copytree(log_path, log_path.with_name("log.repairing"))
    log_path.rename(log_path.with_name("log.damaged"))
    for meet in (
        verify,
        repair,
        lambda path: EventLog.open(path, readonly=True),
        lambda path: EventLog.open(path, create=False),
    ):
        with pytest.raises(DamagedLogError, match=r"rename .*log\.repairing to it"):
            meet(log_path)


def test_events_behind_the_last_intact_one_of_a_sealed_segment_are_marked(log_path: Path) -> None:
    """The manifest knows how many there were, though no segment follows."""
    active_file(log_path).unlink()
    last = segment_files(log_path)[1]
    last.write_bytes(b"nonsense")
    assert repair(log_path).lost == [6, 7, 8, 9, 10]
    assert verify(log_path).ok


def test_files_of_others_among_the_segments_do_not_hide_the_log_s_id(log_path: Path) -> None:
    (log_path / "segments" / "0.txt").write_text("mine")
    (log_path / "log.json").unlink()
    assert repair(log_path).lost == []
    assert (log_path / "segments" / "0.txt").read_text() == "mine"


def test_a_log_without_its_segments_keeps_their_numbers(log_path: Path) -> None:
    """The manifest tells how many there were; of what was active nothing does."""
    shutil.rmtree(log_path / "segments")
    assert repair(log_path).lost == list(range(1, 11))
    assert set(events_of(log_path).values()) == {None}
    with EventLog.open(log_path) as log:
        assert log.append("a") == 11


def test_a_log_that_is_being_sealed_is_not_repaired(log_path: Path) -> None:
    segment_files(log_path)[0].write_bytes(b"nonsense")
    before = content_of(log_path)
    with DirectoryLock(log_path / "segments") as sealing:
        assert sealing.acquire(0)
        with pytest.raises(LockTimeoutError, match="another process has been sealing"):
            repair(log_path, lock_timeout=0.01)
    assert content_of(log_path) == before


@pytest.mark.parametrize("sealed", [False, True])
def test_a_segment_that_was_split_inside_a_batch_is_put_together_again(
    tmp_path: Path, sealed: bool
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
    whole = active_file(log.path)
    lines = whole.read_bytes().splitlines(keepends=True)
    if sealed:
        whole.rename(whole.with_name(raw_name(4)))
        whole.with_name(raw_name(4)).write_bytes(b"")
    for first, part in ((1, lines[:1]), (2, lines[1:])):
        content = b"".join(compress_frames([b"".join(part)]) if sealed else part)
        name = sealed_name(first) if sealed else raw_name(first)
        whole.with_name(name).write_bytes(content)
    assert not verify(log.path).ok
    assert repair(log.path).lost == []
    assert events_of(log.path) == {1: 1, 2: 2, 3: 3}
    assert verify(log.path).ok


def test_a_mended_log_that_is_not_sound_replaces_nothing(
    log_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk spoils what is copied to it."""

    def spoil(source: Path, target: Path, **_: bool) -> None:
        target.write_bytes(flip(source.read_bytes(), 100, 0))

    segment_files(log_path)[0].write_bytes(b"nonsense" * 20)
    before = content_of(log_path)
    monkeypatch.setattr(shutil, "copy2", spoil)
    with pytest.raises(EventLogError, match=r"the mended log is not sound .* nothing was replaced"):
        repair(log_path)
    assert content_of(log_path) == before


def test_a_damaged_log_that_an_earlier_repair_left_is_not_replaced(log_path: Path) -> None:
    segment_files(log_path)[0].write_bytes(b"nonsense")
    before = content_of(log_path)
    left = log_path.with_name("log.damaged")
    left.mkdir()
    (left / "log.json").write_text("earlier")
    with pytest.raises(DamagedLogError, match="from an earlier repair is in the way"):
        repair(log_path)
    assert (left / "log.json").read_text() == "earlier"
    assert content_of(log_path) == before


def test_a_name_that_would_take_millions_of_markers_is_refused(log_path: Path) -> None:
    active = active_file(log_path)
    active.with_name(raw_name(90_000_000)).touch()
    before = content_of(log_path)
    with pytest.raises(DamagedLogError, match=r"of the sequences 11 to 89999999.* may be wrong"):
        repair(log_path)
    assert content_of(log_path) == before


@pytest.mark.parametrize("last_is_there", [False, True])
def test_a_torn_batch_is_cut_in_the_log_and_in_a_mended_copy_alike(
    tmp_path: Path, last_is_there: bool
) -> None:
    path, copy = tmp_path / "log", tmp_path / "copy"
    with EventLog.open(path) as log:
        log.extend(batch(1, 2))
        log.extend(batch(3, 3))
    active = active_file(path)
    *before, second, last = active.read_bytes().splitlines(keepends=True)
    torn = [before[2], flip(second, 40, 0), *([last] if last_is_there else [])]
    active.write_bytes(b"".join([*before[:2], *torn]))
    planned = repair(path, into=copy, dry_run=True)
    assert not copy.exists()
    for report, mended in [(repair(path, into=copy), copy), (repair(path), path)]:
        assert report.cut_files == planned.cut_files == [active.name]
        assert (report.rebuilt_files, report.lost, planned.lost) == ([], [], [])
        assert report.written_to == mended
        assert events_of(mended) == {1: 1, 2: 2}
        assert b"".join(torn) in quarantined(mended)
        assert verify(mended).ok


def test_events_under_a_name_far_off_are_put_back_when_the_manifest_is_lost_too(
    log_path: Path,
) -> None:
    """Then nothing says where the last sealed segment ends, so it takes them in."""
    (log_path / "manifest.jsonl").unlink()
    active = active_file(log_path)
    active.rename(active.with_name(raw_name(10**6)))
    assert repair(log_path).lost == []
    assert events_of(log_path) == {number: number for number in range(1, 16)}
    assert verify(log_path).ok


def test_a_name_that_would_ask_for_millions_of_markers_is_not_believed(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    active = active_file(tmp_path / "log")
    active.rename(active.with_name(raw_name(10**7)))
    with pytest.raises(DamagedLogError, match="nothing is found of the sequences 1 to 9999999"):
        repair(tmp_path / "log")


def test_a_line_that_claims_a_sequence_far_off_does_not_belong_to_the_last_segment() -> None:
    line = b'{"specversion":"1.0","commit":1,"crc32":"00000000"}'
    salvaged = salvage((), 1, None, 0, {1: line, 3: line, 10**7: line})
    assert (salvaged.last_sequence, salvaged.lost) == (3, [2])


def _split(path: Path, sizes: tuple[int, ...]) -> tuple[Path, list[bytes]]:
    """A log with these batches in its active segment, and that one's lines."""
    small = small_log(path, sizes)
    return small.active, small.content.splitlines(keepends=True)


def test_an_intact_line_of_a_batch_whose_end_is_damaged_is_kept(tmp_path: Path) -> None:
    active, lines = _split(tmp_path / "log", (1, 2))
    active.write_bytes(b"".join([*lines[:2], flip(lines[2], 40, 0), lines[2][:100]]))
    assert repair(tmp_path / "log").lost == [3]
    assert events_of(tmp_path / "log") == {1: 1, 2: 2, 3: None}
    assert verify(tmp_path / "log").ok


def _zeros_from_second(lines: list[bytes]) -> bytes:
    return lines[1] + bytes(len(lines[2])) + lines[3] + lines[4][:40] + b"x" + lines[4][41:]


DAMAGED_ENDS = {
    "one line": lambda lines: b"".join([*lines[1:4], flip(lines[4], 40, 0)]),
    "its sequence": lambda lines: b"".join(
        [*lines[1:4], lines[4].replace(b'"sequence":"0', b'"sequence":"1')]
    ),
    "its mark": lambda lines: b"".join([*lines[1:4], lines[4].replace(b'mit":4', b'mit":6')]),
    "a line end, too": _zeros_from_second,
    "behind a strange line": lambda lines: b"".join(
        [*lines[1:4], b"xx\n", flip(lines[4], 40, 0)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED_ENDS.values(), ids=DAMAGED_ENDS)
def test_a_damaged_commit_mark_tells_where_its_batch_ended(
    tmp_path: Path, damage: Callable[[list[bytes]], bytes]
) -> None:
    active, lines = _split(tmp_path / "log", (1, 4, 2))
    active.write_bytes(lines[0] + damage(lines) + lines[5])
    report = repair(tmp_path / "log")
    assert report.lost[-1] == 5
    kept = events_of(tmp_path / "log")
    assert len(kept) == 5  # the one behind was never acknowledged
    assert kept[2] == 2
    assert verify(tmp_path / "log").ok


def test_two_damaged_ends_of_batches_are_both_counted(tmp_path: Path) -> None:
    active, lines = _split(tmp_path / "log", (1, 2, 2))
    damaged = [lines[0], lines[1], flip(lines[2], 40, 0), lines[3], flip(lines[4], 40, 0)]
    active.write_bytes(b"".join(damaged))
    assert repair(tmp_path / "log").lost == [3, 5]
    assert events_of(tmp_path / "log") == {1: 1, 2: 2, 3: None, 4: 4, 5: None}


def test_a_marker_ends_a_batch_whose_damaged_end_was_miscounted(tmp_path: Path) -> None:
    """A damaged line with a mark stands where an intact one belongs that comes later."""
    active, lines = _split(tmp_path / "log", (1, 3))
    damaged = lines[3].replace(b'"sequence":"0', b'"sequence":"1').replace(b'mit":3', b'mit":9')
    active.write_bytes(b"".join([lines[0], lines[1], damaged, lines[2], b"torn"]))
    assert repair(tmp_path / "log").lost == [4]
    assert events_of(tmp_path / "log") == {1: 1, 2: 2, 3: 3, 4: None}
    assert verify(tmp_path / "log").ok


def test_a_tear_beside_other_damage_is_left_out(log_path: Path) -> None:
    """Though the damaged line in it ends in a commit mark."""
    segment_files(log_path)[0].write_bytes(b"nonsense")
    active = active_file(log_path)
    active.write_bytes(flip(active.read_bytes(), active.stat().st_size - 60, 0))
    assert repair(log_path).lost == [1, 2, 3, 4, 5]
    assert max(events_of(log_path)) == 14


@pytest.mark.parametrize("names", [(2,), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("sizes", [(3,), (1, 2), (1, 1, 1)], ids=str)
def test_an_empty_file_named_inside_the_active_segment_costs_no_event(
    tmp_path: Path, names: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    active, _ = _split(tmp_path / "log", sizes)
    for first in names:
        active.with_name(raw_name(first)).touch()
    assert not verify(tmp_path / "log").ok
    assert repair(tmp_path / "log").lost == []
    assert events_of(tmp_path / "log") == {1: 1, 2: 2, 3: 3}
    assert [file.name for file in segment_files(tmp_path / "log")] == [raw_name(1)]


def test_files_that_changed_places_tell_the_log_s_id_and_keep_their_events(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.extend(batch(1, 3))
        log.seal()
        log.extend(batch(4, 2))
    sealed, active = segment_files(path)
    contents = sealed.read_bytes(), active.read_bytes()
    active.write_bytes(contents[0])
    sealed.write_bytes(contents[1])
    (path / "log.json").unlink()
    assert repair(path).lost == []
    assert events_of(path) == {number: number for number in range(1, 6)}
