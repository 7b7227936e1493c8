"""``log.json``: who this log is. Written once, never changed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from attrs import asdict, frozen

from eventlog._check import finish_line, is_intact
from eventlog._errors import (
    DamagedLogError,
    LogNotFoundError,
    NotALogError,
    UnsupportedFormatError,
)
from eventlog._files import Files
from eventlog._format import FORMAT_VERSION, IDENTITY_NAME, SEGMENTS_NAME
from eventlog._names import parse_name
from eventlog._quarantine import damaged_place, mended_place

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, so that each is equally likely
_LOG_ID_LENGTH = 12
_LARGEST = 4096
_WAYS_OUT = (
    "restore it from a copy, or run 'eventlog repair', which looks for the log's id in its events"
)
_IS_FILE = "this is a file, and a log is a directory: check the path"


@frozen
class Identity:
    """Format version, log id (salts every check) and the time the log was created."""

    format: int
    log_id: str
    created: str


def new_log_id() -> str:
    """A random log id: 60 bits, so that ids of events stay unique across logs."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(_LOG_ID_LENGTH))


def encode_identity(identity: Identity) -> bytes:
    """The content of ``log.json``."""
    return finish_line(msgspec.json.encode(asdict(identity))[:-1], 0)


def decode_identity(content: bytes, path: Path) -> Identity:
    """The inverse of :func:`encode_identity`; check and format version are looked at first."""
    with suppress(ValueError, RecursionError):
        if content[-1:] == b"\n" and is_intact(content[:-1], 0):
            version = msgspec.json.decode(content, type=_Version).format
            if version > FORMAT_VERSION:
                raise UnsupportedFormatError(
                    f"the log has format {version}, and this version of eventlog reads up to "
                    f"{FORMAT_VERSION}: install a newer eventlog",
                    path=path,
                )
            return msgspec.json.decode(content, type=Identity)
    raise DamagedLogError(f"log.json is damaged: {_WAYS_OUT}", path=path)


class _Version(msgspec.Struct):
    format: int


def read_identity(log: Path) -> tuple[Identity, bytes]:
    """The identity of the log in this directory, and the bytes of its ``log.json``."""
    path = log / IDENTITY_NAME
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST)
    except FileNotFoundError:
        raise _why_missing(log) from None
    except NotADirectoryError:
        raise NotALogError(_IS_FILE, path=log) from None
    return decode_identity(content, path), content


def check_not_damaged(log: Path) -> None:
    """DamagedLogError when a log was here: nobody should make a new one in its place."""
    if not log.exists() and damaged_place(log).exists() and mended_place(log).exists():
        # A repair that was killed between its two renames leaves no log here, and two beside.
        raise DamagedLogError(
            f"a repair of this log was cut short: rename {mended_place(log)} to it", path=log
        )
    segments = log / SEGMENTS_NAME
    if segments.is_dir() and any(_is_filled_segment(path) for path in segments.iterdir()):
        raise DamagedLogError(
            f"log.json is missing, and there are events: {_WAYS_OUT}", path=log / IDENTITY_NAME
        )


def _is_filled_segment(path: Path) -> bool:
    return parse_name(path.name) is not None and path.lstat().st_size > 0


def _why_missing(log: Path) -> NotALogError | LogNotFoundError:
    check_not_damaged(log)
    if log.is_dir():
        return NotALogError(
            "this directory is no event log (it has no log.json): check the path", path=log
        )
    if os.path.lexists(log):
        return NotALogError(_IS_FILE, path=log)
    return LogNotFoundError(
        "there is no log here: check the path, or create one with 'eventlog init'", path=log
    )


def write_identity(log: Path, identity: Identity, files: Files) -> bytes:
    """Write ``log.json`` so that it is there whole or not at all; return its bytes."""
    content = encode_identity(identity)
    temporary = log / f"{IDENTITY_NAME}.tmp"
    if os.path.lexists(temporary):  # a creation was cut short
        files.unlink(temporary)
    files.write_new(temporary, content)
    files.rename(temporary, log / IDENTITY_NAME)
    files.sync_directory(log)
    return content
