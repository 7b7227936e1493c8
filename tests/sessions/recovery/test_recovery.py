"""Crashes, what is done about them, going on with a session, and saving at intervals."""

from __future__ import annotations

import builtins
import io
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import sessions.recovery as recovery
from eventlog import Event
from sessions.recovery import CommandAction, CrashInfo, SessionRecoveryEngine
from sessions.recovery import _auto_save as auto_save

from .conftest import MakeEngine
from .test_state import a_state, put

PATIENCE = 60.0

Recorded = Callable[[], list[Event]]


def says(monkeypatch: pytest.MonkeyPatch, *messages: str) -> None:
    """From now on these are the messages of the program."""
    monkeypatch.setattr(recovery, "detect_swg_errors", lambda: list(messages))


def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    waits: list[float] = []
    monkeypatch.setattr(recovery.time, "sleep", waits.append)
    return waits


def data_of(recorded: Recorded, type_: str) -> list[dict[str, Any]]:
    return [event.data for event in recorded() if event.type == type_]


# Detecting


def test_without_messages_there_are_no_crashes(engine: SessionRecoveryEngine) -> None:
    assert engine.detect_crashes() == []
    assert engine.crash_history == []


def test_messages_that_only_resemble_a_pattern_are_no_crashes(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 22."""
    says(
        monkeypatch,
        "Connection to server lost...",
        "Game has crashed...",
        "Memory allocation failed",
        "Graphics driver error",
    )
    assert engine.detect_crashes() == []


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("Error: CONNECTION LOST (code 7)", "connection lost"),
        ("server disconnected", "server disconnected"),
        ("The Game Crashed!", "game crashed"),
        ("out-of-memory error", "memory error"),
        ("graphics error 3", "graphics error"),
        ("game crashed after: connection lost", "connection lost"),
    ],
)
def test_a_message_that_contains_a_pattern_is_a_crash(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch, message: str, pattern: str
) -> None:
    says(monkeypatch, "all is well", message)
    (crash,) = engine.detect_crashes()
    assert (crash.error_type, crash.error_message) == (pattern, message)
    assert (crash.recovery_attempted, crash.recovery_successful) == (False, False)
    assert abs(crash.timestamp - time.time()) < PATIENCE
    assert engine.crash_history == [crash]


def test_patterns_are_configurable(make_engine: MakeEngine) -> None:
    engine = make_engine(
        {"crash_detection": {"error_patterns": ["Out of Cheese"]}},
        messages=lambda: ["out of cheese, redo", "connection lost"],
    )
    assert [crash.error_type for crash in engine.detect_crashes()] == ["Out of Cheese"]


def test_detection_that_is_off_finds_nothing(make_engine: MakeEngine) -> None:
    engine = make_engine(
        {"crash_detection": {"enabled": False}}, messages=lambda: ["connection lost"]
    )
    assert engine.detect_crashes() == []


def test_detecting_and_then_handling_counts_a_crash_once(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    """Trap 23, the second part."""
    no_waiting(monkeypatch)
    says(monkeypatch, "connection lost")
    engine.auto_restart = True
    (crash,) = engine.detect_crashes()
    assert engine.handle_crash_recovery() is True
    assert engine.crash_history == [crash]
    assert len(data_of(recorded, "crash.detected")) == 1
    assert (crash.recovery_attempted, crash.recovery_successful) == (True, True)


def test_after_it_was_handled_the_same_message_is_a_new_crash(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_waiting(monkeypatch)
    says(monkeypatch, "connection lost")
    engine.auto_restart = True
    engine.handle_crash_recovery()
    engine.handle_crash_recovery()
    assert len(engine.crash_history) == 2


def test_a_crash_that_is_told_only_once_is_still_handled(make_engine: MakeEngine) -> None:
    messages = iter([["connection lost"], [], []])
    engine = make_engine(messages=lambda: next(messages), restart=lambda: True)
    engine.detect_crashes()
    assert engine.handle_crash_recovery() is False
    engine.auto_restart = True
    assert engine.handle_crash_recovery() is True


def test_callers_may_add_to_the_history(engine: SessionRecoveryEngine, recorded: Recorded) -> None:
    engine.crash_history.append(CrashInfo("theirs", "m", 1.0, True, True))
    assert engine.handle_crash_recovery() is True
    assert recorded() == []


def test_a_source_that_fails_is_reported(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> list[str]:
        raise OSError("gone")

    assert make_engine(messages=failing).detect_crashes() == []
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("message", ["\ud800", "\0\x1b[2J", "x" * 2_000_000, "\0" * 200_000])
def test_any_message_is_kept_in_the_log(
    make_engine: MakeEngine, recorded: Recorded, message: str
) -> None:
    engine = make_engine(messages=lambda: ["connection lost " + message])
    (crash,) = engine.detect_crashes()
    assert crash.error_message == "connection lost " + message
    (data,) = data_of(recorded, "crash.detected")
    assert data["error_message"].startswith("connection lost ")
    assert f"{len(crash.error_message):,}" in data["error_message"] or len(message) < 9


def test_one_text_instead_of_a_list_is_one_message(make_engine: MakeEngine) -> None:
    engine = make_engine(messages=lambda: "connection lost")
    assert len(engine.detect_crashes()) == 1


@pytest.mark.parametrize("text", ["x" * 2_000_000, "\x00\x1b[2J\udc80", "\u202e" * 300_000])
def test_a_message_of_any_size_and_kind_is_a_crash(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch, recorded: Recorded, text: str
) -> None:
    """The history has it as it is, the log as far as an event can hold it."""
    says(monkeypatch, f"game crashed {text}")
    (crash,) = engine.detect_crashes()
    assert crash.error_message == f"game crashed {text}"
    (data,) = data_of(recorded, "crash.detected")
    assert data["error_message"].startswith("game crashed ")


# Handling


def test_without_crashes_there_is_nothing_to_handle(engine: SessionRecoveryEngine) -> None:
    assert engine.handle_crash_recovery() is True


@pytest.mark.parametrize("enabled", ["restart", "relog"])
def test_only_what_is_enabled_is_tried_and_once(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch, enabled: str
) -> None:
    says(monkeypatch, "connection lost")
    calls: list[str] = []

    def attempt(name: str) -> bool:
        calls.append(name)
        return True

    for name in ("restart", "relog"):
        monkeypatch.setattr(engine, f"attempt_{name}", partial(attempt, name))
    setattr(engine, f"auto_{enabled}", True)
    assert engine.handle_crash_recovery() is True
    assert calls == [enabled]


def test_the_order_is_restart_then_relog_then_a_person(make_engine: MakeEngine) -> None:
    calls: list[str] = []

    def fail(name: str) -> Callable[..., None]:
        return lambda *crashes: calls.append(name)

    engine = make_engine(
        {"auto_restart": True, "auto_relog": True},
        messages=lambda: ["game crashed"],
        restart=fail("restart"), relog=fail("relog"), manual=fail("manual"),
    )  # fmt: skip
    assert engine.handle_crash_recovery() is False
    assert calls == ["restart", "relog", "manual"]
    (crash,) = engine.crash_history
    assert (crash.recovery_attempted, crash.recovery_successful) == (True, False)


def test_a_relog_helps_where_a_restart_fails(make_engine: MakeEngine, recorded: Recorded) -> None:
    engine = make_engine(
        {"auto_restart": True, "auto_relog": True},
        messages=lambda: ["game crashed"], restart=lambda: False, relog=lambda: True,
    )  # fmt: skip
    assert engine.handle_crash_recovery() is True
    assert [event.type for event in recorded()] == [
        "session.started", "crash.detected", "client.restart_attempted", "client.relog_attempted",
        "recovery.completed",
    ]  # fmt: skip


def test_when_nothing_is_enabled_handling_fails(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is at the terminal here, so nobody is asked."""
    engine = make_engine(messages=lambda: ["game crashed"])
    assert engine.handle_crash_recovery() is False
    assert "manual intervention" in caplog.text
    assert engine.crash_history[0].recovery_attempted is False


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_a_person_at_the_terminal_is_asked(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer + "\n"))
    engine = make_engine(messages=lambda: ["game crashed"])
    assert engine.handle_crash_recovery() is (answer == "y")


