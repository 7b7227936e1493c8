"""Ctrl-C at a chosen moment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Set
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import TraceFunction


def interrupted_at(
    moment: int, files: Set[str], action: Callable[[], object], each: str = "opcode"
) -> bool:
    """Whether a KeyboardInterrupt came at this moment of running the code in these files.

    The moments are all instructions or, where a lock's ``with`` must not be cut from its lock, as
    nothing can in truth, the beginnings of functions (``each="call"``).
    """
    left = moment

    def trace(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        nonlocal left
        if Path(frame.f_code.co_filename).name not in files:
            return None
        frame.f_trace_opcodes = True
        if event == each:
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False
