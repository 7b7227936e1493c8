"""Where bytes go that recovery or repair takes out of the log. Nothing here is ever deleted.

Also the two places beside a log that a repair uses while it puts one in the place of the other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from eventlog._files import Files, ensure_directory
from eventlog._format import QUARANTINE_NAME


def quarantine(log: Path, name: str, data: bytes, files: Files) -> Path:
    """Keep ``data`` under a name that begins with ``name``; it is on disk when this returns."""
    path = free_place(log, name, files)
    files.write_new(path, data)
    return path


def free_place(log: Path, name: str, files: Files) -> Path:
    """A path in the quarantine that no file has yet."""
    directory = log / QUARANTINE_NAME
    if ensure_directory(directory, files):
        files.sync_directory(log)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    path = directory / f"{name}.{moment}"
    number = 1
    while path.exists():
        path = directory / f"{name}.{moment}-{number}"
        number += 1
    return path


def mended_place(log: Path) -> Path:
    """Where a repair builds the sound log."""
    return log.with_name(f"{log.name}.repairing")


def damaged_place(log: Path) -> Path:
    """Where the damaged log lies from one rename to the next."""
    return log.with_name(f"{log.name}.damaged")
