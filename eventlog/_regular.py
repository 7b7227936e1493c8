"""Opening what has the name of a segment, and need not be a file."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path
from stat import S_ISREG

from eventlog._errors import DamagedLogError

NOT_A_FILE = "this has the name of a segment and is no file: move it out of the log"


def open_regular(path: Path) -> BufferedReader:
    """The file, to read; DamagedLogError for a directory, a pipe or a device.

    A pipe would keep its reader waiting for somebody who writes to it.
    """
    try:
        file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    except OSError:
        if is_strange(path):  # a directory, or a socket
            raise DamagedLogError(NOT_A_FILE, path=path) from None
        raise
    if not S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise DamagedLogError(NOT_A_FILE, path=path)
    return file


def is_strange(path: Path) -> bool:
    """Whether something is there, or behind a link there, that is no file."""
    try:
        return not S_ISREG(path.stat().st_mode)  # one look: it may be deleted any time
    except OSError:
        return False  # whoever opens it says what is wrong


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
