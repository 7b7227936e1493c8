"""An end to what might go on for ever, so that a hanging test fails instead."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """AssertionError in the main thread when it takes longer: to end a hang, not to measure."""

    def too_long(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"this went on for more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
