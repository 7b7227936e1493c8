"""What is printed where: data to stdout, all else to stderr; JSON with the keys that are fixed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from eventlog import EventLog, TaskStarted
from tests.cli.helpers import COMMAND, PATIENCE, UNSAFE, environment, eventlog, spawn

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
HOSTILE = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, 0x2028, 0x2029,
                            *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]))  # fmt: skip
"""Every C0 and C1 control, DEL, and every bidirectional control, with the line separators."""

SUMMARY_KEYS = (
    "subject source status started ended duration_ms events tasks_started tasks_completed "
    "tasks_open files_read files_written tool_calls velocity gold notes"
)
INFO_KEYS = (
    "path log_id format events first_sequence last_sequence segments raw_bytes stored_bytes "
    "first_time last_time"
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of ten sessions, sealed and a little more."""
    path = tmp_path_factory.mktemp("sample") / "log"
    assert eventlog("demo", path, "--sessions", "10").code == 0
    with EventLog.open(path) as opened:
        opened.append(TaskStarted("späť ☃"), subject="one more", source="me")
    return path


def lines_of(log: Path) -> list[bytes]:
    """The lines as the log stores them."""
    with EventLog.open(log, readonly=True) as opened:
        return [line for line, _ in opened.scan()]


def test_cat_jsonl_gives_the_stored_bytes(log: Path) -> None:
    assert eventlog("cat", log, "--jsonl").out == b"".join(line + b"\n" for line in lines_of(log))


def test_tail_jsonl_gives_the_stored_bytes(log: Path) -> None:
    expected = b"".join(line + b"\n" for line in lines_of(log)[-3:])
    assert eventlog("tail", log, "-n", "3", "--jsonl").out == expected


def test_cat_json_is_one_document_of_the_same_events(log: Path) -> None:
    assert eventlog("cat", log, "--json").json == [json.loads(line) for line in lines_of(log)]


def test_cat_filters_and_turns_around(log: Path) -> None:
    outcome = eventlog("cat", log, "--jsonl", "--type", "session.started", "--reverse", "-n", "2")
    events = [json.loads(line) for line in lines_of(log)]
    started = [event for event in events if event["type"] == "session.started"]
    assert outcome.jsonl == started[:-3:-1]
    after = eventlog("cat", log, "--jsonl", "--after", "5", "--until", "7").jsonl
    assert [int(event["sequence"]) for event in after] == [6, 7]
    since = events[40]["time"]
    assert eventlog("cat", log, "--jsonl", "--since", since).jsonl == [
        event for event in events if event["time"] >= since
    ]
    assert eventlog("cat", log, "--jsonl", "--before", since).jsonl == [
        event for event in events if event["time"] < since
    ]


def test_summary_json_has_the_fixed_keys(log: Path) -> None:
    summaries = eventlog("summary", log, "--json").json
    assert len(summaries) == 11
    for summary in summaries:
        assert list(summary)[:16] == SUMMARY_KEYS.split()
        assert summary["status"] in ("open", "ended", "crashed")
        for name in ("started", "ended"):
            assert summary[name] is None or RFC_3339_UTC.fullmatch(summary[name])


def test_summary_jsonl_is_a_stream_of_the_same(log: Path) -> None:
    assert eventlog("summary", log, "--jsonl").jsonl == eventlog("summary", log, "--json").json


def test_summary_takes_some_subjects(log: Path) -> None:
    outcome = eventlog("summary", log, "--subject", "one more", "--subject", "shell-0004", "--json")
    assert [one["subject"] for one in outcome.json] == ["shell-0004", "one more"]


def test_info_json_has_the_fixed_keys(log: Path) -> None:
    info = eventlog("info", log, "--json").json
    assert set(info) >= set(INFO_KEYS.split())
    assert info["path"] == str(log)
    assert info["format"] == 1
    assert info["events"] == info["last_sequence"] == len(lines_of(log))
    assert info["raw_bytes"] == sum(len(line) + 1 for line in lines_of(log))
    stored = sum(path.stat().st_size for path in (log / "segments").iterdir())
    assert info["stored_bytes"] == stored
    assert RFC_3339_UTC.fullmatch(info["first_time"])
    assert RFC_3339_UTC.fullmatch(info["last_time"])


