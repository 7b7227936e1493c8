"""Retention: the oldest sealed segments go, and what is kept is a sound log."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from eventlog import (
    DamagedLogError,
    EventLog,
    InvalidEventError,
    LockTimeoutError,
    NewEvent,
    PrunedError,
    prune,
    repair,
    verify,
)
from eventlog._check import finish_line, salt_of
from eventlog._lock import DirectoryLock
from eventlog._manifest_lines import PrunedEntry, decode_entry, encode_entry
from eventlog._merkle import MerkleTree
from eventlog._salvage import holds_more
from tests.second_verifier import Log
from tests.support.files import CrashError, CrashingFiles, UnsyncedFiles
from tests.support.logs import batch, copy_of, numbers, quarantined, segment_files

DAY = datetime(2026, 2, 6, tzinfo=UTC)


def fill(path: Path, days: int = 5) -> None:
    """A sealed segment of ten events for each day, and three events in the active one."""
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        for day in range(days):
            log.extend(
                [
                    NewEvent(
                        "test.numbered",
                        {"n": 10 * day + number},
                        subject=f"s-{number}",
                        id=f"given-{10 * day + number}",
                        time=DAY + timedelta(days=day, hours=number),
                    )
                    for number in range(1, 11)
                ]
            )
            log.seal()
        log.extend(batch(10 * days + 1, 3))


@pytest.fixture(scope="module")
def five_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("five") / "log"
    fill(path)
    return path


@pytest.fixture
def path(five_days: Path, tmp_path: Path) -> Path:
    return copy_of(five_days, tmp_path / "log")


def _stored(path: Path) -> list[int]:
    return [file.stat().st_size for file in segment_files(path)[:-1]]


def test_segments_that_ended_before_a_time_are_dropped(path: Path) -> None:
    assert prune(path, before=DAY + timedelta(days=2, hours=3)).first_kept == 21
    assert numbers(path) == list(range(21, 54))


def test_what_is_needed_to_keep_so_many_events_stays(path: Path) -> None:
    assert prune(path, keep_events=23).first_kept == 31
    assert numbers(path) == list(range(31, 54))


def test_one_event_more_keeps_a_whole_segment_more(path: Path) -> None:
    assert prune(path, keep_events=24).first_kept == 21


def test_sealed_segments_are_dropped_until_they_fit_a_size(path: Path) -> None:
    kept = sum(_stored(path)[2:])
    assert prune(path, keep_bytes=kept).first_kept == 21
    assert sum(_stored(path)) == kept


def test_whatever_any_rule_drops_goes(path: Path) -> None:
    assert prune(path, before=DAY + timedelta(days=1), keep_events=23).first_kept == 31


def test_the_active_segment_always_stays(path: Path) -> None:
    assert prune(path, keep_events=0, keep_bytes=0).events == 50
    assert numbers(path) == [51, 52, 53]


def test_without_a_rule_nothing_is_pruned(path: Path) -> None:
    with pytest.raises(ValueError, match="say what to keep"):
        prune(path)
    assert len(numbers(path)) == 53


def test_a_dry_run_says_the_same_and_changes_nothing(path: Path) -> None:
    before = [(file.name, file.stat().st_size) for file in segment_files(path)]
    told = prune(path, keep_events=30, dry_run=True)
    assert before == [(file.name, file.stat().st_size) for file in segment_files(path)]
    assert told == prune(path, keep_events=30)


def test_what_is_kept_verifies(path: Path) -> None:
    prune(path, keep_events=40)
    prune(path, keep_events=20)
    report = verify(path)
    assert (report.ok, report.events, report.segments) == (True, 23, 3)


def test_the_record_holds_the_tree_of_everything_that_was_ever_pruned(
    five_days: Path, path: Path
) -> None:
    prune(path, keep_events=40)
    prune(path, keep_events=20)
    record = json.loads((path / "manifest.jsonl").read_bytes().splitlines()[-1])
    tree = MerkleTree()
    with EventLog.open(five_days, readonly=True) as log:
        tree.extend(line for line, _ in log.scan() if int(json.loads(line)["sequence"]) <= 30)
    assert (record["first_sequence"], record["last_sequence"]) == (11, 30)
    assert record["tree"] == [peak.hex() for peak in tree.peaks]


def test_appending_goes_on_with_the_next_sequence(path: Path) -> None:
    prune(path, keep_events=0)
    with EventLog.open(path) as log:
        assert log.append("test.numbered", {"n": 54}) == 54
        log.seal()
    assert numbers(path) == [51, 52, 53, 54]
    assert verify(path).ok


def test_a_writer_that_is_open_goes_on(path: Path) -> None:
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        prune(path, keep_events=0)
        assert log.append("test.numbered", {"n": 54}) == 54
        log.seal()
        assert [event.sequence for event in log.read()] == [51, 52, 53, 54]
    assert verify(path).ok


def test_info_tells_what_the_log_still_holds(path: Path) -> None:
    prune(path, keep_events=23)
    with EventLog.open(path, readonly=True) as log:
        info = log.info()
    assert (info.first_sequence, info.last_sequence, info.events) == (31, 53, 23)


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize(
    "where", [{"after": 5}, {"until": 20}, {"after": 5, "reverse": True}, {"until": 30}]
)
def test_reading_from_or_to_what_was_pruned_is_an_error(
    path: Path, where: dict[str, int], around: bool
) -> None:
    prune(path, keep_events=23)
    options = {**where, "on_damage": pytest.fail} if around else where
    with (
        EventLog.open(path, readonly=True) as log,
        pytest.raises(PrunedError, match="up to sequence 30 were pruned") as raised,
    ):
        list(log.read(**options))
    assert raised.value.sequence == 30


@pytest.mark.parametrize("reverse", [False, True])
def test_reading_on_right_behind_what_was_pruned_is_fine(path: Path, reverse: bool) -> None:
    prune(path, keep_events=23)
    with EventLog.open(path, readonly=True) as log:
        assert len(list(log.read(after=30, reverse=reverse))) == 23


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_reader_whose_next_segment_is_pruned_is_told(
    path: Path, reverse: bool, around: bool
) -> None:
    """It would otherwise jump over events without a word."""
    options: dict[str, object] = {"reverse": reverse}
    if around:
        options["on_damage"] = pytest.fail
    with EventLog.open(path, readonly=True) as log:
        events = log.read(**options)  # type: ignore[arg-type]
        next(events)
        prune(path, keep_events=0)
        with pytest.raises(PrunedError):
            list(events)


def test_a_reader_that_begins_after_the_pruning_gets_what_is_kept(path: Path) -> None:
    with EventLog.open(path, readonly=True) as log:
        log.info()  # it knows the manifest as it was
        prune(path, keep_events=23)
        assert [event.sequence for event in log.read()] == list(range(31, 54))


def test_a_follower_in_front_of_what_is_pruned_goes_on(path: Path) -> None:
    with EventLog.open(path) as log:
        news = log.follow(after=50, timeout=0.01)
        assert next(news).sequence == 51
        prune(path, keep_events=0)
        assert [event.sequence for event in news] == [52, 53]


def test_the_id_of_a_pruned_event_is_forgotten(path: Path) -> None:
    with EventLog.open(path) as log:
        again = {"n": 5}
        at = {"subject": "s-5", "time": DAY + timedelta(hours=5), "id": "given-5"}
        assert log.append("test.numbered", again, **at) == 5  # type: ignore[arg-type]
    prune(path, keep_events=23)
    with EventLog.open(path) as log:
        assert log.append("test.numbered", again, **at) == 54  # type: ignore[arg-type]
        assert log.append("test.numbered", again, **at) == 54  # type: ignore[arg-type]


def test_a_writer_that_learned_ids_goes_on_after_a_pruning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path, segment_events=4) as log:
        log.append("a", id="given-1")
        log.extend(batch(1, 3))
        log.seal()
        prune(path, keep_events=0)
        log.append("b")
    with EventLog.open(path) as log:
        assert log.append("b", id="given-2") == 6


def test_ids_of_before_are_asked_for_after_a_pruning_that_the_writer_did_not_see(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log"
    with EventLog.open(path, segment_events=4) as log:
        log.append("a", id="given-1")
    with EventLog.open(path, segment_events=4) as log:
        for number in range(1, 12):
            log.extend(batch(number, 1))
        log.seal()
        prune(path, keep_events=1)
        assert log.append("b", id="given-2") == 13
        assert log.append("b", id="given-2") == 13


def test_a_log_of_which_everything_was_pruned_closes_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.append("a", id="given-1")
        log.seal()
        prune(path, keep_events=0)
        assert log.append("a", id="given-2") == 2
        log.seal()
        prune(path, keep_events=0)
    with EventLog.open(path) as log:
        assert log.append("a", id="given-1") == 3


def test_the_id_of_an_event_that_was_kept_is_known(path: Path) -> None:
    prune(path, keep_events=23)
    with EventLog.open(path) as log:
        at = {"subject": "s-10", "time": DAY + timedelta(days=4, hours=10), "id": "given-50"}
        assert log.append("test.numbered", {"n": 50}, **at) == 50  # type: ignore[arg-type]


def test_damage_in_what_would_be_dropped_is_told_first(path: Path) -> None:
    first = segment_files(path)[0]
    content = bytearray(first.read_bytes())
    content[30] ^= 1
    first.write_bytes(content)
    with pytest.raises(DamagedLogError):
        prune(path, keep_events=23)
    assert len(segment_files(path)) == 6


def test_a_repair_keeps_what_was_pruned_known(path: Path) -> None:
    prune(path, keep_events=33)
    damaged = segment_files(path)[1]
    content = bytearray(damaged.read_bytes())
    content[30] ^= 1
    damaged.write_bytes(content)
    assert repair(path).lost == list(range(31, 41))
    assert verify(path).ok
    with EventLog.open(path, readonly=True) as log:
        assert [event.sequence for event in log.read()] == list(range(21, 54))
    assert prune(path, keep_events=3).first_kept == 51
    assert verify(path).ok


def _flips(line: bytes) -> Iterator[bytes]:
    for offset in range(len(line)):
        yield line[:offset] + bytes([line[offset] ^ 1 << offset % 8]) + line[offset + 1 :]


def test_a_flipped_bit_in_the_record_is_found(path: Path) -> None:
    prune(path, keep_events=23)
    manifest = path / "manifest.jsonl"
    *before, record = manifest.read_bytes().splitlines(keepends=True)
    for damaged in _flips(record):
        manifest.write_bytes(b"".join(before) + damaged)
        assert not verify(path).ok


class _Crash(CrashingFiles, UnsyncedFiles):
    """Crashes at one operation, without waiting for the disk before it."""


def _states_after_crashes(path: Path, tmp_path: Path) -> Iterator[Path]:
    """The log as it is when pruning is killed before each of its operations."""
    operation = 0
    while True:
        copy = copy_of(path, tmp_path / "copy")
        try:
            prune(copy, keep_events=23, files=_Crash(operation))
        except CrashError:
            yield copy
            operation += 1
        else:
            assert operation > 5
            return


def test_a_killed_pruning_is_done_or_not_done(path: Path, tmp_path: Path) -> None:
    found = set[int]()
    for copy in _states_after_crashes(path, tmp_path):
        report = verify(copy)
        assert [fault.kind for fault in report.faults] in ([], ["manifest"])  # a torn last line
        EventLog.open(copy).close()
        left = numbers(copy)
        assert left in (list(range(1, 54)), list(range(31, 54)))
        assert len(segment_files(copy)) == (6 if len(left) == 53 else 3)
        assert verify(copy).ok
        found.add(len(left))
    assert found == {53, 23}


def test_reading_a_half_pruned_log_gives_what_is_kept(path: Path, tmp_path: Path) -> None:
    for copy in _states_after_crashes(path, tmp_path):
        assert numbers(copy) in (list(range(1, 54)), list(range(31, 54)))


@given(st.lists(st.tuples(st.sampled_from(["before", "bytes", "events"]), st.integers(0, 60))))
def test_whatever_is_pruned_what_is_left_is_the_end_of_the_log(
    five_days: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    path = copy_of(five_days, tmp_path_factory.getbasetemp() / "pruned" / "log")
    rules: dict[str, Callable[[int], object]] = {
        "before": lambda amount: prune(path, before=DAY + timedelta(hours=2 * amount)),
        "bytes": lambda amount: prune(path, keep_bytes=50 * amount),
        "events": lambda amount: prune(path, keep_events=amount),
    }
    for rule, amount in steps:
        rules[rule](amount)
    left = numbers(path)
    assert left == list(range(left[0], 54))
    assert verify(path).ok


def test_nothing_is_pruned_while_another_process_seals(path: Path) -> None:
    with DirectoryLock(path / "segments") as sealing:
        assert sealing.acquire(0)
        with pytest.raises(LockTimeoutError, match=r"another process has been sealing for 0\.01 s"):
            prune(path, keep_events=0, lock_timeout=0.01)
    assert numbers(path) == list(range(1, 54))


@pytest.mark.parametrize("tree", [[], ["0" * 64], ["0" * 64, "no hash"]], ids=len)
def test_a_pruning_without_a_tree_of_what_it_dropped_is_damage(path: Path, tree: list[str]) -> None:
    prune(path, before=DAY + timedelta(days=2))  # 20 events: a tree with two peaks
    with EventLog.open(path, readonly=True) as log:
        salt = salt_of(log.log_id)
    *lines, last = (path / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    pruned = decode_entry(last[:-1], salt)
    assert isinstance(pruned, PrunedEntry)
    assert len(pruned.tree) == 2
    forged = encode_entry(evolve(pruned, tree=tree), salt)
    (path / "manifest.jsonl").write_bytes(b"".join(lines) + forged)
    found = [fault.message for fault in verify(path).faults]
    assert found == ["a manifest line gives no tree of the events that it prunes"]


def test_ids_in_a_log_of_which_everything_was_pruned_are_new(path: Path) -> None:
    with EventLog.open(path) as log:
        log.seal()
    prune(path, keep_events=0)
    with EventLog.open(path) as log:
        assert log.append("a", {}, id="given-1") == 54
        assert log.append("a", {}, id="given-1") == 54


def test_a_file_under_the_name_of_a_pruned_segment_is_no_reason_to_lose_it(path: Path) -> None:
    prune(path, keep_events=33)
    third = segment_files(path)[0]
    third.rename(third.with_name(f"{1:019d}.jsonl.zst"))
    assert repair(path).lost == []
    assert verify(path).ok
    with EventLog.open(path, readonly=True) as log:
        assert [event.sequence for event in log.read()] == list(range(21, 54))


@pytest.mark.parametrize("name", [2, 40, 10**6])
def test_a_segment_under_another_name_is_found_by_a_repair(path: Path, name: int) -> None:
    active = segment_files(path)[-1]
    active.rename(active.with_name(f"{name:019d}.jsonl"))
    assert repair(path).lost == []
    with EventLog.open(path, readonly=True) as log:
        assert [event.sequence for event in log.read()] == list(range(1, 54))


@pytest.mark.parametrize("line", [0, 1, 5])
def test_a_manifest_line_that_stands_twice_costs_nothing(path: Path, line: int) -> None:
    prune(path, keep_events=33)
    prune(path, keep_events=13)
    manifest = path / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join([*lines, lines[line]]))
    assert repair(path).lost == []
    assert verify(path).ok
    assert numbers(path) == list(range(41, 54))


def test_a_handle_that_looked_streams_up_goes_on_after_a_pruning(path: Path) -> None:
    with EventLog.open(path) as log:
        assert log.head("s-10") == 50
        with EventLog.open(path) as other:
            other.extend(batch(54, 10))
            other.seal()
            prune(path, keep_events=0)
            other.append("test.numbered", {"n": 64}, subject="s-10")
        assert log.append("test.numbered", {"n": 65}, id="new") == 65
        assert log.head("s-10") == 64


def test_info_of_a_log_of_which_everything_was_pruned_counts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path) as log:
        log.extend(batch(1, 9))
        log.seal()
        prune(path, keep_events=0)
        assert (log.info().events, log.info().first_sequence) == (0, None)


def test_a_handle_tells_of_nothing_that_was_pruned_since_it_looked(path: Path) -> None:
    at = {"subject": "s-5", "time": DAY + timedelta(days=1, hours=5)}
    with EventLog.open(path) as log:
        assert log.head("s-5") == 45
        assert log.append("test.numbered", {"n": 15}, id="given-15", **at) == 15  # type: ignore[arg-type]
        prune(path, keep_events=0)
        assert log.head("s-5") == 0
        assert log.append("test.numbered", {"n": 15}, id="given-15", **at) == 54  # type: ignore[arg-type]


def test_an_id_as_the_log_makes_them_names_no_event_that_was_pruned_since(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
        own = f"{log.log_id}-1"
        log.seal()
        assert log.append("a", id=own) == 1
        prune(log.path, keep_events=0)
        with pytest.raises(InvalidEventError, match="no event has it"):
            log.append("a", id=own)


def _left_behind(path: Path, first: int, of: int, *, sealed: bool = True) -> Path:
    """A copy of one of the log's segments, under the name of a pruned one."""
    suffix = ".jsonl.zst" if sealed else ".jsonl"
    target = path / "segments" / f"{first:019d}{suffix}"
    target.write_bytes(segment_files(path)[of].read_bytes())
    return target


