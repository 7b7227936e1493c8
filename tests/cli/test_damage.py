"""Damaged logs: found, named, read around when asked, and mended without losing anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands.repair import _ranges
from eventlog import EventLog
from tests.cli.helpers import eventlog, refused, sound, spawn, tree
from tests.support.logs import active_file, batch, cut, flip, segment_files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with two sealed segments and five single events in the active one."""
    path = tmp_path_factory.mktemp("whole") / "log"
    with EventLog.open(path, sync="never") as log:
        log.extend(batch(1, 10))
        log.rotate()
        log.extend(batch(11, 10))
        log.seal()
        for number in range(21, 26):
            log.extend(batch(number, 1))
    return path


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "log")


def damage_active(log: Path, offset: int = 300) -> None:
    """Flip a bit in the second of the five single events."""
    active = active_file(log)
    active.write_bytes(flip(active.read_bytes(), offset, 0))


def damage_sealed(log: Path) -> None:
    """Flip a bit in the first sealed segment."""
    sealed = segment_files(log)[0]
    sealed.write_bytes(flip(sealed.read_bytes(), 60, 0))


def test_verify_names_the_fault_and_ends_with_3(log: Path) -> None:
    damage_active(log)
    outcome = eventlog("verify", log)
    assert outcome.code == 3
    assert "line: segments/0000000000000000021.jsonl, byte " in outcome.text
    assert "sequence 22: a line is damaged" in outcome.text
    assert outcome.text.splitlines()[-1].endswith("found: 24 events in 3 segments intact")
    assert outcome.err == f"'eventlog repair {log} --dry-run' shows what can be kept\n"


WRITE_AND_SEAL = """
import sys, time
from eventlog import EventLog, NewEvent
end = time.monotonic() + 1.5
with EventLog.open(sys.argv[1], sync="never", segment_bytes=4_000_000) as log:
    print("opened", flush=True)
    while time.monotonic() < end:
        log.extend(NewEvent("t", {"pad": "x" * 1000}) for _ in range(1000))
"""


