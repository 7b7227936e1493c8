"""Mending a damaged log without dropping an intact event.

Nothing is mended in place. A sound log is built beside the damaged one, from everything that is
intact; it must pass ``verify``; then it takes the damaged one's place. The damaged files move into
its quarantine. An event that is lost for good leaves a marker of type ``eventlog.lost`` under its
sequence, so that the log stays gapless and says what is missing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from attrs import evolve, frozen

from eventlog._catalog import Catalog
from eventlog._check import salt_of
from eventlog._codec import LineEncoder, sequence_of
from eventlog._create import make_skeleton
from eventlog._errors import DamagedLogError, EventLogError, LockTimeoutError
from eventlog._files import Files
from eventlog._format import (
    CACHE_NAME,
    HARD_MAX_LINE_BYTES,
    IDENTITY_NAME,
    LOCK_NAME,
    MANIFEST_NAME,
    SEGMENTS_NAME,
)
from eventlog._lock import DirectoryLock, hold_writer_lock
from eventlog._lost_identity import FoundIdentity, find_identity
from eventlog._manifest import Listed
from eventlog._manifest_lines import PrunedEntry
from eventlog._names import TEMPORARY_SUFFIX, parse_name, raw_name
from eventlog._quarantine import damaged_place, free_place, mended_place
from eventlog._recovery import recover
from eventlog._repair_plan import RepairPlan, SegmentPlan, plan_repair
from eventlog._salvage import Salvaged, lines_in, salvage
from eventlog._sealer import record, seal_segment
from eventlog._segments import RawSegment
from eventlog._verify import Audit, Fault, audit_of, verify

LOST_TYPE = "eventlog.lost"

_OWN = frozenset({IDENTITY_NAME, MANIFEST_NAME, SEGMENTS_NAME, CACHE_NAME, LOCK_NAME})
"""What a mended log gets made anew, or in its own way. All else is copied."""


@frozen
class RepairReport:
    """What :func:`repair` found and did; with ``dry_run`` what it would do."""

    faults: list[Fault]
    kept_files: list[str]
    """Segments that are sound and stay as they are."""
    rebuilt_files: list[str]
    """Segments that are built again from their intact lines."""
    cut_files: list[str]
    """Segments whose unfinished end is cut off and kept, as opening for writing does it."""
    lost: list[int]
    """Sequences that nothing intact is left of; a marker stands in each one's place."""
    written_to: Path | None
    """Where the mended log is; None when nothing was done."""


def repair(
    path: str | Path,
    *,
    into: str | Path | None = None,
    dry_run: bool = False,
    lock_timeout: float = 10.0,
) -> RepairReport:
    """Mend the log at ``path``, or write a sound copy ``into`` a new directory.

    A damaged or missing ``log.json`` is made again from the events; DamagedLogError when none of
    them tells the log's id. A link to a log stays one.

    Example::

        with EventLog.open("activity.eventlog") as log:
            log.append("note", {"text": "hello"})
        plan = repair("activity.eventlog", dry_run=True)
        if plan.faults and not plan.lost:
            repair("activity.eventlog")
    """
    log, files = Path(os.path.realpath(path)), Files()
    target = None if into is None else Path(into)
    identity = find_identity(log)
    if target is not None:
        _check_outside(target, log)
    if dry_run or target is not None:
        return _repair(log, identity, files, target, dry_run)
    with hold_writer_lock(log, files, lock_timeout), _sealing_stopped(log, lock_timeout):
        report = _repair(log, identity, files, None, dry_run)
    return report if report.written_to is None else evolve(report, written_to=Path(path))


@contextmanager
def _sealing_stopped(log: Path, timeout: float) -> Iterator[None]:
    """A writer seals without the writer's lock."""
    if not (log / SEGMENTS_NAME).is_dir():
        yield
        return
    with DirectoryLock(log / SEGMENTS_NAME) as lock:
        if not lock.acquire(timeout):
            raise LockTimeoutError(f"another process has been sealing for {timeout:g} s", path=log)
        yield


def _check_outside(target: Path, log: Path) -> None:
    if Path(os.path.realpath(target)).is_relative_to(log):
        raise EventLogError(
            "a copy of the log cannot lie inside the log: choose another place", path=target
        )


