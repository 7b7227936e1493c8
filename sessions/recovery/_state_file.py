"""The state file: the last saved state, for programs; the log has the ones before it, too."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from sessions.recovery._files import unfinished, write_whole
from sessions.recovery._state import SessionState, decode_state
from sessions.recovery._swap import read_swapped, remove_spare, swap_in

logger = logging.getLogger("sessions.recovery")

MOST_BYTES = 16 << 20


def load_state(path: Path, *, needs_place: bool) -> SessionState | None:
    """The state in that file; None when there is none, or none that can be used."""
    try:
        return decode_state(read_swapped(path, MOST_BYTES), needs_place=needs_place)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        logger.warning("%s: not loaded: %s", path, error)
        return None


def write_state(path: Path, content: bytes) -> None:
    """Put the state there: whoever opens the file finds the last state or this one, whole.

    It survives a killed process at once. OSError when that fails, and for a symbolic link.
    """
    if not swap_in(path, content):
        write_whole(path, content)


def purge(path: Path, max_age_hours: float) -> Iterator[Path]:
    """Delete the file, and unfinished ones, when they were written longer ago; those that went.

    Its age is the file's: when it was written, not the time that stands in it.
    """
    oldest = time.time() - max_age_hours * 3600
    for one in (path, *unfinished(path)):
        try:
            status = one.lstat()
            if not (stat.S_ISREG(status.st_mode) and status.st_mtime < oldest):
                continue
            one.unlink()
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            logger.error("%s: not deleted: %s", one, error)
        else:
            yield one
    if not os.path.lexists(path):
        remove_spare(path)
