"""A program under the engine's eyes: it dies, is started again, and goes on where it was."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from eventlog import Event, EventLog
from sessions.recovery import SessionRecoveryEngine, Supervisor
from tests.cli.helpers import PATIENCE, PROJECT, environment, eventlog

from .conftest import MakeEngine

LOG = "activity.eventlog"
KILLS = 25 if os.environ.get("EVENTLOG_DEEP") else 3
TASKS = KILLS * 40

# Each task is a line in a file; the state is saved when the line is there.
WORKER = f"""
import time
from sessions.recovery import SessionRecoveryEngine

with SessionRecoveryEngine("recovery.yaml") as engine:
    if not engine.recover_session():
        engine.task_queue = [str(number) for number in range({TASKS})]
        engine.start_auto_save()
    with open("done", "a", buffering=1) as done:
        while engine.task_queue:
            time.sleep(0.002)
            print(engine.task_queue[0], file=done)
            engine.task_queue.pop(0)
            engine.save_session_state()
"""


@pytest.fixture
def supervise(make_engine: MakeEngine) -> Any:
    """Makes a supervisor of a Python program, with this configuration."""

    def make(program: str, config: dict[str, Any], **options: Any) -> Supervisor:
        engine = make_engine(config)
        engine.manual = lambda crashes: False
        command = [sys.executable, "-c", program]
        env = environment({"PYTHONPATH": str(PROJECT)})
        return Supervisor(engine, command, env=env, delay=0, **options)

    return make


def done() -> list[int]:
    path = Path("done")
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def kill_again_and_again(supervisor: Supervisor) -> None:
    """At any moment after some progress, each time another process."""
    moments = random.Random(7)
    for number in range(KILLS):
        until = time.monotonic() + PATIENCE
        while len(done()) < 30 * (number + 1) and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(moments.random() * 0.02)  # the moment of the kill, not a wait
        if (pid := supervisor.pid) is not None:
            os.kill(pid, 9)
        while supervisor.restarts <= number and time.monotonic() < until:
            time.sleep(0.001)


def test_a_program_that_is_killed_goes_on_where_it_was(supervise: Any) -> None:
    config = {
        "auto_restart": True, "save_interval": 60, "session_tracking": {"enabled": False},
        "state_file": "state.json",
    }  # fmt: skip
    Path("recovery.yaml").write_text(json.dumps(config))
    supervisor = supervise(WORKER, config, most_restarts=KILLS)
    killer = Thread(target=kill_again_and_again, args=(supervisor,))
    killer.start()
    try:
        assert supervisor.run() == 0
    finally:
        killer.join()
    assert supervisor.restarts == KILLS
    tasks = done()
    assert sorted(set(tasks)) == list(range(TASKS))  # every one of them
    assert tasks == sorted(tasks)  # in order
    assert len(tasks) - TASKS <= KILLS  # again only what was done and not yet saved

    crashes = supervisor.engine.crash_history
    assert [crash.error_message for crash in crashes] == ["killed by SIGKILL"] * KILLS
    assert all(crash.recovery_successful for crash in crashes)
    (session,) = {event.subject for event in events()}
    recovered = eventlog("recover", LOG, str(session), "--json").json
    assert recovered["state"] == json.loads(Path("state.json").read_text())
    assert recovered["state"]["task_queue"] == []
    assert (recovered["crashes_total"], recovered["ended_cleanly"]) == (KILLS, True)


def events() -> list[Event]:
    with EventLog.open(LOG, readonly=True) as log:
        return list(log.read())


def test_a_program_that_ends_well_is_not_started_again(supervise: Any) -> None:
    supervisor = supervise("", {"auto_restart": True})
    assert (supervisor.run(), supervisor.restarts, supervisor.pid) == (0, 0, None)
    assert supervisor.engine.crash_history == []


def test_restarts_come_to_an_end(supervise: Any, caplog: pytest.LogCaptureFixture) -> None:
    supervisor = supervise("raise SystemExit(3)", {"auto_restart": True}, most_restarts=2)
    assert (supervisor.run(), supervisor.restarts) == (3, 2)
    assert "enough" in caplog.text
    crashes = supervisor.engine.crash_history
    assert [crash.error_message for crash in crashes] == ["exit code 3"] * 3
    assert [crash.recovery_successful for crash in crashes] == [True, True, False]


def test_without_auto_restart_a_crash_is_the_end(supervise: Any) -> None:
    supervisor = supervise("raise SystemExit(3)", {})
    assert (supervisor.run(), supervisor.restarts) == (3, 0)


def test_a_message_of_a_crash_ends_the_program_and_starts_it_again(supervise: Any) -> None:
    """The first one hangs after its message; the second one finds its trace, and ends well."""
    hanging = """
import pathlib, time
if not pathlib.Path("out").exists():
    pathlib.Path("out").write_text("Oh: server disconnected\\n")
    time.sleep(600)
"""
    detection = {"message_file": "out", "check_interval": 0.01}
    supervisor = supervise(hanging, {"auto_restart": True, "crash_detection": detection})
    assert (supervisor.run(), supervisor.restarts) == (0, 1)
    (crash,) = supervisor.engine.crash_history
    assert crash.error_message == "Oh: server disconnected"


def test_stopping_ends_the_program(supervise: Any) -> None:
    program = "import pathlib, time; pathlib.Path('up').touch(); time.sleep(600)"
    supervisor = supervise(program, {"auto_restart": True})
    running = Thread(target=supervisor.run)
    running.start()
    until = time.monotonic() + PATIENCE
    while not Path("up").exists() and time.monotonic() < until:
        time.sleep(0.001)
    supervisor.stop()
    running.join(PATIENCE)
    assert not running.is_alive()
    assert (supervisor.restarts, supervisor.engine.crash_history) == (0, [])


@pytest.mark.parametrize("command", ["ls -l", []])
def test_the_program_must_be_a_list(engine: SessionRecoveryEngine, command: Any) -> None:
    with pytest.raises(ValueError, match="must be a list"):
        Supervisor(engine, command)


def test_a_program_that_is_not_there_is_an_error(engine: SessionRecoveryEngine) -> None:
    with pytest.raises(FileNotFoundError):
        Supervisor(engine, ["/nowhere/at/all"]).run()
