"""Signing what a log holds, and comparing a log with what was signed."""

from __future__ import annotations

from pathlib import Path

from eventlog._catalog import Catalog
from eventlog._errors import DamagedLogError
from eventlog._files import Files
from eventlog._format import IDENTITY_NAME, SEGMENTS_NAME
from eventlog._verify import Fault
from eventlog.checkpoints._checkpoint import (
    ORIGIN_START,
    Checkpoint,
    format_checkpoint,
    read_checkpoint,
)
from eventlog.checkpoints._keys import parse_private_key
from eventlog.checkpoints._log_tree import LogTree, Progress, rewritten, tree_of
from eventlog.checkpoints._note import sign_note


def checkpoint(
    path: str | Path,
    key: str,
    *,
    previous: str | None = None,
    progress: Progress | None = None,
    files: Files | None = None,
) -> str:
    """Sign what the log at ``path`` holds now: a note to be kept where the log's writers cannot go.

    ``key`` is the private part of :func:`new_key`. The events are on the disk when this returns,
    whatever their ``sync``. With the ``previous`` checkpoint, signed by the same key, nothing is
    signed that contradicts it. All lines are read once; the log may be in use.

    Errors: LogNotFoundError; DamagedLogError, also when ``previous`` is not the beginning of this
    log; InvalidProofError for a ``previous`` that is none, or of another log; PrunedError when too
    much was pruned to compare; InvalidKeyError; MissingExtraError; OSError.

    Example::

        key = new_key("example.com/audit")
        with EventLog.open("activity.eventlog") as log:
            log.append("deploy.finished", {"ok": True})
        note = checkpoint("activity.eventlog", key.private)
        assert verify_checkpoint("activity.eventlog", note, key.public) == []
    """
    signer = parse_private_key(key)
    before = None if previous is None else read_checkpoint(previous, signer.public.encode())
    tree = tree_of(path, progress)
    _make_durable(tree.catalog, files or Files())
    if before is None:
        [root] = tree.roots_at([tree.head])
    else:
        tree.check_covers(before)
        old_root, root = tree.roots_at([before.size, tree.head])
        if old_root != before.root:
            raise DamagedLogError(f"nothing was signed: {rewritten(before)}", path=path)
    origin = ORIGIN_START + tree.catalog.identity.log_id
    return sign_note(format_checkpoint(Checkpoint(origin, tree.head, root)), signer)


def _make_durable(catalog: Catalog, files: Files) -> None:
    """Bring to the disk what a power loss could take; then nobody can say that we signed too much.

    Sealed segments were synced when they were made, rotated ones when they were closed. But the
    active one may not be, and neither may its name.
    """
    for segment in catalog.snapshot().raw:
        try:
            file = segment.open()
        except FileNotFoundError:
            continue  # sealed in the meantime
        with file:
            files.sync(file.fileno())
    files.sync_directory(catalog.directory)


def verify_checkpoint(
    path: str | Path, note: str, public_key: str, progress: Progress | None = None
) -> list[Fault]:
    """Compare a log with a checkpoint: no fault when it begins with the events that were signed.

    Kinds of faults: ``rollback`` (the log is shorter), ``rewritten`` (it has other events),
    ``identity`` (it is another log). What came after the checkpoint is not compared with anything,
    and damage is what ``verify`` looks for.

    Errors: InvalidProofError when the note is not signed by this key; InvalidKeyError;
    LogNotFoundError; DamagedLogError when the log cannot be read through; PrunedError when too much
    was pruned to compare; MissingExtraError.
    """
    signed = read_checkpoint(note, public_key)
    tree = tree_of(path, progress)
    fault = _disagreement(tree, signed)
    return [] if fault is None else [fault]


def _disagreement(tree: LogTree, signed: Checkpoint) -> Fault | None:
    other = tree.of_another_log(signed)
    if other is not None:
        return Fault(IDENTITY_NAME, None, None, "identity", other)
    if signed.size > tree.head:
        return Fault(SEGMENTS_NAME, None, tree.head + 1, "rollback", tree.rolled_back(signed))
    if tree.roots_at([signed.size]) != [signed.root]:
        return Fault(SEGMENTS_NAME, None, None, "rewritten", rewritten(signed))
    return None
