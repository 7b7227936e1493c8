"""A program under the engine's eyes: it dies, is started again, and goes on where it was."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    assert recovered["state"]["crash_count"] == KILLS
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


# What it says last: the first run leaves a message, the second one ends well.
SAYS = """
import pathlib, sys
if not pathlib.Path("out").exists():
    pathlib.Path("out").write_text({text!r})
    raise SystemExit({code})
"""
LISTENING = {"message_file": "out"}


@pytest.mark.parametrize("text", ["game crashed\n", "game crashed"])
def test_a_message_counts_also_when_the_program_then_ends_well(supervise: Any, text: str) -> None:
    program = SAYS.format(text=text, code=0)
    supervisor = supervise(program, {"auto_restart": True, "crash_detection": LISTENING})
    assert (supervisor.run(), supervisor.restarts) == (0, 1)
    (crash,) = supervisor.engine.crash_history
    assert (crash.error_message, crash.recovery_successful) == ("game crashed", True)


def test_a_message_of_an_earlier_run_does_not_count(
    supervise: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Left behind by a program that nobody watched, or that was being ended."""
    Path("out").write_text("game crashed\nand memory error")
    detection = {"message_file": "out", "check_interval": 0.01}
    program = "import time; time.sleep(0.3)"
    supervisor = supervise(program, {"auto_restart": True, "crash_detection": detection})
    assert (supervisor.run(), supervisor.restarts) == (0, 0)
    assert supervisor.engine.crash_history == []
    assert "2 old messages are not counted" in caplog.text


def test_a_crash_before_the_first_save_leaves_the_later_ones_to_the_program(
    supervise: Any,
) -> None:
    """Each of them is told of the session that goes on, and counts in its state."""
    Path("recovery.yaml").write_text("{state_file: state.json}")
    dying = """
import os, pathlib
from sessions.recovery import SessionRecoveryEngine
runs = pathlib.Path("runs")
number = len(runs.read_text()) if runs.exists() else 0
runs.write_text("x" * (number + 1))
if number == 0:
    os.kill(os.getpid(), 9)
with SessionRecoveryEngine("recovery.yaml") as engine:
    if not engine.recover_session():
        engine.task_queue = ["a"]
    engine.save_session_state()
    if number < 3:
        os.kill(os.getpid(), 9)
"""
    supervisor = supervise(dying, {"auto_restart": True, "state_file": "state.json"})
    assert supervisor.run() == 0
    supervisor.engine.close()
    crashes = [event.subject for event in events() if event.type == "crash.detected"]
    saves = {event.subject for event in events() if event.type == "state.saved"}
    assert len(crashes) == 3
    assert crashes[0] not in saves and {*crashes[1:]} == saves
    assert json.loads(Path("state.json").read_text())["crash_count"] == 2
    ended = [event.subject for event in events() if event.type == "session.ended"]
    assert {*ended} == {*crashes}