def test_an_empty_log_has_no_first_and_no_last(tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    info = eventlog("info", tmp_path / "log", "--json").json
    names = ("first_sequence", "last_sequence", "first_time", "last_time")
    assert [info[name] for name in names] == [None] * 4
    assert info["events"] == 0


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (["cat", "--json"], b"[]\n"),
        (["cat", "--jsonl"], b""),
        (["tail", "--jsonl"], b""),
        (["summary", "--json"], b"[]\n"),
        (["summary", "--jsonl"], b""),
        (["verify"], b"ok: 0 events in 1 segment\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_empty_log_is_no_error(args: list[str], out: bytes, tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    outcome = eventlog(*args, tmp_path / "log")
    assert (outcome.code, outcome.out, outcome.err) == (0, out, "")


def test_verify_json_has_the_fixed_keys(log: Path) -> None:
    report = eventlog("verify", log, "--json").json
    assert set(report) >= {"ok", "events", "segments", "faults"}
    assert (report["ok"], report["events"], report["faults"]) == (True, len(lines_of(log)), [])


def test_a_fault_in_json_has_the_fixed_keys(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as opened:
        opened.append("t")
    segment = next((tmp_path / "log" / "segments").iterdir())
    segment.write_bytes(b"x" + segment.read_bytes())
    outcome = eventlog("verify", tmp_path / "log", "--json")
    assert outcome.code == 3
    (fault, *_) = outcome.json["faults"]
    assert set(fault) >= {"file", "offset", "sequence", "kind", "message"}
    assert fault["file"] == "segments/0000000000000000001.jsonl"


def test_import_json_has_the_fixed_keys(tmp_path: Path) -> None:
    outcome = eventlog("import", tmp_path / "log", "-", "--json", stdin=b'{"type":"t"}\nbad\n')
    assert set(outcome.json) >= {"imported", "skipped", "rejected", "rejects_file"}
    assert (outcome.json["imported"], outcome.json["rejected"]) == (1, 1)
    assert outcome.json["rejects_file"] == str(tmp_path / "log" / "rejects.jsonl")
    assert outcome.err.startswith("rejected: -:2: ")


def test_an_import_without_rejected_lines_names_no_file_of_them(tmp_path: Path) -> None:
    outcome = eventlog("import", tmp_path / "log", "-", "--json", stdin=b'{"type":"t"}\n')
    assert outcome.json["rejects_file"] is None


def test_append_prints_the_sequence(tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    assert eventlog("append", tmp_path / "log", "t").out == b"1\n"
    assert eventlog("append", tmp_path / "log", "t", "--json").json == {"sequence": 2}


def test_seal_tells_how_many_segments(tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    eventlog("append", tmp_path / "log", "t")
    assert eventlog("seal", tmp_path / "log", "--json").json == {"sealed": 1, "segments": 2}
    assert eventlog("seal", tmp_path / "log").err == "nothing to seal\n"


def test_what_is_no_data_goes_to_stderr(tmp_path: Path) -> None:
    assert eventlog("init", tmp_path / "log").out == b""
    assert eventlog("summary", tmp_path / "log").out == b""
    outcome = eventlog("demo", tmp_path / "demo", "--sessions", "3")
    assert "wrote " in outcome.err
    assert "verified: every byte as written" in outcome.err
    assert outcome.text.startswith("subject")


SCRIPT = Path(sys.executable).with_name("eventlog")


@pytest.mark.parametrize(
    ("command", "path", "named"),
    [
        ([SCRIPT], os.defpath, str(SCRIPT)),
        ([SCRIPT], f"{SCRIPT.parent}{os.pathsep}{os.defpath}", "eventlog"),
        (COMMAND, os.defpath, f"{sys.executable} -m cli"),
    ],
    ids=["by its path", "by its name", "as a module"],
)
def test_what_demo_suggests_runs_as_it_stands(
    command: list[str | Path], path: str, named: str, tmp_path: Path
) -> None:
    env = environment({"PATH": path})
    demo = subprocess.run(
        [*command, "demo", "it's a path", "--sessions", "3"],
        capture_output=True, text=True, cwd=tmp_path, env=env, timeout=PATIENCE,
    )  # fmt: skip
    suggested = demo.stdout.split("Try next:\n")[1].splitlines()
    assert len(suggested) > 5
    for line in suggested:
        assert line.startswith(f"  {named} ")
        if not line.endswith(" -f"):
            done = subprocess.run(["sh", "-c", line], capture_output=True, cwd=tmp_path, env=env)
            assert done.returncode == 0, (line, done.stderr)


# Text from events on its way to a terminal.


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with every control character wherever an event can hold one."""
    path = tmp_path_factory.mktemp("hostile") / "log"
    # The envelope refuses controls itself; what it takes are the bidirectional ones.
    name = "".join(character for character in HOSTILE if ord(character) > 0x9F)
    with EventLog.open(path) as opened:
        for type_ in ("session.annotated", "task.started", f"t{name}"):
            data = {"notes": HOSTILE, "task": HOSTILE, HOSTILE: HOSTILE}
            opened.append(type_, data, subject=f"s{name}")
    return path


@pytest.mark.parametrize("command", ["cat", "tail", "summary", "info", "verify"])
@pytest.mark.parametrize("color", ["", "1"])
def test_control_characters_never_reach_a_terminal(command: str, color: str, hostile: Path) -> None:
    outcome = eventlog(command, hostile, env={"FORCE_COLOR": color})
    assert outcome.code == 0
    ours = re.sub(r"\x1b\[[0-9;]*m", "", outcome.text)
    assert not UNSAFE.search(ours), ours
    assert not UNSAFE.search(outcome.err)


def test_json_stays_exact_whatever_the_text(hostile: Path) -> None:
    stream = eventlog("cat", hostile, "--jsonl").jsonl
    assert stream == eventlog("cat", hostile, "--json").json
    for event in stream:
        assert event["data"] == {"notes": HOSTILE, "task": HOSTILE, HOSTILE: HOSTILE}
    (summary,) = eventlog("summary", hostile, "--json").json
    assert summary["notes"] == HOSTILE


def test_json_on_a_terminal_holds_no_escape_sequence(hostile: Path) -> None:
    """C0 controls are escaped by JSON itself, so that not even they get through as bytes."""
    out = eventlog("cat", hostile, "--jsonl").out
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", out)


@pytest.mark.parametrize(
    "name", [b"two words", "sch\u00f6n \u2603".encode(), b"\x1b[31m\n\xc2\x9b\xff"]
)
def test_a_log_may_have_any_path(name: bytes, tmp_path: Path) -> None:
    log = tmp_path / os.fsdecode(name)
    for args in (["init"], ["append", "t"], ["info"], ["verify"], ["cat"], ["summary"], ["seal"]):
        outcome = eventlog(args[0], log, *args[1:])
        assert outcome.code == 0
        assert not UNSAFE.search(outcome.text + outcome.err)
    shown = eventlog("info", log, "--json").json["path"]
    assert shown == os.fsencode(log).decode(errors="backslashreplace")


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}],
    ids=lambda env: " ".join(f"{name}={value}" for name, value in env.items()),
)  # fmt: skip
def test_an_encoding_that_lacks_characters_is_no_error(env: dict[str, str], log: Path) -> None:
    summary = spawn("summary", log, env=env)
    assert summary.code == 0
    cat = spawn("cat", log, "--subject", "one more", env=env)
    assert cat.code == 0
    assert b"\\u2603" in cat.out or "☃".encode() in cat.out
    assert spawn("cat", log, "--jsonl", env=env).out.splitlines() == lines_of(log)


def test_without_a_buffer_large_answers_are_whole_or_end_with_the_pipe(tmp_path: Path) -> None:
    """One write of the system may take a part of the text, and leave the rest to us."""
    with EventLog.open(tmp_path / "log", sync="never") as opened:
        opened.append("session.annotated", {"notes": "x" * 900_000}, subject="s")
    env = environment({"PYTHONUNBUFFERED": "1"})
    command = [*COMMAND, "summary", str(tmp_path / "log"), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as child:
        assert child.stdout is not None
        assert child.stdout.read(10)
        child.stdout.close()
        assert child.wait(PATIENCE) == -signal.SIGPIPE


# Terminals.


def on_a_terminal(*args: str | Path, width: int = 80, env: Mapping[str, str] | None = None) -> str:
    """What the command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, *map(str, args)], stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment({"TERM": "xterm", "COLUMNS": str(width), **(env or {})}),
    )  # fmt: skip
    os.close(theirs)
    parts = []
    with suppress(OSError):  # Linux says so when the other side has gone
        while part := os.read(ours, 65536):
            parts.append(part)
    os.close(ours)
    assert child.wait(PATIENCE) == 0
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", [30, 50, 80, 200])
def test_a_table_fits_the_terminal_and_always_names_the_sessions(width: int, log: Path) -> None:
    *table, last = on_a_terminal("summary", log, width=width, env={"NO_COLOR": "1"}).splitlines()
    assert max(map(len, table)) <= width
    subjects = [one["subject"] for one in eventlog("summary", log, "--json").json]
    assert len(table) == len(subjects) + 1
    assert all(row.startswith(name) for row, name in zip(table[1:], subjects, strict=True))
    assert ("no room for tasks/h" in last) == (width < 100)


def test_a_table_on_a_pipe_takes_the_width_it_needs(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as opened:
        opened.append("t", subject="s" * 500)
    header, row = eventlog("summary", tmp_path / "log").text.splitlines()
    assert row.startswith("s" * 500 + "  open")
    assert header.index("status") == row.index("open")


def test_no_line_of_a_table_ends_in_blanks(log: Path) -> None:
    lines = eventlog("summary", log).text.splitlines()
    assert [line.rstrip() for line in lines] == lines


@pytest.mark.parametrize(
    ("env", "colored"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_on_a_terminal(env: dict[str, str], colored: bool, log: Path) -> None:
    for args in (("summary", log), ("tail", log, "-n", "1")):
        assert ("\x1b[" in on_a_terminal(*args, env=env)) == colored


def test_colours_on_a_pipe_only_when_forced(log: Path) -> None:
    for command in ("summary", "cat"):
        assert b"\x1b" not in eventlog(command, log).out
        assert b"\x1b[" in eventlog(command, log, env={"FORCE_COLOR": "1"}).out
        assert b"\x1b" not in eventlog(command, log, "--jsonl", env={"FORCE_COLOR": "1"}).out


def test_help_fits_a_narrow_terminal(log: Path) -> None:
    for command in ("cat", "import", "summary"):
        text = on_a_terminal(command, "--help", width=50)
        # The examples keep their lines, so that they can be copied.
        options = text[text.index("Options:") :].splitlines()
        assert max(map(len, options)) <= 50


def test_python_m_cli_is_the_command(log: Path) -> None:
    outcome = spawn("--help")
    assert outcome.text.startswith("Usage: eventlog [OPTIONS] COMMAND")
    assert outcome == eventlog("--help")
    assert spawn("--version").text == eventlog("--version").text
