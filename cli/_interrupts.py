"""Ctrl-C, from the first moment to the last: one line, exit code 130, and never a traceback.

While a command runs, an interrupt is a KeyboardInterrupt, so that it can tidy up. Before and after
there is nothing to tidy up, and a KeyboardInterrupt in the middle of an import would be printed or
lost: the process ends at once. So does one that is interrupted again while it tidies up; the log
takes that as it takes any kill.
"""

from __future__ import annotations

import os
import sys

# What 'signal' is made of. Importing that one, or 'typing', takes longer than all that stands
# between the interpreter's start and ours, and an interrupt in that time is a traceback.
from _signal import SIG_IGN, SIGINT, getsignal, signal  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType
    from typing import NoReturn

CODE = 130
_LINE = b"eventlog: interrupted\n"


class _Phase:
    """Where the process stands."""

    unwinds = False
    """Whether the next interrupt is a KeyboardInterrupt."""
    told = False
    """Whether the user knows."""


def prepare() -> None:
    """From now on an interrupt ends the process at once; before any heavy import."""
    if getsignal(SIGINT) == SIG_IGN:
        return  # as shells start what is to run in the background
    signal(SIGINT, _handle)
    sys.unraisablehook = _leave_when_interrupted


def unwind() -> None:
    """From now on the first interrupt is a KeyboardInterrupt."""
    _Phase.unwinds = True


def leave_at_once() -> None:
    """The command is over: from now on there is nothing to tidy up."""
    _Phase.unwinds = False


def finish() -> None:
    """The answer is complete: an interrupt would come too late. One that came shall not wait."""
    if getsignal(SIGINT) == _handle and not _Phase.told:
        signal(SIGINT, SIG_IGN)


def acknowledge() -> None:
    """Somebody else tells the user."""
    _Phase.told = True


def _handle(number: int, frame: FrameType | None) -> None:
    if _Phase.unwinds:
        _Phase.unwinds = False
        raise KeyboardInterrupt
    _leave()


def _leave_when_interrupted(unraisable: UnraisableHookArgs) -> None:
    """A KeyboardInterrupt that came where nothing can be raised must not be lost."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(unraisable)


def _leave() -> NoReturn:
    if not _Phase.told:
        on_new_line = b"\n" if os.isatty(2) else b""  # the terminal shows ^C on this one
        try:  # noqa: SIM105 - contextlib is not imported yet
            os.write(2, on_new_line + _LINE)
        except OSError:
            pass  # nobody listens
    os._exit(CODE)
