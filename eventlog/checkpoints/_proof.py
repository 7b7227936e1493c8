"""Proofs as text, and checking them without the log.

An inclusion proof is a C2SP tlog-proof. A consistency proof has the form in which witnesses of
transparency logs take it (C2SP tlog-witness, "add-checkpoint").
"""

from __future__ import annotations

from attrs import frozen

from eventlog._errors import InvalidProofError
from eventlog.checkpoints._base64 import decode_base64, encode_base64
from eventlog.checkpoints._checkpoint import (
    Checkpoint,
    parse_decimal,
    parse_hash,
    read_checkpoint,
)
from eventlog.checkpoints._tree import is_consistent, is_included, leaf_hash

PROOF_HEADER = "c2sp.org/tlog-proof@v1"

_MAX_HASHES = 64  # as a tree of 2^64 leaves has
_MAX_PROOF = 2 << 20


@frozen
class Proof:
    """The parts of a proof. ``number`` is the leaf's index, or the size of the older tree."""

    number: int
    hashes: tuple[bytes, ...]
    note: str
    """The checkpoint, as it was signed."""


@frozen
class ProvenEvent:
    """What :func:`verify_proof` found to be true."""

    sequence: int
    checkpoint: Checkpoint


def format_inclusion(proof: Proof) -> str:
    """The text of an inclusion proof."""
    return f"{PROOF_HEADER}\n" + _format("index", proof)


def parse_inclusion(text: str) -> Proof:
    """The inverse of :func:`format_inclusion`. An ``extra`` line means nothing."""
    header, _, rest = text.partition("\n")
    if header != PROOF_HEADER:
        raise InvalidProofError(f"this is no proof: it does not begin with {PROOF_HEADER}")
    if rest.startswith("extra "):
        extra, _, rest = rest.removeprefix("extra ").partition("\n")
        if decode_base64(extra) is None:
            raise InvalidProofError("this is no proof: its extra data is damaged")
    return _parse("index", rest)


def format_consistency(proof: Proof) -> str:
    """The text of a consistency proof."""
    return _format("old", proof)


def parse_consistency(text: str) -> Proof:
    """The inverse of :func:`format_consistency`."""
    return _parse("old", text)


def is_consistency(text: str) -> bool:
    """Which of the two kinds of proof this is, if any."""
    return text.startswith("old ")


def _format(name: str, proof: Proof) -> str:
    hashes = "".join(f"{encode_base64(one)}\n" for one in proof.hashes)
    return f"{name} {proof.number}\n{hashes}\n{proof.note}"


def _parse(name: str, text: str) -> Proof:
    head, separator, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, rest = first.partition(" ")
    number = parse_decimal(rest) if word == name else None
    hashes = [parse_hash(line) for line in lines]
    sound = tuple(one for one in hashes if one is not None)
    if len(text) > _MAX_PROOF or not separator or number is None or len(sound) < len(hashes):
        raise InvalidProofError(f"this is no proof: it lacks '{name}', a hash or a checkpoint")
    if len(sound) > _MAX_HASHES:
        raise InvalidProofError(f"the proof has more than {_MAX_HASHES} hashes")
    return Proof(number, sound, note)


def verify_proof(proof: str, line: bytes, public_key: str) -> ProvenEvent:
    """Check that an event is in the log that the owner of the key signed. Needs no log.

    ``line`` is the event exactly as it is stored, as ``eventlog cat --jsonl`` prints it, with or
    without its LF. InvalidProofError when it is not proved, InvalidKeyError when the key is none.
    """
    parsed = parse_inclusion(proof)
    checkpoint = read_checkpoint(parsed.note, public_key)
    leaf = line.removesuffix(b"\n")
    if not leaf or b"\n" in leaf:
        raise InvalidProofError("an event is one line: give just the one that the proof is for")
    if not is_included(
        leaf_hash(leaf), parsed.number, checkpoint.size, parsed.hashes, checkpoint.root
    ):
        raise InvalidProofError(
            f"the proof does not show that this is event {parsed.number + 1} of the log that was "
            "signed: give the event's bytes exactly as 'eventlog cat LOG --jsonl' prints them; "
            "else one of them was changed, or the proof is for another event"
        )
    return ProvenEvent(parsed.number + 1, checkpoint)


def verify_consistency(proof: str, old_note: str, public_key: str) -> tuple[Checkpoint, Checkpoint]:
    """Check that the log of an older checkpoint begins that of a newer one. Needs no log.

    The newer one is in the proof; both are returned, the older first. InvalidProofError when it is
    not proved or the key signed only one of them, InvalidKeyError when the key is none.
    """
    parsed = parse_consistency(proof)
    old = read_checkpoint(old_note, public_key)
    new = read_checkpoint(parsed.note, public_key)
    if old.origin != new.origin:
        raise InvalidProofError(
            f"the checkpoints are of two logs, {old.log_id} and {new.log_id}: take two of one log"
        )
    if parsed.number != old.size:
        raise InvalidProofError(
            f"the proof goes from {parsed.number} events, and the older checkpoint has {old.size}: "
            "take the checkpoint that the proof was made from"
        )
    if not is_consistent(old.size, new.size, old.root, new.root, parsed.hashes):
        raise InvalidProofError(
            f"the proof does not show that the {old.size} events of the older checkpoint begin the "
            f"{new.size} of the newer: it was changed, or the log was rewritten between them"
        )
    return old, new