def test_at_last_the_saved_state_is_restored(make_engine: MakeEngine) -> None:
    engine = make_engine(messages=lambda: ["game crashed"])
    put(a_state())
    assert engine.handle_crash_recovery() is False
    assert engine.current_state == a_state()


def test_an_action_that_raises_has_failed(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> bool:
        raise RuntimeError("no client")

    engine = make_engine(restart=failing)
    assert engine.attempt_restart() is False
    assert "no client" in caplog.text


def test_without_actions_both_attempts_are_simulated_waits(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = no_waiting(monkeypatch)
    assert engine.attempt_restart() is True
    assert engine.attempt_relog() is True
    assert waits == [2, 1]


# Commands as actions


@pytest.mark.parametrize(("code", "worked"), [(0, True), (3, False)])
def test_a_command_works_when_it_ends_with_0(code: int, worked: bool) -> None:
    command = CommandAction([sys.executable, "-c", f"raise SystemExit({code})"])
    assert command() is worked


def test_a_command_that_is_not_there_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    assert CommandAction(["./no-such-program"])() is False
    assert "no-such-program" in caplog.text


def test_a_command_that_takes_too_long_is_killed() -> None:
    assert CommandAction([sys.executable, "-c", "input()"], timeout=0)() is False


def test_no_shell_reads_the_command(directory: Path) -> None:
    assert CommandAction(["touch", "a; touch b"])() is True
    assert (directory / "a; touch b").exists() and not (directory / "b").exists()


@pytest.mark.parametrize("command", ["rm -r x", [], ""])
def test_a_command_must_be_a_list(command: Any) -> None:
    with pytest.raises(ValueError, match="must be a list"):
        CommandAction(command)


def test_the_configuration_may_name_commands(make_engine: MakeEngine, directory: Path) -> None:
    engine = make_engine({"restart_command": ["touch", "restarted"], "relog_command": ["false"]})
    assert engine.attempt_restart() is True
    assert engine.attempt_relog() is False
    assert (directory / "restarted").exists()


# Prompting


def test_without_a_state_nobody_is_asked(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "input", pytest.fail)
    assert engine.prompt_recovery() is False


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("y", True), ("Y", True), (" yes ", True), ("", True), ("n", False), ("no", False),
     ("what?", False)],
)  # fmt: skip
def test_the_answer_decides(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch, answer: str, expected: bool
) -> None:
    engine.current_state = a_state()
    monkeypatch.setattr(builtins, "input", lambda prompt: answer)
    assert engine.prompt_recovery() is expected


