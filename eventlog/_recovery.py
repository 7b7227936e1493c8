"""What a writer does first: bring the directory into the state that the last writer meant.

The cases are the tables of docs/log-format.md. Only a tear is cut, and only after its bytes are
safe in the quarantine; anything else that is not as it should be refuses the opening.
"""

from __future__ import annotations

import logging
import os
from hashlib import file_digest
from itertools import zip_longest
from pathlib import Path

from attrs import frozen

from eventlog._catalog import Catalog, Snapshot
from eventlog._errors import DamagedLogError
from eventlog._files import Files, refuse_link
from eventlog._lock import DirectoryLock
from eventlog._names import TEMPORARY_SUFFIX, parse_name
from eventlog._quarantine import quarantine
from eventlog._regular import NOT_A_FILE, open_regular
from eventlog._salvage import NOT_PRUNED, holds_more
from eventlog._segments import RawSegment
from eventlog._tail import Tail, TailKind, scan_tail, sequence_before

logger = logging.getLogger("eventlog")

_REPAIR = "run 'eventlog verify' to see all of it, and 'eventlog repair' to mend it"


@frozen
class Torn:
    """Bytes that were cut off, never acknowledged, and kept."""

    path: Path
    offset: int
    size: int
    kept_in: Path


@frozen
class Recovered:
    """Where the next append goes, and what had to be done before."""

    active: RawSegment
    size: int
    next_sequence: int
    unsealed: tuple[RawSegment, ...]
    torn: tuple[Torn, ...]


def recover(catalog: Catalog, files: Files) -> Recovered:
    """Finish or undo what the last writer left half done. The caller holds the writer's lock."""
    refuse_link(catalog.directory)
    catalog.snapshot()  # before anything is touched: DamagedLogError when something is missing
    _sync_names(catalog, files)
    with DirectoryLock(catalog.directory) as sealing:
        # What another process is sealing now, it finishes; or the next one does.
        torn = finish_sealing(catalog, files) if sealing.acquire(0) else []
        snapshot, tail = _check_raw(catalog)
    active = snapshot.raw[-1]
    if tail.kind is TailKind.TORN:
        torn.append(_cut(catalog.path, active.path, tail.end, files))
    else:
        _sync_file(active.path, files)  # a retry by id may be told of an event that is there
    return Recovered(active, tail.end, tail.next_sequence, snapshot.raw[:-1], tuple(torn))


def catch_up(
    catalog: Catalog, files: Files, active: RawSegment, size: int, next_sequence: int
) -> tuple[RawSegment, Tail]:
    """The active segment as others left it. The caller holds the writer's lock.

    Where it ends in an intact batch, that one is all that is looked at: those who wrote the others
    looked at what they found, as we do here. Otherwise somebody was killed while writing.
    """
    newest = catalog.snapshot().raw[-1]
    is_same = newest.path == active.path
    if not is_same:
        _sync_names(catalog, files)
    first, start = (next_sequence, size) if is_same else (newest.first_sequence, 0)
    with newest.open() as file:
        end = os.fstat(file.fileno()).st_size
        last = sequence_before(file, end, newest.salt)
        if last is not None and last >= first - 1 and end >= start:
            return newest, Tail(end, max(first, last + 1), TailKind.CLEAN)
        tail = scan_tail(file, newest.salt, first, start=start)
    if tail.kind is TailKind.CORRUPT or tail.end < start:
        raise _damaged(newest, tail)
    if tail.kind is TailKind.TORN:
        _cut(catalog.path, newest.path, tail.end, files)
    return newest, tail


def finish_sealing(catalog: Catalog, files: Files) -> list[Torn]:
    """Finish what a killed sealer left. The caller holds the sealing lock."""
    refuse_link(catalog.directory)
    _sync_names(catalog, files)
    if catalog.manifest.path.exists():
        _sync_file(catalog.manifest.path, files)  # before anything is deleted that it stands for
    names = os.listdir(catalog.directory)  # first, for a writer may add a segment any time
    leftovers = _leftovers(catalog, catalog.snapshot(), names)
    torn = _mend_manifest(catalog, files)
    for name in leftovers:
        files.unlink(catalog.directory / name)
    if leftovers:
        files.sync_directory(catalog.directory)
    return torn


def _sync_names(catalog: Catalog, files: Files) -> None:
    """A killed writer may have left names that are not on the disk yet.

    What is done from now on relies on them: events are promised, raw segments deleted.
    """
    files.sync_directory(catalog.directory)
    files.sync_directory(catalog.path)


def _sync_file(path: Path, files: Files) -> None:
    descriptor = files.open_append(path)
    try:
        files.sync(descriptor)
    finally:
        files.close(descriptor)


