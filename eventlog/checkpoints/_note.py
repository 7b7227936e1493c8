"""Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature."""

from __future__ import annotations

import re

from attrs import frozen

from eventlog._errors import InvalidProofError
from eventlog.checkpoints._base64 import decode_base64, encode_base64
from eventlog.checkpoints._keys import PrivateKey, PublicKey

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f]")
_SIGNATURE = re.compile("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)")
_KEY_ID_BYTES = 4
_MAX_SIGNATURES = 100
_MAX_NOTE = 1 << 20


@frozen
class Signature:
    """Who says to have signed, and the signature."""

    name: str
    key_id: bytes
    signature: bytes


@frozen
class Note:
    """``text`` ends in a line feed. Nothing in it counts before a signature was checked."""

    text: str
    signatures: tuple[Signature, ...]


def sign_note(text: str, key: PrivateKey) -> str:
    """The text, whose lines all have an end, with the signature of the key."""
    signature = key.public.key_id + key.sign(text.encode())
    return f"{text}\n\u2014 {key.name} {encode_base64(signature)}\n"


def parse_note(note: str) -> Note:
    """What a note says, unchecked; InvalidProofError when it is no note."""
    if len(note) > _MAX_NOTE or not _is_text(note):
        raise InvalidProofError("this is no signed note: it is too long, or no plain text")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise InvalidProofError("this is no signed note: it has no signature; copy all of it")
    signatures = tuple(_parse_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > _MAX_SIGNATURES:
        raise InvalidProofError(f"the note has more than {_MAX_SIGNATURES} signatures")
    return Note(text + "\n", signatures)


def _is_text(note: str) -> bool:
    try:
        note.encode()
    except UnicodeEncodeError:
        return False
    return not _CONTROLS.search(note)


def _parse_signature(line: str) -> Signature:
    match = _SIGNATURE.fullmatch(line)
    content = decode_base64(match[2]) if match else None
    if match is None or content is None or len(content) <= _KEY_ID_BYTES:
        raise InvalidProofError("this is no signed note: a line of its signatures is damaged")
    return Signature(match[1], content[:_KEY_ID_BYTES], content[_KEY_ID_BYTES:])


def check_signed(note: Note, key: PublicKey) -> None:
    """InvalidProofError unless this key signed the text. Signatures of other keys say nothing."""
    ours = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
    if not ours:
        raise InvalidProofError(
            f"the checkpoint is not signed by {key.name} with the key {key.key_id.hex()}: "
            "take the public key of whoever signed it"
        )
    if not all(key.has_signed(note.text.encode(), one.signature) for one in ours):
        raise InvalidProofError(
            f"the signature of {key.name} does not fit the checkpoint: it was changed, or forged"
        )
