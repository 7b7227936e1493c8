"""What the log says of an engine, and that neither a kill nor another system changes it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from eventlog import Event, EventLog, verify
from eventlog._files import Files
from eventlog._lock import hold_writer_lock
from projections import RecoverySnapshots, SessionSummaries, project
from sessions._shared_log import close_shared_logs, shared_log
from sessions.recovery import SessionRecoveryEngine
from tests.cli.helpers import PROJECT, environment, eventlog

from .conftest import MakeEngine
from .test_state import a_state, put

Recorded = Callable[[], list[Event]]


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


# The events


def test_a_session_starts_with_its_first_event(
    engine: SessionRecoveryEngine, recorded: Recorded
) -> None:
    assert engine.session_key is None
    engine.auto_relog = True
    engine.save_session_state()
    started, saved = recorded()
    assert (started.type, saved.type) == ("session.started", "state.saved")
    assert started.subject == saved.subject == engine.session_key
    assert started.source == saved.source == "recovery/session_state"
    assert started.data == {
        "component": "recovery", "state_file": "tmp/session_state.json",
        "recovery_enabled": True, "auto_restart": False, "auto_relog": True, "save_interval": 300,
    }  # fmt: skip


def test_the_log_has_the_state_as_the_file_has_it(
    engine: SessionRecoveryEngine, recorded: Recorded
) -> None:
    engine.task_queue = ["a", "b"]
    engine.save_session_state()
    assert recorded()[-1].data == json.loads(engine.state_file.read_text())


def test_every_step_is_recorded(
    make_engine: MakeEngine, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: "y")
    make_engine().save_session_state(force=True)
    engine = make_engine(messages=lambda: ["game crashed"], restart=lambda: True)
    engine.prompt_recovery()
    engine.recover_session()
    engine.stop_auto_save()
    engine.auto_restart = True
    engine.save_interval = 60
    engine.handle_crash_recovery()
    engine.state_file = Path("a\0b")
    engine.save_session_state()
    engine.close()
    events = [event for event in recorded() if event.subject == engine.session_key]
    told = types(events)
    told.remove("state.saved")  # of the thread, at some moment
    assert told == [
        "session.started", "recovery.prompted", "recovery.completed", "autosave.started",
        "state.saved", "autosave.stopped", "config.changed", "config.changed", "crash.detected",
        "client.restart_attempted", "recovery.completed", "state.saved", "state.save_failed",
        "session.ended",
    ]  # fmt: skip


def test_recovered_sessions_keep_their_key(make_engine: MakeEngine, recorded: Recorded) -> None:
    first = make_engine()
    first.task_queue = ["a"]
    first.save_session_state()
    second = make_engine()
    second.recover_session()
    assert second.session_key == first.session_key
    (recovered,) = [event for event in recorded() if event.type == "recovery.completed"]
    assert recovered.data == {"method": "resume", "tasks_restored": 1, "crash_count": 0}


def test_what_ended_with_tasks_left_goes_on_in_another_session(make_engine: MakeEngine) -> None:
    with make_engine() as first:
        first.task_queue = ["a"]
        first.save_session_state()
    second = make_engine()
    assert second.recover_session() is True
    assert second.task_queue == ["a"]
    assert second.session_key != first.session_key


def test_nothing_is_told_of_a_session_after_its_end(
    make_engine: MakeEngine, recorded: Recorded
) -> None:
    with make_engine() as engine:
        engine.save_session_state()
    watcher = make_engine(messages=lambda: ["game crashed"])
    watcher.detect_crashes()
    engine.attempt_restart()
    assert recorded()[2].type == "session.ended"
    assert engine.session_key is not None
    assert [event.subject for event in recorded()].count(recorded()[0].subject) == 3
    assert len({event.subject for event in recorded()}) == 3


def test_continuing_saves_into_the_same_session_and_starts_nothing(
    make_engine: MakeEngine, recorded: Recorded
) -> None:
    first = make_engine(messages=lambda: ["game crashed"])
    first.task_queue = ["a"]
    first.detect_crashes()
    first.save_session_state()
    second = make_engine()
    second.continue_session()
    assert second.save_thread is None
    second.save_session_state()
    assert types(recorded()) == ["session.started", "crash.detected", "state.saved", "state.saved"]
    assert second.session_key == first.session_key
    assert second.current_state is not None
    assert (second.current_state.task_queue, second.current_state.crash_count) == (["a"], 1)


def test_a_session_that_is_not_recovered_is_another_one(make_engine: MakeEngine) -> None:
    first, second = make_engine(), make_engine()
    first.save_session_state()
    second.save_session_state()
    assert second.session_key != first.session_key


def test_a_state_that_this_log_does_not_know_begins_a_session(make_engine: MakeEngine) -> None:
    put(a_state())
    engine = make_engine()
    assert engine.recover_session() is True
    assert engine.session_key is not None


def test_a_crash_is_told_of_the_session_that_saved_last(
    make_engine: MakeEngine, recorded: Recorded
) -> None:
    """Whoever only watches tells nothing of itself."""
    watcher = make_engine(messages=lambda: ["game crashed"])
    bot = make_engine()
    bot.save_session_state()
    watcher.detect_crashes()
    assert recorded()[-1].type == "crash.detected"
    assert recorded()[-1].subject == bot.session_key
    watcher.close()
    assert recorded()[-1].type == "crash.detected"


def test_crashes_that_others_tell_of_count(make_engine: MakeEngine, recorded: Recorded) -> None:
    """Also those that the program does not know of when it saves again, at each recovery."""
    watcher = make_engine(messages=lambda: ["game crashed"], restart=lambda: True)
    watcher.auto_restart = True
    for known in range(3):
        bot = make_engine()
        bot.recover_session()
        bot.save_session_state()
        watcher.handle_crash_recovery()
        bot.save_session_state()
        bot.stop_auto_save()
        assert bot.current_state is not None and bot.current_state.crash_count == known
    last = make_engine()
    last.recover_session()
    assert last.capture_current_state().crash_count == 3  # type: ignore[union-attr]
    assert len({event.subject for event in recorded()}) == 1


def test_a_crash_before_the_first_save_does_not_draw_the_later_ones_to_itself(
    make_engine: MakeEngine, recorded: Recorded
) -> None:
    watcher = make_engine()
    watcher.report_crash("process ended", "early")
    bot = make_engine()
    bot.save_session_state()
    watcher.report_crash("process ended", "late")
    assert recorded()[-1].subject == bot.session_key
    watcher.close()
    assert recorded()[-1].type == "session.ended"
    assert recorded()[-1].subject == recorded()[0].subject != bot.session_key


def test_who_told_of_a_crash_first_saves_into_the_same_session(
    engine: SessionRecoveryEngine, recorded: Recorded
) -> None:
    engine.report_crash("process ended", "early")
    engine.save_session_state()
    assert len({event.subject for event in recorded()}) == 1
    assert engine.current_state is not None and engine.current_state.crash_count == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit(3), SystemExit("no disk")])
def test_an_error_in_the_program_does_not_end_the_session_in_order(
    make_engine: MakeEngine, recorded: Recorded, error: BaseException
) -> None:
    with pytest.raises((ZeroDivisionError, SystemExit)), make_engine() as engine:
        engine.save_session_state()
        raise error
    assert "session.ended" not in types(recorded())
    with make_engine() as engine:
        engine.save_session_state()
    assert recorded()[-1].type == "session.ended"


@pytest.mark.parametrize("name", ["x" * 250, "\x1b[31m", "\udc80", "a b/../c", "ä", "%"])
def test_any_name_of_a_state_file_can_be_told(
    engine: SessionRecoveryEngine, recorded: Recorded, name: str
) -> None:
    engine.state_file = Path(f"tmp/{name}")
    assert engine.save_session_state() is True
    assert recorded()[-1].source.startswith("recovery/")


def test_a_damaged_log_does_not_stop_a_recovery(
    make_engine: MakeEngine, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with make_engine() as engine:
        engine.save_session_state()
    close_shared_logs()
    identity = directory / "activity.eventlog/log.json"
    whole = identity.read_text()
    identity.write_text("{")
    engine = make_engine()
    assert engine.recover_session() is True
    assert "not found" in caplog.text
    identity.write_text(whole)
    engine.close()
    assert engine.waiting == 0


def test_what_another_process_keeps_from_being_written_waits(make_engine: MakeEngine) -> None:
    EventLog.open("activity.eventlog").close()
    with hold_writer_lock(Path("activity.eventlog"), Files(), 0):
        engine = make_engine()
        assert engine.save_session_state() is True
        assert engine.waiting == 2
    engine.close()
    assert engine.waiting == 0


def test_sessions_of_other_systems_are_not_taken_over(make_engine: MakeEngine) -> None:
    state = a_state(timestamp=time.time(), last_save_time=1.0)
    put(state)
    about = {"timestamp": state.timestamp, "last_save_time": 1.0}
    shared_log().record("state.saved", about, subject="theirs", source="agent/1")
    engine = make_engine()
    engine.recover_session()
    assert engine.session_key != "theirs"


# What the commands make of it


def test_the_read_models_understand_a_session(make_engine: MakeEngine, directory: Path) -> None:
    engine = make_engine(messages=lambda: ["game crashed"])
    engine.task_queue = ["a", "b"]
    engine.save_session_state()
    engine.detect_crashes()
    log = directory / "activity.eventlog"
    (snapshot,) = project_all(log, RecoverySnapshots())
    assert engine.current_state is not None
    assert snapshot.state == json.loads(engine.state_file.read_text())
    assert (snapshot.crashes, snapshot.ended_cleanly, snapshot.incomplete) == (1, False, 0)
    (summary,) = project_all(log, SessionSummaries())
    assert (summary.status, summary.incomplete) == ("crashed", 0)
    engine.restart, engine.auto_restart = (lambda: True), True
    engine.handle_crash_recovery()
    engine.close()
    (summary,) = project_all(log, SessionSummaries())
    assert summary.status == "ended"


def project_all(log: Path, projection: Any) -> list[Any]:
    with EventLog.open(log, readonly=True) as opened:
        return list(project(opened, projection))


@pytest.mark.parametrize(
    "command",
    ["summary", "analyze", "areas", "trends --metric session_length", "recover", "audit", "verify"],
)
def test_every_command_works_on_its_log(engine: SessionRecoveryEngine, command: str) -> None:
    engine.save_session_state()
    engine.close()
    name, *options = command.split()
    assert eventlog(name, "activity.eventlog", *options).code == 0


# Killed at any moment

BOT = """
import sys
from sessions.recovery import SessionRecoveryEngine

