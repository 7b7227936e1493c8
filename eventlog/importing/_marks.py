"""Progress marks: how an import knows what it has done, with no file beside the log.

Every batch that an import appends carries one mark, as the CloudEvents extension ``importmark`` of
one of its events, and so stands in the log exactly when its events do. A mark says how far into
its input the batch reaches, and what all bytes up to there hash to. An input whose beginning has
that hash *is* that input: the same, grown, or renamed.

    importmark = LINEAGE ":" OFFSET ":" HASH

LINEAGE names one imported input: the BLAKE2b-64 of its first line (its first 64 KiB, if longer),
a hyphen, and a random part. OFFSET counts bytes. HASH is the BLAKE2b-128 of the bytes before it.

Beside it, ``importrejected`` names the refused lines between this mark and the one before. They
are the only lines before a mark that are not in the log.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec
from attrs import frozen

from eventlog.importing._ranges import LineSet, parse_ranges

MARK = "importmark"
REJECTED = "importrejected"
FIRST_LINE_BYTES = 64 * 1024

_FORM = re.compile(r"([0-9a-f]{16})-([0-9a-f]{8}):([0-9]{1,19}):([0-9a-f]{32})")
_NEEDLE = b',"importmark":"'


class _Marked(msgspec.Struct):
    importmark: str = ""
    importrejected: str = ""


_decode = msgspec.json.Decoder(_Marked).decode


class MarkedLog(Protocol):
    """What is asked of a log to find its marks."""

    def lines_containing(self, part: bytes, /) -> Iterator[bytes]: ...


@frozen
class Mark:
    """``key`` and ``run`` are the two parts of the lineage."""

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
    # A last line that got its CR LF only later is still the same line.
    first = start[:FIRST_LINE_BYTES].split(b"\n", 1)[0].removesuffix(b"\r")
    return hashlib.blake2b(first, digest_size=8).hexdigest()


def new_run() -> str:
    """The random part of a new lineage."""
    return secrets.token_hex(4)


class Marks:
    """The marks of every lineage, and the lines that the lineage refused before its furthest."""

    def __init__(self, marks: Iterable[tuple[Mark, str]] = ()) -> None:
        self._by_key: dict[str, list[Mark]] = {}
        self._furthest: dict[str, Mark] = {}
        self._rejected: dict[str, list[str]] = {}
        for mark, rejected in marks:
            self.add(mark, rejected)

    def add(self, mark: Mark, rejected: str) -> None:
        self._by_key.setdefault(mark.key, []).append(mark)
        known = self._furthest.get(mark.lineage)
        if known is None or mark.offset > known.offset:
            self._furthest[mark.lineage] = mark
        if rejected:
            self._rejected.setdefault(mark.lineage, []).append(rejected)

    def rejected_by(self, mark: Mark) -> LineSet:
        """The lines before this mark that are not in the log."""
        texts = self._rejected.get(mark.lineage, ())
        return LineSet(found for text in texts for found in parse_ranges(text))

    def of(self, key: str) -> list[Mark]:
        """The marks of inputs with this first line, shortest first."""
        return sorted(self._by_key.get(key, ()), key=lambda mark: mark.offset)

    def is_furthest(self, mark: Mark) -> bool:
        """Whether nothing of the mark's input was imported behind it."""
        return self._furthest[mark.lineage].offset == mark.offset


def marks_in(log: MarkedLog) -> Marks:
    """All marks in the log."""
    found = (_mark_of(line) for line in log.lines_containing(_NEEDLE))
    return Marks(pair for pair in found if pair is not None)


def _mark_of(line: bytes) -> tuple[Mark, str] | None:
    # The needle may also stand in someone's data, or in a line that is damaged.
    try:
        found = _decode(line)
    except (ValueError, RecursionError):
        return None
    mark = parse_mark(found.importmark)
    return None if mark is None else (mark, found.importrejected)