@pytest.mark.parametrize(("of", "sealed"), [(0, True), (-1, False)], ids=["sealed", "raw"])
def test_a_file_under_the_name_of_a_pruned_segment_is_not_deleted_with_what_was_not_pruned(
    path: Path, of: int, sealed: bool
) -> None:
    prune(path, keep_events=23)
    moved = _left_behind(path, 11, of, sealed=sealed)
    content = moved.read_bytes()
    with pytest.raises(DamagedLogError, match=r"not pruned: run 'eventlog repair'"):
        EventLog.open(path)
    assert moved.read_bytes() == content
    with pytest.raises(DamagedLogError, match="not pruned"):
        prune(path, keep_events=0)
    assert [fault.file for fault in verify(path).faults] == [f"segments/{moved.name}"]
    assert [file for file, *_ in Log(path).faults()] == [f"segments/{moved.name}"]
    report = repair(path)
    assert [fault.file for fault in report.faults] == [f"segments/{moved.name}"]
    assert report.lost == []
    assert content in quarantined(path)
    EventLog.open(path).close()
    assert numbers(path) == list(range(31, 54))


def test_a_segment_in_the_middle_that_got_the_name_of_a_pruned_one_is_put_back(path: Path) -> None:
    """Only the gap that it leaves shows that it is needed, and that is looked at later."""
    prune(path, keep_events=23)
    with EventLog.open(path, readonly=True) as log:
        lines = [line + b"\n" for line, _ in log.scan()][-3:]
    *_, active = segment_files(path)
    for line, first in zip(lines, (51, 52, 53), strict=True):
        active.with_name(f"{first:019d}.jsonl").write_bytes(_committed(line, path))
    active.with_name(f"{52:019d}.jsonl").rename(active.with_name(f"{11:019d}.jsonl"))
    with pytest.raises(DamagedLogError):
        EventLog.open(path)
    assert repair(path).lost == []
    assert numbers(path) == list(range(31, 54))


