"""The commands over the read models: what they print, how they end, what they make of odd logs."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli._failures import Exit
from eventlog import EventLog, NewEvent
from projections import READ_MODELS
from tests.cli.helpers import (
    COMMAND,
    PATIENCE,
    PROJECT,
    UNSAFE,
    Outcome,
    environment,
    eventlog,
    misused,
    refused,
    spawn,
    start,
)

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
HOSTILE = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x202E, 0x2028]))

ANALYSIS = ["subject", "task_breakdown", "bottlenecks", "velocity_metrics", "file_operation_stats"]
VELOCITIES = [f"{name}_per_hour" for name in ("tasks", "files_read", "files_written", "tool_calls")]
RECOVERY = ["subject", "state", "sequence", "time", "crashes", "ended_cleanly", "open_tasks"]
BEST = ["area", "gold_per_hour", "gold", "seconds", "sessions"]
DANGEROUS = ["area", "flees_per_hour", "flees", "seconds", "visits"]
AUDIT = ["sequence", "time", "source", "subject", "type", "summary"]

COMMANDS = [["analyze"], ["trends"], ["areas"], ["recover"], ["audit"], ["cat"], ["tail"]]
ASKING = [["summary"], *COMMANDS[:4]]
"""What folds, and so may be asked about the past, and of several processes."""
PROJECTS = [["project", name] for name in READ_MODELS]


def call(command: list[str], log: Path, *more: str, **options: Any) -> Outcome:
    """``project`` wants its name behind the log."""
    return eventlog(command[0], log, *command[1:], *more, **options)


for_each_command = pytest.mark.parametrize("command", [*COMMANDS, *PROJECTS], ids=" ".join)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of twelve sessions in some sealed segments and one active."""
    path = tmp_path_factory.mktemp("sample") / "log"
    assert eventlog("demo", path, "--sessions", "12").code == 0
    with EventLog.open(path) as opened:
        for number in range(3):
            opened.append("state.saved", {"n": number}, subject="one more", source="me")
            opened.seal()
        opened.append("task.started", {"task": "late"}, subject="one more", source="me")
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    eventlog("init", tmp_path / "log")
    return tmp_path / "log"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Control characters, numbers beyond all bounds, and wrong types wherever data may hold one."""
    path = tmp_path_factory.mktemp("hostile") / "log"
    wide = {"area": HOSTILE, "gold": 1.7e308, "seconds": 5e-324, "flees": 1.7e308}
    events: list[tuple[str, dict[str, Any]]] = [
        ("task.started", {"task": HOSTILE}),
        ("task.completed", {"task": HOSTILE, "duration_ms": 1e308}),
        ("area.visited", wide), ("area.visited", {"area": "long", "seconds": 1.7e308}),
        ("session.summarized", {"gold": -1e308, "areas": [wide, None, 5], HOSTILE: 5}),
        ("metric.recorded", {HOSTILE: 1.7e308, "x": -1.7e308}), ("state.saved", {HOSTILE: HOSTILE}),
        ("session.started", {"user": HOSTILE}), ("crash.detected", {"error_type": HOSTILE}),
        ("file.read", {"path": [HOSTILE]}), ("tool.called", {"tool": None}),
    ]  # fmt: skip
    name = "".join(character for character in HOSTILE if ord(character) > 0x9F)
    with EventLog.open(path) as opened:
        opened.extend([NewEvent(type_, data, f"s{name}") for type_, data in events])
    return path


# JSON.


def test_analyze_json_has_the_fixed_keys(log: Path) -> None:
    analyses = eventlog("analyze", log, "--json").json
    assert analyses
    for one in analyses:
        assert list(one) == [*ANALYSIS, "tasks_open", "tasks_unstarted", "incomplete"]
        assert list(one["velocity_metrics"]) == VELOCITIES
        assert set(one["file_operation_stats"]) <= {"read", "write"}


def test_trends_json_has_the_fixed_keys(log: Path) -> None:
    points = eventlog("trends", log, "--json").json
    assert points
    for one in points:
        assert list(one) == ["subject", "started", "value"]
        assert RFC_3339_UTC.fullmatch(one["started"])


def test_areas_json_has_the_fixed_keys(log: Path) -> None:
    statistics = eventlog("areas", log, "--json").json
    assert list(statistics) == ["best", "dangerous", "incomplete"]
    assert {tuple(one) for one in statistics["best"]} == {tuple(BEST)}
    assert {tuple(one) for one in statistics["dangerous"]} == {tuple(DANGEROUS)}
    rates = [one["gold_per_hour"] for one in statistics["best"]]
    assert rates == sorted(rates, reverse=True)


def test_recover_json_has_the_fixed_keys(log: Path) -> None:
    snapshots = eventlog("recover", log, "--json").json
    for one in snapshots:
        assert list(one) == [*RECOVERY, "crashes_total", "incomplete"]
    one = eventlog("recover", log, "one more", "--json").json
    assert one in snapshots
    assert (one["state"], one["open_tasks"]) == ({"n": 2}, ["late"])
    assert RFC_3339_UTC.fullmatch(one["time"])


def test_audit_json_has_the_fixed_keys(log: Path) -> None:
    rows = eventlog("audit", log, "--json").json
    assert {tuple(row) for row in rows} == {tuple(AUDIT)}
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows == eventlog("audit", log, "--jsonl").jsonl


@pytest.mark.parametrize("command", [["analyze"], ["trends"], ["recover"], ["recover", "one more"]])
def test_jsonl_is_a_stream_of_the_same(command: list[str], log: Path) -> None:
    document = call(command, log, "--json").json
    rows = document if isinstance(document, list) else [document]
    assert call(command, log, "--jsonl").jsonl == rows


@pytest.mark.parametrize(
    ("name", "command"),
    [("session-summaries", "summary"), ("session-analysis", "analyze"), ("areas", "areas"),
     ("recovery-snapshots", "recover")],
)  # fmt: skip
def test_project_gives_what_the_command_of_the_model_gives(
    name: str, command: str, log: Path
) -> None:
    assert eventlog("project", log, name, "--json").out == eventlog(command, log, "--json").out


def test_project_practice_metrics_has_its_keys(log: Path) -> None:
    found = eventlog("project", log, "practice-metrics", "--json").json
    assert list(found) == ["sessions", "users"]
    assert list(found["sessions"][0]) == ["subject", "user", "metrics", "incomplete"]
    assert list(found["users"][0]) == ["user", "sessions", "metrics"]
    (metric, *_) = found["sessions"][0]["metrics"].values()
    assert list(metric) == ["mean", "count", "min", "max"]


def test_project_jsonl_has_a_row_per_line_or_the_one_object(log: Path) -> None:
    rows = eventlog("project", log, "session-trends", "--json").json
    assert eventlog("project", log, "session-trends", "--jsonl").jsonl == rows
    statistics = eventlog("project", log, "areas", "--json").json
    assert eventlog("project", log, "areas", "--jsonl").jsonl == [statistics]


# Options.


@pytest.mark.parametrize("command", [*ASKING, *PROJECTS], ids=" ".join)
def test_as_of_a_sequence_is_what_was_known_then(command: list[str], log: Path) -> None:
    """As of the end nothing changes; as of the beginning there is nothing."""
    end = str(eventlog("info", log, "--json").json["last_sequence"])
    now = call(command, log, "--json").out
    assert call(command, log, "--json", "--as-of", end).out == now
    assert call(command, log, "--json", "--as-of", "2100-01-01").out == now
    assert call(command, log, "--as-of", "0").out == b""


@pytest.mark.parametrize("command", [*ASKING, *PROJECTS], ids=" ".join)
def test_other_processes_give_the_same_bytes(command: list[str], log: Path, tmp_path: Path) -> None:
    """Without a cache: a copy of the log has none."""
    copy = shutil.copytree(log, tmp_path / "log", ignore=shutil.ignore_patterns("cache"))
    outcome = spawn(command[0], copy, *command[1:], "--json", "--jobs", "2")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == call(command, log, "--json").out


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "1.5"])
def test_jobs_must_be_a_number_of_processes(jobs: str, log: Path) -> None:
    misused(eventlog("summary", log, "--jobs", jobs), "--jobs")


def test_damage_that_a_worker_meets_is_reported_like_any_other(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as opened:
        for _ in range(3):
            opened.append("session.started", subject="s")
            opened.seal()
    victim = sorted((tmp_path / "log" / "segments").glob("*.zst"))[1]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 0xFF
    victim.write_bytes(content)
    serial = eventlog("summary", tmp_path / "log")
    assert refused(spawn("summary", tmp_path / "log", "--jobs", "2"), 3) == serial.err


@pytest.mark.parametrize("command", [["analyze"], ["trends", "--metric", "events"]])
def test_some_sessions_can_be_asked_about(command: list[str], log: Path) -> None:
    rows = call(command, log, "--json", "--subject", "agent-0001", "--subject", "agent-0006").json
    assert [row["subject"] for row in rows] == ["agent-0001", "agent-0006"]


def test_areas_of_the_last_sessions_and_of_some(log: Path) -> None:
    newest = eventlog("areas", log, "--json", "--last", "1").json
    assert newest == eventlog("areas", log, "--json", "--subject", "farming-0008").json
    assert newest != eventlog("areas", log, "--json").json


def test_trends_of_any_metric_over_the_last_sessions(log: Path) -> None:
    def subjects(*args: str) -> list[str]:
        return [one["subject"] for one in eventlog("trends", log, "--json", *args).json]

    every = [one["subject"] for one in eventlog("summary", log, "--json").json]
    assert subjects("--metric", "session_length") == every[-10:]
    assert subjects("--metric", "session_length", "--last", "3") == every[-3:]
    assert subjects("--metric", "pitch_accuracy") == ["practice-0003", "practice-0010"]
    assert subjects("--metric", "pitch_accuracy", "--all", "--last", "99") == every


def test_audit_filters(log: Path) -> None:
    rows = eventlog("audit", log, "--json").json

    def audit(*args: str) -> Any:
        return eventlog("audit", log, "--json", *args).json

    assert audit("--source", "me") == [row for row in rows if row["source"] == "me"]
    assert audit("--source", "me", "-n", "2", "--reverse") == rows[:-3:-1]
    assert audit("--type", "state.saved", "--subject", "one more") == rows[-4:-1]
    assert audit("--after", "5", "--until", "7") == rows[5:7]
    moment = rows[40]["time"]
    assert audit("--since", moment) == [row for row in rows if row["time"] >= moment]
    assert audit("--before", moment) == [row for row in rows if row["time"] < moment]


# What is not there.


@for_each_command
def test_an_empty_log_gives_a_clear_line_and_is_no_error(command: list[str], empty: Path) -> None:
    outcome = call(command, empty)
    assert (outcome.code, outcome.out) == (0, b"")
    assert re.fullmatch(r"\S.*: the log holds no .*\n", outcome.err)


@pytest.mark.parametrize(
    ("command", "document"),
    [
        (["analyze"], []),
        (["trends"], []),
        (["trends", "--metric", "nothing"], []),
        (["recover"], []),
        (["audit"], []),
        (["areas"], {"best": [], "dangerous": [], "incomplete": 0}),
        (["project", "practice-metrics"], {"sessions": [], "users": []}),
    ],
)
def test_an_empty_log_has_an_empty_document(command: list[str], document: Any, empty: Path) -> None:
    outcome = call(command, empty, "--json")
    assert (outcome.code, outcome.json, outcome.err) == (0, document, "")


def test_an_unknown_session_is_an_error(log: Path) -> None:
    refused(
        eventlog("recover", log, "nobody", "--json"),
        1,
        "nothing here of session 'nobody'",
        "agent-0001",
    )


def test_an_unknown_metric_names_the_known_ones(log: Path) -> None:
    outcome = eventlog("trends", log, "--metric", "golf", "--json")
    refused(outcome, 1, "no session has the metric 'golf'", "gold_per_hour", "pitch_accuracy")


def test_trends_of_a_log_without_gold_say_what_there_is(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("metric.recorded", {"pitch_accuracy": 0.5}, subject="s")
    for form, out in (([], b""), (["--json"], b"[]\n"), (["--jsonl"], b"")):
        outcome = eventlog("trends", tmp_path / "log", *form)
        assert (outcome.code, outcome.out) == (0, out)
        assert "'gold_per_hour'" in outcome.err
        assert "pitch_accuracy" in outcome.err
        assert "--metric" in outcome.err
    refused(eventlog("trends", tmp_path / "log", "--metric", "gold_per_hour"), 1, "pitch_accuracy")


def test_an_unknown_model_names_the_known_ones(log: Path) -> None:
    misused(eventlog("project", log, "golf"), *READ_MODELS)


@pytest.mark.parametrize(
    "args", [["trends", "--last", "0"], ["areas", "--last", "-1"], ["audit", "-n", "x"]]
)
def test_a_number_that_makes_no_sense_is_refused(args: list[str], log: Path) -> None:
    misused(eventlog(args[0], log, *args[1:]))


# Tables.


def on_a_terminal(*args: str | Path, width: int) -> list[str]:
    """The lines that the command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    env = environment({"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(width)})
    child = subprocess.Popen(
        [*COMMAND, *map(str, args)], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env=env
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError as error:  # Linux says so when the other side has gone
        assert error.errno == errno.EIO
    os.close(ours)
    assert child.wait(PATIENCE) == 0
    return b"".join(parts).decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
@for_each_command
def test_a_table_fits_the_terminal(command: list[str], width: int, log: Path) -> None:
    lines = on_a_terminal(command[0], log, *command[1:], width=width)
    assert lines
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [40, 80])
def test_hostile_text_fits_the_terminal_as_well(width: int, hostile: Path) -> None:
    for command in (["audit"], ["recover"], ["areas"], ["analyze"]):
        lines = on_a_terminal(command[0], hostile, width=width)
        assert max(map(len, lines)) <= width, command


@for_each_command
@pytest.mark.parametrize("color", ["", "1"])
def test_control_characters_never_reach_a_terminal(
    command: list[str], color: str, hostile: Path
) -> None:
    outcome = call(command, hostile, env={"FORCE_COLOR": color})
    assert outcome.code == 0, outcome.err
    ours = re.sub(r"\x1b\[[0-9;]*m", "", outcome.text)
    assert ours
    assert not UNSAFE.search(ours), ours
    assert not UNSAFE.search(outcome.err)


def test_one_session_is_shown_without_control_characters(hostile: Path) -> None:
    (subject,) = {one["subject"] for one in eventlog("recover", hostile, "--json").json}
    outcome = eventlog("recover", hostile, subject)
    assert outcome.code == 0
    assert not UNSAFE.search(outcome.text)


def test_json_stays_exact_whatever_the_text(hostile: Path) -> None:
    (snapshot,) = eventlog("recover", hostile, "--json").json
    assert snapshot["state"] == {HOSTILE: HOSTILE}
    assert HOSTILE in eventlog("analyze", hostile, "--json").json[0]["task_breakdown"]


@for_each_command
def test_every_answer_is_json_with_finite_numbers(command: list[str], hostile: Path) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    out = call(command, hostile, "--json").out
    json.loads(out, parse_constant=refuse)


def test_analyze_shows_the_share_of_a_bottleneck(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as opened:
        for task, spent in (("slow", 750), ("fast", 250)):
            opened.append("task.completed", {"task": task, "duration_ms": spent}, subject="s")
        opened.append("tool.called", {"tool": "t"}, subject="other")
    outcome = eventlog("analyze", tmp_path / "log")
    assert outcome.text.splitlines()[1].endswith("slow 75%")
    assert outcome.err == "1 session; 1 more session with tool calls only\n"


def test_recover_shows_one_session_with_its_state(log: Path) -> None:
    text = eventlog("recover", log, "one more").text
    assert "clean end    no\n" in text
    assert "open tasks   late\n" in text
    assert text.endswith('{\n  "n": 2\n}\n')


def test_recover_shows_a_session_that_saved_nothing(log: Path) -> None:
    assert eventlog("recover", log, "shell-0004").text.endswith("state saved  never\n")


def test_areas_has_two_tables(log: Path) -> None:
    best, dangerous = eventlog("areas", log).text.split("\n\n")
    assert best.startswith("best by gold per hour\narea ")
    assert dangerous.startswith("most dangerous by flees per hour\narea ")
    assert len(best.splitlines()) == len(dangerous.splitlines())


def test_audit_writes_rows_as_they_come(tmp_path: Path) -> None:
    """Wide rows far behind do not change what was written before them."""
    with EventLog.open(tmp_path / "log", sync="never") as opened:
        opened.extend([NewEvent("t", {"n": n}, "s") for n in range(1200)])
        opened.append("t", subject="s" * 100)
    lines = eventlog("audit", tmp_path / "log").text.splitlines()
    assert len(lines) == 1202
    assert lines[0].split() == AUDIT
    assert len(lines[-1]) > 100 > len(lines[1])


def test_a_closed_pipe_ends_an_audit_quietly(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as opened:
        opened.extend([NewEvent("t", {"n": n}, "s") for n in range(20_000)])
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -n 3', "bash", *COMMAND, "audit", tmp_path / "log"],
        capture_output=True, timeout=PATIENCE, env=environment(),
    )  # fmt: skip
    assert (done.stderr, done.stdout.count(b"\n")) == (b"", 3)


# Trend lines.


def write_gold(path: Path, *gold: float) -> Path:
    with EventLog.open(path) as opened:
        for number, one in enumerate(gold):
            data = {"gold": one, "duration_seconds": 3600}
            opened.append("session.summarized", data, subject=f"run-{number}")
    return path


def test_a_trend_has_a_bar_per_value_and_a_line_over_all(tmp_path: Path) -> None:
    log = write_gold(tmp_path / "log", 0, 500, 1000)
    lines = eventlog("trends", log).text.splitlines()
    assert [line.split()[0] for line in lines] == [
        "subject", "run-0", "run-1", "run-2", "gold_per_hour",
    ]  # fmt: skip
    assert [line.count("█") for line in lines[1:4]] == [0, 6, 12]
    assert lines[-1] == "gold_per_hour ▁▅█ 0.0 to 1,000.0"


def test_a_trend_is_ascii_where_the_encoding_lacks_blocks(tmp_path: Path) -> None:
    log = write_gold(tmp_path / "log", 0, 500, 1000)
    outcome = spawn("trends", log, env={"PYTHONIOENCODING": "ascii"})
    assert outcome.code == 0
    assert outcome.out.isascii()
    assert "\\u" not in outcome.text
    assert "gold_per_hour _+@ 0.0 to 1,000.0" in outcome.text


@pytest.mark.parametrize("gold", [[5], [5, 5], [-5, -1], [0, 0], [1.7e308, -1.7e308]])
def test_a_trend_of_odd_values_can_be_drawn(gold: list[float], tmp_path: Path) -> None:
    outcome = eventlog("trends", write_gold(tmp_path / "log", *gold), "--metric", "gold")
    assert outcome.code == 0
    assert len(outcome.text.splitlines()) == len(gold) + 2


def test_sessions_without_the_metric_leave_a_gap(tmp_path: Path) -> None:
    log = write_gold(tmp_path / "log", 1, 2)
    eventlog("append", log, "t", "--subject", "other")
    lines = eventlog("trends", log, "--all").text.splitlines()
    assert lines[3].split()[0] == "other"
    assert lines[-1].startswith("gold_per_hour ▁█  ")


# Processes.


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that takes two processes a second or more."""
    path = tmp_path_factory.mktemp("long") / "log"
    with EventLog.open(path, sync="never") as opened:
        for _ in range(6):
            opened.extend([NewEvent("t", {"n": n}, "s") for n in range(20_000)])
            opened.seal()
    return path


def at_work_on(log: Path, seconds: float) -> subprocess.Popen[bytes]:
    """A command with two workers, some time after it started the first; a group of its own."""
    shutil.rmtree(log / "cache", ignore_errors=True)
    process = start("summary", log, "--jobs", "2", start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not children.read_text() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    return process


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_ctrl_c_ends_all_processes_without_a_traceback(seconds: float, long: Path) -> None:
    process = at_work_on(long, seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    # A fast machine may be done, or just about to leave.
    assert process.returncode in (Exit.DONE, Exit.INTERRUPTED, -signal.SIGINT)
    assert err in (b"eventlog: interrupted\n", b"1 session, 120,000 events\n")
    _wait_for_the_end_of(process.pid)


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_workers_end_with_a_parent_that_is_killed(seconds: float, long: Path) -> None:
    process = at_work_on(long, seconds)
    process.kill()
    process.communicate(timeout=PATIENCE)
    _wait_for_the_end_of(process.pid)


def _wait_for_the_end_of(group: int) -> None:
    """Until no process of the group is left."""
    deadline = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
        raise AssertionError("a worker is still there")


def test_a_worker_that_dies_is_an_error_with_one_line(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(log, tmp_path / "log", ignore=shutil.ignore_patterns("cache"))
    monkeypatch.setattr("projections._workers._prepare_worker", sys.exit)  # which breaks the pool
    refused(eventlog("summary", copy, "--jobs", "2"), 1, "a worker process died", "--jobs")


# The pages about them.


@pytest.mark.parametrize("name", ["README.md", "docs/read-models.md"])
def test_the_examples_on_a_page_are_what_the_commands_print(name: str, tmp_path: Path) -> None:
    examples = re.findall(
        r"```sh\neventlog ([^\n]*)\n```\n\n```(?:json|text)\n(.*?)```",
        (PROJECT / name).read_text(), re.DOTALL,
    )  # fmt: skip
    assert len(examples) >= len(READ_MODELS)
    assert spawn("demo", "demo.eventlog", "--sessions", "12", cwd=tmp_path).code == 0
    for command, printed in examples:
        assert spawn(*command.split(), cwd=tmp_path).text == printed, command


def test_the_page_has_every_read_model_and_every_key() -> None:
    page = (PROJECT / "docs" / "read-models.md").read_text()
    for name in READ_MODELS:
        assert f"`{name}`" in page
    for key in (*ANALYSIS, *VELOCITIES, *RECOVERY, *BEST, *DANGEROUS, *AUDIT):
        assert f'"{key}"' in page, key


@pytest.mark.parametrize("command", [["summary"], ["analyze"], ["recover"], *PROJECTS[:3]])
@pytest.mark.parametrize("events", [0, 40])
def test_a_list_that_is_written_as_it_comes_is_one_indented_document(
    command: list[str], events: int, tmp_path: Path
) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as log:
        for number in range(events):
            log.append("task.started", {"task": 'a\nb "c"'}, subject=f"s-{number % 3}")
    out = call(command, tmp_path / "log", "--json").out
    rows = json.loads(out)
    assert len(rows) == min(events, 3)
    assert out == msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n"
