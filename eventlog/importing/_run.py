"""One import from its inputs to its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from eventlog._errors import LockTimeoutError
from eventlog._format import REJECTS_NAME
from eventlog._lock import DirectoryLock
from eventlog.importing._batch import TargetLog
from eventlog.importing._drafts import Draft
from eventlog.importing._errors import ImportInputError
from eventlog.importing._formats import check_headers, drafts_of, records_of
from eventlog.importing._input import InputImport, Run
from eventlog.importing._marks import marks_in
from eventlog.importing._options import FileResult, ImportOptions, ImportResult
from eventlog.importing._reject import Reject
from eventlog.importing._rejects import RejectsFile, check_rejects_path
from eventlog.importing._resume import Resumption, compare
from eventlog.importing._sources import (
    STDIN,
    Source,
    check_readable,
    open_source,
    refuse_foreign_form,
)
from eventlog.importing._told import drafts_behind, tells_the_same

_DEFAULTS = ImportOptions()


def import_files(
    log: TargetLog,
    inputs: Sequence[str | Path],
    options: ImportOptions = _DEFAULTS,
    *,
    stdin: BinaryIO | None = None,
    progress: Callable[[int], None] | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    lock_timeout: float = 10.0,
) -> ImportResult:
    """Append the events of foreign files to ``log``; what is there already is not added again.

    ``inputs`` are paths, or ``-`` for ``stdin``. A line that cannot become an event stops nothing:
    it goes to the file of rejects, and to ``on_reject`` in the order of lines. ``progress`` is
    called with the number of further input bytes that were read.

    ImportInputError when an input cannot be read at all; all of them are looked at before
    anything is written. An import that was interrupted goes on where it stopped when it is
    started again. One process imports at a time: LockTimeoutError when another still does after
    ``lock_timeout`` seconds.
    """
    names = [str(one) for one in inputs]
    check_readable(names, stdin)
    rejects_path = options.rejects_path or log.path / REJECTS_NAME
    check_rejects_path(rejects_path)
    _check_apart(names, rejects_path)
    check_headers(names, options, log.path)
    with _alone(log.path, lock_timeout), closing(RejectsFile(rejects_path)) as rejects:
        run = Run(log, options, marks_in(log), rejects, progress or _ignore, on_reject or _ignore)
        results = tuple(_one_input(run, name, stdin) for name in names)
    return ImportResult(results, rejects_path if any(one.rejected for one in results) else None)


@contextmanager
def _alone(log: Path, timeout: float) -> Iterator[None]:
    """Two imports of one file at the same time would not see what the other has imported."""
    with DirectoryLock(log) as lock:
        if not lock.acquire(timeout):
            raise LockTimeoutError(
                f"another process has been importing for {timeout:g} s: wait until it is done",
                path=log,
            )
        yield


def _ignore(_: object) -> None:
    """Nobody wants to know."""


def _check_apart(names: list[str], rejects_path: Path) -> None:
    if not rejects_path.exists():
        return
    for name in names:
        if name != STDIN and rejects_path.samefile(name):
            raise ImportInputError(
                "this import keeps here what it refuses: copy the file, and import the copy",
                path=name,
            )


def _one_input(run: Run, name: str, stdin: BinaryIO | None) -> FileResult:
    with closing(open_source(name, stdin, run.log.path)) as source:
        refuse_foreign_form(name, source)
        source.rewind()
        draft = drafts_of(name, run.options)
        resumption = _resumption(run, name, source, draft)
        source.rewind(last=True)
        records = records_of(name, source, run.options, run.log.path)
        return InputImport(run, name, resumption, draft).take_all(records)


def _resumption(
    run: Run, name: str, source: Source, draft: Callable[[dict[str, Any]], Draft]
) -> Resumption:
    compared = compare(source, run.marks)
    for one in compared.inside:
        source.rewind()
        records = records_of(name, source, run.options, run.log.path)
        told = drafts_behind(one.resumption, records, draft)
        marked = run.marks.sequence_of(one.next_mark)
        late = run.marks.accepted_by(one.resumption.lineage)
        if tells_the_same(run.log, marked, late, told, run.marks.openings):
            return one.resumption
    return compared.resumption
