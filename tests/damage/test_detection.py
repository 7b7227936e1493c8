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


def test_the_log_and_each_of_its_earlier_states_are_sound(reference: Reference, bed: Bed) -> None:
    for files in [reference.files, *reference.earlier]:
        assert bed.is_sound(files) == (True, True)
