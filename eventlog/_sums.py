"""What the manifest says about a segment, summed up as the segment's lines pass.

Sealing writes these sums down, verifying computes them again.
"""

from __future__ import annotations

from attrs import define, field

from eventlog._codec import time_of
from eventlog._manifest_lines import SealedEntry
from eventlog._merkle import MerkleTree
from eventlog._names import sealed_name


@define
class SegmentSums:
    """Counts, sizes, times and the Merkle tree of the lines so far."""

    first_sequence: int
    events: int = 0
    raw_bytes: int = 0
    first_time: bytes = b"~"
    last_time: bytes = b""
    merkle: MerkleTree = field(factory=MerkleTree)

    def add(
        self, lines: list[bytes], raw_bytes: int, times: tuple[bytes, bytes] | None = None
    ) -> None:
        """Add the lines of one block, without their LFs; first and last time where known."""
        if not lines:
            return
        first, last = times or _span(lines)
        self.first_time = min(self.first_time, first)
        self.last_time = max(self.last_time, last)
        self.merkle.extend(lines)
        self.events += len(lines)
        self.raw_bytes += raw_bytes

    def entry(self, *, stored_bytes: int, sha256: str, previous: str) -> SealedEntry:
        """The manifest entry of a segment that holds exactly these lines."""
        return SealedEntry(
            record="sealed",
            segment=sealed_name(self.first_sequence),
            first_sequence=self.first_sequence,
            last_sequence=self.first_sequence + self.events - 1,
            events=self.events,
            first_time=self.first_time.decode("ascii", "replace"),
            last_time=self.last_time.decode("ascii", "replace"),
            raw_bytes=self.raw_bytes,
            stored_bytes=stored_bytes,
            sha256=sha256,
            merkle_root=self.merkle.root().hex(),
            previous=previous,
        )


def _span(lines: list[bytes]) -> tuple[bytes, bytes]:
    times = [time_of(line) for line in lines]
    return min(times), max(times)
