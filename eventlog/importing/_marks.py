"""Progress marks: how an import knows what it has done, with no file beside the log.

Every batch that an import appends carries one mark, as the CloudEvents extension ``importmark`` of
one of its events, and so stands in the log exactly when its events do. A mark says how far into
its input the batch reaches, and what all bytes up to there hash to. An input whose beginning has
that hash *is* that input: the same, grown, or renamed. Bytes are those of the input's normal form
(``_normal``), so that line ends make no difference.

    importmark = LINEAGE ":" OFFSET ":" HASH

LINEAGE names one imported input: the BLAKE2b-64 of its first line (its first 64 KiB, if longer),
a hyphen, and a random part. OFFSET counts bytes. HASH is the BLAKE2b-128 of the bytes before it.

Beside it, ``importrejected`` names the refused lines between this mark and the one before. They
are the only lines before a mark that are not in the log. When a later import accepts one of them,
its event has the mark too, and ``importaccepted`` with the number of the line.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec
from attrs import frozen

from eventlog._codec import sequence_of
from eventlog._errors import DamagedLogError
from eventlog.importing._ranges import LineSet, parse_ranges

MARK = "importmark"
REJECTED = "importrejected"
ACCEPTED = "importaccepted"
OURS = frozenset((MARK, REJECTED, ACCEPTED))
FIRST_LINE_BYTES = 64 * 1024

_FORM = re.compile(r"([0-9a-f]{16})-([0-9a-f]{8}):([0-9]{1,19}):([0-9a-f]{32})")
OPENING = 8
"""So many events of a batch tell it from most others."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_NEEDLE = b',"importmark":"'


class _Marked(msgspec.Struct):
    importmark: str = ""
    importrejected: str = ""
    importaccepted: str = ""


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(_Marked).decode


class MarkedLog(Protocol):
    """What is asked of a log to find its marks."""

    def lines_containing(self, part: bytes, /) -> Iterator[bytes]: ...


@frozen
class Mark:
    """How far one batch came. ``key`` and ``run`` are the two parts of the lineage."""

    key: str
    run: str
    offset: int
    digest: str

    @property
    def lineage(self) -> str:
        return f"{self.key}-{self.run}"


def format_mark(mark: Mark) -> str:
    """The text of a mark."""
    return f"{mark.lineage}:{mark.offset}:{mark.digest}"


def parse_mark(text: str) -> Mark | None:
    """The inverse of :func:`format_mark`; None for any other text."""
    found = _FORM.fullmatch(text)
    return Mark(found[1], found[2], int(found[3]), found[4]) if found else None


def prefix_hash() -> hashlib.blake2b:
    """A new hash for the bytes of an input."""
    return hashlib.blake2b(digest_size=16)


def first_line_key(start: bytes) -> str:
    """The key of an input that begins with ``start``, which holds its first line."""
    first = start[:FIRST_LINE_BYTES].split(b"\n", 1)[0]
    return hashlib.blake2b(first, digest_size=8).hexdigest()


def new_run() -> str:
    """The random part of a new lineage."""
    return secrets.token_hex(4)


def gist_of(*parts: object) -> int:
    """A number for JSON values: other numbers mean other values."""
    return hash(_encode(parts))


class Marks:
    """The marks of every lineage, where they stand, and which lines the lineage refused."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[Mark]] = {}
        self._rejected: dict[str, list[str]] = {}
        self._accepted: dict[str, dict[int, int]] = {}
        self._sequences: dict[Mark, int] = {}
        self.openings: dict[int, list[int]] = {}
        """How batches begin, as far as that was looked at, by the sequence of the mark: the gists
        of type, subject and data of the first events without a given id."""

    def add(self, mark: Mark, rejected: str, sequence: int) -> None:
        """Note a mark, the refused lines beside it, and the sequence of its event."""
        if rejected:
            self._rejected.setdefault(mark.lineage, []).append(rejected)
        if mark in self._sequences:
            return  # said again with a line that was accepted later; its batch is the first
        self._sequences[mark] = sequence
        self._by_key.setdefault(mark.key, []).append(mark)

    def accept(self, lineage: str, line: int, sequence: int) -> None:
        """Note that a refused line is in the log by now, and the sequence of its event."""
        self._accepted.setdefault(lineage, {})[line] = sequence

    def accepted_by(self, lineage: str) -> Mapping[int, int]:
        """The refused lines of a lineage that are in the log by now: their sequences."""
        return self._accepted.get(lineage, {})

    def rejected_by(self, lineage: str) -> LineSet:
        """The lines before the last mark of a lineage that were refused at first."""
        texts = self._rejected.get(lineage, ())
        return LineSet(found for text in texts for found in parse_ranges(text))

    def of(self, key: str) -> list[Mark]:
        """The marks of inputs with this first line, shortest first."""
        return sorted(self._by_key.get(key, ()), key=lambda mark: mark.offset)

    def sequence_of(self, mark: Mark) -> int:
        """The sequence of the event that carries the mark."""
        return self._sequences[mark]


def marks_in(log: MarkedLog) -> Marks:
    """All marks in the log."""
    marks = Marks()
    for line in log.lines_containing(_NEEDLE):
        _note(line, marks)
    return marks


def _note(line: bytes, marks: Marks) -> None:
    # The needle may also stand in someone's data, or in a line that is damaged.
    try:
        found, sequence = _decode(line), sequence_of(line)
    except (ValueError, RecursionError, DamagedLogError):
        return
    mark = parse_mark(found.importmark)
    if mark is None:
        return
    marks.add(mark, found.importrejected, sequence)
    if _NUMBER.fullmatch(found.importaccepted):
        marks.accept(mark.lineage, int(found.importaccepted), sequence)
