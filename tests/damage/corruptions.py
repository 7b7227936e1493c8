"""Kinds of damage: each makes, of a sound log, many damaged ones, and says what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations

import zstandard

from eventlog._names import raw_name, sealed_name
from eventlog._seekable import compress_frames
from tests.damage.reference import EVENTS, LOG_JSON, MANIFEST, Files, Reference
from tests.support.logs import cut, flip, zero

Case = tuple[str, Files]
"""What was done, and the log that came of it."""
Damage = Callable[[Reference], Iterator[Case]]
Foreign = Callable[[Reference, Reference], Iterator[Case]]
"""The same with the help of another log, which comes first."""
Change = Callable[[bytes], Iterator[tuple[str, bytes]]]


# Of the bytes of one file


def flipped_bits(content: bytes) -> Iterator[tuple[str, bytes]]:
    for at in range(len(content)):
        for bit in range(8):
            yield f"bit {bit} of byte {at}", flip(content, at, bit)


def cut_short(content: bytes) -> Iterator[tuple[str, bytes]]:
    for size in range(len(content)):
        yield f"cut after {size} bytes", cut(content, size)


def ended_in_zeros(content: bytes) -> Iterator[tuple[str, bytes]]:
    for at in range(len(content)):
        yield f"zeros from byte {at} on", zero(content, at)


def extended(content: bytes) -> Iterator[tuple[str, bytes]]:
    for value in range(256):
        yield f"byte {value} behind it", content + bytes([value])
    yield "zeros behind it", content + bytes(4096)
    yield "itself behind it", content + content
    yield "an empty skippable frame behind it", content + b"\x5e\x2a\x4d\x18" + bytes(4)
    yield "a byte before it", b"\n" + content
    yield "a byte order mark before it", b"\xef\xbb\xbf" + content


def changed_lines(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Each line deleted, doubled, moved to the end; each pair swapped."""
    lines = content.splitlines(keepends=True)
    for at, line in enumerate(lines):
        before, behind = lines[:at], lines[at + 1 :]
        yield f"line {at} deleted", b"".join(before + behind)
        yield f"line {at} doubled", b"".join([*before, line, line, *behind])
        yield f"line {at} again at the end", b"".join([*lines, line])
        yield f"line {at} moved to the end", b"".join([*before, *behind, line])
    for left, right in combinations(range(len(lines)), 2):
        swapped = lines.copy()
        swapped[left], swapped[right] = lines[right], lines[left]
        yield f"lines {left} and {right} swapped", b"".join(swapped)


def changed_sealed_lines(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The same within a sealed file that is compressed anew and in itself sound."""
    lines = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
    for what, changed in changed_lines(lines):
        yield what, b"".join(compress_frames([changed] if changed else []))


def in_files(change: Change, ending: str, reference: Reference) -> Iterator[Case]:
    """Every such change to every file whose name ends so, one file at a time."""
    for name, content in reference.files.items():
        if name.endswith(ending):
            for what, changed in change(content):
                yield f"{name}: {what}", reference.files | {name: changed}


# Of files as a whole


def removed_files(reference: Reference) -> Iterator[Case]:
    """Any selection of the files, but for all of them: then there is no log at all."""
    for count in range(1, len(reference.files)):
        for gone in combinations(reference.files, count):
            kept = {name: data for name, data in reference.files.items() if name not in gone}
            yield f"removed {gone}", kept


def rearranged_files(reference: Reference) -> Iterator[Case]:
    """Two files swapped, or one put in the place of another."""
    files = reference.files
    for one, other in permutations(files, 2):
        yield f"{one} in the place of {other}", files | {other: files[one]}
        yield f"{one} and {other} swapped", files | {one: files[other], other: files[one]}
        moved = {name: data for name, data in files.items() if name != one}
        yield f"{one} moved to {other}", moved | {other: files[one]}


def added_segments(reference: Reference) -> Iterator[Case]:
    """A copy of each segment under every name that belongs to nothing in the log."""
    taken = {name[:28] for name in reference.segments}  # without a suffix
    for first in range(_first_kept(reference), EVENTS + 3):
        if f"segments/{first:019}" not in taken:
            for copied in reference.segments:
                name = raw_name(first) if copied.endswith(".jsonl") else sealed_name(first)
                added = {f"segments/{name}": reference.files[copied]}
                yield f"{copied} again as {name}", reference.files | added


def foreign_files(foreign: Reference, reference: Reference) -> Iterator[Case]:
    """Any selection of the files from another log of the same shape, but for all of them."""
    for count in range(1, len(reference.files)):
        for names in combinations(reference.files, count):
            replaced = {name: foreign.files[name] for name in names}
            yield f"foreign {names}", reference.files | replaced


def foreign_lines(foreign: Reference, reference: Reference) -> Iterator[Case]:
    """A line of another log in the place of each line, and before, and behind it."""
    for name in (LOG_JSON, MANIFEST, reference.segments[-1]):
        lines = reference.files[name].splitlines(keepends=True)
        for at, line in enumerate(lines):
            before, behind = lines[:at], lines[at + 1 :]
            for other in foreign.files[name].splitlines(keepends=True):
                for kept in ([other], [other, line], [line, other]):
                    content = b"".join([*before, *kept, *behind])
                    yield f"{name}: a foreign line at {at}", reference.files | {name: content}


def left_behind(reference: Reference) -> Iterator[Case]:
    """What a killed process may leave: nothing is lost, and the next writer clears it away."""
    for segment in reference.segments:
        raw, sealed = segment.removesuffix(".zst"), f"{segment.removesuffix('.zst')}.zst"
        yield f"{sealed}.tmp", reference.files | {f"{sealed}.tmp": b"half"}
        yield f"{raw} beside {sealed}", {raw: b"", sealed: b"half"} | reference.files
    for first in range(1, _first_kept(reference)):
        for name in (raw_name(first), sealed_name(first)):
            yield f"{name}, which was pruned", reference.files | {f"segments/{name}": b"any"}


def _first_kept(reference: Reference) -> int:
    return int(reference.segments[0][9:28])
