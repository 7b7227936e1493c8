"""The two kinds of lines in ``manifest.jsonl``: a segment was sealed, or old ones were pruned."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from attrs import asdict, frozen

from eventlog._check import finish_line, is_intact
from eventlog._names import sealed_name


@frozen
class SealedEntry:
    """What the manifest says about one sealed segment. Sizes in bytes, times as text."""

    record: str
    segment: str
    first_sequence: int
    last_sequence: int
    events: int
    first_time: str
    last_time: str
    raw_bytes: int
    stored_bytes: int
    sha256: str
    merkle_root: str
    previous: str


@frozen
class PrunedEntry:
    """What the manifest says about events that retention dropped: all up to ``last_sequence``.

    ``tree`` are the roots of the perfect subtrees over every line that was ever pruned, largest
    first: with them the tree of the whole log can still be computed.
    """

    record: str
    first_sequence: int
    last_sequence: int
    time: str
    tree: list[str]
    previous: str


Entry = SealedEntry | PrunedEntry

_HASH = re.compile("[0-9a-f]{64}")
_sealed = msgspec.json.Decoder(SealedEntry)
_pruned = msgspec.json.Decoder(PrunedEntry)


def encode_entry(entry: Entry, salt: int) -> bytes:
    """The manifest line, LF included."""
    return finish_line(msgspec.json.encode(asdict(entry))[:-1], salt)


def decode_entry(line: bytes, salt: int) -> Entry:
    """The inverse of :func:`encode_entry`, for a line without its LF; ValueError when damaged."""
    if not is_intact(line, salt):
        raise ValueError("the line's check is wrong")
    if line.startswith(b'{"record":"pruned",'):
        return _pruned.decode(line)
    entry = _sealed.decode(line)
    if entry.record != "sealed":
        raise ValueError(f"a record of an unknown kind: {entry.record[:60]!r}")
    return entry


def peaks_of(entry: PrunedEntry) -> list[bytes]:
    """The hashes in ``tree``."""
    return [bytes.fromhex(text) for text in entry.tree]


def misplaced(
    entry: Entry, previous: str | None, pruned_to: int, ends: Sequence[int]
) -> str | None:
    """Why this entry cannot follow a line with this hash (None: not known).

    ``ends`` are the last sequences of the sealed segments that are kept, in order.
    """
    if previous is not None and entry.previous != previous:
        return "a manifest line does not follow the line before it"
    if isinstance(entry, PrunedEntry):
        return _misplaced_pruned(entry, pruned_to, ends)
    if entry.segment != sealed_name(entry.first_sequence):
        return f"a manifest line names a wrong file: {entry.segment[:60]!r}"
    if entry.first_sequence != (ends[-1] if ends else pruned_to) + 1:
        return "a manifest line leaves a gap, or repeats sequences"
    return None


def _misplaced_pruned(entry: PrunedEntry, pruned_to: int, ends: Sequence[int]) -> str | None:
    """A mended log's manifest begins with what was pruned, and knows no segment of it."""
    begins = not ends and not pruned_to
    if entry.first_sequence != pruned_to + 1 or not (begins or entry.last_sequence in ends):
        return "a manifest line prunes what is no whole segment at the start of the log"
    peaks = entry.last_sequence.bit_count()
    if len(entry.tree) != peaks or not all(map(_HASH.fullmatch, entry.tree)):
        return "a manifest line gives no tree of the events that it prunes"
    return None
