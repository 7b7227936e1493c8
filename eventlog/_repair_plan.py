"""What becomes of each segment of a damaged log: which stay as they are, which are built again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from attrs import evolve, frozen

from eventlog._codec import sequence_of
from eventlog._errors import DamagedLogError
from eventlog._format import SEGMENTS_NAME
from eventlog._manifest import Listed
from eventlog._manifest_lines import SealedEntry
from eventlog._names import parse_name, raw_name, sealed_name
from eventlog._regular import NOT_A_FILE, is_strange
from eventlog._salvage import MOST_LOST, lines_in
from eventlog._verify import Fault

_MARKERS_AT_ONCE = 100_000
"""A lost beginning may be long: its markers make segments of so many."""


@frozen
class SegmentPlan:
    """What becomes of one segment."""

    first_sequence: int
    sealed: bool
    entry: SealedEntry | None
    """Set when the sealed file is sound and stays as it is."""
    intact: bool
    """Whether the raw file is sound and stays as it is."""
    files: tuple[Path, ...]
    """The files it has now."""
    last_sequence: int | None
    """Known from the segment that follows, or from the manifest; None when nothing tells it."""

    @property
    def is_kept(self) -> bool:
        """Whether its file stays as it is."""
        return self.entry is not None or self.intact

    @property
    def name(self) -> str:
        """The name of its file in the mended log."""
        return (sealed_name if self.sealed else raw_name)(self.first_sequence)


@frozen
class RepairPlan:
    """The segments in order, without a gap, and files that belong to none of them."""

    segments: list[SegmentPlan]
    strays: list[Path]
    only_torn: bool
    """Whether all that is wrong is the unfinished end of the active segment, which is to be cut."""


def plan_repair(log: Path, listed: Listed, faults: list[Fault], salt: int) -> RepairPlan:
    """Decide by what the manifest lists, and else by the names and what lies behind them."""
    directory = log / SEGMENTS_NAME
    _refuse_strange(directory)
    entries = {entry.first_sequence: entry for entry in listed.sealed}
    on_disk = {first for first in _firsts_on_disk(directory) if first > listed.pruned_to}
    only_torn = {fault.kind for fault in faults} == {"torn"}
    damaged = set[str]() if only_torn else {fault.file for fault in faults}
    astray = {
        first for first in on_disk - set(entries) if _is_astray(directory, first, listed, salt)
    }
    firsts = sorted({*entries, *on_disk} - astray)
    last_sealed = max(
        (f for f in firsts if f in entries or (directory / sealed_name(f)).exists()), default=0
    )
    segments = list(_lost_beginning(log, listed.pruned_to + 1, firsts[0] if firsts else 1))
    for first, following in zip_longest(firsts, firsts[1:]):
        raw, sealed = directory / raw_name(first), directory / sealed_name(first)
        entry = entries.get(first)
        sound = entry is not None and f"{SEGMENTS_NAME}/{sealed.name}" not in damaged
        if entry is not None and following is not None and entry.last_sequence != following - 1:
            sound = False
        segments.append(
            SegmentPlan(
                first_sequence=first,
                sealed=first <= last_sealed,
                entry=entry if sound else None,
                intact=not sound and first > last_sealed and raw.exists()
                and f"{SEGMENTS_NAME}/{raw.name}" not in damaged,
                files=tuple(path for path in (sealed, raw) if path.exists()),
                last_sequence=_last_sequence(entry, following),
            )
        )  # fmt: skip
    strays = _files_of(directory, astray)
    strays += [
        path for path in _pruned(directory, listed) if f"{SEGMENTS_NAME}/{path.name}" in damaged
    ]
    if strays:
        _make_room(segments, listed.pruned_to)
    return RepairPlan(segments, strays, only_torn)


def _pruned(directory: Path, listed: Listed) -> list[Path]:
    firsts = {first for first in _firsts_on_disk(directory) if first <= listed.pruned_to}
    return _files_of(directory, firsts)


def _files_of(directory: Path, firsts: set[int]) -> list[Path]:
    names = (name for first in sorted(firsts) for name in (sealed_name(first), raw_name(first)))
    return [directory / name for name in names if (directory / name).exists()]


def _make_room(segments: list[SegmentPlan], pruned_to: int) -> None:
    """Let the last segment take what is found in other files of any later sequence."""
    last = segments[-1] if segments else None
    if last is not None and not last.sealed:
        segments[-1] = evolve(last, intact=False)
    elif last is None or last.last_sequence is not None:
        first = pruned_to + 1 if last is None else (last.last_sequence or 0) + 1
        segments.append(
            SegmentPlan(
                first_sequence=first, sealed=False, entry=None, intact=False, files=(),
                last_sequence=None,
            )
        )  # fmt: skip


def _firsts_on_disk(directory: Path) -> set[int]:
    names = os.listdir(directory) if directory.is_dir() else []
    return {known[0] for name in names if (known := parse_name(name))}


def _refuse_strange(directory: Path) -> None:
    """What is no file can neither be read nor be kept in the quarantine."""
    for first in sorted(_firsts_on_disk(directory)):
        for path in _files_of(directory, {first}):
            if is_strange(path):
                raise DamagedLogError(f"{NOT_A_FILE}, and repair it then", path=path)


def _is_astray(directory: Path, first: int, listed: Listed, salt: int) -> bool:
    """Whether a file of this name can't be the segment that begins there."""
    if any(one.first_sequence < first <= one.last_sequence for one in listed.sealed):
        return True
    paths = _files_of(directory, {first})
    if all(path.stat().st_size == 0 for path in paths):
        return any(sequence_of(line) >= first for line in _lines_before(directory, first, salt))
    found = next(lines_in(paths, salt), None)
    return found is not None and sequence_of(found) < first


def _lines_before(directory: Path, first: int, salt: int) -> Iterator[bytes]:
    """The lines of the nearest segment before this one that has any bytes."""
    for earlier in sorted((one for one in _firsts_on_disk(directory) if one < first), reverse=True):
        paths = _files_of(directory, {earlier})
        if any(path.stat().st_size for path in paths):
            yield from lines_in(paths, salt)
            return


def _check_believable(log: Path, first: int, last: int) -> None:
    if last - first >= MOST_LOST:
        raise DamagedLogError(
            f"nothing is found of the sequences {first} to {last}, and so many markers are not "
            "put: a name or a line of the manifest may be wrong",
            path=log,
            sequence=first,
        )


def _lost_beginning(log: Path, start: int, first: int) -> Iterator[SegmentPlan]:
    _check_believable(log, start, first - 1)
    for begin in range(start, first, _MARKERS_AT_ONCE):
        last = min(begin + _MARKERS_AT_ONCE, first) - 1
        yield SegmentPlan(
            first_sequence=begin, sealed=True, entry=None, intact=False, files=(),
            last_sequence=last,
        )  # fmt: skip


def _last_sequence(entry: SealedEntry | None, following: int | None) -> int | None:
    if following is not None:
        return following - 1
    return None if entry is None else entry.last_sequence
