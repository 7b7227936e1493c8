"""Retention: dropping the oldest sealed segments, whole, and only when asked to.

The manifest first says what is dropped, on the disk; only then the files go. So after a crash
between any two steps the next writer deletes what is left.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from eventlog._catalog import Catalog
from eventlog._errors import LockTimeoutError
from eventlog._files import Files
from eventlog._lock import DirectoryLock
from eventlog._manifest_lines import PrunedEntry, SealedEntry, peaks_of
from eventlog._merkle import MerkleTree
from eventlog._query import Query
from eventlog._reader import line_blocks
from eventlog._recovery import finish_sealing
from eventlog._sealer import record
from eventlog._times import format_time


@frozen
class PruneReport:
    """What :func:`prune` dropped; with ``dry_run`` what it would drop. Sizes in bytes."""

    events: int
    segments: list[str]
    stored_bytes: int
    first_kept: int
    """The sequence from which on everything is kept."""


def prune(
    path: str | Path,
    *,
    before: datetime | None = None,
    keep_bytes: int | None = None,
    keep_events: int | None = None,
    dry_run: bool = False,
    lock_timeout: float = 10.0,
    files: Files | None = None,
) -> PruneReport:
    """Drop the oldest sealed segments that any of the given rules does not keep.

    ``before`` drops segments all of whose events happened before that time; ``keep_bytes`` drops
    until what is stored in sealed segments takes no more than that; ``keep_events`` drops as long
    as at least so many of the newest events stay. Only whole segments go, oldest first, and never
    the active one. What is kept still verifies, and keeps its sequences.

    Errors: ValueError when no rule is given, LogNotFoundError, LockTimeoutError, DamagedLogError
    when what would be dropped is damaged, OSError.

    Example::

        with EventLog.open("activity.eventlog", segment_events=1_000) as log:
            log.extend([NewEvent("note", {"n": n}) for n in range(1_000)])
            log.seal()
        report = prune("activity.eventlog", keep_events=500, dry_run=True)
        print(report.events, "events would be dropped")
    """
    if before is None and keep_bytes is None and keep_events is None:
        raise ValueError("say what to keep: before, keep_bytes or keep_events")
    catalog, files = Catalog(Path(os.path.realpath(path))), files or Files()
    with DirectoryLock(catalog.directory) as sealing:
        if not sealing.acquire(lock_timeout):
            raise LockTimeoutError(
                f"another process has been sealing for {lock_timeout:g} s", path=catalog.path
            )
        if not dry_run:
            finish_sealing(catalog, files)
        kept, dropped = _divide(catalog, before, keep_bytes, keep_events)
        if dropped and not dry_run:
            _drop(dropped, catalog, files)
    return PruneReport(
        events=sum(entry.events for entry in dropped),
        segments=[entry.segment for entry in dropped],
        stored_bytes=sum(entry.stored_bytes for entry in dropped),
        first_kept=kept,
    )


def _divide(
    catalog: Catalog, before: datetime | None, keep_bytes: int | None, keep_events: int | None
) -> tuple[int, list[SealedEntry]]:
    """The first sequence that is kept, and the segments before it."""
    snapshot = catalog.snapshot()
    entries = snapshot.entries[: snapshot.sealed]
    stored = sum(entry.stored_bytes for entry in entries)
    behind = 0 if keep_events is None else _head(catalog)
    first_kept, dropped = snapshot.pruned_to + 1, list[SealedEntry]()
    for entry in entries:
        is_old = before is not None and datetime.fromisoformat(entry.last_time) < before
        is_too_much = keep_bytes is not None and stored > keep_bytes
        is_beyond = keep_events is not None and behind - entry.last_sequence >= keep_events
        if not (is_old or is_too_much or is_beyond):
            break
        stored -= entry.stored_bytes
        first_kept = entry.last_sequence + 1
        dropped.append(entry)
    return first_kept, dropped


def _head(catalog: Catalog) -> int:
    newest = next(iter(line_blocks(catalog, Query(reverse=True))), None)
    return catalog.manifest.last_sequence if newest is None else newest.last


def _drop(dropped: list[SealedEntry], catalog: Catalog, files: Files) -> None:
    entry = PrunedEntry(
        record="pruned",
        first_sequence=catalog.manifest.pruned_to + 1,
        last_sequence=dropped[-1].last_sequence,
        time=format_time(datetime.now(UTC)),
        tree=[peak.hex() for peak in _tree(catalog, dropped[-1].last_sequence).peaks],
        previous=catalog.manifest.previous,
    )
    record(entry, catalog, files)
    for one in dropped:
        files.unlink(catalog.directory / one.segment)
    files.sync_directory(catalog.directory)


def _tree(catalog: Catalog, last_sequence: int) -> MerkleTree:
    """The tree of everything that was ever pruned, up to this sequence."""
    before = catalog.manifest.pruned
    tree = MerkleTree()
    if before is not None:
        tree = MerkleTree(before.last_sequence, peaks_of(before))
    for block in line_blocks(catalog, Query(until=last_sequence)):
        tree.extend(block.lines)
    return tree
