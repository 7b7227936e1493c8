"""Bytes that other implementations made, and checkpoints that this test makes without ours."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from eventlog import InvalidProofError, checkpoint, prove, verify_checkpoint, verify_proof
from eventlog._merkle import MerkleTree
from eventlog.checkpoints._keys import parse_private_key, parse_public_key
from eventlog.checkpoints._note import check_signed, parse_note, sign_note
from eventlog.checkpoints._tree import consistency_spans, inclusion_spans, roots_of_spans
from tests.checkpoints.helpers import (
    KEY,
    leaf_of,
    line_of,
    lines_in,
    make_log,
    path_of,
    root_of,
    signed_text,
)

# From the documentation of golang.org/x/mod/sumdb/note.
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# Leaves that implementations of RFC 6962 share, and proofs in the tree of all eight.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
# fmt: off
INCLUDED_0_IN_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
GROWN_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
# fmt: on


def test_a_note_is_signed_to_the_byte_as_by_go() -> None:
    text = signed_text(GO_NOTE)
    assert sign_note(text, parse_private_key(GO_PRIVATE)) == GO_NOTE
    check_signed(parse_note(GO_NOTE), parse_public_key(GO_PUBLIC))


def test_keys_are_written_as_by_go() -> None:
    assert parse_private_key(GO_PRIVATE).encode() == GO_PRIVATE
    assert parse_private_key(GO_PRIVATE).public.encode() == GO_PUBLIC
    assert parse_public_key(GO_PUBLIC).encode() == GO_PUBLIC


def test_proofs_of_the_shared_leaves_have_the_known_hashes() -> None:
    def proof(spans: list[tuple[int, int]]) -> list[str]:
        in_order = sorted(spans)
        found = dict(zip(in_order, roots_of_spans(in_order, [LEAVES], MerkleTree()), strict=True))
        return [found[span].hex() for span in spans]

    assert proof(inclusion_spans(0, 8)) == INCLUDED_0_IN_8
    assert proof(consistency_spans(6, 8)) == GROWN_6_TO_8


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make_log(tmp_path / "log")


def test_another_program_checks_our_checkpoint(log: Path) -> None:
    """From the files, with the hash function, a decompressor and plain Ed25519."""
    note = checkpoint(log, KEY.private)
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = text.split("\n")
    log_id = (log / "log.json").read_text().split('"log_id":"')[1][:12]
    leaves = lines_in(log)
    assert origin == f"eventlog/{log_id}"
    assert size == str(len(leaves)) == "11"
    assert b64decode(root) == root_of(leaves)
    dash, name, signature = signatures.removesuffix("\n").split(" ")
    _, _, encoded = KEY.public.split("+", 2)
    public = b64decode(encoded)
    key_id = sha256(name.encode() + b"\n" + public).digest()[:4]
    assert (dash, name, public[0]) == ("\u2014", "example.com/audit", 1)
    assert b64decode(signature)[:4] == key_id
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(
        b64decode(signature)[4:], f"{text}\n".encode()
    )


def test_the_checkpoint_and_the_proof_of_another_program_are_taken(log: Path) -> None:
    """Made with nothing of ours, they pass; so does a proof with extra data."""
    private = Ed25519PrivateKey.generate()
    public = b"\x01" + private.public_key().public_bytes_raw()
    key_id = sha256(b"other.example\n" + public).digest()[:4]
    key = f"other.example+{key_id.hex()}+{b64encode(public).decode()}"
    leaves = lines_in(log)
    log_id = (log / "log.json").read_text().split('"log_id":"')[1][:12]
    text = f"eventlog/{log_id}\n9\n{b64encode(root_of(leaves[:9])).decode()}\n"
    signature = b64encode(key_id + private.sign(text.encode())).decode()
    note = f"{text}\n\u2014 other.example {signature}\n"
    assert verify_checkpoint(log, note, key) == []

    hashes = "".join(f"{b64encode(one).decode()}\n" for one in path_of(4, leaves[:9]))
    for extra in ("", "extra ZXh0cmE=\n"):
        proof = f"c2sp.org/tlog-proof@v1\n{extra}index 4\n{hashes}\n{note}"
        proven = verify_proof(proof, leaves[4], key)
        assert (proven.sequence, proven.checkpoint.size) == (5, 9)
    with pytest.raises(InvalidProofError, match="extra data is damaged"):
        verify_proof(f"c2sp.org/tlog-proof@v1\nextra !\nindex 4\n{hashes}\n{note}", b"", key)


def test_another_program_checks_our_proof(log: Path) -> None:
    """Leaf by leaf up to the root of the checkpoint that is in the proof."""
    proof = prove(log, 6, checkpoint(log, KEY.private))
    head, _, note = proof.partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 5")
    assert [b64decode(one) for one in hashes] == path_of(5, lines_in(log))
    node = leaf_of(line_of(log, 6))
    for other, is_left in zip(hashes, (True, False, True, False), strict=True):
        pair = b64decode(other) + node if is_left else node + b64decode(other)
        node = sha256(b"\x01" + pair).digest()
    assert node == b64decode(note.split("\n")[2])
