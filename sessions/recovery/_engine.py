"""The engine: a saved session, and what is done when its program crashes."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from sessions._guards import Guard
from sessions._shared_log import shared_log
from sessions.recovery._actions import (
    Action,
    CommandAction,
    Help,
    ask_at_terminal,
    simulated_relog,
    simulated_restart,
)
from sessions.recovery._config import load_config
from sessions.recovery._crashes import Crashes, Messages
from sessions.recovery._hooks import hook
from sessions.recovery._journal import loggable
from sessions.recovery._messages import FileMessages
from sessions.recovery._session import SavedSession
from sessions.recovery._state import CrashInfo

logger = logging.getLogger("sessions.recovery")


class SessionRecoveryEngine(SavedSession):
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
        self._handling = Guard()
        self.crash_history: list[CrashInfo] = []
        config = load_config(config_path)
        super().__init__(config, shared_log(log_dir), Crashes(self._tell_crash))
        self.restart = restart or _command_of(config, "restart_command") or simulated_restart
        self.relog = relog or _command_of(config, "relog_command") or simulated_relog
        self.manual = manual
        self._watched_file = None if messages else self._configured_messages()
        self.messages = messages or self._watched_file

    def _configured_messages(self) -> FileMessages | None:
        """A position of its own beside the state file, so that the next process goes on there."""
        path = self.config["crash_detection"].get("message_file")
        if path is None:
            return None
        position = self.state_file.with_name(f"{self.state_file.name}.messages")
        return FileMessages(path, position_file=position)

    # Finding crashes

    def detect_crashes(self, *, program_ended: bool = False) -> list[CrashInfo]:
        """The crashes that the messages tell of now; new ones go to ``crash_history``.

        A message tells of one when it contains one of the configured patterns as it stands. The
        same pattern and message is the same crash until it was recovered from. Once the program
        has ended, a last line of a file counts also without its end.
        """
        rules = self.config["crash_detection"]
        if not rules["enabled"]:
            return []
        with self._handling:
            messages = self._messages(program_ended=program_ended)
            return self._crashes.find(messages, rules["error_patterns"])

    def skip_messages(self) -> None:
        """Take all messages until now without counting any: those of an earlier run."""
        rules = self.config["crash_detection"]
        if rules["enabled"]:
            with self._handling:
                self._crashes.skip(self._messages(program_ended=True), rules["error_patterns"])

    def _messages(self, *, program_ended: bool) -> Messages:
        messages: Messages = self.messages or hook("detect_swg_errors")
        if program_ended and isinstance(messages, FileMessages):
            return messages.rest
        return messages

    def report_crash(self, error_type: str, error_message: str) -> CrashInfo:
        """A crash that is known from elsewhere, as a process that has ended."""
        with self._handling:
            return self._crashes.note(error_type, error_message)

    def _tell_crash(self, crash: CrashInfo) -> None:
        self.crash_history.append(crash)
        if not self._journal.owned:
            self._journal.watch(self.load_session_state() or self.current_state, running=True)
        self._journal.tell(
            "crash.detected",
            {
                "error_type": loggable(crash.error_type),
                "error_message": loggable(crash.error_message),
            },
        )

    # Handling them

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

    def close(self, *, ended: bool = True) -> None:
        """Stop saving, and end the session in order; one that was only watched goes on.

        With ``ended=False`` the session goes on elsewhere, or has crashed.
        """
        if self._watched_file is not None:
            self._watched_file.close()
        super().close(ended=ended)


def _worked(name: str, action: Action) -> bool:
    try:
        return bool(action())
    except Exception:  # whatever a program's own action may raise
        logger.exception("%s failed", name)
        return False


def _command_of(config: dict[str, Any], name: str) -> CommandAction | None:
    command = config.get(name)
    return None if command is None else CommandAction(command)
