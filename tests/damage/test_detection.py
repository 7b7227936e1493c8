"""No damage goes unseen: every case of every kind is found, by ``verify`` and a second verifier.

What cannot be told from a log that never had more (docs/log-format.md, "Downsides") is counted
apart, and has to pass: the damaged log is, byte for byte, one that it was before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.damage import corruptions
from tests.damage.bed import Bed, Tally, examine
from tests.damage.corruptions import Damage, in_files
from tests.damage.reference import Reference

EVERYTHING = ""
PLAIN = ".jsonl"  # the manifest and the raw segments
SEALED = ".zst"

CHANGED_BYTES: dict[str, Damage] = {
    "one flipped bit": partial(in_files, corruptions.flipped_bits, EVERYTHING),
    "cut short": partial(in_files, corruptions.cut_short, EVERYTHING),
    "zeros to the end": partial(in_files, corruptions.ended_in_zeros, EVERYTHING),
    "bytes behind or before": partial(in_files, corruptions.extended, EVERYTHING),
}
CHANGED_FILES: dict[str, Damage] = {
    "lines deleted, doubled, swapped": partial(in_files, corruptions.changed_lines, PLAIN),
    "the same, compressed anew": partial(in_files, corruptions.changed_sealed_lines, SEALED),
    "files removed": corruptions.removed_files,
    "files swapped or moved": corruptions.rearranged_files,
    "segments added": corruptions.added_segments,
}


@contextmanager
def unmeasured() -> Iterator[None]:
    """Without coverage's tracer, which makes tens of thousands of cases take twice as long."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@pytest.mark.parametrize("kind", CHANGED_BYTES)
def test_every_changed_byte_is_found(
    reference: Reference, bed: Bed, tally: Tally, kind: str
) -> None:
    with unmeasured():
        mistakes = examine(bed, kind, reference, CHANGED_BYTES[kind](reference), tally)
    assert mistakes == []
    assert _seen(tally, "one flipped bit") in (0, 8 * sum(map(len, reference.files.values())))


def _seen(tally: Tally, kind: str) -> int:
    return sum(count.seen for (of, _), count in tally.items() if of == kind)


@pytest.mark.parametrize("kind", CHANGED_FILES)
def test_every_changed_line_and_file_is_found(
    reference: Reference, bed: Bed, tally: Tally, kind: str
) -> None:
    assert examine(bed, kind, reference, CHANGED_FILES[kind](reference), tally) == []


@pytest.mark.parametrize("damage", [corruptions.foreign_files, corruptions.foreign_lines])
def test_what_belongs_to_another_log_is_found(
    reference: Reference, foreign: Reference, bed: Bed, tally: Tally, damage: corruptions.Foreign
) -> None:
    assert bed.is_sound(foreign.files) == (True, True)
    kind = damage.__name__.replace("_", " ")
    assert examine(bed, kind, reference, damage(foreign, reference), tally) == []


def test_what_a_killed_process_leaves_behind_is_no_damage(reference: Reference, bed: Bed) -> None:
    for what, files in corruptions.left_behind(reference):
        assert bed.is_sound(files) == (True, True), what


def test_what_nobody_can_see_is_that_newest_batches_are_gone(reference: Reference) -> None:
    """docs/log-format.md, "Downsides"; without the active segment the one before takes its place,
    as long as it is not sealed."""
    active = reference.segments[-1]
    lines = reference.files[active].splitlines(keepends=True)
    ends = [0, *(len(b"".join(lines[:count])) for count in (1, 3))]  # of 4 lines in 3 batches
    unseen = [
        what
        for damage in [*CHANGED_BYTES.values(), *CHANGED_FILES.values()]
        for what, files in damage(reference)
        if files in reference.earlier
    ]
    assert unseen == [
        *(f"{active}: cut after {end} bytes" for end in ends),
        f"{active}: line 3 deleted",
        f"removed ('{active}',)",
    ]


def test_the_log_and_each_of_its_earlier_states_are_sound(reference: Reference, bed: Bed) -> None:
    for files in [reference.files, *reference.earlier]:
        assert bed.is_sound(files) == (True, True)