def _committed(line: bytes, path: Path) -> bytes:
    """The line as a batch of its own."""
    with EventLog.open(path, readonly=True) as log:
        salt = salt_of(log.log_id)
    body, _, _ = line.partition(b',"crc32":')
    return finish_line(re.sub(rb',"commit":3$', b"", body) + b',"commit":1', salt)


def test_what_a_cut_short_pruning_left_is_deleted_though_it_is_damaged(
    five_days: Path, path: Path
) -> None:
    prune(path, keep_events=23)
    for first, damage in ((1, slice(0)), (11, slice(90)), (21, slice(None))):
        name = f"segments/{first:019d}.jsonl.zst"
        (path / name).write_bytes((five_days / name).read_bytes()[damage])
    (path / "segments" / f"{1:019d}.jsonl").write_bytes(b"nonsense\n")
    assert verify(path).ok
    EventLog.open(path).close()
    assert len(segment_files(path)) == 3


def test_a_link_under_the_name_of_a_pruned_segment_is_deleted_and_what_it_leads_to_kept(
    path: Path,
) -> None:
    prune(path, keep_events=23)
    kept = segment_files(path)[0]
    (path / "segments" / f"{1:019d}.jsonl.zst").symlink_to(kept)
    EventLog.open(path).close()
    assert segment_files(path)[0] == kept
    assert numbers(path) == list(range(31, 54))


def test_a_pruned_file_that_goes_while_it_is_looked_at_holds_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    gone = path / "segments" / f"{1:019d}.jsonl"
    assert not holds_more(gone, 30, 0)
    assert not holds_more(gone.with_suffix(".jsonl.zst"), 30, 0)


def test_a_pipe_under_the_name_of_a_pruned_segment_holds_nobody_up(path: Path) -> None:
    prune(path, keep_events=23)
    pipe = path / "segments" / f"{1:019d}.jsonl"
    os.mkfifo(pipe)
    assert repair(path).faults == []
    EventLog.open(path).close()
    assert not pipe.exists()