@pytest.mark.parametrize("stdin", [io.StringIO(""), None])
def test_without_anyone_to_ask_the_answer_is_no(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    engine.current_state = a_state()
    monkeypatch.setattr(sys, "stdin", stdin)
    assert engine.prompt_recovery() is False


def test_a_state_cannot_steer_the_terminal(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[str] = []

    def refuse(prompt: str) -> str:
        prompts.append(prompt)
        return "n"

    monkeypatch.setattr(builtins, "input", refuse)
    engine.current_state = a_state(planet="\x1b[2J\u202e", zone="x" * 9_000)
    engine.prompt_recovery()
    assert "\x1b" not in prompts[0] and "\u202e" not in prompts[0] and len(prompts[0]) < 400


# Going on


def test_without_a_state_nothing_is_recovered(engine: SessionRecoveryEngine) -> None:
    assert engine.recover_session() is False
    assert engine.save_thread_running is False


def a_program(engine: SessionRecoveryEngine) -> list[str]:
    """The quick start of the documentation: what it does."""
    done = []
    with engine:
        if not engine.recover_session():
            engine.task_queue = ["collect", "deliver"]
            engine.start_auto_save()
        while engine.task_queue:
            done.append(engine.task_queue.pop(0))
            engine.save_session_state()
    return done


def test_a_program_that_finished_starts_afresh(make_engine: MakeEngine, recorded: Recorded) -> None:
    for _ in range(3):
        assert a_program(make_engine()) == ["collect", "deliver"]
    events = recorded()
    assert len({event.subject for event in events}) == 3
    assert [event.subject for event in events] == sorted(
        [event.subject for event in events], key=[event.subject for event in events].index
    )  # nothing is added to one that has ended


def test_a_program_that_was_killed_after_its_last_task_does_none_again(
    make_engine: MakeEngine,
) -> None:
    killed = make_engine()
    killed.save_session_state()
    assert a_program(make_engine()) == []


def test_nobody_is_asked_about_a_finished_session(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "input", pytest.fail)
    a_program(make_engine())
    engine = make_engine()
    assert engine.current_state is not None
    assert engine.is_finished(engine.current_state)
    assert engine.prompt_recovery() is False


def test_recovering_starts_to_save_once_and_gives_back_tasks_and_modes(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(a_state())
    engine = make_engine()
    calls: list[int] = []
    monkeypatch.setattr(engine, "start_auto_save", lambda: calls.append(1))
    assert engine.recover_session() is True
    assert calls == [1]
    assert (engine.task_queue, engine.active_modes) == (["a", "b"], ["guard"])
    assert engine.current_state is not None and engine.current_state.task_queue == ["a", "b"]


def test_the_restored_tasks_are_a_list_of_their_own(make_engine: MakeEngine) -> None:
    put(a_state())
    engine = make_engine()
    engine.recover_session()
    engine.stop_auto_save()
    engine.task_queue.pop()
    assert engine.current_state is not None and engine.current_state.task_queue == ["a", "b"]


def test_the_crash_count_goes_on_where_it_was(make_engine: MakeEngine) -> None:
    """It is what was detected since the start, and what the recovered state had."""
    put(a_state(crash_count=2))
    engine = make_engine(messages=lambda: ["game crashed"])
    engine.detect_crashes()
    engine.recover_session()
    state = engine.capture_current_state()
    assert state is not None and state.crash_count == 3


def test_recovering_its_own_save_counts_no_crash_twice(make_engine: MakeEngine) -> None:
    engine = make_engine(messages=lambda: ["game crashed"])
    engine.detect_crashes()
    engine.save_session_state()
    engine.recover_session()
    state = engine.capture_current_state()
    assert state is not None and state.crash_count == 1


# Saving at intervals


def test_a_thread_that_is_stopped_at_once_has_saved(engine: SessionRecoveryEngine) -> None:
    """Trap 23, the first part."""
    for _ in range(20):
        engine.state_file.unlink(missing_ok=True)
        engine.start_auto_save()
        running = [engine.save_thread_running]
        engine.stop_auto_save()
        assert [*running, engine.save_thread_running] == [True, False]
        assert engine.state_file.exists()


def test_stopping_does_not_wait_for_the_interval(engine: SessionRecoveryEngine) -> None:
    engine.start_auto_save()
    thread = engine.save_thread
    assert thread is not None and thread.is_alive() and thread.daemon
    engine.stop_auto_save()
    assert not thread.is_alive()


def test_starting_twice_starts_one_thread(engine: SessionRecoveryEngine) -> None:
    engine.start_auto_save()
    thread = engine.save_thread
    engine.start_auto_save()
    assert engine.save_thread is thread
    engine.stop_auto_save()
    engine.stop_auto_save()
    engine.start_auto_save()
    assert engine.save_thread is not thread


def test_it_saves_through_the_instance_at_the_interval_of_the_moment(
    engine: SessionRecoveryEngine,
) -> None:
    saves = threading.Semaphore(0)
    engine.save_interval = 3600

    def save(force: bool = False) -> bool:
        engine.save_interval = 0.001
        saves.release()
        return True

    engine.save_session_state = save  # type: ignore[method-assign]
    engine.start_auto_save()
    for _ in range(5):
        assert saves.acquire(timeout=PATIENCE)
    engine.stop_auto_save()


def test_an_error_does_not_end_the_thread(
    engine: SessionRecoveryEngine, caplog: pytest.LogCaptureFixture
) -> None:
    saves = threading.Semaphore(0)
    engine.save_interval = 0.001

    def save(force: bool = False) -> bool:
        saves.release()
        raise RuntimeError("no state today")

    engine.save_session_state = save  # type: ignore[method-assign]
    engine.start_auto_save()
    for _ in range(3):
        assert saves.acquire(timeout=PATIENCE)
    engine.stop_auto_save()
    assert "no state today" in caplog.text


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf"), "300", None])
def test_an_interval_that_is_none_becomes_the_default(
    caplog: pytest.LogCaptureFixture, interval: Any
) -> None:
    assert auto_save._seconds(interval) == 300
    assert "save_interval" in caplog.text


def test_an_odd_setting_stops_neither_saving_nor_recording(
    engine: SessionRecoveryEngine, recorded: Recorded
) -> None:
    engine.save_interval = float("nan")
    engine.start_auto_save()
    engine.stop_auto_save()
    assert "state.saved" in [event.type for event in recorded()]


def test_a_save_may_stop_its_own_thread(engine: SessionRecoveryEngine) -> None:
    done = threading.Event()

    def save(force: bool = False) -> bool:
        engine.stop_auto_save()
        done.set()
        return True

    engine.save_session_state = save  # type: ignore[method-assign]
    engine.start_auto_save()
    thread = engine.save_thread
    assert thread is not None and done.wait(PATIENCE)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_threads_may_save_at_the_same_time(
    engine: SessionRecoveryEngine, recorded: Recorded
) -> None:
    saved: list[bool] = []
    threads = [
        threading.Thread(target=lambda: saved.extend(engine.save_session_state() for _ in "12345"))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert saved == [True] * 20
    states = data_of(recorded, "state.saved")
    assert len(states) == 20
    assert engine.load_session_state() == engine.current_state
    assert engine.current_state is not None
    assert states[-1]["timestamp"] == engine.current_state.timestamp


def test_leaving_the_context_stops_saving(make_engine: MakeEngine) -> None:
    with make_engine() as engine:
        engine.start_auto_save()
        thread = engine.save_thread
    assert thread is not None and not thread.is_alive()
