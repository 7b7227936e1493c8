"""Every check on the lines of one segment, in one pass."""

from __future__ import annotations

from typing import Protocol

from attrs import asdict, define, field

from eventlog._canonical import is_canonical
from eventlog._check import is_intact
from eventlog._codec import commit_of, decode_lines, sequence_of
from eventlog._errors import DamagedLogError
from eventlog._format import HARD_MAX_LINE_BYTES
from eventlog._line_search import intact_lines
from eventlog._manifest_lines import SealedEntry
from eventlog._salvage import is_event
from eventlog._segments import Block
from eventlog._sound_block import sound_block
from eventlog._sums import SegmentSums


class Report(Protocol):
    """Takes a fault of the segment that is being checked."""

    def __call__(
        self, kind: str, message: str, *, offset: int | None = None, sequence: int | None = None
    ) -> None: ...


@define
class LineChecker:
    """Checks lines one by one as they pass, and sums them up to compare with the manifest."""

    first_sequence: int
    salt: int
    report: Report
    sums: SegmentSums = field(init=False)
    expected: int = field(init=False)
    """The sequence that should come next."""
    batch: int = 0
    """Lines since the last end of a batch."""
    batch_is_whole: bool = True
    """Whether no damage lies between those."""
    behind_damage: bool = False
    """Whether the last thing met was damage, so that the next sequence may be any later one."""
    offset: int = 0
    intact: int = 0

    def __attrs_post_init__(self) -> None:
        self.sums = SegmentSums(self.first_sequence)
        self.expected = self.first_sequence

    def take(self, block: Block) -> None:
        """Check the lines of one block."""
        sound = None
        if not self.behind_damage and self.batch_is_whole:
            sound = sound_block(block, self.salt, self.expected, self.batch)
        if sound is None:
            self._take_each(block)
            return
        self.offset = block.offset + len(block.data)
        self.expected += len(sound.lines)
        self.batch = sound.batch
        self.sums.add(sound.lines, len(block.data), sound.times)
        self.intact += len(sound.lines)

    def _take_each(self, block: Block) -> None:
        self.offset = block.offset
        *lines, rest = block.data.split(b"\n")
        good = [found for line in lines for found in self._check(line)]
        if rest:
            self._fault("line", "the last line has no end")
            good += self._take_parts(rest)
        self._decode(good, block.offset)
        if len(good) == len(
            lines
        ):  # else there is nothing to compare with what the manifest states
            self.sums.add(lines, len(block.data))
        self.intact += len(good)

    def take_left_over(self, block: Block) -> None:
        """Count what is intact in a block whose damage was reported."""
        self.intact += len(self._take_parts(block.data))

    def _check(self, line: bytes) -> list[bytes]:
        """The line when it is good, or what is intact in it."""
        if len(line) > HARD_MAX_LINE_BYTES:
            what = "no line may be that long"
        elif not is_intact(line, self.salt):
            what = "its check does not fit its bytes"
        elif not is_canonical(line):
            what = "its check fits, and it has not the form of an event"
        else:
            self._check_place(line)
            self.offset += len(line) + 1
            return [line]
        self._fault("line", f"a line is damaged: {what}")
        found = self._take_parts(line)
        self.offset += len(line) + 1
        return found

    def _take_parts(self, data: bytes) -> list[bytes]:
        """The intact lines in damaged bytes. How many are missing from them nobody knows."""
        parts = [
            line
            for chunk in data.split(b"\n")
            for _, line in intact_lines(chunk, self.salt)
            if is_canonical(line) and is_event(line)
        ]
        self.behind_damage = True
        for line in parts:
            self._check_place(line)
        self.behind_damage = True
        return parts

    def _check_place(self, line: bytes) -> None:
        sequence, commit = sequence_of(line), commit_of(line)
        if sequence != self.expected and not (self.behind_damage and sequence > self.expected):
            self._fault("sequence", f"sequence {sequence}, where {self.expected} was expected")
        self.expected = sequence + 1
        self.batch += 1
        if self.behind_damage:
            self.batch_is_whole = False
        self.behind_damage = False
        if commit is not None:
            if self.batch_is_whole and commit != self.batch:
                self._fault("commit", f"a batch of {self.batch} lines claims {commit}")
            self.batch, self.batch_is_whole = 0, True

    def _decode(self, lines: list[bytes], offset: int) -> None:
        try:
            decode_lines(lines)
        except DamagedLogError as error:
            self.report("line", error.message, offset=offset)

    def _fault(self, kind: str, message: str) -> None:
        self.report(kind, message, offset=self.offset, sequence=self.expected)

    def finish(self) -> None:
        """Call it after the last block."""
        if self.batch and not self.behind_damage:
            self._fault("commit", "the last batch has no end")

    def compare(self, entry: SealedEntry) -> None:
        """Report what the manifest states otherwise than these lines."""
        found = self.sums.entry(
            stored_bytes=entry.stored_bytes, sha256=entry.sha256, previous=entry.previous
        )
        stated = asdict(entry)
        for name, value in asdict(found).items():
            if value != stated[name]:
                kind = "merkle" if name == "merkle_root" else "manifest"
                self.report(kind, f"{name} is {value}, and the manifest states {stated[name]}")
