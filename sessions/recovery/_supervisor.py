"""Running a program under the engine's eyes, and starting it again when it dies."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from threading import Event

from sessions.recovery._engine import SessionRecoveryEngine

logger = logging.getLogger("sessions.recovery")

_GRACE_SECONDS = 10.0
_ROUND_SECONDS = 0.2


class Supervisor:
    """Runs a command until it ends well; the engine deals with each crash in between.

    A crash is an exit code other than 0, a signal that killed the program, or a message that the
    engine knows as one; then the program is ended first. With the engine's ``auto_restart`` it is
    started again, at most ``most_restarts`` times, ``delay`` seconds after the crash. It shall then
    recover its session by itself, with an engine of its own on the same configuration and log.

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
        self._stopped = Event()
        engine.restart = self._may_restart

    def run(self) -> int:
        """Run the program until it ends well, is not restarted, or ``stop`` is called.

        Its last exit code; minus the signal's number when a signal ended it. OSError when it
        cannot be started.
        """
        while True:
            with subprocess.Popen(self._command, env=self._env) as program:  # noqa: S603
                self.pid = program.pid
                try:
                    code = self._watch(program)
                finally:
                    _end(program)
                    self.pid = None
            if self._stopped.is_set() or code == 0:
                return program.returncode
            if code is not None:
                self.engine.report_crash("process ended", _describe(code))
            if not self.engine.handle_crash_recovery():
                return program.returncode

    def stop(self) -> None:
        """End the program and let ``run`` return; any thread may call it."""
        self._stopped.set()

    def _watch(self, program: subprocess.Popen[bytes]) -> int | None:
        """The program's exit code; None when it runs but shall end, stopped or crashed."""
        next_check = self._next_check()
        while not self._stopped.is_set():
            try:
                return program.wait(_ROUND_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() < next_check:
                    continue
            if self.engine.detect_crashes():
                break
            next_check = self._next_check()
        return None

    def _next_check(self) -> float:
        interval: float = self.engine.config["crash_detection"]["check_interval"]
        return time.monotonic() + interval

    def _may_restart(self) -> bool:
        """The engine's restart: lets ``run`` start the program again, after the delay."""
        if self.restarts >= self._most_restarts:
            logger.error("restarted %d times already: that is enough", self.restarts)
            return False
        if self._stopped.wait(self._delay):
            return False
        self.restarts += 1
        return True


def _end(program: subprocess.Popen[bytes]) -> None:
    """End it if it still runs: politely first."""
    if program.poll() is not None:
        return
    program.terminate()
    try:
        program.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        logger.warning("the program does not end: it is killed")
        program.kill()


def _describe(code: int) -> str:
    if code > 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
