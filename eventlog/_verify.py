"""Checking a whole log: every check, sequence, commit, frame, hash, Merkle root and link.

Nothing is changed, and nothing stops at the first fault. What hashes without a signature can show,
and what they cannot, is in docs/log-format.md, "Downsides".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from hashlib import file_digest
from io import BufferedReader
from itertools import zip_longest
from pathlib import Path

from attrs import define, field, frozen

from eventlog._check import salt_of
from eventlog._errors import DamagedLogError
from eventlog._format import IDENTITY_NAME, MANIFEST_NAME, SEGMENTS_NAME
from eventlog._found import (
    FoundSegment,
    match_segments,
    names_in,
    raw_blocks,
    sealed_blocks,
    strange_names,
)
from eventlog._line_checks import LineChecker
from eventlog._lock import writing_stopped
from eventlog._lost_identity import find_identity
from eventlog._manifest import Listed, readable_entries
from eventlog._names import parse_name
from eventlog._regular import NOT_A_FILE, open_regular
from eventlog._salvage import NOT_PRUNED, holds_more
from eventlog._segments import Block
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
    """torn, line, sequence, commit, frame, hash, merkle, manifest, missing, unknown, identity; of a
    comparison with a checkpoint also rollback and rewritten"""
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
    return audit_of(Path(path), progress, is_held=False)


def audit_of(log: Path, progress: Progress | None = None, *, is_held: bool) -> VerifyReport:
    """Like :func:`verify`; ``is_held`` tells that the caller keeps all writers out."""
    try:
        found = find_identity(log)
    except DamagedLogError as error:
        if not log.is_dir():
            raise
        fault = Fault(IDENTITY_NAME, None, None, "identity", error.message)
        return VerifyReport(False, 0, 0, [fault])
    audit = Audit(log, salt_of(found.identity.log_id), progress or (lambda size: None), is_held)
    if found.problem is not None:
        audit.fault(log / IDENTITY_NAME, "identity", found.problem.message)
    audit.run(None if found.problem else found.content)
    return VerifyReport(not audit.faults, audit.events, audit.segments, audit.faults)


@define
class Audit:
    """One pass over a log. ``faults`` fills as it goes."""

    log: Path
    salt: int
    progress: Progress
    is_held: bool = True
    faults: list[Fault] = field(factory=list)
    events: int = 0
    segments: int = 0

    def run(self, identity_line: bytes | None) -> None:
        """Check everything. Without the ``identity_line``, all but the start of the chain."""
        names, manifest = names_in(self._directory), self._manifest()
        while (again := names_in(self._directory)) != names:  # a writer is at work
            names, manifest = again, self._manifest()
        listed = self.check_manifest(identity_line, manifest)
        self._check_pruned(names, listed.pruned_to)
        strange = strange_names(self._directory, names, listed)
        for name in strange:
            self.fault(self._directory / name, "unknown", NOT_A_FILE)
        names = [name for name in names if name not in strange]
        segments = match_segments(self._directory, names, listed)
        expected: int | None = listed.pruned_to + 1
        for segment, following in zip_longest(segments, segments[1:]):
            if expected not in (None, segment.first_sequence):
                what = "a segment before this one is missing"
                self.fault(segment.path, "missing", what, sequence=expected)
            before = len(self.faults)
            expected = self._check(segment, is_last=following is None)
            is_whole = len(self.faults) == before
            if following and is_whole and not segment.sealed:
                is_whole = expected == following.first_sequence
                if not is_whole:
                    what = (
                        f"the next segment begins at {following.first_sequence}, and this one ends"
                    )
                    self.fault(segment.path, "missing", what, sequence=expected)
            if not (segment.entry or is_whole):
                expected = None
        if not segments or segments[-1].sealed:
            what = "the active segment is missing"
            self.fault(self._directory, "missing", what, sequence=expected)

    def _check(self, segment: FoundSegment, *, is_last: bool) -> int:
        """Check one segment; the sequence that should follow."""
        try:
            file = open_regular(segment.path)
        except DamagedLogError as error:
            first = segment.first_sequence
            self.fault(segment.path, "missing", error.message, sequence=first)
            return (segment.last_sequence or first - 1) + 1
        except FileNotFoundError:
            is_gone = segment.sealed and not self._was_pruned(segment)
            if is_gone or os.path.lexists(segment.path):
                what = "a segment is missing, or is a link that leads nowhere"
                self.fault(segment.path, "missing", what, sequence=segment.first_sequence)
            # Else it was sealed or pruned while we looked at others.
            return (segment.last_sequence or segment.first_sequence - 1) + 1
        self.segments += 1
        lines = LineChecker(segment.first_sequence, self.salt, partial(self.fault, segment.path))
        with file:
            if segment.sealed:
                self._check_sealed(segment, file, lines)
            else:
                self._check_raw(segment, file, lines, is_last)
        self.events += lines.intact
        return segment.entry.last_sequence + 1 if segment.entry else lines.expected

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

    def _check_pruned(self, names: list[str], pruned_to: int) -> None:
        """A pruning that was cut short leaves files, which hold nothing else."""
        for name in names:
            known, path = parse_name(name), self._directory / name
            if known and known[0] <= pruned_to and holds_more(path, pruned_to, self.salt):
                self.fault(path, "unknown", NOT_PRUNED)

    def _was_pruned(self, segment: FoundSegment) -> bool:
        listed = readable_entries(self._manifest(), self.salt, None, lambda *fault: None)
        return segment.first_sequence <= listed.pruned_to

    # The manifest

    def _manifest(self) -> bytes:
        path = self.log / MANIFEST_NAME
        return path.read_bytes() if path.exists() else b""

    def check_manifest(self, identity_line: bytes | None, data: bytes | None = None) -> Listed:
        """What the manifest lists, whatever else is wrong with the chain."""

        def note(message: str, offset: int, sequence: int | None) -> None:
            path = self.log / MANIFEST_NAME
            self.fault(path, "manifest", message, offset=offset, sequence=sequence)

        data = self._manifest() if data is None else data
        return readable_entries(data, self.salt, identity_line, note)

    # Segments

    def _check_sealed(
        self, segment: FoundSegment, file: BufferedReader, lines: LineChecker
    ) -> None:
        """Against its manifest entry, as far as there is one."""
        before, entry = len(self.faults), segment.entry
        if entry is None:
            what = "this sealed segment is not in the manifest"
            self.fault(segment.path, "unknown", what, sequence=segment.first_sequence)
        elif (
            os.fstat(file.fileno()).st_size == entry.stored_bytes
            and file_digest(file, "sha256").hexdigest() != entry.sha256
        ):
            what = "SHA-256 is not what the manifest states"
            self.fault(segment.path, "hash", what, sequence=segment.first_sequence)
        note = self._note(segment, "frame")
        for block in sealed_blocks(segment, file, note, note):
            if block.checked:
                lines.take(block)
            else:
                lines.take_left_over(block)
            self.progress(len(block.data))
        if entry is not None and len(self.faults) == before:  # one cause, one fault
            lines.finish()
            lines.compare(entry)

    def _note(self, segment: FoundSegment, kind: str) -> Callable[[DamagedLogError], None]:
        def note(error: DamagedLogError) -> None:
            sequence = segment.first_sequence if error.offset is None else error.sequence
            self.fault(segment.path, kind, error.message, offset=error.offset, sequence=sequence)

        return note

    def _check_raw(
        self, segment: FoundSegment, file: BufferedReader, lines: LineChecker, is_last: bool
    ) -> None:
        tail, size = self._settled_tail(file, segment)
        end = size if tail.kind is TailKind.CORRUPT else tail.end
        for block in raw_blocks(segment, file, end):
            lines.take(block)
            self.progress(len(block.data))
        lines.finish()
        if tail.kind is TailKind.TORN:
            # Only the end of the active segment is a tear, which opening mends.
            kind, message = ("torn", _TORN) if is_last else ("line", _TORN_ROTATED)
            self.fault(segment.path, kind, message, offset=tail.end, sequence=tail.next_sequence)
            if not is_last:
                file.seek(tail.end)
                lines.take_left_over(
                    Block(segment.path, tail.end, file.read(size - tail.end), False)
                )

    def _settled_tail(self, file: BufferedReader, segment: FoundSegment) -> tuple[Tail, int]:
        """A write that is under way looks torn: then look again while nobody writes."""
        size = os.fstat(file.fileno()).st_size
        tail = scan_tail(file, self.salt, segment.first_sequence, size)
        if tail.kind is TailKind.TORN and not self.is_held:
            with writing_stopped(self.log, _PATIENCE_SECONDS):
                size = os.fstat(file.fileno()).st_size
                tail = scan_tail(file, self.salt, tail.next_sequence, size, tail.end)
        return tail, size


_PATIENCE_SECONDS = 5.0  # a writer that holds the log for longer is not merely busy
_TORN_ROTATED = "what follows the last whole batch of a rotated segment is damaged"
_TORN = "an unfinished write; opening the log for writing moves it to quarantine"
