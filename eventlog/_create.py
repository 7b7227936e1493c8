"""Creating a log: everything else first, ``log.json`` last."""

from __future__ import annotations

from pathlib import Path

from eventlog._errors import NotALogError
from eventlog._files import Files
from eventlog._format import FORMAT_VERSION, IDENTITY_NAME, LOCK_NAME, SEGMENTS_NAME
from eventlog._identity import Identity, check_not_damaged, new_log_id, write_identity
from eventlog._lock import hold_writer_lock
from eventlog._names import raw_name
from eventlog._times import format_ns

_HALF_MADE = frozenset({SEGMENTS_NAME, LOCK_NAME, f"{IDENTITY_NAME}.tmp"})


def create_log(log: Path, files: Files, lock_timeout: float, now_ns: int) -> None:
    """Make an empty log, in a new directory, an empty one, or one where this was cut short.

    Does nothing when another process was faster. NotALogError when the directory holds anything
    else: nothing is ever put among somebody's files.
    """
    check_not_damaged(log)
    _make_directory(log, files)
    _check_empty(log)
    with hold_writer_lock(log, files, lock_timeout):
        if not (log / IDENTITY_NAME).exists():
            _fill(log, files, Identity(FORMAT_VERSION, new_log_id(), format_ns(now_ns)))


def make_skeleton(log: Path, identity_content: bytes, files: Files) -> None:
    """A new directory with this ``log.json`` and no segments, to be filled by the caller."""
    files.make_directory(log)
    files.make_directory(log / SEGMENTS_NAME)
    files.write_new(log / LOCK_NAME, b"")
    files.write_new(log / IDENTITY_NAME, identity_content)
    files.sync_directory(log.parent)


def _make_directory(log: Path, files: Files) -> None:
    try:
        files.make_directory(log)
    except FileExistsError:
        if not log.is_dir():
            raise NotALogError(
                "this is a file, and a log is a directory: check the path", path=log
            ) from None
    files.sync_directory(log.parent)  # also for one that is there: its maker may have been killed


def _check_empty(log: Path) -> None:
    strange = sorted({path.name for path in log.iterdir()} - _HALF_MADE - {IDENTITY_NAME})
    if strange and not (log / IDENTITY_NAME).exists():
        raise NotALogError(
            f"this directory is no event log, and holds other files ({strange[0]}): "
            "choose a new or an empty directory",
            path=log,
        )


def _fill(log: Path, files: Files, identity: Identity) -> None:
    segments = log / SEGMENTS_NAME
    if not segments.is_dir():
        files.make_directory(segments)
    first = segments / raw_name(1)
    if not first.exists():
        files.write_new(first, b"")
    files.sync_directory(segments)
    write_identity(log, identity, files)
