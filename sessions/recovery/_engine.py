"""The engine: saves a session's state, notices crashes, and brings the session back."""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from eventlog import InvalidEventError
from sessions._guards import Guard
from sessions._shared_log import shared_log
from sessions.recovery._actions import (
    Action,
    CommandAction,
    Help,
    ask,
    ask_at_terminal,
    printable,
    simulated_relog,
    simulated_restart,
)
from sessions.recovery._auto_save import AutoSave
from sessions.recovery._config import is_interval, load_config
from sessions.recovery._crashes import Crashes, Messages
from sessions.recovery._hooks import capture_fields, hook
from sessions.recovery._journal import Journal, loggable
from sessions.recovery._messages import FileMessages
from sessions.recovery._state import (
    CrashInfo,
    SessionState,
    decode_state,
    encode_state,
    state_data,
)
from sessions.recovery._state_file import load_state, purge, write_state

logger = logging.getLogger("sessions.recovery")

_SETTINGS = ("recovery_enabled", "auto_restart", "auto_relog", "save_interval")


class SessionRecoveryEngine:
    """Keeps a session's state on the disk, and brings the session back after a crash.

    ``config_path`` names a YAML file; without one, and for what it lacks, the defaults hold.
    Everything that happens goes into the log at ``log_dir``, or EVENTLOG_DIR, or
    ``activity.eventlog``; the state also into ``state_file``, which is looked for at once.

    ``messages`` gives the messages in which crashes are looked for, such as :class:`FileMessages`;
    without it the configuration's ``message_file``, or else ``detect_swg_errors``. ``restart`` and
    ``relog`` bring the program back, such as :class:`CommandAction`; without them the
    configuration's commands, or else a simulated wait. ``manual`` asks a person for help.

    The settings may be assigned at any time. ``task_queue`` and ``active_modes`` are the caller's
    to keep up to date; a recovered session fills them. Threads may share an engine.

    Example::

        from sessions.recovery import SessionRecoveryEngine

        with SessionRecoveryEngine() as engine:
            if not engine.recover_session():
                engine.task_queue = ["collect", "deliver"]
                engine.start_auto_save()
            while engine.task_queue:
                print("done:", engine.task_queue.pop(0))
                engine.save_session_state()
    """

    def __init__(
        self,
        config_path: str | os.PathLike[str] | None = None,
        *,
        log_dir: str | Path | None = None,
        messages: Messages | None = None,
        restart: Action | None = None,
        relog: Action | None = None,
        manual: Help = ask_at_terminal,
    ) -> None:
        self.logger = logger
        self.config = config = load_config(config_path)
        self.state_file = Path(config["state_file"])
        self.save_interval: float = config["save_interval"]
        self.recovery_enabled: bool = config["recovery_enabled"]
        self.auto_restart: bool = config["auto_restart"]
        self.auto_relog: bool = config["auto_relog"]
        self.task_queue: list[str] = []
        self.active_modes: list[str] = []
        self.save_thread: AutoSave | None = None
        self.save_thread_running = False
        self.restart = restart or _command_of(config, "restart_command") or simulated_restart
        self.relog = relog or _command_of(config, "relog_command") or simulated_relog
        self.manual = manual
        self._watched_file = None if messages else self._configured_messages()
        self.messages = messages or self._watched_file
        self._started = time.monotonic()
        self._saving, self._handling, self._switching = Guard(), Guard(), Guard()
        self._crashes = Crashes(self._tell_crash)
        self.crash_history: list[CrashInfo] = []
        self._crashes_before = 0
        """Of the session before it was recovered."""
        self._last_save: float | None = None
        self._journal = Journal(shared_log(log_dir), self._describe_settings)
        self.current_state = self.load_session_state()

    def __setattr__(self, name: str, value: object) -> None:
        """Assign; a change of a setting is recorded once there is a session."""
        changed = name in _SETTINGS and name in self.__dict__ and self.__dict__[name] != value
        super().__setattr__(name, value)
        if changed and self._journal.owned:
            self._journal.tell("config.changed", {"name": name, "value": _plain(value)})

    @property
    def session_key(self) -> str | None:
        """The log's subject for this engine's session; None before its first event."""
        return self._journal.key

    # The state

    def save_session_state(self, force: bool = False) -> bool:
        """Record the state in the log and write it to ``state_file``, whole.

        False, with a line in the program's log, when that fails; ``force`` saves also while
        ``recovery_enabled`` is off. Does not wait until it is on the disk: a killed process loses
        nothing, a power loss some 50 ms of the log.
        """
        if not (self.recovery_enabled or force):
            logger.debug("not saved: recovery is disabled")
            return False
        with self._saving:
            try:
                state = self.capture_current_state()
                return state is not None and self._save(state)
            except Exception as error:  # capturing calls what others have written
                return self._save_failed(error)

    def _save(self, state: SessionState) -> bool:
        path = Path(self.state_file)
        state.last_save_time = time.time()
        try:
            content = encode_state(state)
            decode_state(content, needs_place=self._needs_place())  # or it could not be loaded
            self._journal.record("state.saved", state_data(state))
            write_state(path, content)
        except (InvalidEventError, OSError, ValueError, TypeError) as error:
            return self._save_failed(error)
        self.current_state = state
        self._last_save = state.last_save_time
        logger.debug("state saved to %s", path)
        return True

    def _save_failed(self, error: Exception) -> bool:
        reason = str(error) or repr(error)
        logger.error("the state is not saved to %s: %s", self.state_file, reason)
        about = {"state_file": _text(self.state_file), "error": loggable(reason)}
        self._journal.tell("state.save_failed", about)
        return False

    def load_session_state(self) -> SessionState | None:
        """The state in ``state_file``; None when there is none, or none that can be used."""
        return load_state(Path(self.state_file), needs_place=self._needs_place())

    def _needs_place(self) -> bool:
        tracking = self.config["session_tracking"]
        return bool(tracking["enabled"] and tracking["track_location"])

    def capture_current_state(self) -> SessionState | None:
        """The state of this moment, as the hooks of the module tell it; saves nothing."""
        known = self.current_state
        fields = capture_fields(self.config["session_tracking"], known)
        now = time.time()
        return SessionState(
            timestamp=now,
            active_modes=list(self.active_modes),
            task_queue=list(self.task_queue),
            session_duration=time.monotonic() - self._started,
            crash_count=self._crashes_before + self._crashes.detected,
            last_save_time=known.last_save_time if known else now,
            recovery_enabled=bool(self.recovery_enabled),
            auto_restart=bool(self.auto_restart),
            auto_relog=bool(self.auto_relog),
            **fields,
        )

    def get_session_statistics(self) -> dict[str, Any]:
        """Figures of ``current_state``, and where and how often it is saved; {} without a state."""
        state = self.current_state
        if state is None:
            return {}
        return {
            "session_duration": state.session_duration,
            "crash_count": state.crash_count,
            "last_save": _local_time(state.last_save_time),
            "recovery_enabled": state.recovery_enabled,
            "auto_restart": state.auto_restart,
            "auto_relog": state.auto_relog,
            "save_interval": self.save_interval,
            "state_file": str(self.state_file),
        }

    def cleanup_old_states(self, max_age_hours: float = 24) -> int:
        """Delete the state file when nobody has written it for longer; how many files went.

        So are leftovers of a killed process' attempts to write it. ValueError for no age.
        """
        if not max_age_hours >= 0:
            raise ValueError(f"max_age_hours is {max_age_hours}: it must be a number from 0")
        self._journal.watch(self.current_state)
        removed = 0
        for path in purge(Path(self.state_file), max_age_hours):
            self._journal.tell("state.purged", {"state_file": _text(path)})
            removed += 1
        return removed

    # Recovery

    def prompt_recovery(self) -> bool:
        """Ask on standard input whether the previous session shall go on; no answer means yes."""
        state = self.current_state
        if state is None:
            return False
        place = f"{printable(state.zone)} on {printable(state.planet)}"
        tasks = f"{len(state.task_queue)} tasks left"
        question = f"Session of {_local_time(state.timestamp)}, {place}, {tasks}. Go on? [Y/n] "
        answer = ask(question, default=True)
        self._journal.watch(state)
        self._journal.tell("recovery.prompted", {"answer": answer})
        return answer

    def recover_session(self) -> bool:
        """Go on with ``current_state``: its tasks, modes and crash count; starts saving.

        False when there is no state.
        """
        state = self.current_state
        if state is None:
            return False
        self.task_queue = list(state.task_queue)
        self.active_modes = list(state.active_modes)
        if state.last_save_time != self._last_save:  # else its crashes are in our own count
            self._crashes_before = state.crash_count
        self._journal.resume(state)
        self._tell_recovered("resume")
        self.start_auto_save()
        return True

    def start_auto_save(self) -> None:
        """Save now and then every ``save_interval`` seconds, in a thread; once is enough."""
        with self._switching:
            if self.save_thread_running and self.save_thread and self.save_thread.is_alive():
                return
            self._journal.begin()
            self._journal.tell("autosave.started", {"save_interval": self.save_interval})
            self.save_thread = AutoSave(
                lambda: self.save_session_state(),  # noqa: PLW0108 - what it is at each round
                lambda: self.save_interval,
            )
            self.save_thread.start()
            self.save_thread_running = True

    def stop_auto_save(self) -> None:
        """Stop saving; waits for a save that is under way, but not for long."""
        with self._switching:
            thread = self.save_thread
            if thread is None or not self.save_thread_running:
                return
            self.save_thread_running = False
        thread.stop()
        self._journal.tell("autosave.stopped", {})

    # Crashes

    def detect_crashes(self) -> list[CrashInfo]:
        """The crashes that the messages tell of now; new ones go to ``crash_history``.

        A message tells of one when it contains one of the configured patterns as it stands. The
        same pattern and message is the same crash until it was recovered from.
        """
        rules = self.config["crash_detection"]
        if not rules["enabled"]:
            return []
        with self._handling:
            messages = self.messages or hook("detect_swg_errors")
            return self._crashes.find(messages, rules["error_patterns"])

    def report_crash(self, error_type: str, error_message: str) -> CrashInfo:
        """A crash that is known from elsewhere, as a process that has ended."""
        with self._handling:
            return self._crashes.note(error_type, error_message)

    def _tell_crash(self, crash: CrashInfo) -> None:
        self.crash_history.append(crash)
        if not self._journal.owned:
            self._journal.watch(self.load_session_state() or self.current_state)
        self._journal.tell(
            "crash.detected",
            {
                "error_type": loggable(crash.error_type),
                "error_message": loggable(crash.error_message),
            },
        )

    def handle_crash_recovery(self) -> bool:
        """Deal with all open crashes; True when none is left.

        Restarts if ``auto_restart``; if that is off or fails, relogs if ``auto_relog``; else asks
        a person. Then the last saved state is ``current_state``, whether anything helped or not.
        """
        with self._handling:
            crashes = self._crashes.open_with(self.detect_crashes())
            if not crashes:
                return True
            method = self._try_all(crashes)
            self.current_state = self.load_session_state() or self.current_state
            if method is None:
                self._journal.tell("recovery.failed", {"crashes": len(crashes)})
                return False
            for crash in crashes:
                crash.recovery_successful = True
            self._crashes.settle()
            self._tell_recovered(method, crashes=len(crashes))
            return True

    def _try_all(self, crashes: list[CrashInfo]) -> str | None:
        """The name of what helped."""
        attempts = {
            "restart": (self.auto_restart, self.attempt_restart),
            "relog": (self.auto_relog, self.attempt_relog),
        }
        for method, (is_enabled, attempt) in attempts.items():
            if is_enabled:
                for crash in crashes:
                    crash.recovery_attempted = True
                if attempt():
                    return method
        return "manual" if _worked("manual", lambda: self.manual(crashes)) else None

    def attempt_restart(self) -> bool:
        """Restart the program once; whether that worked."""
        return self._attempt("restart", self.restart)

    def attempt_relog(self) -> bool:
        """Connect the program again, once; whether that worked."""
        return self._attempt("relog", self.relog)

    def _attempt(self, name: str, action: Action) -> bool:
        successful = _worked(name, action)
        self._journal.tell(f"client.{name}_attempted", {"successful": successful})
        return successful

    def _tell_recovered(self, method: str, **more: int) -> None:
        state = self.current_state
        restored = len(state.task_queue) if state else 0
        self._journal.tell(
            "recovery.completed", {"method": method, "tasks_restored": restored, **more}
        )

    # Ending

    @property
    def waiting(self) -> int:
        """How many events could not be written to the log yet; a later one takes them along."""
        return self._journal.log.waiting

    def close(self, *, ended: bool = True) -> None:
        """Stop saving, and end the session in order; one that was only watched goes on.

        With ``ended=False`` the session goes on elsewhere, or has crashed.
        """
        self.stop_auto_save()
        if ended:
            self._journal.end("closed")
        if self._watched_file is not None:
            self._watched_file.close()
        self._journal.log.close()

    def __enter__(self) -> SessionRecoveryEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; after an error the session does not count as ended in order."""
        self.close(ended=not isinstance(error, Exception))

    def _describe_settings(self) -> dict[str, Any]:
        settings = {name: _plain(getattr(self, name)) for name in _SETTINGS}
        return {"component": "recovery", "state_file": _text(self.state_file), **settings}

    def _configured_messages(self) -> FileMessages | None:
        """A position of its own beside the state file, so that the next process goes on there."""
        path = self.config["crash_detection"].get("message_file")
        if path is None:
            return None
        position = self.state_file.with_name(f"{self.state_file.name}.messages")
        return FileMessages(path, position_file=position)


def _worked(name: str, action: Action) -> bool:
    try:
        return bool(action())
    except Exception:  # whatever a program's own action may raise
        logger.exception("%s failed", name)
        return False


def _command_of(config: dict[str, Any], name: str) -> CommandAction | None:
    command = config.get(name)
    return None if command is None else CommandAction(command)


def _plain(value: object) -> object:
    """A setting as an event can hold it, whatever was assigned."""
    return value if isinstance(value, bool) or is_interval(value) else loggable(repr(value))


def _text(path: str | os.PathLike[str]) -> str:
    return loggable(os.fspath(path))


def _local_time(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds).isoformat(" ", "seconds")
    except (OverflowError, OSError, ValueError):
        return None