def test_a_log_in_use_is_never_called_damaged(tmp_path: Path) -> None:
    """Segments are rotated, sealed and deleted while they are looked at."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_SEAL, tmp_path / "log"], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"opened\n"
    while child.poll() is None:
        for command in ("verify", "info", "cat", "summary"):
            outcome = eventlog(command, tmp_path / "log", "--json")
            assert outcome.code == 0, (command, outcome.err or outcome.text)
    assert child.communicate()[0] == b""
    assert sound(tmp_path / "log") > 0


def test_verify_counts_what_is_whole(log: Path) -> None:
    assert eventlog("verify", log).text == "ok: 25 events in 3 segments\n"


@pytest.mark.parametrize("command", ["cat", "summary", "tail"])
def test_reading_stops_at_damage_with_3_and_says_where(command: str, log: Path) -> None:
    damage_active(log)
    outcome = eventlog(command, log)
    assert outcome.code == 3
    assert outcome.err.startswith("eventlog: a line is damaged (")
    assert re.search(r"0000000000000000021.jsonl, byte \d+, sequence 22\)", outcome.err)
    assert outcome.err.endswith("; 'eventlog verify' shows all damage\n")
    assert outcome.err.count("\n") == 1


def test_summary_gives_no_answer_from_a_part(log: Path) -> None:
    damage_sealed(log)
    refused(eventlog("summary", log), 3, "0000000000000000001.jsonl.zst")
    refused(eventlog("summary", log, "--json"), 3)


def test_cat_goes_around_damage_when_asked_and_still_ends_with_3(log: Path) -> None:
    damage_active(log)
    outcome = eventlog("cat", log, "--jsonl", "--skip-damaged")
    assert outcome.code == 3
    numbers = [event["data"]["n"] for event in outcome.jsonl]
    assert numbers == [*range(1, 22), *range(23, 26)]
    assert "damaged: " in outcome.err
    assert "went around" in outcome.err


def test_cat_goes_around_a_damaged_sealed_segment(log: Path) -> None:
    damage_sealed(log)
    outcome = eventlog("cat", log, "--jsonl", "--skip-damaged")
    assert outcome.code == 3
    assert [event["data"]["n"] for event in outcome.jsonl] == list(range(11, 26))


def test_going_around_no_damage_is_nothing_special(log: Path) -> None:
    outcome = eventlog("cat", log, "--jsonl", "--skip-damaged")
    assert outcome == eventlog("cat", log, "--jsonl")
    assert outcome.code == 0


def test_a_writer_refuses_a_damaged_log_and_names_the_way_out(log: Path) -> None:
    damage_active(log)
    before = tree(log)
    for command in (("append", log, "t"), ("seal", log), ("import", log, "-")):
        refused(eventlog(*command), 3, "'eventlog verify'", "'eventlog repair'")
    assert {name: it for name, it in tree(log).items() if name != "writer.lock"} == {
        name: it for name, it in before.items() if name != "writer.lock"
    }


def test_a_torn_tail_is_reported_kept_and_mended_by_the_next_writer(log: Path) -> None:
    active = active_file(log)
    content = active.read_bytes()
    active.write_bytes(cut(content, len(content) - 7))
    assert eventlog("cat", log, "--json").json[-1]["data"] == {"n": 24}
    seen = eventlog("verify", log, "--json").json
    assert [fault["kind"] for fault in seen["faults"]] == ["torn"]
    outcome = spawn("append", log, "t")
    assert (outcome.code, outcome.out) == (0, b"25\n")
    assert outcome.err.startswith("eventlog: ")
    assert outcome.err.count("\n") == 1
    assert "unfinished write were cut" in outcome.err
    assert "quarantine" in outcome.err
    assert sound(log) == 25


def test_repair_asks_for_a_decision(log: Path) -> None:
    damage_active(log)
    before = tree(log)
    refused(eventlog("repair", log), 2, "--dry-run", "--into DIR", "--yes")
    assert tree(log) == before


@pytest.mark.parametrize(
    "options", [["--dry-run"], ["--dry-run", "--yes"], ["--dry-run", "--json"]]
)
def test_repair_on_trial_changes_nothing(options: list[str], log: Path, tmp_path: Path) -> None:
    damage_active(log)
    before = tree(tmp_path)
    outcome = eventlog("repair", log, *options)
    assert (outcome.code, outcome.err) == (0, "")
    assert tree(tmp_path) == before


def test_repair_on_trial_into_another_directory_changes_nothing(log: Path, tmp_path: Path) -> None:
    damage_active(log)
    before = tree(tmp_path)
    assert eventlog("repair", log, "--dry-run", "--into", tmp_path / "new").code == 0
    assert tree(tmp_path) == before


def test_repair_into_leaves_the_log_untouched(log: Path, tmp_path: Path) -> None:
    damage_sealed(log)
    before = tree(log)
    outcome = eventlog("repair", log, "--into", tmp_path / "mended")
    assert outcome.code == 0
    assert tree(log) == before
    assert sound(tmp_path / "mended") == 25


def test_repair_into_something_that_is_there_is_refused(log: Path, tmp_path: Path) -> None:
    damage_active(log)
    before = tree(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    refused(eventlog("repair", log, "--into", tmp_path / "mine"), 1, "mine")
    (tmp_path / "mine" / "file").unlink()
    (tmp_path / "mine").rmdir()
    assert tree(tmp_path) == before


def test_repair_names_the_lost_events_by_their_ranges() -> None:
    assert _ranges([]) == ""
    assert _ranges([4]) == ": sequence 4"
    assert _ranges([4, 5, 6, 9, 11, 12]) == ": sequence 4-6, 9, 11-12"
    assert _ranges(list(range(1, 40, 2))).endswith("17, 19, ...")


def test_repair_keeps_every_intact_event_and_marks_the_lost_one(log: Path) -> None:
    damage_active(log)
    expected = eventlog("cat", log, "--jsonl", "--skip-damaged").jsonl
    outcome = eventlog("repair", log, "--yes")
    assert outcome.code == 0
    assert "1 event lost for good: sequence 22" in outcome.text
    assert sound(log) == 25
    events = eventlog("cat", log, "--jsonl").jsonl
    assert events[21]["type"] == "eventlog.lost"
    del events[21]
    assert [event["data"] for event in events] == [event["data"] for event in expected]
    assert eventlog("append", log, "t").out == b"26\n"


def test_repair_tells_as_json_what_it_did(log: Path) -> None:
    damage_active(log)
    report = eventlog("repair", log, "--yes", "--json").json
    assert report["lost"] == [22]
    assert report["written_to"] == str(log)
    assert report["faults"]


def test_a_sound_log_needs_no_repair(log: Path, tmp_path: Path) -> None:
    before = tree(log)
    for options in (["--yes"], ["--dry-run"]):
        outcome = eventlog("repair", log, *options)
        assert outcome.text == "nothing to repair: the log is sound\n"
    assert eventlog("repair", log, "--into", tmp_path / "new").code == 0
    assert sound(tmp_path / "new") == 25
    assert set(tree(log)) - {"writer.lock"} == set(before) - {"writer.lock"}
    assert sound(log) == 25
