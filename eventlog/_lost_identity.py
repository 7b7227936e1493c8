"""The identity of a log whose ``log.json`` is damaged or missing, found in its events.

An id that the log made begins with the log id, and the log id salts the check of the line. So one
such line that is intact proves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from eventlog._check import is_intact, salt_of
from eventlog._codec import sequence_of, time_of
from eventlog._errors import DamagedLogError
from eventlog._format import FORMAT_VERSION, IDENTITY_NAME, SEGMENTS_NAME
from eventlog._found import names_in
from eventlog._identity import Identity, encode_identity, read_identity
from eventlog._names import parse_name
from eventlog._salvage import chunks_of

_OWN_ID = re.compile(rb'{"specversion":"1\.0","id":"([a-km-np-z2-9]{12})-([1-9][0-9]{0,18})",')
_CREATED = re.compile(rb'"created":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"', re.ASCII)


@frozen
class FoundIdentity:
    """Who a log is, what its ``log.json`` holds or should hold, and what is wrong with that."""

    identity: Identity
    content: bytes
    problem: DamagedLogError | None


def find_identity(log: Path) -> FoundIdentity:
    """From ``log.json``, or else from the events; DamagedLogError when those do not tell it."""
    try:
        return FoundIdentity(*read_identity(log), None)
    except DamagedLogError as error:
        line = next((line for line in _chunks(log) if _own_log_id(line)), None)
        if line is None:
            raise
        log_id = _own_log_id(line) or ""
        identity = Identity(FORMAT_VERSION, log_id, _created(log) or time_of(line).decode())
        return FoundIdentity(identity, encode_identity(identity), error)


def _chunks(log: Path) -> Iterator[bytes]:
    directory = log / SEGMENTS_NAME
    for name in names_in(directory):
        if parse_name(name) is not None and (directory / name).is_file():
            yield from chunks_of(directory / name)


def _own_log_id(line: bytes) -> str | None:
    """The log id that an intact line with an id of the log's own making proves."""
    match = _OWN_ID.match(line)
    if match is None or not is_intact(line, salt_of(match[1].decode())):
        return None
    return match[1].decode() if sequence_of(line) == int(match[2]) else None


def _created(log: Path) -> str | None:
    """What the damaged file still says; when it is missing, the first event is the best guess."""
    path = log / IDENTITY_NAME
    match = _CREATED.search(path.read_bytes()) if path.exists() else None
    return match[1].decode() if match else None
