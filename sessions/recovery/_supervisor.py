"""Running a program under the engine's eyes, and starting it again when it dies."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread

from sessions.recovery._engine import SessionRecoveryEngine
from sessions.recovery._only_one import note_processes, only_one
from sessions.recovery._state import SessionState

logger = logging.getLogger("sessions.recovery")

_ROUND_SECONDS = 0.2
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs a command until it ends well; the engine deals with each crash in between.

    A crash is an exit code other than 0, a signal that killed the program, or a message that the
    engine knows as one; then the program is ended first. With the engine's ``auto_restart`` it is
    started again, at most ``most_restarts`` times, ``delay`` seconds after the crash. It shall then
    recover its session by itself, with an engine of its own on the same configuration and log.

    The program is ended with SIGTERM, and killed when it still runs ``patience`` seconds later. It
    has a process group of its own: what is left of that when the program has ended is killed.

    Example::

        import sys
        from sessions.recovery import SessionRecoveryEngine, Supervisor

        with SessionRecoveryEngine() as engine:
            engine.auto_restart = True
            print(Supervisor(engine, [sys.executable, "-c", "print('at work')"]).run())
    """

    def __init__(
        self,
        engine: SessionRecoveryEngine,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        most_restarts: int = 10,
        delay: float = 1.0,
        patience: float = 10.0,
    ) -> None:
        if isinstance(command, str) or not command:
            raise ValueError("the command must be a list: the program, then its arguments")
        self.engine = engine
        self.restarts = 0
        self.pid: int | None = None
        """Of the program while it runs."""
        self._command = list(command)
        self._env = env
        self._most_restarts = most_restarts
        self._delay = delay
        self._patience = patience
        # No threading.Event: a signal's handler could wait forever for its lock.
        self._stopped = False
        self._is_running = False
        self._goes_on = False
        engine.restart = self._may_restart

    def run(self) -> int:
        """Run the program until it ends well, is not restarted, or ``stop`` is called.

        Its last exit code; minus the signal's number when a signal ended it. SIGTERM and SIGHUP, if
        nothing else handles them, end the program and then this process, as ``SystemExit``; that
        needs the main thread. OSError when the program cannot be started, BlockingIOError when
        another supervisor's still runs on the same state file.
        """
        with only_one(Path(self.engine.state_file)) as lock, _ended_by_signals(self._end_by):
            while True:
                code, is_crash = self._run_once(lock)
                if self._stopped or not is_crash or not self._is_restarted():
                    return code
                self.restarts += 1

    def stop(self) -> None:
        """End the program and let ``run`` return; any thread may call it."""
        self._stopped = True

    def _end_by(self, number: int) -> None:
        """A signal has come: the program ends first, then this process."""
        if not self._is_running:
            raise SystemExit(128 + number)
        self.stop()

    def _run_once(self, lock: int) -> tuple[int, bool]:
        """The program's exit code, and whether it crashed before its work was done."""
        self.engine.skip_messages()
        before = self.engine.load_session_state()
        self._is_running = True
        try:
            with subprocess.Popen(  # noqa: S603 - the command is the user's own
                self._command, env=self._env, start_new_session=True, pass_fds=[lock]
            ) as program:
                self.pid = program.pid
                try:
                    note_processes(lock, program.pid)
                    is_crash = self._watch(program)
                    code = program.poll()  # None when it is we who end it
                finally:
                    _end(program, self._patience)
                    self.pid = None
        finally:
            self._is_running = False
        if code and not self._stopped:
            self.engine.report_crash("process ended", _describe(code))
            is_crash = True
        if is_crash and code is not None and self._has_finished(before):
            logger.error("it crashed when its session had ended in order: it is not started again")
            is_crash = False
        return program.returncode, is_crash

    def _watch(self, program: subprocess.Popen[bytes]) -> bool:
        """Until it ends, tells of a crash, or shall stop; whether it has told of one."""
        next_check = self._next_check()
        while not self._stopped:
            try:
                program.wait(_ROUND_SECONDS)
                return bool(self.engine.detect_crashes(program_ended=True))
            except subprocess.TimeoutExpired:
                if time.monotonic() < next_check:
                    continue
            if self.engine.detect_crashes():
                return True
            next_check = self._next_check()
        return bool(self.engine.detect_crashes())

    def _next_check(self) -> float:
        interval: float = self.engine.config["crash_detection"]["check_interval"]
        return time.monotonic() + interval

    def _has_finished(self, before: SessionState | None) -> bool:
        """Whether the program has saved, and then ended its session with no task left."""
        state = self.engine.load_session_state()
        return state is not None and state != before and self.engine.is_finished(state)

    def _is_restarted(self) -> bool:
        """Let the engine deal with the crash; whether by starting again, after the delay."""
        self._goes_on = False
        if not (self.engine.handle_crash_recovery() and self._goes_on):
            return False
        until = time.monotonic() + self._delay
        while not self._stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _ROUND_SECONDS))
        return not self._stopped

    def _may_restart(self) -> bool:
        """The engine's restart: lets ``run`` start the program again."""
        self._goes_on = self.restarts < self._most_restarts
        if not self._goes_on:
            logger.error("restarted %d times already: that is enough", self.restarts)
        return self._goes_on


@contextmanager
def _ended_by_signals(end: Callable[[int], None]) -> Iterator[None]:
    """Call ``end`` with a signal that would leave the program behind; leave by it afterwards."""
    received: list[int] = []

    def handle(number: int, frame: object) -> None:
        received.append(number)
        end(number)

    before = {}
    if current_thread() is main_thread():
        ours = [one for one in _ENDING_SIGNALS if signal.getsignal(one) == signal.SIG_DFL]
        before = {one: signal.signal(one, handle) for one in ours}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    if received:
        raise SystemExit(128 + received[0])


def _end(program: subprocess.Popen[bytes], patience: float) -> None:
    """End it if it still runs, politely first; then whatever it has left behind."""
    try:
        if program.poll() is None:
            _signal_group(program, signal.SIGTERM)
            program.wait(patience)
    except subprocess.TimeoutExpired:
        logger.warning("the program does not end: it is killed")
    finally:
        _signal_group(program, signal.SIGKILL)
        program.wait()


def _signal_group(program: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):  # nobody of it is left
        os.killpg(program.pid, number)


def _describe(code: int) -> str:
    if code > 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
