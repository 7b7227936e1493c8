"""``eventlog import`` as the shell sees it. What a line becomes is tested with the importer."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.helpers import (
    COMMAND,
    PATIENCE,
    PROJECT,
    environment,
    eventlog,
    refused,
    sound,
    spawn,
)

MB = 1_000_000


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def rejects(log: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (log / "rejects.jsonl").read_bytes().splitlines()]


def test_all_lines_imported_is_success(tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", b'{"type":"a","time":"2026-01-01T00:00:00Z"}')
    assert eventlog("import", tmp_path / "log", file).text == "imported 1 event\n"
    again = eventlog("import", tmp_path / "log", file)
    assert (again.code, again.text) == (0, "imported 0 events, 1 already there\n")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "not a JSON object, but an array"),
        (b'"text"', "not a JSON object, but a text"),
        (b"null", "not a JSON object, but null"),
        (b'{"type":"a","x":NaN}', "NaN is no JSON number"),
        (b'{"type":"a","x":"\\ud800"}', "half of a surrogate pair"),
        (b'{"type":"a","x":"\xff"}', "not valid UTF-8"),
        (b'{"type":"a","x":"\0"}', "a NUL byte"),
        (b'{"type":"a","x":1,"x":2}', "stands twice"),
        (b'{"x":1}', "no type"),
        (b'{"type":"a\\u001b[31m"}', "control character"),
    ],
)
def test_a_bad_line_stops_nothing_and_is_named(line: bytes, reason: str, tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", b'{"type":"a"}', line, b'{"type":"b"}')
    outcome = eventlog("import", tmp_path / "log", file)
    assert outcome.code == 3
    assert outcome.text == "imported 2 events, 1 line rejected\n"
    first = outcome.err.splitlines()[0]
    assert first.startswith(f"rejected: {file}:2: ")
    assert reason in first
    (entry,) = rejects(tmp_path / "log")
    raw = entry["raw"].encode() if "raw" in entry else base64.b64decode(entry["raw_base64"])
    assert raw == line
    assert sound(tmp_path / "log") == 2


def test_only_the_first_twenty_bad_lines_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", *[b"x"] * 30)
    lines = eventlog("import", tmp_path / "log", file).err.splitlines()
    assert sum(line.startswith(f"rejected: {file}:") for line in lines) == 20
    assert lines[20] == "rejected: 10 more"
    assert lines[-1] == f"the rejected lines are in {tmp_path / 'log' / 'rejects.jsonl'}"


def test_events_without_a_time_are_counted(tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", b'{"type":"a"}')
    outcome = eventlog("import", tmp_path / "log", file)
    assert outcome.err == "1 event had no time, and got the time of this import\n"


def test_standard_input_is_read_from_a_pipe(tmp_path: Path) -> None:
    lines = b"".join(b'{"type":"a","n":%d}\n' % n for n in range(3))
    assert spawn("import", tmp_path / "log", "-", stdin=lines).text == "imported 3 events\n"
    again = spawn("import", tmp_path / "log", "-", stdin=lines + b'{"type":"b"}')
    assert again.text == "imported 1 event, 3 already there\n"


def test_rejected_lines_go_where_asked(tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", b"x")
    outcome = eventlog(
        "import", tmp_path / "log", file, "--rejects", tmp_path / "bad.jsonl", "--json"
    )
    assert outcome.json["rejects_file"] == str(tmp_path / "bad.jsonl")
    assert len((tmp_path / "bad.jsonl").read_bytes().splitlines()) == 1
    assert not (tmp_path / "log" / "rejects.jsonl").exists()


def test_names_that_are_hostile_to_terminals_are_shown_harmless_and_told_exactly(
    tmp_path: Path,
) -> None:
    name = os.fsdecode(b"b\x1b[31m\n\xc2\x9b\xff.jsonl")
    file = write(tmp_path / name, b"x")
    log = tmp_path / os.fsdecode(b"log \x1b\n\xfe")
    outcome = eventlog("import", log, file, "--json")
    assert outcome.code == 3
    assert len(outcome.err.splitlines()) == 1
    assert "\x1b" not in outcome.err
    assert outcome.json["rejects_file"] == f"{tmp_path}/log \x1b\n\\xfe/rejects.jsonl"


# The peak of the parent would count for a child that asks for its own by getrusage.
NOTING_ITS_PEAK = """
import atexit, sys
from pathlib import Path
peak = Path(sys.argv.pop(1))
atexit.register(lambda: peak.write_text(Path("/proc/self/status").read_text()))
from cli.main import main
main()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="NOT TESTED: needs /proc")
def test_a_line_of_50_mb_is_rejected_in_little_memory_and_kept_whole(tmp_path: Path) -> None:
    long = b'{"type":"a","x":"%b"}' % (b"x" * 50 * MB)
    file = write(tmp_path / "in.jsonl", b'{"type":"a"}', long, b'{"type":"b"}')
    done = subprocess.run(
        [COMMAND[0], "-c", NOTING_ITS_PEAK, tmp_path / "peak", "import", tmp_path / "log", file],
        capture_output=True, env=environment(), timeout=PATIENCE, cwd=PROJECT,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, b"imported 2 events, 1 line rejected\n")
    assert b"in.jsonl:2: the line has %d bytes, more than 1048576" % len(long) in done.stderr
    peak = re.search(r"VmHWM:\s*(\d+) kB", (tmp_path / "peak").read_text())
    assert peak is not None
    assert int(peak[1]) * 1024 < 200 * MB
    (entry,) = rejects(tmp_path / "log")
    assert entry["raw"].encode() == long
    assert sound(tmp_path / "log") == 2


def test_append_refuses_50_mb_without_reading_them_all(tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    data = b'{"x":"%b"}' % (b"x" * 50 * MB)
    child = subprocess.run(
        [*COMMAND, "append", tmp_path / "log", "t", "-"],
        input=data, capture_output=True, env=environment(), timeout=PATIENCE,
    )  # fmt: skip
    assert child.returncode == 3
    assert b"DATA has more than 16,777,216 bytes: keep large content in a file" in child.stderr
    assert child.stderr.count(b"\n") == 1
    assert sound(tmp_path / "log") == 0


def test_an_import_refuses_its_own_file_of_rejected_lines(tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", b"x")
    eventlog("import", tmp_path / "log", file)
    refused(
        eventlog("import", tmp_path / "log", tmp_path / "log" / "rejects.jsonl"),
        1, "this import keeps here what it refuses", "import the copy",
    )  # fmt: skip
