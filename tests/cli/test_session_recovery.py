"""``eventlog session-recovery``: every option, and every exit code."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventlog import EventLog
from eventlog._files import Files
from eventlog._lock import hold_writer_lock
from sessions._shared_log import close_shared_logs
from sessions.recovery import SessionRecoveryEngine
from tests.cli.helpers import (
    PATIENCE,
    PROJECT,
    UNSAFE,
    Outcome,
    environment,
    eventlog,
    misused,
    start,
)

ACTIONS = [
    "recover", "save", "stats", "auto-save", "detect-crashes", "watch", "cleanup", "restart",
    "relog",
]  # fmt: skip
STATE = Path("tmp/session_state.json")
TRUE, FALSE = [sys.executable, "-c", ""], [sys.executable, "-c", "raise SystemExit(1)"]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENTLOG_DIR", raising=False)
    yield tmp_path
    close_shared_logs()


def call(*args: str, stdin: bytes = b"", config: dict[str, Any] | None = None) -> Outcome:
    """``eventlog session-recovery`` with these arguments, and this configuration if any."""
    if config is not None:
        args = (*args, "--config", configured(config))
    return eventlog("session-recovery", *args, stdin=stdin)


def configured(config: dict[str, Any]) -> str:
    Path("c.yaml").write_text(yaml.safe_dump(config))
    return "c.yaml"


def saved(**changes: Any) -> dict[str, Any]:
    """Save a state, as a program with two tasks left does."""
    with SessionRecoveryEngine() as engine:
        engine.task_queue = ["a", "b"]
        engine.save_session_state()
    state = {**json.loads(STATE.read_text()), **changes}
    STATE.write_text(json.dumps(state))
    return state


def types(log: str = "activity.eventlog") -> list[str]:
    with EventLog.open(log, readonly=True) as opened:
        return [event.type for event in opened.read()]


def subjects() -> set[str | None]:
    with EventLog.open("activity.eventlog", readonly=True) as opened:
        return {event.subject for event in opened.read()}


# What must be said


def test_without_an_action_nothing_is_done() -> None:
    misused(call(), "exactly one of", "--detect-crashes")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("other", ACTIONS[1:])
def test_two_actions_are_one_too_many(other: str) -> None:
    misused(call("--recover", f"--{other}"), "exactly one of")


@pytest.mark.parametrize("args", [["--max-age", "-1"], ["--max-age", "x"], ["--nothing"], ["x"]])
def test_what_is_no_option_or_no_value_is_refused(args: list[str]) -> None:
    assert call("--cleanup", *args).code == 2


# Each action


def test_save_writes_the_state() -> None:
    outcome = call("--save")
    assert (outcome.code, outcome.text) == (0, f"saved to {STATE}\n")
    assert json.loads(STATE.read_text())["planet"] == "tatooine"
    assert types() == ["session.started", "state.saved"]


def test_save_keeps_the_tasks_that_are_left() -> None:
    saved()
    call("--save")
    assert json.loads(STATE.read_text())["task_queue"] == ["a", "b"]


def test_save_goes_on_with_the_session_that_saved_last() -> None:
    engine = SessionRecoveryEngine(messages=lambda: ["game crashed"])
    engine.detect_crashes()
    engine.save_session_state()
    engine.close(ended=False)
    for _ in range(2):
        assert call("--save").code == 0
        assert json.loads(STATE.read_text())["crash_count"] == 1
    assert types() == ["session.started", "crash.detected", *["state.saved"] * 3]
    assert subjects() == {engine.session_key}


def test_save_after_the_end_of_a_session_begins_another() -> None:
    saved(crash_count=7)
    call("--save")
    assert json.loads(STATE.read_text())["crash_count"] == 0
    assert types()[-3:] == ["session.ended", "session.started", "state.saved"]
    assert len(subjects()) == 2


def test_a_finished_session_is_not_recovered() -> None:
    with SessionRecoveryEngine() as engine:
        engine.save_session_state()
    outcome = call("--recover", stdin=b"y\n")
    assert outcome.code == 1
    assert "has ended" in outcome.text
    assert types()[-1] == "session.ended"


def test_while_recovery_is_disabled_only_force_saves() -> None:
    disabled = {"recovery_enabled": False}
    outcome = call("--save", config=disabled)
    assert (outcome.code, outcome.text.count("--force"), STATE.exists()) == (1, 1, False)
    assert not Path("activity.eventlog").exists()
    assert call("--save", "--force", config=disabled).code == 0
    assert STATE.exists()


def test_a_save_that_fails_says_why(caplog: pytest.LogCaptureFixture) -> None:
    STATE.parent.mkdir()
    STATE.symlink_to("elsewhere")
    outcome = call("--save")
    assert outcome.code == 1
    assert "symbolic link" in caplog.text
    assert not Path("elsewhere").exists()


def test_stats_shows_the_figures_of_the_saved_state() -> None:
    saved(session_duration=12.5)
    outcome = call("--stats")
    assert outcome.code == 0
    lines = dict(line.split(None, 1) for line in outcome.text.splitlines())
    assert (lines["session_duration"], lines["state_file"]) == ("12.5", str(STATE))


@pytest.mark.parametrize("action", ["--stats", "--recover"])
def test_without_a_state_there_is_nothing_to_show(action: str) -> None:
    outcome = call(action)
    assert outcome.code == 1
    assert "no saved session" in outcome.text


@pytest.mark.parametrize("content", ["", "{", "[]", "\0", '{"planet": 1}', "[" * 100_000])
def test_a_file_that_is_no_state_is_none(content: str, caplog: pytest.LogCaptureFixture) -> None:
    STATE.parent.mkdir()
    STATE.write_text(content)
    outcome = call("--stats")
    assert outcome.code == 1
    assert "not loaded" in caplog.text
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 0), (b"n\n", 1), (b"", 1)])
def test_recover_asks_and_then_goes_on(answer: bytes, code: int) -> None:
    saved()
    outcome = call("--recover", stdin=answer)
    assert outcome.code == code
    assert "mos_eisley" in outcome.text
    assert outcome.text.endswith("not recovered\n" if code else "recovered\n")
    assert ("recovery.completed" in types()) == (code == 0)


def test_a_state_cannot_steer_the_terminal() -> None:
    saved(zone="\x1b[2J\u202e", planet="\x9b")
    outcome = call("--recover", stdin=b"n\n")
    assert not UNSAFE.search(outcome.text + outcome.err)


def test_cleanup_deletes_a_file_that_is_older_than_the_age() -> None:
    saved(timestamp=1.0)
    assert call("--cleanup").text == "0 files deleted\n"
    day = time.time() - 25 * 3600
    os.utime(STATE, (day, day))
    assert call("--cleanup", "--max-age", "26").text == "0 files deleted\n"
    assert call("--cleanup").text == "1 file deleted\n"
    assert not STATE.exists()


@pytest.mark.parametrize("action", ["restart", "relog"])
@pytest.mark.parametrize(("command", "code"), [(TRUE, 0), (FALSE, 1), (["/nowhere"], 1)])
def test_an_attempt_runs_the_configured_command(action: str, command: list[str], code: int) -> None:
    outcome = call(f"--{action}", config={f"{action}_command": command})
    assert (outcome.code, outcome.text) == (code, f"{action}: {'failed' if code else 'done'}\n")
    assert types() == ["session.started", f"client.{action}_attempted"]


def test_without_crashes_all_is_well() -> None:
    outcome = call("--detect-crashes")
    assert (outcome.code, outcome.text) == (0, "no crashes\n")


@pytest.mark.parametrize(("command", "code"), [(TRUE, 0), (FALSE, 1)])
def test_a_crash_is_named_and_dealt_with(command: list[str], code: int) -> None:
    saved()
    Path("out").write_text("fine\nOh: Game Crashed \x1b[2J\n")
    outcome = call("--detect-crashes", config={
        "auto_restart": True, "restart_command": command,
        "crash_detection": {"message_file": "out"},
    })  # fmt: skip
    assert outcome.code == code
    crash, end = outcome.text.splitlines()
    assert crash.startswith("game crashed: Oh: Game Crashed")
    assert not UNSAFE.search(outcome.text)
    assert end.startswith("not recovered" if code else "recovered")
    assert types().count("crash.detected") == 1


def test_a_message_that_was_looked_at_is_not_looked_at_again() -> None:
    Path("out").write_text("game crashed\n")
    config = {"crash_detection": {"message_file": "out"}}
    assert call("--detect-crashes", config=config).code == 1
    assert call("--detect-crashes", config=config).text == "no crashes\n"


# The other options


@pytest.mark.parametrize("action", ["save", "stats"])
def test_output_gets_the_statistics_as_json(action: str) -> None:
    saved()
    assert call(f"--{action}", "--output", "out.json").code == 0
    text = Path("out.json").read_text()
    assert text.startswith('{\n  "session_duration": ')
    assert list(json.loads(text)) == [
        "session_duration", "crash_count", "last_save", "recovery_enabled", "auto_restart",
        "auto_relog", "save_interval", "state_file",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("stats", {}),
        ("recover", {"recovered": False, "session": None, "state": None}),
        ("detect-crashes", {"crashes": [], "recovered": True}),
        ("cleanup", {"removed": 0}),
        ("restart", {"action": "restart", "successful": True}),
        ("relog", {"action": "relog", "successful": True}),
    ],
)
def test_output_to_stdout_is_nothing_but_json(action: str, answer: dict[str, Any]) -> None:
    config = {"restart_command": TRUE, "relog_command": TRUE}
    assert call(f"--{action}", "--output", "-", config=config).json == answer


def test_the_question_does_not_spoil_the_json() -> None:
    state = saved()
    answer = call("--recover", "--output", "-", stdin=b"y\n").json
    assert (answer["recovered"], answer["state"]) == (True, state)


def test_an_output_that_cannot_be_written_is_an_error() -> None:
    saved()
    outcome = call("--stats", "--output", "no/such/directory")
    assert outcome.code == 1
    assert "no/such/directory" in outcome.err


@pytest.mark.parametrize("text", ["a: [", "- 1", "save_interval: x", "\0"])
def test_a_configuration_of_no_use_gives_the_defaults_and_a_warning(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    Path("c.yaml").write_text(text)
    assert call("--save", "--config", "c.yaml").code == 0
    assert "c.yaml" in caplog.text
    assert STATE.exists()


def test_the_log_may_be_another() -> None:
    call("--save", "--log", "other.eventlog")
    assert types("other.eventlog") == ["session.started", "state.saved"]
    assert not Path("activity.eventlog").exists()


def test_what_cannot_be_recorded_is_told() -> None:
    EventLog.open("activity.eventlog").close()
    with hold_writer_lock(Path("activity.eventlog"), Files(), 0):
        outcome = call("--save")
    assert outcome.code == 1
    assert "2 events not recorded" in outcome.err
    assert STATE.exists()


@pytest.mark.parametrize("option", ["--verbose", "-v"])
def test_verbose_tells_what_the_engine_does(option: str, caplog: pytest.LogCaptureFixture) -> None:
    call("--save")
    assert "state saved" not in caplog.text
    call("--save", option)
    assert "state saved" in caplog.text


def test_verbose_shows_tracebacks() -> None:
    Path("is-a-file").touch()
    saved()
    assert "Traceback" not in call("--stats", "--output", "is-a-file/x").err
    assert "Traceback" in call("--stats", "--output", "is-a-file/x", "-v").err


# Until interrupted


def until(what: Any) -> None:
    """Wait until it is true."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_auto_save_saves_until_it_is_interrupted(number: int) -> None:
    saved()
    config = configured({"save_interval": 0.01})
    with start("session-recovery", "--auto-save", "--config", config, "--output", "o") as child:
        assert child.stdout is not None
        assert b"Ctrl-C" in child.stdout.readline()
        before = STATE.stat().st_mtime_ns
        until(lambda: STATE.stat().st_mtime_ns > before)
        child.send_signal(number)
        out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, out, err) == (0, b"stopped\n", b"")
    assert json.loads(STATE.read_text())["task_queue"] == ["a", "b"]
    assert json.loads(Path("o").read_text())["save_interval"] == 0.01
    assert types()[-1] == "session.ended"


