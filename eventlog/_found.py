"""The segments of a log that may be damaged, by what its directory and its manifest still tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from attrs import frozen

from eventlog._catalog import Catalog
from eventlog._errors import DamagedLogError
from eventlog._format import FRAME_BYTES
from eventlog._identity import read_identity
from eventlog._manifest import Listed, readable_entries
from eventlog._manifest_lines import SealedEntry
from eventlog._names import SEALED_SUFFIX, parse_name, raw_name
from eventlog._regular import NOT_A_FILE, is_strange
from eventlog._seekable import FrameEntry, find_frames, read_frame, read_table, salvage_frame
from eventlog._segments import Block, OnDamage


@frozen
class FoundSegment:
    """A file of events, or what the manifest says of one that is missing."""

    path: Path
    first_sequence: int
    last_sequence: int | None
    """From where the next segment begins, or from the manifest; None when only the disk knows."""
    sealed: bool
    entry: SealedEntry | None
    """What the manifest states, when it does."""


def names_in(directory: Path) -> list[str]:
    """The names in a directory that another process may be changing; none when it is missing.

    A listing may miss a name that is added meanwhile and show the next: two have to agree.
    """
    before: list[str] | None = None
    while True:
        try:
            names = sorted(os.listdir(directory))
        except FileNotFoundError:
            return []
        if names == before:
            return names
        before = names


def strange_names(directory: Path, names: list[str], listed: Listed) -> list[str]:
    """What is called like a segment of its own and is no file: reading a pipe would never end.

    Where the manifest states a segment, that one is missing. Under the name of a pruned one, only a
    directory counts: all else is deleted without a look.
    """
    sealed = {entry.segment for entry in listed.sealed}
    return [
        name
        for name in names
        if (known := parse_name(name)) and name not in sealed and is_strange(directory / name)
        and (known[0] > listed.pruned_to or (directory / name).is_dir())
    ]  # fmt: skip


def match_segments(directory: Path, names: list[str], listed: Listed) -> list[FoundSegment]:
    """One segment per first sequence, in order. List the names before reading the manifest.

    What the manifest states counts before what is on the disk, and there a raw segment before a
    sealed one. What was pruned does not count, though its file may still be there.
    """
    found: dict[int, tuple[str, SealedEntry | None]] = {}
    for name in sorted(names):  # a raw one before the sealed one of the same sequence
        if (known := parse_name(name)) and known[0] > listed.pruned_to:
            found.setdefault(known[0], (name, None))
    for entry in listed.sealed:
        found[entry.first_sequence] = (entry.segment, entry)
    segments: list[FoundSegment] = []
    last: int | None = None
    for first in sorted(found, reverse=True):
        name, entry_of = found[first]
        if not segments and entry_of is not None:
            last = entry_of.last_sequence
        sealed = name.endswith(SEALED_SUFFIX)
        segments.append(FoundSegment(directory / name, first, last, sealed, entry_of))
        last = first - 1
    return segments[::-1]


def find_segments(catalog: Catalog, on_damage: OnDamage) -> tuple[list[FoundSegment], int]:
    """All segments that can be found, behind the last pruned sequence.

    ``on_damage`` is told what is wrong with the whole of them.
    """
    names = names_in(catalog.directory)
    data, path = catalog.manifest.read(), catalog.manifest.path
    faults: list[DamagedLogError] = []

    def note(message: str, offset: int, sequence: int | None) -> None:
        faults.append(DamagedLogError(message, path=path, offset=offset, sequence=sequence))

    _, identity_line = read_identity(catalog.path)
    listed = readable_entries(data, catalog.salt, identity_line, note)
    strange = strange_names(catalog.directory, names, listed)
    names = [name for name in names if name not in strange]
    segments = [
        _raw_instead(segment, on_damage)
        for segment in match_segments(catalog.directory, names, listed)
    ]
    unlisted = [one for one in segments if one.sealed and one.entry is None]
    if not unlisted:  # else a torn last line only tells of sealing that was cut short
        last_line = data.rfind(b"\n", 0, -1) + 1
        faults = [fault for fault in faults if (fault.offset or 0) < last_line]
    if unlisted and not faults:
        what = f"{len(unlisted)} sealed segments are not in the manifest"
        note(what, len(data), unlisted[0].first_sequence)
    faults += [DamagedLogError(NOT_A_FILE, path=catalog.directory / name) for name in strange]
    if not segments or segments[-1].sealed:
        what = "the active segment is missing"
        faults.append(DamagedLogError(what, path=catalog.directory))
    for fault in faults:
        on_damage(fault)
    return segments, listed.pruned_to


def _raw_instead(segment: FoundSegment, on_damage: OnDamage) -> FoundSegment:
    """The raw segment in the place of a sealed one that is gone, where somebody put it back."""
    raw = segment.path.with_name(raw_name(segment.first_sequence))
    if segment.entry is None or segment.path.is_file() or not raw.is_file():
        return segment
    what = "a sealed segment is missing, and its raw file is read instead"
    on_damage(DamagedLogError(what, path=segment.path, sequence=segment.first_sequence))
    return FoundSegment(raw, segment.first_sequence, segment.last_sequence, False, None)


def sealed_blocks(
    segment: FoundSegment,
    file: BufferedReader,
    on_file: OnDamage,
    on_frame: OnDamage,
    *,
    reverse: bool = False,
) -> Iterator[Block]:
    """The frames of a sealed segment; of damaged ones as much as can be decompressed.

    ``on_file`` is told what is wrong with the file as a whole, ``on_frame`` of each damaged frame.
    """
    frames = _frames(segment, file, on_file)
    for frame in reversed(frames) if reverse else frames:
        try:
            yield Block(segment.path, frame.raw_offset, read_frame(file, frame, segment.path), True)
        except DamagedLogError as error:
            on_frame(error)
            yield Block(segment.path, frame.raw_offset, salvage_frame(file, frame), False)


def _frames(segment: FoundSegment, file: BufferedReader, on_file: OnDamage) -> list[FrameEntry]:
    entry, size = segment.entry, os.fstat(file.fileno()).st_size
    try:
        if entry is not None and entry.stored_bytes != size:
            raise DamagedLogError(
                f"a sealed segment has {size:,} bytes, and the manifest states "
                f"{entry.stored_bytes:,}",
                path=segment.path,
                sequence=segment.first_sequence,
            )
        frames = read_table(file, segment.path)
        if entry is not None and entry.raw_bytes != sum(frame.raw_bytes for frame in frames):
            raise DamagedLogError("the seek table contradicts the manifest", path=segment.path)
        return frames
    except DamagedLogError as error:
        on_file(error)
        return find_frames(file)


def raw_blocks(
    segment: FoundSegment, file: BufferedReader, end: int, *, reverse: bool = False
) -> Iterator[Block]:
    """The bytes of a raw segment before ``end``, cut behind LFs where there still are any."""
    if not reverse:
        yield from _cut_behind_lfs(segment.path, file, end)
        return
    places = [(block.offset, len(block.data)) for block in _cut_behind_lfs(segment.path, file, end)]
    for offset, size in reversed(places):
        file.seek(offset)
        yield Block(segment.path, offset, file.read(size), False)


def _cut_behind_lfs(path: Path, file: BufferedReader, end: int) -> Iterator[Block]:
    file.seek(0)
    offset, left, pieces = 0, end, list[bytes]()
    while piece := file.read(min(FRAME_BYTES, left)):
        left -= len(piece)
        cut = piece.rfind(b"\n") + 1
        if cut:
            data = b"".join([*pieces, piece[:cut]])
            yield Block(path, offset, data, False)
            offset, pieces = offset + len(data), []
        pieces.append(piece[cut:])
    if rest := b"".join(pieces):
        yield Block(path, offset, rest, False)