def _repair(
    log: Path, identity: FoundIdentity, files: Files, into: Path | None, dry_run: bool
) -> RepairReport:
    found = audit_of(log, is_held=into is None and not dry_run)
    listed, salt = _listed(log, identity), salt_of(identity.identity.log_id)
    faults = found.faults
    if not faults and into is None:
        return RepairReport([], [], [], [], [], None)
    plan = plan_repair(log, listed, faults, salt)
    names = [one.name for one in plan.segments]
    if plan.only_torn and into is None:
        if not dry_run:
            recover(Catalog(log), files)
        return RepairReport(faults, names[:-1], [], names[-1:], [], None if dry_run else log)
    target = into or mended_place(log)
    if target.exists() and not dry_run:
        raise EventLogError(
            "there is something already: choose another place for the mended log, or delete what "
            "an earlier repair left there",
            path=target,
        )
    lost = _build(log, identity, listed.pruned, plan, None if dry_run else target, files)
    if not dry_run:
        if plan.only_torn:
            recover(Catalog(target), files)
        _check_result(target)
        _bring_to_disk(target, files)
        if into is None:
            _swap(log, target, files)
    cut = names[-1:] if plan.only_torn else []
    return RepairReport(
        faults=faults,
        kept_files=[one.name for one in plan.segments if one.is_kept and one.name not in cut],
        rebuilt_files=[one.name for one in plan.segments if not one.is_kept],
        cut_files=cut,
        lost=lost,
        written_to=None if dry_run else into or log,
    )


def _listed(log: Path, identity: FoundIdentity) -> Listed:
    audit = Audit(log, salt_of(identity.identity.log_id), lambda size: None)
    return audit.check_manifest(None)


def _build(
    log: Path,
    identity: FoundIdentity,
    pruned: PrunedEntry | None,
    plan: RepairPlan,
    target: Path | None,
    files: Files,
) -> list[int]:
    """Build the sound log (None: only find out what is lost); the lost sequences."""
    if target is not None:
        _begin(log, identity, pruned, plan, target, files)
    log_id = identity.identity.log_id
    encoder, lost = LineEncoder(log_id, HARD_MAX_LINE_BYTES), list[int]()
    for one, salvaged in _salvaged(plan, salt_of(log_id)):
        if salvaged is not None:
            lost += salvaged.lost
        if target is None:
            continue
        if salvaged is None:
            _take_over(one, target, files)
        else:
            if salvaged.last_sequence >= salvaged.first_sequence or not one.sealed:
                _write_salvaged(salvaged, encoder, target, files, seal=one.sealed)
            _keep_damaged(one.files, target, files)
    if target is not None:
        _ensure_active(plan.segments, target, files)
    return lost


def _begin(
    log: Path,
    identity: FoundIdentity,
    pruned: PrunedEntry | None,
    plan: RepairPlan,
    target: Path,
    files: Files,
) -> None:
    """The new log, with all that is not in its segments."""
    make_skeleton(target, identity.content, files)
    _copy_rest(log, target, files)
    if identity.problem is not None and (log / IDENTITY_NAME).exists():
        _keep_damaged((log / IDENTITY_NAME,), target, files)
    if pruned is not None:
        _take_over_pruned(pruned, target, files)
    _keep_damaged(tuple(plan.strays), target, files)


def _salvaged(plan: RepairPlan, salt: int) -> Iterator[tuple[SegmentPlan, Salvaged | None]]:
    """Each segment with what is left of it; None for one that is kept as it is."""
    elsewhere = _misplaced(plan, salt)
    begun: dict[int, bytes] = {}  # the lines of a batch that goes on in the next segment
    for one, following in zip_longest(plan.segments, plan.segments[1:]):
        if one.is_kept:
            yield one, None
            continue
        first, found = min(begun, default=one.first_sequence), elsewhere | begun
        salvaged, begun = salvage(one.files, first, one.last_sequence, salt, found), {}
        if following is not None and not following.is_kept:
            salvaged, begun = salvaged.without_open_batch()
        yield one, salvaged


