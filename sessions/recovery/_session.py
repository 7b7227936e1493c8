"""A session that is saved at intervals, and goes on from what was saved."""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eventlog import InvalidEventError
from sessions._guards import Guard
from sessions._shared_log import SharedLog
from sessions.recovery._actions import ask, printable
from sessions.recovery._auto_save import AutoSave
from sessions.recovery._config import is_interval
from sessions.recovery._crashes import Crashes
from sessions.recovery._hooks import capture_fields
from sessions.recovery._journal import Journal, loggable
from sessions.recovery._state import SessionState, decode_state, encode_state, state_data
from sessions.recovery._state_file import load_state, purge, write_state

logger = logging.getLogger("sessions.recovery")

_SETTINGS = ("recovery_enabled", "auto_restart", "auto_relog", "save_interval")


class SavedSession:
    """The part of the engine that keeps the state; the engine adds what is done about crashes."""

    def __init__(self, config: dict[str, Any], log: SharedLog, crashes: Crashes) -> None:
        self.logger = logger
        self.config = config
        self.state_file = Path(config["state_file"])
        self.save_interval: float = config["save_interval"]
        self.recovery_enabled: bool = config["recovery_enabled"]
        self.auto_restart: bool = config["auto_restart"]
        self.auto_relog: bool = config["auto_relog"]
        self.task_queue: list[str] = []
        self.active_modes: list[str] = []
        self.save_thread: AutoSave | None = None
        self.save_thread_running = False
        self._started = time.monotonic()
        self._saving, self._switching = Guard(), Guard()
        self._crashes = crashes
        self._last_save: float | None = None
        self._journal = Journal(log, self._describe_settings)
        self.current_state = self.load_session_state()

    def __setattr__(self, name: str, value: object) -> None:
        """Assign; a change of a setting is recorded once there is a session."""
        changed = name in _SETTINGS and name in self.__dict__ and self.__dict__[name] != value
        super().__setattr__(name, value)
        if changed and self._journal.owned:
            self._journal.tell("config.changed", {"name": name, "value": _plain(value)})

    def _describe_settings(self) -> dict[str, Any]:
        settings = {name: _plain(getattr(self, name)) for name in _SETTINGS}
        return {"component": "recovery", "state_file": _text(self.state_file), **settings}

    @property
    def session_key(self) -> str | None:
        """The log's subject for this engine's session; None before its first event."""
        return self._journal.latest

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
            crash_count=self._crashes.count,
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

    # Going on with it

    def is_finished(self, state: SessionState) -> bool:
        """Whether the session that saved this state has ended, and no task of it is left."""
        session = None if state.task_queue else self._journal.find(state)
        return session is not None and session.ended

    def prompt_recovery(self) -> bool:
        """Ask on standard input whether the previous session shall go on; no answer means yes.

        Without a state, or when its session is finished, nobody is asked.
        """
        state = self.current_state
        if state is None or self.is_finished(state):
            return False
        place = f"{printable(state.zone)} on {printable(state.planet)}"
        tasks = f"{len(state.task_queue)} tasks left"
        question = f"Session of {_local_time(state.timestamp)}, {place}, {tasks}. Go on? [Y/n] "
        answer = ask(question, default=True)
        self._journal.watch(state)
        self._journal.tell("recovery.prompted", {"answer": answer})
        return answer

    def recover_session(self) -> bool:
        """Go on with ``current_state``, as ``continue_session`` does; starts saving.

        False when there is no state, or when its session is finished.
        """
        state = self.current_state
        if state is None or self.is_finished(state):
            return False
        self._take_over(state)
        self._journal.begin()
        self._tell_recovered("resume", crash_count=self._crashes.count)
        self.start_auto_save()
        return True

    def continue_session(self) -> None:
        """What is saved next has the tasks, modes and crash count of ``current_state``.

        It belongs to the same session, unless that has ended: a new one counts its own crashes.
        """
        if self.current_state is not None:
            self._take_over(self.current_state)

    def _take_over(self, state: SessionState) -> None:
        self.task_queue = list(state.task_queue)
        self.active_modes = list(state.active_modes)
        goes_on = self._journal.resume(state)
        if goes_on and state.last_save_time != self._last_save:  # else they are in our own count
            self._crashes.before = state.crash_count
        self._crashes.count_at_least(self._journal.crashes())

    def _tell_recovered(self, method: str, **more: int) -> None:
        state = self.current_state
        restored = len(state.task_queue) if state else 0
        self._journal.tell(
            "recovery.completed", {"method": method, "tasks_restored": restored, **more}
        )

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
        self._journal.log.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; after an error or a failing exit the session does not count as ended in order."""
        failed = isinstance(error, Exception) or (isinstance(error, SystemExit) and error.code)
        self.close(ended=not failed)


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
