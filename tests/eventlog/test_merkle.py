"""The tree hash of RFC 6962."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from eventlog._merkle import EMPTY_ROOT, MerkleTree


def root_of(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962, section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


@given(st.lists(st.binary(max_size=4), max_size=70), st.integers(0, 70))
def test_leaves_that_arrive_in_parts_give_the_recursive_hash(
    leaves: list[bytes], split: int
) -> None:
    tree = MerkleTree()
    tree.extend(leaves[:split])
    assert tree.root() == root_of(leaves[:split])
    tree.extend(leaves[split:])
    assert tree.root() == root_of(leaves)


def test_known_trees() -> None:
    """The vectors that implementations of RFC 6962 share."""
    leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    }
    for size, expected in roots.items():
        tree = MerkleTree()
        tree.extend(bytes.fromhex(leaf) for leaf in leaves[:size])
        assert tree.root().hex() == expected
    assert EMPTY_ROOT.hex() == roots[0]