engine = SessionRecoveryEngine("recovery.yaml")
if not engine.recover_session():
    engine.task_queue = ["0"]
    engine.start_auto_save()
print("ready", flush=True)
while True:
    engine.task_queue = [str(int(engine.task_queue[0]) + 1)]
    if engine.save_session_state():
        print(engine.current_state.task_queue[0], flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_saved(directory: Path) -> None:
    config = "{save_interval: 0.01, session_tracking: {enabled: false}}"
    Path("recovery.yaml").write_text(config)
    random_ = random.Random(31)
    reached = 0
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", BOT], stdout=subprocess.PIPE, text=True,
            env=environment({"PYTHONPATH": str(PROJECT)}),
        ) as bot:  # fmt: skip
            assert bot.stdout is not None and bot.stdout.readline() == "ready\n"
            first = int(bot.stdout.readline())
            time.sleep(random_.random() * 0.05)  # the moment of the kill, not a wait
            bot.kill()
            acknowledged = [first, *map(int, bot.stdout.read().split("\n")[:-1])]
        assert first >= reached  # went on, and did at most the last one again
        reached = acknowledged[-1]
        faults = verify(directory / "activity.eventlog").faults
        assert {fault.kind for fault in faults} <= {"torn"}  # the write that the kill cut off
        with EventLog.open("activity.eventlog", readonly=True) as log:
            saved = [int(e.data["task_queue"][0]) for e in log.read(types="state.saved")]
            assert set(acknowledged) <= set(saved)
            (snapshot,) = project(log, RecoverySnapshots())
        assert snapshot.state is not None and int(snapshot.state["task_queue"][0]) >= reached
        state = SessionRecoveryEngine("recovery.yaml").current_state
        assert state is not None and int(state.task_queue[0]) >= reached
    # Killed between the log and the file, it went on from the file: one before the log's last.
    assert all(earlier - 1 <= later for earlier, later in pairwise(saved))
