"""Proofs about trees: those of RFC 6962, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog._merkle import MerkleTree
from eventlog.checkpoints._tree import (
    Span,
    UnknownSpanError,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    leaf_hash,
    roots_at,
    roots_of_spans,
)
from tests.checkpoints.helpers import growth_of, path_of, root_of

LEAVES = [b"leaf %d" % number for number in range(70)]
ROOTS = [root_of(LEAVES[:size]) for size in range(71)]
SIZES = range(1, 71)


def in_blocks(leaves: list[bytes], seed: int, start: int = 0) -> Iterator[list[bytes]]:
    """The leaves from ``start`` on, some at a time, and sometimes none."""
    random = Random(seed)
    while start < len(leaves):
        end = start + random.randrange(4)
        yield leaves[start:end]
        start = end


def roots_of(
    spans: list[Span], leaves: list[bytes], known: MerkleTree | None = None
) -> list[bytes]:
    """In the order of the spans, as the proofs need them."""
    known = known or MerkleTree()
    blocks = in_blocks(leaves, len(leaves), known.size)
    found = dict(zip(sorted(spans), roots_of_spans(sorted(spans), blocks, known), strict=True))
    return [found[span] for span in spans]


def pruned(size: int) -> MerkleTree:
    """What is left of the first leaves."""
    tree = MerkleTree()
    tree.extend(LEAVES[:size])
    return MerkleTree(size, tree.peaks)


@pytest.mark.parametrize("size", SIZES)
def test_an_inclusion_proof_is_that_of_the_standard_and_holds(size: int) -> None:
    leaves = LEAVES[:size]
    for index in range(size):
        proof = roots_of(inclusion_spans(index, size), leaves)
        assert proof == path_of(index, leaves)
        assert is_included(leaf_hash(leaves[index]), index, size, proof, ROOTS[size])


@pytest.mark.parametrize("new", SIZES)
def test_a_consistency_proof_is_that_of_the_standard_and_holds(new: int) -> None:
    leaves = LEAVES[:new]
    for old in range(1, new + 1):
        proof = roots_of(consistency_spans(old, new), leaves)
        assert proof == growth_of(old, leaves)
        assert is_consistent(old, new, ROOTS[old], ROOTS[new], proof)


@given(st.integers(1, 1 << 62), st.data())
def test_the_proofs_of_big_trees_have_the_right_form(size: int, data: st.DataObject) -> None:
    """Beside the leaf or the old tree, the spans make up the whole tree."""
    index = data.draw(st.integers(0, size - 1))
    check_tiles([*inclusion_spans(index, size), (index, index + 1)], size)
    spans = consistency_spans(index + 1, size)
    is_peak = index + 1 == 1 << index.bit_length() or index + 1 == size
    check_tiles([*spans, (0, index + 1)] if is_peak else spans, size)
    assert len(spans) <= 63


def check_tiles(spans: list[Span], size: int) -> None:
    end = 0
    for start, stop in sorted(spans):
        assert start == end < stop
        width = 1 << (stop - start - 1).bit_length()
        assert start % width == 0  # a node of the tree
        assert stop - start == width or stop == size
        end = stop
    assert end == size


@given(st.integers(1000, 3000), st.data())
def test_a_proof_from_a_big_tree_holds(size: int, data: st.DataObject) -> None:
    leaves = [b"%d" % number for number in range(size)]
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    old_root, root = roots_at([old, size], in_blocks(leaves, size), MerkleTree())
    proof = roots_of(inclusion_spans(index, size), leaves)
    assert is_included(leaf_hash(leaves[index]), index, size, proof, root)
    growth = roots_of(consistency_spans(old, size), leaves)
    assert is_consistent(old, size, old_root, root, growth)


@pytest.mark.parametrize("size", range(1, 34))
def test_no_other_leaf_place_size_hash_or_root_passes(size: int) -> None:
    for index in range(size):
        proof = path_of(index, LEAVES[:size])
        leaf, root = leaf_hash(LEAVES[index]), ROOTS[size]
        for other in range(-1, size + 2):
            assert is_included(leaf, other, size, proof, root) == (other == index)
            assert not is_included(leaf_hash(LEAVES[other]), index, size, proof, root) or (
                other == index
            )
        for changed in changed_proofs(proof):
            assert not is_included(leaf, index, size, changed, root)
        assert not is_included(leaf, index, size, proof, ROOTS[size + 1])


@pytest.mark.parametrize("new", range(1, 34))
def test_no_other_sizes_hashes_or_roots_are_consistent(new: int) -> None:
    for old in range(1, new + 1):
        proof = growth_of(old, LEAVES[:new])
        old_root, root = ROOTS[old], ROOTS[new]
        for other in range(new + 2):
            assert is_consistent(other, new, old_root, root, proof) == (other == old)
        assert not is_consistent(old, new, ROOTS[old + 1], root, proof)
        assert not is_consistent(old, new, old_root, ROOTS[new + 1], proof)
        assert not is_consistent(new + 1, new, old_root, root, proof)
        for changed in changed_proofs(proof):
            assert not is_consistent(old, new, old_root, root, changed)


def test_a_proof_is_as_long_as_the_tree_is_high_even_for_a_root_that_was_made_to_fit() -> None:
    leaf, extra = leaf_hash(b"leaf"), bytes(32)
    fitting = sha256(b"\x01" + extra + leaf).digest()
    assert is_included(leaf, 0, 1, [], leaf)
    assert not is_included(leaf, 0, 1, [extra], fitting)


def changed_proofs(proof: list[bytes]) -> Iterator[list[bytes]]:
    """One hash more, one less, another one, or two of them swapped."""
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]
    for place in range(len(proof)):
        yield proof[:place] + proof[place + 1 :]
        yield [*proof[:place], bytes(32), *proof[place + 1 :]]
        yield [*proof[:place], proof[place], *proof[place:]]
    for place in range(1, len(proof)):
        yield [*proof[: place - 1], proof[place], proof[place - 1], *proof[place + 1 :]]


def test_the_empty_tree_begins_every_tree() -> None:
    assert consistency_spans(0, 5) == []
    assert is_consistent(0, 5, ROOTS[0], ROOTS[5], [])
    assert not is_consistent(0, 5, ROOTS[1], ROOTS[5], [])
    assert not is_consistent(0, 5, ROOTS[0], ROOTS[5], [ROOTS[1]])
    assert is_consistent(0, 0, ROOTS[0], ROOTS[0], [])


@given(st.lists(st.integers(0, 70)), st.integers(0, 70))
def test_roots_at_several_sizes_come_from_one_pass(sizes: list[int], seed: int) -> None:
    sizes.sort()
    found = roots_at(sizes, in_blocks(LEAVES, seed), MerkleTree())
    assert list(found) == [ROOTS[size] for size in sizes]


@pytest.mark.parametrize("gone", range(70))
def test_behind_a_pruned_part_everything_can_be_computed(gone: int) -> None:
    """The peaks of what is gone are enough for all that is left."""
    known, size = pruned(gone), 70
    [root] = roots_at([size], in_blocks(LEAVES, gone, gone), known)
    assert root == ROOTS[size]
    for index in range(gone, size):
        proof = roots_of(inclusion_spans(index, size), LEAVES, known)
        assert is_included(leaf_hash(LEAVES[index]), index, size, proof, root)
    for old in range(max(gone, 1), size + 1):
        growth = roots_of(consistency_spans(old, size), LEAVES, known)
        assert is_consistent(old, size, ROOTS[old], root, growth)


@pytest.mark.parametrize("gone", range(1, 71))
def test_of_a_pruned_part_only_its_larger_peaks_tell_an_earlier_root(gone: int) -> None:
    for size in range(1, gone):
        peaks_are_kept = gone - size < size & -size
        try:
            [root] = roots_at([size], in_blocks(LEAVES, gone, gone), pruned(gone))
        except UnknownSpanError:
            assert not peaks_are_kept
        else:
            assert peaks_are_kept
            assert root == ROOTS[size]


def test_leaves_that_end_too_early_give_no_root() -> None:
    with pytest.raises(UnknownSpanError):
        list(roots_at([9], in_blocks(LEAVES[:8], 0), MerkleTree()))
    with pytest.raises(UnknownSpanError):
        list(roots_of_spans([(8, 10)], in_blocks(LEAVES[:9], 0), MerkleTree()))


def test_a_tree_is_known_by_a_peak_for_each_bit_of_its_size() -> None:
    with pytest.raises(ValueError, match="6 leaves has 2 peaks"):
        MerkleTree(6, [bytes(32)])
