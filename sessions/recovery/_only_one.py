"""One supervisor for one state file: a kernel lock that its program inherits.

The lock is held as long as any process has the descriptor, so it outlives a supervisor that was
killed, and goes with the last process of its program.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessions.recovery._files import STEM

logger = logging.getLogger("sessions.recovery")

_OPEN = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MOST_BYTES = 40


@contextmanager
def only_one(state_file: Path) -> Iterator[int]:
    """Hold the lock; its descriptor, for the program. BlockingIOError when another one holds it."""
    path = state_file.with_name(f".{state_file.name[:STEM]}.supervisor")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, _OPEN, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reason = f"{_processes(descriptor)} on {state_file}: end it before you start another"
            raise BlockingIOError(errno.EWOULDBLOCK, reason, str(path)) from None
        yield descriptor
    finally:
        os.close(descriptor)


def note_processes(descriptor: int, program: int) -> None:
    """For the message to others: who holds the lock."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {program}\n".encode(), 0)
    except OSError as error:  # a full disk; the lock holds all the same
        logger.warning("who runs is not noted beside the state file: %s", error)


def _processes(descriptor: int) -> str:
    supervisor, _, program = (
        os.pread(descriptor, _MOST_BYTES, 0).decode("ascii", "replace").partition(" ")
    )
    if supervisor.isdecimal() and program.strip().isdecimal():
        return f"supervisor {supervisor} or its program, process {program.strip()}, still runs"
    return "another supervisor runs"
