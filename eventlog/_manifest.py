"""``manifest.jsonl``: one hash-chained line per sealed segment."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import msgspec
from attrs import asdict, frozen

from eventlog._check import finish_line, is_intact, salt_of
from eventlog._errors import DamagedLogError
from eventlog._format import MANIFEST_NAME
from eventlog._names import sealed_name


@frozen
class SealedEntry:
    """What the manifest says about one sealed segment. Sizes in bytes, times as text."""

    record: str
    segment: str
    first_sequence: int
    last_sequence: int
    events: int
    first_time: str
    last_time: str
    raw_bytes: int
    stored_bytes: int
    sha256: str
    merkle_root: str
    previous: str


MEND = "run 'eventlog verify' to see all damage, and 'eventlog repair' to mend it"
"""What to do about a damaged log."""

_decoder = msgspec.json.Decoder(SealedEntry)


def encode_entry(entry: SealedEntry, salt: int) -> bytes:
    """The manifest line, LF included."""
    return finish_line(msgspec.json.encode(asdict(entry))[:-1], salt)


def decode_entry(line: bytes, salt: int) -> SealedEntry:
    """The inverse of :func:`encode_entry`, for a line without its LF; ValueError when damaged."""
    if not is_intact(line, salt):
        raise ValueError("the line's check is wrong")
    return _decoder.decode(line)


def misplaced(entry: SealedEntry, previous: str, last_sequence: int) -> str | None:
    """Why this entry cannot follow a line with this hash that ended at this sequence."""
    if entry.segment != sealed_name(entry.first_sequence):
        return f"a manifest line names a wrong file: {entry.segment[:60]!r}"
    if entry.previous != previous:
        return "a manifest line does not follow the line before it"
    if entry.first_sequence != last_sequence + 1:
        return "a manifest line leaves a gap, or repeats sequences"
    return None


class EntryFault(Protocol):
    """Takes what is wrong with one line of the manifest; ``sequence`` None when it is unknown."""

    def __call__(self, message: str, offset: int, sequence: int | None) -> None: ...


def readable_entries(
    data: bytes, salt: int, identity_line: bytes | None, fault: EntryFault
) -> list[SealedEntry]:
    """The entries of a manifest's lines, whatever else is wrong with the chain.

    ``identity_line`` None: ``log.json`` is lost, and the first line cannot be compared with it.
    """
    *lines, rest = data.split(b"\n")
    entries: list[SealedEntry] = []
    previous = None if identity_line is None else sha256(identity_line).hexdigest()
    last, offset = 0, 0
    behind_damage = False
    for line in lines:
        try:
            entry = decode_entry(line, salt)
        except ValueError as error:
            fault(f"a line is damaged: {error}", offset, last + 1)
            behind_damage = True
        else:
            if behind_damage:  # what it should follow is not known
                previous, last = None, max(last, entry.first_sequence - 1)
            behind_damage = False
            problem = misplaced(entry, previous or entry.previous, last)
            if problem is not None:
                fault(problem, offset, entry.first_sequence)
            if entry.segment == sealed_name(entry.first_sequence):
                entries.append(entry)
                last = entry.last_sequence
        previous = sha256(line).hexdigest()
        offset += len(line) + 1
    if rest:
        fault("the last line has no end", offset, last + 1)
    return entries


@frozen
class _Read:
    """How far the manifest has been read: what belongs together changes together.

    An interrupt may come between any two steps of a refresh, and the sealer goes on with the rest.
    """

    entries: int
    size: int
    previous: str


class Manifest:
    """The manifest as far as it has been read. It only grows, so a refresh reads what is new."""

    def __init__(self, log: Path, log_id: str, identity_line: bytes) -> None:
        self.path = log / MANIFEST_NAME
        self.entries: list[SealedEntry] = []
        self.torn_from: int | None = None
        """Byte offset of an incomplete or damaged last line, when there is one."""
        self._salt = salt_of(log_id)
        self._read = _Read(0, 0, sha256(identity_line).hexdigest())

    @property
    def last_sequence(self) -> int:
        """The last sealed sequence, 0 when nothing is sealed."""
        count = self._read.entries
        return self.entries[count - 1].last_sequence if count else 0

    @property
    def previous(self) -> str:
        """What the next line must carry in ``previous``."""
        return self._read.previous

    @property
    def size(self) -> int:
        """Bytes of the intact lines."""
        return self._read.size

    def read(self) -> bytes:
        """All of it as it is, damaged or not; nothing when there is none."""
        return self.path.read_bytes() if self.path.exists() else b""

    def refresh(self) -> None:
        """Read the lines that were added since; DamagedLogError when an older one is damaged."""
        del self.entries[self._read.entries :]  # what an interrupted refresh left
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self.size:
                    raise DamagedLogError(
                        "the manifest became shorter", path=self.path, offset=size
                    )
                file.seek(self.size)
                data = file.read()
        except FileNotFoundError:
            if self.size:
                raise DamagedLogError("the manifest is gone", path=self.path) from None
            return
        self._take(data)

    def _take(self, data: bytes) -> None:
        self.torn_from = None
        *lines, rest = data.split(b"\n")
        for index, line in enumerate(lines):
            fault = self._add(line)
            if fault and (rest or index + 1 < len(lines)):
                raise DamagedLogError(
                    f"{fault} (line {len(self.entries) + 1}): {MEND}",
                    path=self.path,
                    offset=self.size,
                )
            if fault:
                self.torn_from = self.size
                return
        if rest:
            self.torn_from = self.size

    def _add(self, line: bytes) -> str | None:
        try:
            entry = decode_entry(line, self._salt)
        except ValueError as error:
            return f"a manifest line is damaged: {error}"
        fault = misplaced(entry, self.previous, self.last_sequence)
        if fault is None:
            self.entries.append(entry)
            self._read = _Read(
                len(self.entries), self.size + len(line) + 1, sha256(line).hexdigest()
            )
        return fault

    def encode_next(self, entry: SealedEntry) -> bytes:
        """The line to append for ``entry``."""
        return encode_entry(entry, self._salt)
