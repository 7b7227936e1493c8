"""Which segments a log has right now."""

from __future__ import annotations

import os
from bisect import bisect_left
from pathlib import Path
from threading import Lock

from attrs import frozen

from eventlog._check import salt_of
from eventlog._errors import DamagedLogError
from eventlog._format import SEGMENTS_NAME
from eventlog._identity import read_identity
from eventlog._manifest import MEND, Manifest
from eventlog._manifest_lines import SealedEntry
from eventlog._names import RAW_SUFFIX, parse_name
from eventlog._segments import RawSegment, SealedSegment, Segment


@frozen
class Snapshot:
    """The segments at one moment, in order. Sealed ones stay as entries until they are needed."""

    directory: Path
    entries: list[SealedEntry]
    sealed: int
    """How many of ``entries`` belong to this snapshot; the list may grow behind it."""
    raw: tuple[RawSegment, ...]
    pruned_to: int
    """The last sequence that was pruned, 0 when nothing was."""

    @property
    def sealed_to(self) -> int:
        """The last sequence that is sealed or was, 0 when nothing is."""
        return self.entries[self.sealed - 1].last_sequence if self.sealed else self.pruned_to

    def __len__(self) -> int:
        return self.sealed + len(self.raw)

    def __getitem__(self, index: int) -> Segment:
        if index >= self.sealed:
            return self.raw[index - self.sealed]
        entry = self.entries[index]
        return SealedSegment(self.directory / entry.segment, entry)

    def first_sequence(self, index: int) -> int:
        """First sequence of a segment, without opening it."""
        if index >= self.sealed:
            return self.raw[index - self.sealed].first_sequence
        return self.entries[index].first_sequence

    def last_sequence(self, index: int) -> int | None:
        """Last sequence of a segment, from where the next begins; None for the active one."""
        return None if index + 1 == len(self) else self.first_sequence(index + 1) - 1

    def index_of(self, sequence: int) -> int:
        """Index of the segment that holds ``sequence``, or would."""
        position = bisect_left(range(len(self)), sequence + 1, key=self.first_sequence)
        return max(0, position - 1)


class Catalog:
    """Keeps the manifest of one log in memory, and looks at the disk again when asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity, identity_line = read_identity(path)
        self.salt = salt_of(self.identity.log_id)
        self.directory = path / SEGMENTS_NAME
        self.manifest = Manifest(path, self.identity.log_id, identity_line)
        self._lock = Lock()

    def snapshot(self) -> Snapshot:
        """The segments as they are now; DamagedLogError when one is missing.

        The names are read before the manifest: sealing adds to the manifest before it deletes.
        """
        names = self._raw_names()
        while True:
            found = self._match(names)
            if [segment.first_sequence for segment in found.raw] == [found.sealed_to + 1]:
                return found
            # Listing a directory while a segment is added may miss that one and show the next. So
            # anything but a lone active segment counts only when two listings agree on it.
            names, before = self._raw_names(), names
            if names == before:
                self._check_start(found)
                return found

    def _match(self, names: list[tuple[int, str]]) -> Snapshot:
        """These raw segments, behind those that the manifest states by now."""
        with self._lock:
            self.manifest.refresh()
            entries, sealed = self.manifest.entries, len(self.manifest.entries)
            sealed_to, pruned_to = self.manifest.last_sequence, self.manifest.pruned_to
        raw = tuple(
            RawSegment(self.directory / name, first, self.salt)
            for first, name in names
            if first > sealed_to
        )
        return Snapshot(self.directory, entries, sealed, raw, pruned_to)

    def pruned_since(self, snapshot: Snapshot) -> bool:
        """Whether segments of this snapshot may be gone because they were pruned."""
        self.refresh_manifest()
        return self.manifest.pruned_to > snapshot.pruned_to

    def refresh_manifest(self) -> None:
        """Take in the manifest lines that were added since."""
        with self._lock:
            self.manifest.refresh()

    def _raw_names(self) -> list[tuple[int, str]]:
        try:
            names = os.listdir(self.directory)
        except FileNotFoundError:
            raise DamagedLogError(
                f"the directory of the segments is missing: {MEND}", path=self.directory
            ) from None
        raw = (name for name in names if name.endswith(RAW_SUFFIX))  # few among thousands
        parsed = ((parse_name(name), name) for name in raw)
        return sorted((known[0], name) for known, name in parsed if known)

    def _check_start(self, found: Snapshot) -> None:
        expected = found.sealed_to + 1
        if not found.raw:
            raise DamagedLogError(
                f"the active segment is missing: {MEND}", path=self.directory, sequence=expected
            )
        if found.raw[0].first_sequence != expected:
            raise DamagedLogError(
                f"a segment is missing before this one: {MEND}",
                path=found.raw[0].path,
                sequence=expected,
            )