def _misplaced(plan: RepairPlan, salt: int) -> dict[int, bytes]:
    """Intact lines in files where they do not belong, by sequence."""
    found = {sequence_of(line): line for line in lines_in(plan.strays, salt)}
    for one in plan.segments:
        if not one.is_kept:
            for line in lines_in(list(one.files), salt):
                sequence = sequence_of(line)
                last = sequence if one.last_sequence is None else one.last_sequence
                if not one.first_sequence <= sequence <= last:
                    found[sequence] = line
    return found


def _copy_rest(log: Path, target: Path, files: Files) -> None:
    """What is no segment: earlier quarantine, rejected input, files of others; the old manifest."""
    for path in log.iterdir():
        if path.name not in _OWN:
            _copy(path, target / path.name)
    for path in (log / SEGMENTS_NAME).iterdir() if (log / SEGMENTS_NAME).is_dir() else ():
        if parse_name(path.name.removesuffix(TEMPORARY_SUFFIX)) is None:
            _copy(path, target / SEGMENTS_NAME / path.name)
    if (log / MANIFEST_NAME).exists():
        _keep_damaged((log / MANIFEST_NAME,), target, files)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _keep_damaged(paths: tuple[Path, ...], target: Path, files: Files) -> None:
    for path in paths:
        shutil.copy2(path, free_place(target, f"{path.name}.damaged", files))


def _take_over_pruned(pruned: PrunedEntry, target: Path, files: Files) -> None:
    catalog = Catalog(target)
    entry = evolve(pruned, first_sequence=1, previous=catalog.manifest.previous)
    record(entry, catalog, files)


def _take_over(plan: SegmentPlan, target: Path, files: Files) -> None:
    name = plan.name
    source = next(path for path in plan.files if path.name == name)
    shutil.copy2(source, target / SEGMENTS_NAME / name)
    if plan.entry is not None:
        catalog = Catalog(target)
        catalog.refresh_manifest()
        record(evolve(plan.entry, previous=catalog.manifest.previous), catalog, files)


def _write_salvaged(
    salvaged: Salvaged, encoder: LineEncoder, target: Path, files: Files, *, seal: bool
) -> None:
    marker = encoder.prepare(
        source="eventlog/repair",
        type_=LOST_TYPE,
        subject=None,
        time=None,
        data={"reason": "nothing intact was left of this event"},
    )
    data = b"".join(
        line + b"\n" if line is not None else encoder.finish(marker, sequence, commit)
        for sequence, line, commit in salvaged.slots()
    )
    path = target / SEGMENTS_NAME / raw_name(salvaged.first_sequence)
    path.unlink(missing_ok=True)
    files.write_new(path, data)
    if seal:
        catalog = Catalog(target)
        catalog.refresh_manifest()
        seal_segment(RawSegment(path, salvaged.first_sequence, catalog.salt), catalog, files)


def _ensure_active(plans: list[SegmentPlan], target: Path, files: Files) -> None:
    catalog = Catalog(target)
    catalog.refresh_manifest()
    if not plans or plans[-1].sealed:
        path = target / SEGMENTS_NAME / raw_name(catalog.manifest.last_sequence + 1)
        path.unlink(missing_ok=True)
        files.write_new(path, b"")


def _check_result(target: Path) -> None:
    result = verify(target)
    if not result.ok:
        raise EventLogError(
            f"the mended log is not sound ({result.faults[0].message}); nothing was replaced, and "
            "it is left here to look at",
            path=target,
        )


def _bring_to_disk(target: Path, files: Files) -> None:
    """Copies are not synced by what makes them, and the originals are about to go."""
    for directory, _, names in os.walk(target):
        for path in (Path(directory, name) for name in names):
            if path.is_file() and not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    files.sync(descriptor)
                finally:
                    files.close(descriptor)
        files.sync_directory(Path(directory))


def _swap(log: Path, target: Path, files: Files) -> None:
    """Put the mended log in the damaged one's place, whose files are all in its quarantine."""
    old = damaged_place(log)
    if old.exists():
        raise DamagedLogError("a damaged log from an earlier repair is in the way", path=old)
    files.rename(log, old)
    files.rename(target, log)
    files.sync_directory(log.parent)
    shutil.rmtree(old)