def ignore_interrupts() -> None:
    """As shells start what is to run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("action", ["--auto-save", "--watch"])
def test_sigterm_ends_it_also_where_ctrl_c_is_ignored(action: str) -> None:
    with start("session-recovery", action, preexec_fn=ignore_interrupts) as child:
        assert child.stdout is not None
        assert b"Ctrl-C" in child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, err) == (0, b"")


def test_watch_deals_with_each_crash_as_it_comes() -> None:
    saved()
    config = configured({
        "auto_restart": True, "restart_command": TRUE,
        "crash_detection": {"message_file": "out", "check_interval": 0.01},
    })  # fmt: skip
    with start("session-recovery", "--watch", "--config", config, "--output", "o") as child:
        assert child.stdout is not None
        assert b"Ctrl-C" in child.stdout.readline()
        for message in ("connection lost", "memory error"):
            with Path("out").open("a") as program:
                print(message, file=program)
            until(lambda: child.stdout.readline() == b"recovered\n")
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, err) == (0, b"")
    crashes = json.loads(Path("o").read_text())["crashes"]
    assert [one["error_type"] for one in crashes] == ["connection lost", "memory error"]
    assert types().count("crash.detected") == 2


# By itself


def test_the_module_runs_by_itself() -> None:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli.session_recovery", *args], capture_output=True, text=True,
            env=environment({"PYTHONPATH": str(PROJECT)}), timeout=PATIENCE,
        )  # fmt: skip

    assert run("--stats").returncode == 1
    assert run("--save").returncode == 0
    assert run("--stats").returncode == 0
    assert run("--stats", "--save").returncode == 2
    assert stat.S_IMODE(STATE.stat().st_mode) == 0o600
