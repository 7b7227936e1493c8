"""Checking a whole log: every check, sequence, commit, frame, hash, Merkle root and link.

Nothing is changed, and nothing stops at the first fault. What hashes without a signature can show,
and what they cannot, is in docs/log-format.md, "Downsides".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import file_digest, sha256
from pathlib import Path

from attrs import define, evolve, field, frozen

from eventlog._canonical import is_canonical
from eventlog._check import is_intact, salt_of
from eventlog._codec import commit_of, decode_lines, sequence_of, time_of
from eventlog._errors import DamagedLogError
from eventlog._format import MANIFEST_NAME, SEGMENTS_NAME
from eventlog._identity import read_identity
from eventlog._manifest import SealedEntry, decode_entry, misplaced
from eventlog._merkle import MerkleTree
from eventlog._names import parse_name, raw_name, sealed_name
from eventlog._segments import Block, RawSegment, SealedSegment
from eventlog._tail import TailKind, scan_tail

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
        fault = Fault(str(error.path), None, None, "identity", error.message)
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
        raw = self._list_raw()
        entries = self.check_manifest(identity_line)
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
        """First sequences of the raw segments. Read before the manifest: see Catalog.snapshot."""
        names = os.listdir(self._directory) if self._directory.is_dir() else []
        return sorted(known[0] for name in names if (known := parse_name(name)) and not known[1])

    # The manifest

    def check_manifest(self, identity_line: bytes) -> list[SealedEntry]:
        """The entries that can be read, whatever else is wrong with the chain."""
        path = self.log / MANIFEST_NAME
        data = path.read_bytes() if path.exists() else b""
        *lines, rest = data.split(b"\n")
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
        contents = Contents(self, segment.path, entry.first_sequence)
        try:
            with segment.open() as file:
                digest = file_digest(file, "sha256").hexdigest()
                for block in segment.blocks(file, 0, self._note(segment.path, "frame")):
                    contents.take(block)
                    self.progress(len(block.data))
        except DamagedLogError as error:
            kind = "missing" if not segment.path.exists() else "frame"
            self._note(segment.path, kind)(error)
            digest = entry.sha256 if kind == "missing" else ""
        if digest not in ("", entry.sha256):
            self.fault(segment.path, "hash", "SHA-256 is not what the manifest states")
        if len(self.faults) == faults_before:
            contents.finish(entry)
        self.segments += 1

    def _note(self, path: Path, kind: str) -> Callable[[DamagedLogError], None]:
        def note(error: DamagedLogError) -> None:
            self.fault(path, kind, error.message, offset=error.offset, sequence=error.sequence)

        return note

    def _check_names(self, sealed: set[int], raw: set[int]) -> None:
        names = os.listdir(self._directory) if self._directory.is_dir() else []
        for name in sorted(names):
            known = parse_name(name)
            if known and known[1] and known[0] not in sealed | raw:
                self.fault(
                    self._directory / name, "unknown", "this sealed segment is not in the manifest",
                    sequence=known[0],
                )  # fmt: skip

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
            expected = self._check_one_raw(
                RawSegment(path, first, self.salt), index + 1 == len(firsts)
            )
            self.segments += 1

    def _check_one_raw(self, segment: RawSegment, active: bool) -> int:
        """The sequence that should follow this segment."""
        try:
            file = segment.open()
        except FileNotFoundError:  # sealed while we looked at others: then it was whole
            return segment.first_sequence
        with file:
            tail = scan_tail(file, segment.salt, segment.first_sequence)
            end = tail.end if tail.kind is TailKind.TORN else None
            contents = Contents(self, segment.path, segment.first_sequence)
            for block in evolve(segment, end=end).blocks(file, 0, self._note(segment.path, "line")):
                contents.take(block)
                self.progress(len(block.data))
        if tail.kind is TailKind.TORN:
            message = "an unfinished write; opening the log for writing moves it to quarantine"
            if not active:
                message = "a rotated segment ends inside a batch"
            self.fault(segment.path, "torn", message, offset=tail.end, sequence=tail.next_sequence)
        elif contents.batch:
            self.fault(segment.path, "commit", "the last batch has no end", offset=contents.offset)
        return contents.expected


@define
class Contents:
    """The lines of one segment as they pass: checked one by one, and summed up for its entry."""

    audit: Audit
    path: Path
    expected: int
    batch: int = 0
    offset: int = 0
    raw_bytes: int = 0
    first_time: bytes = b"~"
    last_time: bytes = b""
    merkle: MerkleTree = field(factory=MerkleTree)

    def take(self, block: Block) -> None:
        """Check the lines of one block."""
        self.offset = block.offset
        lines = block.data.split(b"\n")
        if lines.pop() != b"":
            self._fault("line", "the last line has no end")
        good = [line for line in lines if self._check(line)]
        self._decode(good, block.offset)
        if good:
            times = [time_of(line) for line in good]
            self.first_time = min(self.first_time, *times)
            self.last_time = max(self.last_time, *times)
        self.merkle.extend(lines)
        self.raw_bytes += len(block.data)
        self.audit.events += len(good)

    def _check(self, line: bytes) -> bool:
        good = is_intact(line, self.audit.salt) and is_canonical(line)
        if good:
            self._check_place(line)
        else:
            self._fault("line", "a line is damaged: its check does not fit its bytes")
            self.expected += 1
            self.batch += 1
        self.offset += len(line) + 1
        return good

    def _check_place(self, line: bytes) -> None:
        sequence = sequence_of(line)
        if sequence != self.expected:
            self._fault("sequence", f"sequence {sequence}, where {self.expected} was expected")
        self.expected = sequence + 1
        self.batch += 1
        commit = commit_of(line)
        if commit is not None:
            if commit != self.batch:
                self._fault("commit", f"a batch of {self.batch} lines claims {commit}")
            self.batch = 0

    def _decode(self, lines: list[bytes], offset: int) -> None:
        try:
            decode_lines(lines)
        except DamagedLogError as error:
            self.audit.fault(self.path, "line", error.message, offset=offset)

    def _fault(self, kind: str, message: str) -> None:
        self.audit.fault(self.path, kind, message, offset=self.offset, sequence=self.expected)

    def finish(self, entry: SealedEntry) -> None:
        """Compare with the manifest. Only when nothing else was wrong: one cause, one fault."""
        found = {
            "last_sequence": self.expected - 1,
            "events": self.expected - entry.first_sequence,
            "raw_bytes": self.raw_bytes,
            "first_time": self.first_time.decode(),
            "last_time": self.last_time.decode(),
        }
        for name, value in found.items():
            if getattr(entry, name) != value:
                stated = getattr(entry, name)
                self._fault("manifest", f"{name} is {value}, and the manifest states {stated}")
        if self.merkle.root().hex() != entry.merkle_root:
            self._fault("merkle", "the Merkle root is not what the manifest states")
        if self.batch:
            self._fault("commit", "the last batch has no end")
