"""Crashes: finding them in messages, and counting each of them once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from sessions.recovery._actions import printable
from sessions.recovery._state import CrashInfo

logger = logging.getLogger("sessions.recovery")

Messages = Callable[[], Iterable[str]]
"""Gives the messages of a program: the new ones, or all that still hold."""


class Crashes:
    """One engine's crashes. The same pattern and message is one until it is dealt with."""

    def __init__(self, tell: Callable[[CrashInfo], None]) -> None:
        """``tell`` is called with each new crash."""
        self.before = 0
        """Those of the session before it was recovered."""
        self._detected = 0
        self._open: dict[tuple[str, str], CrashInfo] = {}
        self._tell = tell

    @property
    def count(self) -> int:
        """The session's crashes: those before, and all that were detected since."""
        return self.before + self._detected

    def count_at_least(self, known: int) -> None:
        """Others have told of some, so that it is ``known`` in all."""
        self.before = max(self.before, known - self._detected)

    def note(self, error_type: str, error_message: str) -> CrashInfo:
        """This crash: a new one, or the one of that content that nobody has dealt with yet."""
        known = self._open.get((error_type, error_message))
        if known is not None:
            return known
        crash = CrashInfo(
            error_type, error_message, time.time(),
            recovery_attempted=False, recovery_successful=False,
        )  # fmt: skip
        self._open[error_type, error_message] = crash
        self._detected += 1
        self._tell(crash)
        return crash

    def find(self, messages: Messages, patterns: Sequence[str]) -> list[CrashInfo]:
        """The crashes that these messages tell of, each once."""
        found: dict[int, CrashInfo] = {}
        for message in _each(messages):
            pattern = matching(message, patterns)
            if pattern is not None:
                crash = self.note(pattern, message)
                found[id(crash)] = crash
        return list(found.values())

    def skip(self, messages: Messages, patterns: Sequence[str]) -> None:
        """Take these messages, and count none of them."""
        skipped = 0
        for message in _each(messages):
            if matching(message, patterns) is not None:
                skipped += 1
                last = message
        if skipped:
            logger.warning("%d old messages are not counted, as: %s", skipped, printable(last))

    def open_with(self, others: Iterable[CrashInfo]) -> list[CrashInfo]:
        """All that nobody has dealt with, and ``others``, each once."""
        return list({id(crash): crash for crash in (*self._open.values(), *others)}.values())

    def settle(self) -> None:
        """All of them are dealt with: the same content would be a new crash."""
        self._open.clear()


def matching(message: str, patterns: Sequence[str]) -> str | None:
    """The first pattern that is somewhere in the message as it stands, whatever the case."""
    lowered = message.lower()
    return next((pattern for pattern in patterns if pattern and pattern.lower() in lowered), None)


def _each(messages: Messages) -> Iterator[str]:
    try:
        given = messages()
        for message in (given,) if isinstance(given, str) else given:
            yield str(message)
    except Exception as error:  # whatever a program's own source may raise
        logger.error("the messages cannot be read, so crashes may go unseen: %r", error)
