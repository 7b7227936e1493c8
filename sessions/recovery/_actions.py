"""What brings a program back: a command to run, or the simulated wait of the original."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from attrs import field, frozen

from sessions.recovery._state import CrashInfo

logger = logging.getLogger("sessions.recovery")

Action = Callable[[], object]
"""Tries to bring the program back; a true answer means that it worked."""
Help = Callable[[Sequence[CrashInfo]], object]
"""Asks a person for help with these crashes; a true answer means that they are dealt with."""

_DEFAULT_TIMEOUT = 60.0


def _checked(command: Sequence[str]) -> tuple[str, ...]:
    if isinstance(command, str) or not command:
        raise ValueError("the command must be a list: the program, then its arguments")
    return tuple(command)


@frozen
class CommandAction:
    """Runs a command, without a shell, and waits for its end; exit code 0 means that it worked.

    What it prints goes to stderr. ``timeout`` is in seconds; a command that takes longer is
    killed, and has failed. ValueError for a command that is no list.

    Example::

        from sessions.recovery import CommandAction, SessionRecoveryEngine

        restart = CommandAction(["systemctl", "--user", "restart", "worker"], timeout=30)
        engine = SessionRecoveryEngine(restart=restart)
        engine.auto_restart = True
    """

    command: Sequence[str] = field(converter=_checked)
    timeout: float = _DEFAULT_TIMEOUT

    def __call__(self) -> bool:
        """Run it once."""
        try:
            done = subprocess.run(  # noqa: S603 - the command is the user's own
                self.command, stdin=subprocess.DEVNULL, stdout=2, timeout=self.timeout, check=False
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            logger.error("%s: %s", self.command[0], error)
            return False
        if done.returncode:
            logger.error("%s: ended with exit code %d", self.command[0], done.returncode)
        return done.returncode == 0


def simulated_restart() -> bool:
    """Two seconds in which a client would start."""
    time.sleep(2)
    return True


def simulated_relog() -> bool:
    """A second in which a client would connect again."""
    time.sleep(1)
    return True


def ask_at_terminal(crashes: Sequence[CrashInfo]) -> bool:
    """Ask whoever sits at the terminal to repair it by hand; False when nobody does."""
    what = ", ".join(printable(crash.error_message) for crash in crashes)
    if sys.stdin is None or not sys.stdin.isatty():
        logger.error("manual intervention is needed: %s", what)
        return False
    return ask(f"Crashed: {what}\nIs it running again? [y/N] ", default=False)


def ask(question: str, *, default: bool) -> bool:
    """Yes or no from standard input; without an answer the default, at its end no."""
    try:
        answer = input(question).strip().lower()
    except (EOFError, OSError, RuntimeError) as error:  # closed, unreadable, or none at all
        logger.warning("nobody answers: %s", error or "standard input has ended")
        return False
    return answer in ("y", "yes") if answer else default


def printable(text: str) -> str:
    """``text`` without characters that do something to a terminal, and not too long."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in text[:200])
    return shown + ("..." if len(text) > 200 else "")
