"""Making proofs from a log. They are checked without it, by :mod:`eventlog.checkpoints._proof`."""

from __future__ import annotations

from pathlib import Path

from eventlog._errors import DamagedLogError, InvalidProofError, PrunedError
from eventlog.checkpoints._checkpoint import Checkpoint, unchecked
from eventlog.checkpoints._log_tree import LogTree, Progress, rewritten, tree_of
from eventlog.checkpoints._proof import Proof, format_consistency, format_inclusion
from eventlog.checkpoints._tree import (
    Span,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
)


def prove(path: str | Path, sequence: int, note: str, progress: Progress | None = None) -> str:
    """Prove that the event of this sequence is in the log that a checkpoint signed.

    The answer is a C2SP tlog-proof, the checkpoint included; :func:`verify_proof` checks it. Who
    signed the note is not looked at here. All lines that the checkpoint covers are read once.

    Errors: InvalidProofError when the note is no checkpoint of this log, or does not cover the
    event; PrunedError when the event was pruned; DamagedLogError when the log is not what was
    signed; LogNotFoundError.
    """
    signed = unchecked(note)
    tree = tree_of(path, progress)
    tree.check_covers(signed)
    _check_provable(tree, sequence, signed)
    index = sequence - 1
    spans = inclusion_spans(index, signed.size)
    leaf, *hashes = _roots(tree, [(index, index + 1), *spans])
    if not is_included(leaf, index, signed.size, hashes, signed.root):
        raise DamagedLogError(rewritten(signed), path=path)
    return format_inclusion(Proof(index, tuple(hashes), note))


def _check_provable(tree: LogTree, sequence: int, signed: Checkpoint) -> None:
    if not 1 <= sequence <= signed.size:
        raise InvalidProofError(
            f"the checkpoint covers {signed.size} events, and not sequence {sequence}: "
            "make a newer checkpoint"
        )
    if sequence <= tree.pruned_to:
        raise PrunedError(
            "the event was pruned, so nothing is left to be proved: keep a proof from before",
            path=tree.catalog.path,
            sequence=sequence,
        )


def prove_consistency(
    path: str | Path, old_note: str, new_note: str, progress: Progress | None = None
) -> str:
    """Prove that the log of an older checkpoint begins that of a newer one: nothing was rewritten.

    The answer holds the newer checkpoint; :func:`verify_consistency` checks it with the older one.
    Errors as for :func:`prove`.
    """
    old, new = unchecked(old_note), unchecked(new_note)
    if old.size > new.size:
        raise InvalidProofError(
            f"the older checkpoint has {old.size} events, and the newer {new.size}: swap them"
        )
    tree = tree_of(path, progress)
    tree.check_covers(old)
    tree.check_covers(new)
    hashes = _roots(tree, consistency_spans(old.size, new.size))
    if not is_consistent(old.size, new.size, old.root, new.root, hashes):
        what = "the log does not hold the events of both checkpoints: at least one was changed"
        raise DamagedLogError(f"{what}; restore a copy from before", path=path)
    return format_consistency(Proof(old.size, tuple(hashes), new_note))


def _roots(tree: LogTree, spans: list[Span]) -> list[bytes]:
    """In the order of the spans, which may be any."""
    in_order = sorted(spans)
    found = dict(zip(in_order, tree.roots_of(in_order), strict=True))
    return [found[span] for span in spans]
