"""A checkpoint (C2SP tlog-checkpoint): which log, how many events, and the root of their tree.

The leaves of the tree are the log's lines without their LFs, from sequence 1 on.
"""

from __future__ import annotations

import re

from attrs import field, frozen

from eventlog._errors import InvalidProofError
from eventlog.checkpoints._base64 import decode_base64, encode_base64
from eventlog.checkpoints._keys import parse_public_key
from eventlog.checkpoints._note import check_signed, parse_note

ORIGIN_START = "eventlog/"
HASH_BYTES = 32

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@frozen
class Checkpoint:
    """What somebody signed: the log's first ``size`` events have this tree."""

    origin: str
    """``eventlog/`` and the log's id."""
    size: int
    root: bytes = field(repr=bytes.hex)

    @property
    def log_id(self) -> str:
        """Which log this is about."""
        return self.origin.removeprefix(ORIGIN_START)


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text of the note."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{encode_base64(checkpoint.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The inverse of :func:`format_checkpoint`; further lines are allowed, and mean nothing."""
    lines = text[:-1].split("\n")
    size = parse_decimal(lines[1]) if len(lines) > 1 else None
    root = parse_hash(lines[2]) if len(lines) > 2 else None
    if size is None or root is None or not all(lines) or not lines[0].startswith(ORIGIN_START):
        raise InvalidProofError("this is no checkpoint of an event log, though it is a signed note")
    return Checkpoint(lines[0], size, root)


def parse_decimal(text: str) -> int | None:
    """A number as notes and proofs have it."""
    return int(text) if _DECIMAL.fullmatch(text) else None


def parse_hash(text: str) -> bytes | None:
    """A hash as notes and proofs have it."""
    content = decode_base64(text)
    return content if content is not None and len(content) == HASH_BYTES else None


def unchecked(note: str) -> Checkpoint:
    """What a checkpoint says, whoever signed it."""
    return parse_checkpoint(parse_note(note).text)


def read_checkpoint(note: str, public_key: str) -> Checkpoint:
    """What a checkpoint says, once it is sure that the owner of the key signed it.

    InvalidProofError when it was not, InvalidKeyError when the key is none.
    """
    parsed = parse_note(note)
    check_signed(parsed, parse_public_key(public_key))
    return parse_checkpoint(parsed.text)
