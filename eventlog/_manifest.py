"""``manifest.jsonl``: one hash-chained line per sealed segment, and per pruning."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from attrs import define, field, frozen

from eventlog._check import is_intact, salt_of
from eventlog._errors import DamagedLogError
from eventlog._format import MANIFEST_NAME
from eventlog._manifest_lines import (
    Entry,
    PrunedEntry,
    SealedEntry,
    decode_entry,
    encode_entry,
    misplaced,
)
from eventlog._names import sealed_name

MEND = "run 'eventlog verify' to see all damage, and 'eventlog repair' to mend it"
"""What to do about a damaged log."""


class EntryFault(Protocol):
    """Takes what is wrong with one line of the manifest; ``sequence`` None when it is unknown."""

    def __call__(self, message: str, offset: int, sequence: int | None) -> None: ...


@define
class Listed:
    """What a manifest lists: the sealed segments that are kept, and what was pruned before."""

    sealed: list[SealedEntry] = field(factory=list)
    pruned: PrunedEntry | None = None

    @property
    def pruned_to(self) -> int:
        """The last sequence that was pruned, 0 when nothing was."""
        return 0 if self.pruned is None else self.pruned.last_sequence


def readable_entries(
    data: bytes, salt: int, identity_line: bytes | None, fault: EntryFault
) -> Listed:
    """The entries of a manifest's lines, whatever else is wrong with the chain.

    ``identity_line`` None: ``log.json`` is lost, and the first line cannot be compared with it.
    """
    *lines, rest = data.split(b"\n")
    listed = Listed()
    previous = None if identity_line is None else sha256(identity_line).hexdigest()
    ends: list[int] = []
    last, offset = 0, 0
    behind_damage = False
    for line in lines:
        try:
            entry = decode_entry(line, salt)
            if encode_entry(entry, salt)[:-1] != line:
                fault("a line is not written as the format prescribes", offset, last + 1)
        except ValueError as error:
            fault(f"a line is damaged: {error}", offset, last + 1)
            behind_damage = True
        else:
            if behind_damage:  # what it should follow is not known
                previous, ends = None, _ends_before(entry, [*ends, last])
            behind_damage = False
            problem = misplaced(entry, previous, listed.pruned_to, ends)
            if problem is not None:
                fault(problem, offset, entry.first_sequence)
            if isinstance(entry, PrunedEntry) and entry.last_sequence > listed.pruned_to:
                listed = _without(listed.sealed, entry)
                ends = [one.last_sequence for one in listed.sealed]
                last = max(last, entry.last_sequence)
            elif isinstance(entry, SealedEntry) and _is_kept(entry, listed):
                listed.sealed.append(entry)
                last = entry.last_sequence
                ends.append(last)
        previous = sha256(line).hexdigest()
        offset += len(line) + 1
    if rest:
        fault("the last line has no end", offset, last + 1)
    return listed


def _is_kept(entry: SealedEntry, listed: Listed) -> bool:
    """Whether it is of a segment by its right name that was not pruned."""
    is_named = entry.segment == sealed_name(entry.first_sequence)
    return is_named and entry.first_sequence > listed.pruned_to


def _ends_before(entry: Entry, ends: list[int]) -> list[int]:
    """Ends of segments as they must have been for this entry to follow what cannot be read."""
    if isinstance(entry, PrunedEntry):
        return [*ends, entry.last_sequence]
    return [*ends, max(ends[-1], entry.first_sequence - 1)]


def _without(sealed: Sequence[SealedEntry], entry: PrunedEntry) -> Listed:
    return Listed([one for one in sealed if one.first_sequence > entry.last_sequence], entry)


@frozen
class _Read:
    """How far the manifest has been read: what belongs together changes together.

    An interrupt may come between any two steps of a refresh, and the sealer goes on with the rest.
    """

    listed: Listed
    entries: int
    lines: int
    size: int
    previous: str


class Manifest:
    """The manifest as far as it has been read. It only grows, so a refresh reads what is new."""

    def __init__(self, log: Path, log_id: str, identity_line: bytes) -> None:
        self.path = log / MANIFEST_NAME
        self.torn_from: int | None = None
        """Byte offset of an incomplete or damaged last line, when there is one."""
        self._salt = salt_of(log_id)
        self._read = _Read(Listed(), 0, 0, 0, sha256(identity_line).hexdigest())

    @property
    def entries(self) -> list[SealedEntry]:
        """The sealed segments that are kept. The list grows; pruning begins another."""
        return self._read.listed.sealed

    @property
    def pruned(self) -> PrunedEntry | None:
        """What was pruned, when anything was."""
        return self._read.listed.pruned

    @property
    def pruned_to(self) -> int:
        """The last sequence that was pruned, 0 when nothing was."""
        return self._read.listed.pruned_to

    @property
    def last_sequence(self) -> int:
        """The last sequence that is sealed or was, 0 when nothing is."""
        read = self._read
        return (
            read.listed.sealed[read.entries - 1].last_sequence
            if read.entries
            else (read.listed.pruned_to)
        )

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
        if self._is_as_read():
            return
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

    def _is_as_read(self) -> bool:
        """Whether nothing was added: asked for every id that is looked up."""
        try:
            return self.torn_from is None and os.stat(self.path).st_size == self.size  # noqa: PTH116
        except FileNotFoundError:
            return False

    def _take(self, data: bytes) -> None:
        self.torn_from = None
        *lines, rest = data.split(b"\n")
        for index, line in enumerate(lines):
            fault = self._add(line)
            if fault and any(is_intact(later, self._salt) for later in lines[index + 1 :]):
                where = f"line {self._read.lines + 1}"
                raise DamagedLogError(
                    f"{fault} ({where}): {MEND}", path=self.path, offset=self.size
                )
            if fault:  # what an unfinished write left may hold line ends
                self.torn_from = self.size
                return
        if rest:
            self.torn_from = self.size

    def _add(self, line: bytes) -> str | None:
        try:
            entry = decode_entry(line, self._salt)
        except ValueError as error:
            return f"a manifest line is damaged: {error}"
        read = self._read
        ends = [read.listed.sealed[-1].last_sequence] if read.entries else []
        if isinstance(entry, PrunedEntry):
            ends = [one.last_sequence for one in read.listed.sealed]
        fault = misplaced(entry, read.previous, read.listed.pruned_to, ends)
        if fault is not None:
            return fault
        if isinstance(entry, PrunedEntry):
            listed = _without(read.listed.sealed, entry)
        else:
            listed = read.listed
            listed.sealed.append(entry)
        size, previous = read.size + len(line) + 1, sha256(line).hexdigest()
        self._read = _Read(listed, len(listed.sealed), read.lines + 1, size, previous)
        return None

    def encode_next(self, entry: Entry) -> bytes:
        """The line to append for ``entry``."""
        return encode_entry(entry, self._salt)
