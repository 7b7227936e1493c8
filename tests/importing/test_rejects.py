"""The file of refused lines: exact, complete, once each."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog, EventLogError
from eventlog.importing import ImportOptions, Reject, import_files
from eventlog.importing import _recorded as recorded
from eventlog.importing._lines import LongLine, Raw
from eventlog.importing._rejects import RejectsFile
from tests.importing.helpers import counts, events, plain, raw_of, rejects, run

RAWS = st.binary(max_size=60) | st.text(max_size=30).map(str.encode)


def record(path: Path, *entries: tuple[str, int, Raw]) -> None:
    """Record lines as one import does, input after input."""
    rejects_file = RejectsFile(path)
    for file, line, raw in entries:
        rejects_file.add(Reject(file, line, "why"), raw, rejects_file.of(file))
    rejects_file.flush()
    rejects_file.close()


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@given(raw=RAWS, long=st.booleans())
def test_the_exact_bytes_of_any_line_can_be_had_back(
    tmp_path: Path, raw: bytes, long: bool
) -> None:
    path = tmp_path / "rejects.jsonl"
    path.unlink(missing_ok=True)
    held: Raw = raw + b"\n"
    if long:
        held = LongLine(tmp_path)
        held.add(raw)
        held.add(b"\n")
    record(path, ("a", 1, held))
    (entry,) = read(path)
    assert raw_of(entry) == raw
    assert entry["sha256"] == hashlib.sha256(raw).hexdigest()


def test_text_is_kept_as_text_and_other_bytes_as_base64(tmp_path: Path) -> None:
    record(tmp_path / "r", ("a", 1, "ü\0\x1b\u2028\n".encode()), ("a", 2, b"\xff\n"))
    first, second = read(tmp_path / "r")
    assert first["raw"] == "ü\0\x1b\u2028"
    assert second["raw_base64"] == "/w=="


def test_the_file_is_plain_ascii(tmp_path: Path) -> None:
    record(tmp_path / "r", ("ü\udcff", 1, "ü\x9b\u202e".encode()))
    content = (tmp_path / "r").read_bytes()
    assert content.isascii()
    assert content.count(b"\n") == 1
    assert read(tmp_path / "r")[0]["file"] == "ü\\xff"


def test_a_line_with_carriage_return_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\xef\xbb\xbfoops\r\nmore")
    run(tmp_path / "log", tmp_path / "in")
    assert list(map(raw_of, rejects(tmp_path / "log"))) == [b"\xef\xbb\xbfoops\r", b"more"]


def test_a_line_is_recorded_once_however_often_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"bad\n" + plain(1) + b"worse\n")
    first = run(tmp_path / "log", path, path)
    assert counts(first) == (1, 1, 4)
    for _ in range(2):
        assert counts(run(tmp_path / "log", path)) == (0, 1, 2)
    assert [entry["line"] for entry in rejects(tmp_path / "log")] == [1, 3]


def test_the_same_line_with_other_bytes_is_recorded_too(tmp_path: Path) -> None:
    path = tmp_path / "in"
    for content in (b"bad\n", b"worse\n", b"bad\n"):
        path.write_bytes(content)
        run(tmp_path / "log", path)
    assert [entry["raw"] for entry in rejects(tmp_path / "log")] == ["bad", "worse"]


ENTRIES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 5), st.sampled_from([b"x", b"y"]))
)


@given(runs=st.lists(ENTRIES, max_size=5))
def test_what_is_recorded_is_the_set_of_what_was_met(
    tmp_path: Path, runs: list[list[tuple[str, int, bytes]]]
) -> None:
    path = tmp_path / "r"
    path.unlink(missing_ok=True)
    for entries in runs:
        rejects_file = RejectsFile(path)
        for file in "ab":
            known = rejects_file.of(file)
            for _, line, raw in sorted({one for one in entries if one[0] == file}):
                rejects_file.add(Reject(file, line, "why"), raw, known)
        rejects_file.flush()
        rejects_file.close()
    found = (
        [(entry["file"], entry["line"], raw_of(entry)) for entry in read(path)]
        if path.exists()
        else []
    )
    assert len(found) == len(set(found))
    assert set(found) == {entry for entries in runs for entry in entries}


def test_many_stretches_of_one_input_need_no_open_file_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "_READ_AHEAD", 2)
    path = tmp_path / "r"
    for number in range(50):
        record(path, ("a", 5, b"%d" % number), ("a", 4, b"%d" % number))
    assert len(read(path)) == 100
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    known = RejectsFile(path).of("a")
    assert known.holds(4, hashlib.sha256(b"0").hexdigest())
    assert before == 0 or len(os.listdir("/proc/self/fd")) == before


def test_an_entry_that_a_killed_import_left_unfinished_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "r"
    record(path, ("a", 1, b"x"), ("a", 2, b'{"k":"v"}'))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        record(path, ("a", 1, b"x"), ("a", 2, b'{"k":"v"}'))
        assert [raw_of(entry) for entry in read(path)] == [b"x", b'{"k":"v"}'] or cut == len(
            whole
        ) - 1
        assert {raw_of(entry) for entry in read(path)} == {b"x", b'{"k":"v"}'}


def test_what_someone_else_wrote_into_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b"notes without a line feed")
    record(path, ("a", 1, b"x"))
    assert path.read_bytes().startswith(b"notes without a line feed\n{")


def test_the_file_is_private_and_where_the_options_say(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"bad\n")
    path = tmp_path / "elsewhere.jsonl"
    old = os.umask(0)
    try:
        result = run(tmp_path / "log", tmp_path / "in", with_=ImportOptions(rejects_path=path))
    finally:
        os.umask(old)
    assert result.rejects_file == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert rejects(tmp_path / "log") == []


def test_without_refused_lines_there_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(plain(1))
    assert run(tmp_path / "log", tmp_path / "in").rejects_file is None
    assert not (tmp_path / "log" / "rejects.jsonl").exists()


def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(plain(1) + b"bad\n")
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(EventLogError, match="symbolic link"):
        run(tmp_path / "log", tmp_path / "in", with_=ImportOptions(rejects_path=tmp_path / "link"))
    assert (tmp_path / "target").read_bytes() == b""
    assert events(tmp_path / "log") == []


@pytest.mark.parametrize("name", ["missing/r", "directory"])
def test_a_place_where_nothing_can_be_kept_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "in").write_bytes(plain(1))
    with pytest.raises(EventLogError, match="cannot keep refused lines"):
        run(tmp_path / "log", tmp_path / "in", with_=ImportOptions(rejects_path=tmp_path / name))
    assert events(tmp_path / "log") == []


def test_a_place_that_vanishes_meanwhile_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"bad\n")
    (tmp_path / "place").mkdir()
    with_ = ImportOptions(rejects_path=tmp_path / "place" / "r")
    with (
        EventLog.open(tmp_path / "log") as log,
        pytest.raises(EventLogError, match="No such file") as caught,
    ):
        import_files(
            log, [tmp_path / "in"], with_, on_reject=lambda _: (tmp_path / "place").rmdir()
        )
    assert caught.value.path == tmp_path / "place" / "r"


def test_refused_lines_are_on_disk_before_the_batch_behind_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").write_bytes(b"bad\n" + plain(1) + b"worse\n" + plain(2))
    steps: list[tuple[str, int]] = []
    path = tmp_path / "log" / "rejects.jsonl"
    real_sync, real_extend = os.fsync, EventLog.extend

    def fsync(descriptor: int) -> None:
        steps.append(("sync", path.stat().st_size if path.exists() else 0))
        real_sync(descriptor)

    def extend(self: EventLog, batch: list[object]) -> list[int]:
        steps.append(("extend", path.stat().st_size))
        return real_extend(self, batch)  # type: ignore[arg-type]

    with EventLog.open(tmp_path / "log", sync="never") as log:
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(EventLog, "extend", extend)
        import_files(log, [tmp_path / "in"])
        monkeypatch.undo()
    place = [name for name, _ in steps].index("extend")
    assert steps[place - 1] == ("sync", steps[place][1])
    assert steps[place][1] == path.stat().st_size


def test_refused_lines_are_told_in_order_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"bad\n" + plain(1) + b"[]\n")
    told: list[Reject] = []
    with EventLog.open(tmp_path / "log") as log:
        import_files(log, [tmp_path / "in"], on_reject=told.append)
    assert [str(one) for one in told] == [
        f"{tmp_path / 'in'}:1: not valid JSON: invalid character (column 1)",
        f"{tmp_path / 'in'}:3: not a JSON object, but an array",
    ]
