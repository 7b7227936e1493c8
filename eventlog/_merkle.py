"""RFC 6962 Merkle tree hash, computed as leaves arrive, with memory of one node per level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


class MerkleTree:
    """A growing list of leaves, and the hash that names it.

    ``size`` leaves may be known by the roots of their perfect subtrees alone: ``peaks``, largest
    first, one for each bit that is set in ``size``. ValueError for another number of them.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees, largest first: all that is needed to go on."""
        return tuple(self._peaks)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves in order: all nodes of one level, then of the next, twice as fast as leaf by
        leaf. Memory holds one hash for each of these leaves.
        """
        hash_, peaks, kept = sha256, self._peaks.copy(), []
        nodes = [hash_(b"\x00" + leaf).digest() for leaf in leaves]
        size = self._size + len(nodes)
        level = self._size
        while nodes:
            if level & 1:
                nodes.insert(0, peaks.pop())
            if len(nodes) & 1:
                kept.append(nodes.pop())
            pairs = iter(nodes)
            nodes = [
                hash_(b"\x01" + left + right).digest()
                for left, right in zip(pairs, pairs, strict=False)
            ]
            level >>= 1
        self._peaks, self._size = peaks + kept[::-1], size

    def root(self) -> bytes:
        """The tree hash of the leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = sha256(b"\x01" + peak + node).digest()
        return node
