"""A checkpoint tells an honest log, however it grew, from any other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from eventlog import (
    DamagedLogError,
    EventLog,
    InvalidKeyError,
    InvalidProofError,
    LogNotFoundError,
    PrunedError,
    checkpoint,
    prune,
    repair,
    verify,
    verify_checkpoint,
)
from eventlog._files import Files
from eventlog.checkpoints._checkpoint import unchecked
from eventlog.checkpoints._log_tree import tree_of
from tests.checkpoints.helpers import (
    KEY,
    OTHER_KEY,
    forge,
    grow,
    lines_in,
    make_log,
    root_of,
)
from tests.support.files import FailingFiles
from tests.support.logs import active_file, copy_of, flip, segment_files


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make_log(tmp_path / "log")


def kinds(log: Path, note: str) -> list[str]:
    """What the checkpoint tells of the log."""
    return [fault.kind for fault in verify_checkpoint(log, note, KEY.public)]


def test_a_log_agrees_with_its_checkpoint_whatever_happens_to_its_segments(log: Path) -> None:
    note = checkpoint(log, KEY.private)
    assert unchecked(note).size == 11
    assert kinds(log, note) == []
    with EventLog.open(log) as opened:
        opened.rotate()
    assert kinds(log, note) == []
    with EventLog.open(log) as opened:
        opened.seal()
    assert kinds(log, note) == []


def test_events_may_come_later(log: Path) -> None:
    note = checkpoint(log, KEY.private)
    grow(log, 12, 40)
    assert kinds(log, note) == []
    newer = checkpoint(log, KEY.private)
    assert unchecked(newer).size == 40
    assert unchecked(newer).root == root_of(lines_in(log))


def test_an_empty_log_has_a_checkpoint_that_every_log_of_its_id_continues(tmp_path: Path) -> None:
    log = tmp_path / "log"
    EventLog.open(log).close()
    note = checkpoint(log, KEY.private)
    assert unchecked(note).size == 0
    assert unchecked(note).root == root_of([])
    grow(log, 1, 3)
    assert kinds(log, note) == []


def test_the_same_log_gives_the_same_checkpoint(log: Path, tmp_path: Path) -> None:
    note = checkpoint(log, KEY.private)
    assert checkpoint(copy_of(log, tmp_path / "copy"), KEY.private) == note


def test_an_older_copy_is_a_rollback(log: Path, tmp_path: Path) -> None:
    older = copy_of(log, tmp_path / "older")
    grow(log, 12, 12)
    note = checkpoint(log, KEY.private)
    assert verify(older).ok
    [fault] = verify_checkpoint(older, note, KEY.public)
    assert (fault.kind, fault.sequence) == ("rollback", 12)
    assert "ends at sequence 11, and 12 events were signed" in fault.message


def test_an_older_copy_that_went_another_way_was_rewritten(log: Path, tmp_path: Path) -> None:
    older = copy_of(log, tmp_path / "older")
    grow(log, 12, 14)
    note = checkpoint(log, KEY.private)
    grow(older, 112, 115)
    assert verify(older).ok
    assert kinds(older, note) == ["rewritten"]


def test_a_log_that_was_cut_off_behind_a_batch_is_a_rollback(log: Path) -> None:
    note = checkpoint(log, KEY.private)
    content = active_file(log).read_bytes()
    active_file(log).write_bytes(b"".join(content.splitlines(keepends=True)[:2]))
    assert verify(log).ok
    assert kinds(log, note) == ["rollback"]


def test_the_newest_segment_and_manifest_line_gone_together_is_a_rollback(log: Path) -> None:
    with EventLog.open(log) as opened:
        opened.seal()
    note = checkpoint(log, KEY.private)
    manifest = log / "manifest.jsonl"
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[:-1]))
    *_, sealed, active = segment_files(log)
    active.unlink()
    sealed.rename(sealed.with_name("0000000000000000008.jsonl")).write_bytes(b"")
    assert verify(log).ok
    assert kinds(log, note) == ["rollback"]


@pytest.mark.parametrize("sequence", range(1, 12))
def test_a_log_made_anew_with_one_changed_event_was_rewritten(
    log: Path, tmp_path: Path, sequence: int
) -> None:
    """Its checks, hashes, roots and links all fit; without a checkpoint nobody could tell."""
    note = checkpoint(log, KEY.private)
    twin = forge(log, tmp_path / "twin", lambda event: event.data)
    assert lines_in(twin) == lines_in(log)
    assert kinds(twin, note) == []
    forged = forge(
        log,
        tmp_path / "forged",
        lambda event: {"n": -1} if event.sequence == sequence else event.data,
    )
    assert verify(forged).ok
    assert len(lines_in(forged)) == 11
    assert kinds(forged, note) == ["rewritten"]


def test_another_log_is_another_log(log: Path, tmp_path: Path) -> None:
    """Also one with the same events, and one that is empty."""
    note = checkpoint(log, KEY.private)
    other = make_log(tmp_path / "other")
    [fault] = verify_checkpoint(other, note, KEY.public)
    assert (fault.kind, fault.file) == ("identity", "log.json")
    assert unchecked(note).log_id in fault.message


def test_a_checkpoint_by_another_key_says_nothing_about_the_log(log: Path) -> None:
    note = checkpoint(log, OTHER_KEY.private)
    with pytest.raises(InvalidProofError, match="not signed by"):
        verify_checkpoint(log, note, KEY.public)


def test_a_repaired_log_that_lost_an_event_is_not_what_was_signed(log: Path) -> None:
    note = checkpoint(log, KEY.private)
    active = active_file(log)
    active.write_bytes(flip(active.read_bytes(), 30, 0))
    with pytest.raises(DamagedLogError):
        verify_checkpoint(log, note, KEY.public)
    with pytest.raises(DamagedLogError):
        checkpoint(log, KEY.private)
    assert repair(log).lost == [8]
    assert kinds(log, note) == ["rewritten"]


def test_a_torn_tail_is_not_signed(log: Path) -> None:
    with active_file(log).open("ab") as file:
        file.write(b'{"specversion"')
    assert unchecked(checkpoint(log, KEY.private)).size == 11


def test_a_missing_log_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(LogNotFoundError):
        checkpoint(tmp_path / "none", KEY.private)


def test_a_public_key_does_not_sign(log: Path) -> None:
    with pytest.raises(InvalidKeyError, match="no private key"):
        checkpoint(log, KEY.public)


def test_progress_counts_the_bytes_of_the_lines(log: Path) -> None:
    seen: list[int] = []
    checkpoint(log, KEY.private, progress=seen.append)
    with EventLog.open(log, readonly=True) as opened:
        assert sum(seen) == opened.info().raw_bytes


# What is signed is on the disk


class _Syncs(Files):
    """Notes which files were synced, with their sizes then."""

    def __init__(self) -> None:
        self.synced: dict[Path, int] = {}

    def sync(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        self.synced[path] = path.stat().st_size
        super().sync(descriptor)

    def sync_directory(self, path: Path) -> None:
        self.synced[path.resolve()] = -1
        super().sync_directory(path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="NOT TESTED: needs /proc")
def test_all_that_is_signed_is_on_the_disk(log: Path) -> None:
    """Also what a writer that never syncs wrote, while it goes on."""
    files = _Syncs()
    with EventLog.open(log, sync="never") as writer:
        writer.append("test.numbered", {"n": 12})
        note = checkpoint(log, KEY.private, files=files)
        active = active_file(log)
        assert files.synced == {active: active.stat().st_size, active.parent: -1}
        writer.append("test.numbered", {"n": 13})
    assert unchecked(note).size == 12


def test_segments_may_be_sealed_while_a_checkpoint_is_made(log: Path) -> None:
    """By then they are on the disk, and their old files are gone."""

    class Sealing(Files):
        def sync(self, descriptor: int) -> None:
            super().sync(descriptor)
            with EventLog.open(log) as other:
                other.seal()

    opened = EventLog.open(log, files=FailingFiles(lambda name, count: name == "rename"))
    opened.rotate()
    opened.append("test.numbered", {"n": 12})
    with pytest.raises(OSError, match="error"):
        opened.close()
    rotated, active = [file for file in segment_files(log) if file.suffix == ".jsonl"]
    note = checkpoint(log, KEY.private, files=Sealing())
    assert not rotated.exists()
    assert not active.exists()
    assert unchecked(note).root == root_of(lines_in(log))


def test_when_syncing_fails_nothing_is_signed(log: Path) -> None:
    class Failing(Files):
        def sync(self, descriptor: int) -> None:
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        checkpoint(log, KEY.private, files=Failing())


# With the checkpoint before


def test_a_checkpoint_that_continues_the_one_before_is_signed(log: Path) -> None:
    first = checkpoint(log, KEY.private)
    assert checkpoint(log, KEY.private, previous=first) == first
    grow(log, 12, 20)
    assert unchecked(checkpoint(log, KEY.private, previous=first)).size == 20


def test_no_checkpoint_is_signed_that_contradicts_the_one_before(log: Path, tmp_path: Path) -> None:
    older = copy_of(log, tmp_path / "older")
    grow(log, 12, 14)
    note = checkpoint(log, KEY.private)
    with pytest.raises(DamagedLogError, match="ends at sequence 11, and 14 events were signed"):
        checkpoint(older, KEY.private, previous=note)
    grow(older, 112, 116)
    with pytest.raises(DamagedLogError, match="nothing was signed"):
        checkpoint(older, KEY.private, previous=note)


def test_a_checkpoint_before_must_be_of_this_log_and_by_this_key(log: Path, tmp_path: Path) -> None:
    other = make_log(tmp_path / "other")
    with pytest.raises(InvalidProofError, match="and this is the log"):
        checkpoint(log, KEY.private, previous=checkpoint(other, KEY.private))
    with pytest.raises(InvalidProofError, match="not signed by"):
        checkpoint(log, KEY.private, previous=checkpoint(log, OTHER_KEY.private))


# After pruning


def test_a_pruned_log_agrees_with_checkpoints_from_before_and_after(log: Path) -> None:
    before = checkpoint(log, KEY.private)
    assert prune(log, keep_events=5).first_kept == 4
    assert kinds(log, before) == []
    assert checkpoint(log, KEY.private) == before
    assert prune(log, keep_events=1).first_kept == 8
    assert kinds(log, before) == []
    grow(log, 12, 12)
    after = checkpoint(log, KEY.private, previous=before)
    assert kinds(log, after) == []


def test_a_log_of_which_everything_was_pruned_still_has_its_checkpoint(log: Path) -> None:
    with EventLog.open(log) as opened:
        opened.seal()
    before = checkpoint(log, KEY.private)
    prune(log, keep_events=0)
    assert lines_in(log) == []
    assert kinds(log, before) == []
    assert checkpoint(log, KEY.private) == before


def test_a_pruned_log_with_one_changed_event_was_rewritten(log: Path, tmp_path: Path) -> None:
    """In what is kept, and in what was pruned: of that, the manifest keeps the hashes."""
    note = checkpoint(log, KEY.private)
    for sequence in (2, 9):
        forged = forge(
            log,
            tmp_path / f"forged-{sequence}",
            lambda event, changed=sequence: {} if event.sequence == changed else event.data,  # type: ignore[misc]
        )
        prune(forged, keep_events=5)
        assert verify(forged).ok
        assert kinds(forged, note) == ["rewritten"]


def test_of_a_checkpoint_from_inside_the_pruned_part_nothing_can_be_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with EventLog.open(log):
        pass
    notes = {}
    for size in range(1, 8):
        grow(log, size, size)
        notes[size] = checkpoint(log, KEY.private)
    with EventLog.open(log) as opened:
        opened.seal()
    prune(log, keep_events=0)
    for size in (4, 6, 7):  # the peaks of seven leaves are of four, two and one
        assert kinds(log, notes[size]) == []
    for size in (1, 2, 3, 5):
        with pytest.raises(PrunedError, match="up to sequence 7 were pruned"):
            verify_checkpoint(log, notes[size], KEY.public)
        with pytest.raises(PrunedError):
            checkpoint(log, KEY.private, previous=notes[size])


def test_pruning_at_the_same_time_is_an_error_and_no_wrong_root(log: Path) -> None:
    early = tree_of(log)
    prune(log, keep_events=5)
    with pytest.raises(PrunedError, match="try again"):
        early.roots_at([11])
    late = tree_of(log)
    prune(log, keep_events=1)
    with pytest.raises(PrunedError):
        late.roots_at([11])


def test_a_checkpoint_survives_moving_the_log(log: Path, tmp_path: Path) -> None:
    note = checkpoint(log, KEY.private)
    moved = tmp_path / "elsewhere"
    shutil.move(log, moved)
    assert kinds(moved, note) == []
