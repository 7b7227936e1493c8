"""RFC 6962 Merkle tree hash, computed as leaves arrive, with memory of one node per level."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


class MerkleTree:
    """A growing list of leaves, and the hash that names it."""

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []  # roots of the perfect subtrees, largest first

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves in order."""
        hash_, peaks, size = sha256, self._peaks, self._size
        for leaf in leaves:
            node = hash_(b"\x00" + leaf).digest()
            carry = size
            while carry & 1:
                node = hash_(b"\x01" + peaks.pop() + node).digest()
                carry >>= 1
            peaks.append(node)
            size += 1
        self._size = size

    def root(self) -> bytes:
        """The tree hash of the leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = sha256(b"\x01" + peak + node).digest()
        return node
