"""What is left of a damaged segment: its intact lines, by sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path

from attrs import frozen
from zstandard import FRAME_HEADER

from eventlog._check import is_intact
from eventlog._codec import commit_of, decode_lines, sequence_of
from eventlog._damaged_ends import last_damaged_end
from eventlog._errors import DamagedLogError
from eventlog._line_search import intact_lines
from eventlog._names import SEALED_SUFFIX, parse_name
from eventlog._regular import open_regular
from eventlog._seekable import FrameEntry, find_frames, read_frame, read_table, salvage_frame

MOST_LOST = 1_000_000
"""More than a large segment holds: a forged number must not fill memory and disk with markers."""


@frozen
class Salvaged:
    """The intact lines of one segment, and the sequences of which none is left."""

    first_sequence: int
    last_sequence: int
    lines: dict[int, bytes]
    lost: list[int]

    def slots(self) -> Iterator[tuple[int, bytes | None, int | None]]:
        """Per sequence: its line, or None and the commit that a marker in its place must carry."""
        commits = self._commits()
        for sequence in range(self.first_sequence, self.last_sequence + 1):
            yield sequence, self.lines.get(sequence), commits.get(sequence)

    def without_open_batch(self) -> tuple[Salvaged, dict[int, bytes]]:
        """What comes before a batch that goes on behind the last line, and the lines of that."""
        start, _ = self._batches()
        if start > self.last_sequence or self.last_sequence not in self.lines:
            return self, {}  # a marker can end a batch
        open_lines = {at: line for at, line in self.lines.items() if at >= start}
        lines = {at: line for at, line in self.lines.items() if at < start}
        lost = [at for at in self.lost if at < start]
        return Salvaged(self.first_sequence, start - 1, lines, lost), open_lines

    def _commits(self) -> dict[int, int]:
        """Where a batch must end at a lost line, for the intact ends after it to stay true."""
        start, commits = self._batches()
        if start <= self.last_sequence:
            commits[self.last_sequence] = self.last_sequence - start + 1
        return commits

    def _batches(self) -> tuple[int, dict[int, int]]:
        """Behind the last end of a batch, and the ends that must be put at lost lines before it."""
        commits: dict[int, int] = {}
        start = self.first_sequence
        for sequence in range(self.first_sequence, self.last_sequence + 1):
            line = self.lines.get(sequence)
            commit = commit_of(line) if line is not None else None
            if commit is not None:
                own_start = sequence - commit + 1
                if own_start > start:
                    commits[own_start - 1] = own_start - start
                start = sequence + 1
        return start, commits


def salvage(
    paths: tuple[Path, ...],
    first: int,
    last: int | None,
    salt: int,
    elsewhere: Mapping[int, bytes],
) -> Salvaged:
    """Read all that is intact. ``last`` is known when another segment follows.

    ``elsewhere`` are lines that were found in other places, for where these have none. Without
    ``last``, the lines after the last end of a batch, intact or not, were never acknowledged, and
    are left out.
    """
    lines: dict[int, bytes] = {}
    from_parts: dict[int, bytes] = {}
    for chunk in (chunk for path in paths for chunk in chunks_of(path)):
        for _, line in intact_lines(chunk, salt):
            if is_event(line) and (last is None or first <= sequence_of(line) <= last):
                # A line that stands alone counts more: the data of a damaged one may quote lines.
                into = lines if len(line) == len(chunk) else from_parts
                into.setdefault(sequence_of(line), line)
    lines = {**elsewhere, **from_parts, **lines}
    end = _last_end(paths, _within_reach(lines, first), salt) if last is None else last
    end = max(end, first - 1)
    kept = {sequence: line for sequence, line in lines.items() if first <= sequence <= end}
    if end - first + 1 - len(kept) > MOST_LOST:
        raise DamagedLogError(
            f"of the sequences {first} to {end} only {len(kept)} are found, and so many markers "
            "are not put: a name or a line of the manifest may be wrong",
            sequence=first,
        )
    lost = [sequence for sequence in range(first, end + 1) if sequence not in kept]
    return Salvaged(first, end, kept, lost)


def _within_reach(lines: Mapping[int, bytes], first: int) -> dict[int, bytes]:
    """Without those so far off that they cannot belong here, whatever they claim."""
    reached, near = first - 1, dict[int, bytes]()
    for sequence in sorted(sequence for sequence in lines if sequence >= first):
        if sequence - reached > MOST_LOST:
            break
        reached, near[sequence] = sequence, lines[sequence]
    return near


def _last_end(paths: Iterable[Path], lines: dict[int, bytes], salt: int) -> int:
    """Where the last batch ended, by these lines and by the damaged ones."""
    ends = [sequence for sequence, line in lines.items() if commit_of(line) is not None]
    for path in paths:
        if (known := parse_name(path.name)) and not known[1]:
            ends.append(last_damaged_end(path, known[0], lines, salt))
    end = max(ends, default=0)
    while end in lines and commit_of(lines[end]) is None:
        end += 1  # only a marker can end this batch
    return end


def is_event(line: bytes) -> bool:
    """Whether an intact line is an event of ours; another program may have written the bytes."""
    try:
        decode_lines([line])
    except DamagedLogError:
        return False
    return True


def lines_in(paths: Iterable[Path], salt: int) -> Iterator[bytes]:
    """Every intact event in these files, wherever it stands."""
    for path in paths:
        for chunk in chunks_of(path):
            for _, line in intact_lines(chunk, salt):
                if is_event(line):
                    yield line


NOT_PRUNED = "a file by the name of a pruned segment holds events that were not pruned"


def holds_more(path: Path, pruned_to: int, salt: int) -> bool:
    """Whether a file by the name of a pruned segment holds an event that was not pruned.

    A pruning that was cut short may leave many large files. So a sealed one that begins and ends
    in what was pruned is not read through.
    """
    if not path.is_file():  # reading a pipe would never end
        return False
    try:
        ends = _outer_sequences(path, salt) if path.name.endswith(SEALED_SUFFIX) else []
        if len(ends) == 2 and max(ends) <= pruned_to:
            return False
        return any(sequence_of(line) > pruned_to for line in lines_in([path], salt))
    except FileNotFoundError:
        return False  # deleted by the one who prunes


def _outer_sequences(path: Path, salt: int) -> list[int]:
    """Those of the first and the last line of a sealed segment, as far as these are intact."""
    with open_regular(path) as file:
        try:
            frames = read_table(file, path)
            first, last = (read_frame(file, frames[at], path) for at in (0, -1))
            lines = [first.split(b"\n", 1)[0], last.rsplit(b"\n", 2)[-2]]
            return [sequence_of(line) for line in lines if is_intact(line, salt)]
        except (DamagedLogError, IndexError):  # of which there is no first or last
            return []


def chunks_of(path: Path) -> Iterator[bytes]:
    """What lies between the LFs of a segment, as far as it can be decompressed.

    A raw file under the name of a sealed one is told by its first byte, the other way by its first
    four: somebody moved the files.
    """
    is_sealed = path.name.endswith(SEALED_SUFFIX)
    with open_regular(path) as file:
        start = file.read(len(FRAME_HEADER))
        frames = _frames(file, path) if is_sealed or start == FRAME_HEADER else []
        for frame in frames:
            yield from salvage_frame(file, frame).split(b"\n")
        if not is_sealed or (not frames and start.startswith(b"{")):
            file.seek(0)
            yield from file.read().split(b"\n")


def _frames(file: BufferedReader, path: Path) -> list[FrameEntry]:
    try:
        return read_table(file, path)
    except DamagedLogError:
        return find_frames(file)
