"""Proofs about the tree of RFC 6962: which hashes they need, and how they are checked.

A *span* is the leaves from ``start`` to before ``end``; its root stands for all of them. A proof
is the roots of a few spans. Checking follows RFC 9162, section 2.1, and shares nothing with the
choice of the spans but the tree itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from eventlog._merkle import EMPTY_ROOT, MerkleTree

Span = tuple[int, int]
Blocks = Iterable[Sequence[bytes]]
"""Leaves in order, some at a time."""


def leaf_hash(leaf: bytes) -> bytes:
    """What stands for a leaf in the tree."""
    return sha256(b"\x00" + leaf).digest()


def inclusion_spans(index: int, size: int) -> list[Span]:
    """What proves the leaf at ``index`` (from 0) in a tree of ``size``; its sibling first."""
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left_size(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """What proves that a tree of ``old`` leaves is the beginning of one with ``new``."""
    if old == 0:
        return []
    spans, start, end = [], 0, new
    while end != old:
        middle = start + _left_size(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return spans[::-1]


def _left_size(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows the leaf hash at ``index`` in this tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _parent(other, node)
            place, last = _skip_missing(place, last)
        else:
            node = _parent(node, other)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows that the old tree begins the new one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (EMPTY_ROOT if old == 0 else new_root)
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_node = new_node = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_node, new_node = _parent(other, old_node), _parent(other, new_node)
            place, last = _skip_missing(place, last)
        else:
            new_node = _parent(new_node, other)
        place, last = place >> 1, last >> 1
    return last == 0 and (old_node, new_node) == (old_root, new_root)


def _parent(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _skip_missing(place: int, last: int) -> tuple[int, int]:
    """Up the right edge of the tree, past the levels where the node has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


class UnknownSpanError(Exception):
    """The root of this span is not to be had: its leaves are gone, and no known node is it."""


def roots_of_spans(spans: Iterable[Span], blocks: Blocks, known: MerkleTree) -> Iterator[bytes]:
    """The roots of spans that follow each other, in one pass with a node per level in memory.

    ``blocks`` are the leaves behind those of ``known``, of which only the peaks are left.
    """
    leaves = _Leaves(blocks, known.size)
    for start, end in spans:
        tree = _known_part(start, end, known)
        for some in leaves.between(start + tree.size, end):
            tree.extend(some)
        if tree.size != end - start:
            raise UnknownSpanError(start, end)
        yield tree.root()


def roots_at(sizes: Iterable[int], blocks: Blocks, known: MerkleTree) -> Iterator[bytes]:
    """The root of the whole tree at each of these sizes, which do not fall, in one pass."""
    leaves = _Leaves(blocks, known.size)
    tree = MerkleTree(known.size, known.peaks)
    for size in sizes:
        if size < known.size:
            yield _known_part(0, size, known).root()
            continue
        for some in leaves.between(tree.size, size):
            tree.extend(some)
        if tree.size != size:
            raise UnknownSpanError(0, size)
        yield tree.root()


def _known_part(start: int, end: int, known: MerkleTree) -> MerkleTree:
    """As much of a span as ``known`` has; UnknownSpanError when its peaks do not show it."""
    end = min(end, known.size)
    if start >= end:
        return MerkleTree()
    inside, place = [], 0
    for level in reversed(range(known.size.bit_length())):
        if known.size >> level & 1:
            if start <= place and place + (1 << level) <= end:
                inside.append((1 << level, known.peaks[(known.size >> level).bit_count() - 1]))
            place += 1 << level
    if sum(size for size, _ in inside) != end - start:
        raise UnknownSpanError(start, end)
    return MerkleTree(end - start, [peak for _, peak in inside])


class _Leaves:
    """Leaves that arrive in blocks, taken by their index; only forward."""

    def __init__(self, blocks: Blocks, first: int) -> None:
        self._blocks = iter(blocks)
        self._block: Sequence[bytes] = ()
        self._first = first

    def between(self, start: int, end: int) -> Iterator[Sequence[bytes]]:
        """Those from ``start`` to before ``end``, as far as they come."""
        while start < end:
            behind = self._first + len(self._block)
            if start < behind:
                some = self._block[start - self._first : end - self._first]
                yield some
                start += len(some)
                continue
            block = next(self._blocks, None)
            if block is None:
                return
            self._first, self._block = behind, block