def _mend_manifest(catalog: Catalog, files: Files) -> list[Torn]:
    """Whatever the torn line was to say, every segment is there without it."""
    manifest = catalog.manifest
    if manifest.torn_from is None:
        return []
    return [_cut(catalog.path, manifest.path, manifest.torn_from, files)]


def _cut(log: Path, path: Path, offset: int, files: Files) -> Torn:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    kept_in = quarantine(log, f"{path.name}.{offset}.torn", data, files)
    descriptor = files.open_append(path)
    try:
        files.truncate(descriptor, offset)
        files.sync(descriptor)
    finally:
        files.close(descriptor)
    logger.warning(
        "%s: %d bytes of an unfinished write were cut at byte %d and kept in %s",
        path, len(data), offset, kept_in,
    )  # fmt: skip
    return Torn(path, offset, len(data), kept_in)


def _leftovers(catalog: Catalog, snapshot: Snapshot, names: list[str]) -> list[str]:
    """What a cut-short seal or pruning left; DamagedLogError when a segment is missing, unknown, or
    lies under the name of one that was pruned.

    Temporary files, raw segments that are sealed, and segments that the manifest calls pruned.
    """
    waiting = {segment.first_sequence for segment in snapshot.raw}
    entries = {entry.first_sequence: entry for entry in snapshot.entries[: snapshot.sealed]}
    _check_all_there(catalog, set(names))
    leftovers = [name for name in names if _is_temporary(name)]
    for name in names:
        known = parse_name(name)
        if known is None or known[0] in waiting:
            continue
        first, is_sealed = known
        if first <= snapshot.pruned_to:
            _check_all_pruned(catalog.directory / name, snapshot.pruned_to, catalog.salt)
            leftovers.append(name)
        elif first not in entries:
            raise DamagedLogError(
                f"a segment is not in the manifest: {_REPAIR}",
                path=catalog.directory / name,
                sequence=first,
            )
        elif not is_sealed:
            _check_hash(catalog.directory / entries[first].segment, entries[first].sha256)
            leftovers.append(name)
    return sorted(leftovers)


def _check_all_pruned(path: Path, pruned_to: int, salt: int) -> None:
    """What somebody moved to the name of a pruned segment must not be deleted with it."""
    if path.is_dir() and not path.is_symlink():
        raise DamagedLogError(NOT_A_FILE, path=path)
    if not path.is_symlink() and holds_more(path, pruned_to, salt):
        raise DamagedLogError(
            f"{NOT_PRUNED}: run 'eventlog repair', which puts them where they belong",
            path=path,
        )


def _check_all_there(catalog: Catalog, names: set[str]) -> None:
    for entry in catalog.manifest.entries:
        if entry.segment not in names:
            raise DamagedLogError(
                f"a sealed segment is missing: {_REPAIR}",
                path=catalog.directory / entry.segment,
                sequence=entry.first_sequence,
            )


def _is_temporary(name: str) -> bool:
    stem = name.removesuffix(TEMPORARY_SUFFIX)
    return stem != name and parse_name(stem) is not None


def _check_hash(sealed: Path, expected: str) -> None:
    """A raw segment may go only when its sealed form is what the manifest says."""
    try:
        with open_regular(sealed) as file:
            found = file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise DamagedLogError(f"a sealed segment is missing: {_REPAIR}", path=sealed) from None
    if found != expected:
        raise DamagedLogError(
            f"a sealed segment does not have the hash that the manifest states: {_REPAIR}",
            path=sealed,
        )


def _check_raw(catalog: Catalog) -> tuple[Snapshot, Tail]:
    """The tail of the active segment, after checking that all before it is whole."""
    while True:
        snapshot = catalog.snapshot()
        try:
            return snapshot, _last_tail(snapshot)
        except FileNotFoundError as error:  # another process sealed a segment in the meantime
            if os.path.lexists(error.filename):
                raise DamagedLogError("a link leads nowhere", path=error.filename) from None


def _last_tail(snapshot: Snapshot) -> Tail:
    following = [segment.first_sequence for segment in snapshot.raw[1:]]
    for segment, next_first in zip_longest(snapshot.raw, following):
        with segment.open() as file:
            tail = scan_tail(file, segment.salt, segment.first_sequence)
        if next_first is None:
            good = tail.kind is not TailKind.CORRUPT
        else:
            good = tail.kind is TailKind.CLEAN and tail.next_sequence == next_first
        if not good:
            raise _damaged(segment, tail)
    return tail


def _damaged(segment: RawSegment, tail: Tail) -> DamagedLogError:
    return DamagedLogError(
        f"the log is damaged, and not at its end: {_REPAIR}",
        path=segment.path,
        offset=tail.end,
        sequence=tail.next_sequence,
    )
