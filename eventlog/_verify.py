"""Checking a whole log: every check, sequence, commit, frame, hash, Merkle root and link.

Nothing is changed, and nothing stops at the first fault. What hashes without a signature can show,
and what they cannot, is in docs/log-format.md, "Downsides".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path

from attrs import define, evolve, field, frozen

from eventlog._check import salt_of
from eventlog._errors import DamagedLogError
from eventlog._format import IDENTITY_NAME, MANIFEST_NAME, SEGMENTS_NAME
from eventlog._identity import read_identity
from eventlog._line_checks import LineChecker
from eventlog._manifest import SealedEntry, decode_entry, misplaced
from eventlog._names import parse_name, raw_name, sealed_name
from eventlog._segments import RawSegment, SealedSegment
from eventlog._tail import Tail, TailKind, scan_tail

Progress = Callable[[int], None]
"""Told how many more bytes of the log were checked."""


@frozen
class Fault:
    """One thing that is not as it should be. ``offset`` in bytes, uncompressed; None: unknown."""

    file: str
    offset: int | None
    sequence: int | None
    kind: str
    """torn, line, sequence, commit, frame, hash, merkle, manifest, missing, unknown, identity"""
    message: str


@frozen
class VerifyReport:
    """What :func:`verify` found."""

    ok: bool
    events: int
    """Intact events."""
    segments: int
    faults: list[Fault]


def verify(path: str | Path, progress: Progress | None = None) -> VerifyReport:
    """Check the log at ``path``, which may be in use. LogNotFoundError when there is none.

    A torn tail is a fault here, though opening the log for writing mends it.
    """
    log = Path(path)
    try:
        identity, identity_line = read_identity(log)
    except DamagedLogError as error:
        fault = Fault(IDENTITY_NAME, None, None, "identity", error.message)
        return VerifyReport(False, 0, 0, [fault])
    audit = Audit(log, salt_of(identity.log_id), progress or (lambda size: None))
    audit.run(identity_line)
    return VerifyReport(not audit.faults, audit.events, audit.segments, audit.faults)


@define
class Audit:
    """One pass over a log. ``faults`` fills as it goes."""

    log: Path
    salt: int
    progress: Progress
    faults: list[Fault] = field(factory=list)
    events: int = 0
    segments: int = 0

    def run(self, identity_line: bytes) -> None:
        """Check everything."""
        raw, manifest = self._list_raw(), self._manifest()
        while (again := self._list_raw()) != raw:  # a writer is at work: see Catalog.snapshot
            raw, manifest = again, self._manifest()
        entries = self.check_manifest(identity_line, manifest)
        for entry in entries:
            self.check_sealed(entry)
        sealed_to = entries[-1].last_sequence if entries else 0
        self._check_names({entry.first_sequence for entry in entries}, set(raw))
        self._check_raw([first for first in raw if first > sealed_to], sealed_to + 1)

    def fault(
        self,
        path: Path,
        kind: str,
        message: str,
        *,
        offset: int | None = None,
        sequence: int | None = None,
    ) -> None:
        """Note a fault."""
        place = path.relative_to(self.log)
        self.faults.append(Fault(str(place), offset, sequence, kind, message))

    @property
    def _directory(self) -> Path:
        return self.log / SEGMENTS_NAME

    def _list_raw(self) -> list[int]:
        """First sequences of the raw segments."""
        names = os.listdir(self._directory) if self._directory.is_dir() else []
        return sorted(known[0] for name in names if (known := parse_name(name)) and not known[1])

    # The manifest

    def _manifest(self) -> bytes:
        path = self.log / MANIFEST_NAME
        return path.read_bytes() if path.exists() else b""

    def check_manifest(self, identity_line: bytes, data: bytes | None = None) -> list[SealedEntry]:
        """The entries that can be read, whatever else is wrong with the chain."""
        path = self.log / MANIFEST_NAME
        *lines, rest = (self._manifest() if data is None else data).split(b"\n")
        entries: list[SealedEntry] = []
        previous, last, offset = sha256(identity_line).hexdigest(), 0, 0
        for line in lines:
            entry = self._check_entry(line, previous, last, offset)
            if entry is not None:
                entries.append(entry)
                last = entry.last_sequence
            previous = sha256(line).hexdigest()
            offset += len(line) + 1
        if rest:
            self.fault(path, "manifest", "the last line has no end", offset=offset)
        return entries

    def _check_entry(
        self, line: bytes, previous: str, last: int, offset: int
    ) -> SealedEntry | None:
        path = self.log / MANIFEST_NAME
        try:
            entry = decode_entry(line, self.salt)
        except ValueError as error:
            self.fault(path, "manifest", f"a line is damaged: {error}", offset=offset)
            return None
        problem = misplaced(entry, previous, last)
        if problem is not None:
            self.fault(path, "manifest", problem, offset=offset, sequence=entry.first_sequence)
        return entry if entry.segment == sealed_name(entry.first_sequence) else None

    # Segments

    def check_sealed(self, entry: SealedEntry) -> None:
        """One sealed segment against its manifest entry."""
        segment = SealedSegment(self._directory / entry.segment, entry)
        faults_before = len(self.faults)
        lines = self._checker(segment.path, entry.first_sequence)
        try:
            self._read_sealed(segment, lines)
        except DamagedLogError as error:
            self._note(segment.path, "frame" if segment.path.exists() else "missing")(error)
        if len(self.faults) == faults_before:  # one cause, one fault
            lines.finish()
            lines.compare(entry)
        self.events += lines.intact
        self.segments += 1

    def _read_sealed(self, segment: SealedSegment, lines: LineChecker) -> None:
        with segment.open() as file:
            if file_digest(file, "sha256").hexdigest() != segment.entry.sha256:
                self.fault(segment.path, "hash", "SHA-256 is not what the manifest states")
            for block in segment.blocks(file, 0, self._note(segment.path, "frame")):
                lines.take(block)
                self.progress(len(block.data))

    def _checker(self, path: Path, first_sequence: int) -> LineChecker:
        return LineChecker(first_sequence, self.salt, partial(self.fault, path))

    def _note(self, path: Path, kind: str) -> Callable[[DamagedLogError], None]:
        def note(error: DamagedLogError) -> None:
            self.fault(path, kind, error.message, offset=error.offset, sequence=error.sequence)

        return note

    def _check_names(self, sealed: set[int], raw: set[int]) -> None:
        names = os.listdir(self._directory) if self._directory.is_dir() else []
        found = [known for name in names if (known := parse_name(name))]
        raw = raw | {first for first, is_sealed in found if not is_sealed}
        strange = {first for first, is_sealed in found if is_sealed} - sealed - raw
        for first in sorted(strange - self._sealed_since(strange)):
            self.fault(
                self._directory / sealed_name(first), "unknown",
                "this sealed segment is not in the manifest", sequence=first,
            )  # fmt: skip

    def _sealed_since(self, strange: set[int]) -> set[int]:
        """What a writer sealed since we read the manifest: it adds a line before it deletes."""
        since = set()
        for line in self._manifest().split(b"\n") if strange else ():
            with suppress(ValueError):
                since.add(decode_entry(line, self.salt).first_sequence)
        return since

    def _check_raw(self, firsts: list[int], expected: int) -> None:
        if not firsts:
            self.fault(
                self._directory, "missing", "the active segment is missing", sequence=expected
            )
        for index, first in enumerate(firsts):
            path = self._directory / raw_name(first)
            if first != expected:
                self.fault(
                    path, "missing", "a segment before this one is missing", sequence=expected
                )
            segment = RawSegment(path, first, self.salt)
            following = firsts[index + 1] if index + 1 < len(firsts) else None
            expected = self._check_one_raw(segment, following)
            self.segments += 1

    def _check_one_raw(self, segment: RawSegment, following: int | None) -> int:
        """The sequence that should follow. ``following`` is None for the active segment."""
        try:
            file = segment.open()
        except FileNotFoundError:  # sealed while we looked at others: then it was whole
            return following or segment.first_sequence
        lines = self._checker(segment.path, segment.first_sequence)
        with file:
            tail = _settled_tail(file, segment)
            whole = evolve(segment, end=None if tail.kind is TailKind.CORRUPT else tail.end)
            for block in whole.blocks(file, 0, self._note(segment.path, "line")):
                lines.take(block)
                self.progress(len(block.data))
        self.events += lines.intact
        lines.finish()
        if tail.kind is TailKind.TORN:
            # Only the end of the active segment is a tear, which opening mends.
            kind, message = ("line", _TORN_ROTATED) if following else ("torn", _TORN)
            self.fault(segment.path, kind, message, offset=tail.end, sequence=tail.next_sequence)
        return lines.expected


def _settled_tail(file: BufferedReader, segment: RawSegment) -> Tail:
    """A write that is under way looks torn: look again until the file stands still."""
    while True:
        size = os.fstat(file.fileno()).st_size
        tail = scan_tail(file, segment.salt, segment.first_sequence, size)
        if tail.kind is not TailKind.TORN or os.fstat(file.fileno()).st_size == size:
            return tail


_TORN_ROTATED = "what follows the last whole batch of a rotated segment is damaged"
_TORN = "an unfinished write; opening the log for writing moves it to quarantine"