def test_a_program_that_finished_its_session_is_not_started_again(
    supervise: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It would do all its work again."""
    Path("recovery.yaml").write_text("{state_file: state.json}")
    finishing = """
from sessions.recovery import SessionRecoveryEngine
with SessionRecoveryEngine("recovery.yaml") as engine:
    engine.save_session_state()
raise SystemExit(3)
"""
    supervisor = supervise(finishing, {"auto_restart": True, "state_file": "state.json"})
    assert (supervisor.run(), supervisor.restarts) == (3, 0)
    assert [crash.error_message for crash in supervisor.engine.crash_history] == ["exit code 3"]
    assert "not started again" in caplog.text


def test_what_helps_without_a_restart_does_not_start_it_again(supervise: Any) -> None:
    """Else there would be no end to it."""
    config = {"auto_restart": True, "auto_relog": True, "relog_command": ["true"]}
    supervisor = supervise("raise SystemExit(3)", config, most_restarts=1)
    assert (supervisor.run(), supervisor.restarts) == (3, 1)


# Ending the program

UP = "import pathlib, time; pathlib.Path('up').touch(); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {UP}"


def wait_for(what: Callable[[], Any]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.001)


def run_and_stop(supervisor: Supervisor) -> int:
    """Stop it when the program is up; what ``run`` returned."""
    codes: list[int] = []
    running = Thread(target=lambda: codes.append(supervisor.run()))
    running.start()
    wait_for(Path("up").exists)
    supervisor.stop()
    running.join(PATIENCE)
    return codes[0]


def test_stopping_ends_the_program(supervise: Any) -> None:
    supervisor = supervise(UP, {"auto_restart": True})
    assert run_and_stop(supervisor) == -signal.SIGTERM
    assert (supervisor.restarts, supervisor.engine.crash_history) == (0, [])


def test_a_program_that_does_not_end_is_killed(
    supervise: Any, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = supervise(DEAF, {"auto_restart": True}, patience=0.01)
    assert run_and_stop(supervisor) == -signal.SIGKILL
    assert "it is killed" in caplog.text
    assert supervisor.engine.crash_history == []


@pytest.mark.parametrize("end", ["wait", "exit 0", "exit 3", "kill -9 $$"])
def test_no_process_of_the_program_is_left(engine: SessionRecoveryEngine, end: str) -> None:
    """The pipe ends when nobody has it open any more: neither the shell nor what it started."""
    os.mkfifo("pipe")
    engine.manual = lambda crashes: False
    script = f"trap '' TERM; exec > pipe; sleep 600 & touch up; {end}"
    supervisor = Supervisor(engine, ["sh", "-c", script], patience=0.01)
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(Path("pipe").read_bytes)
        run_and_stop(supervisor)
        assert ended.result(PATIENCE) == b""


def test_stopping_while_a_restart_is_due_starts_nothing(supervise: Any) -> None:
    supervisor = supervise("raise SystemExit(3)", {"auto_restart": True})
    supervisor._delay = 600
    restart = supervisor.engine.restart

    def stop_meanwhile() -> Any:
        supervisor.stop()
        return restart()

    supervisor.engine.restart = stop_meanwhile
    assert (supervisor.run(), supervisor.restarts) == (3, 0)


# What ends the supervisor itself

SUPERVISOR = """
import os, sys
from sessions.recovery import SessionRecoveryEngine, Supervisor

with SessionRecoveryEngine() as engine:
    engine.manual = lambda crashes: print("asked", flush=True) or input()
    command = [sys.executable, "-c", sys.argv[1]]
    print("ended with", Supervisor(engine, command, patience=float(sys.argv[2])).run())
"""
WRITES_PID = "import os, pathlib; pathlib.Path('pid').write_text(str(os.getpid())); "


def start_supervisor(program: str, patience: float = PATIENCE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, program, str(patience)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment({"PYTHONPATH": str(PROJECT)}),
    )  # fmt: skip


def is_locked() -> bool:
    """Whether a supervisor, or the program of one, is alive."""
    with Path("tmp/.session_state.json.supervisor").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("program", [UP, DEAF], ids=["polite", "deaf"])
def test_a_signal_to_the_supervisor_ends_the_program_first(number: int, program: str) -> None:
    patience = 0.01 if program == DEAF else PATIENCE
    with start_supervisor(program, patience) as supervisor:
        wait_for(Path("up").exists)
        assert is_locked()
        supervisor.send_signal(number)
        out, _ = supervisor.communicate(timeout=PATIENCE)
    code = -number if number == signal.SIGINT else 128 + number
    assert (supervisor.returncode, out) == (code, "")
    assert not is_locked()


def test_a_signal_while_no_program_runs_ends_the_supervisor_at_once() -> None:
    """Here while a person is asked for help, who does not answer."""
    with start_supervisor("raise SystemExit(3)") as supervisor:
        assert supervisor.stdout is not None and supervisor.stdout.readline() == "asked\n"
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(PATIENCE) == 128 + signal.SIGTERM
        supervisor.communicate()


def test_handlers_of_signals_are_what_they_were(supervise: Any) -> None:
    def mine(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, mine)
    try:
        program = "import os, signal; print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
        assert supervise(program, {}).run() == 0
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
    assert supervise("", {}).run() == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_program_of_a_killed_supervisor_keeps_others_away(supervise: Any) -> None:
    with start_supervisor(WRITES_PID + UP) as first:
        wait_for(Path("up").exists)
        pid = int(Path("pid").read_text())
        try:
            both = f"supervisor {first.pid} or its program, process {pid}, still runs"
            with pytest.raises(BlockingIOError, match=both):
                supervise("", {}).run()
            first.kill()
            first.wait(PATIENCE)
            with pytest.raises(BlockingIOError, match=both):
                supervise("", {}).run()
        finally:
            os.kill(pid, signal.SIGKILL)
        first.communicate(timeout=PATIENCE)
    wait_for(lambda: not is_locked())
    assert supervise("", {}).run() == 0


def test_supervisors_of_different_state_files_do_not_meet(supervise: Any) -> None:
    with start_supervisor(UP) as first:
        wait_for(Path("up").exists)
        assert supervise("", {"state_file": "other/state.json"}).run() == 0
        first.terminate()
        first.communicate(timeout=PATIENCE)


def test_the_lock_is_no_link_and_private(supervise: Any) -> None:
    supervisor = supervise("", {"state_file": "state.json"})
    lock = Path(".state.json.supervisor")
    lock.symlink_to("victim")
    with pytest.raises(OSError, match="symbolic"):
        supervisor.run()
    assert not Path("victim").exists()
    lock.unlink()
    assert supervisor.run() == 0
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


@pytest.mark.parametrize("command", ["ls -l", []])
def test_the_program_must_be_a_list(engine: SessionRecoveryEngine, command: Any) -> None:
    with pytest.raises(ValueError, match="must be a list"):
        Supervisor(engine, command)


def test_a_program_that_is_not_there_is_an_error(engine: SessionRecoveryEngine) -> None:
    with pytest.raises(FileNotFoundError):
        Supervisor(engine, ["/nowhere/at/all"]).run()
