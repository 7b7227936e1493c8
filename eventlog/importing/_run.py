"""One import from its inputs to its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from attrs import evolve, frozen

from eventlog._format import REJECTS_NAME
from eventlog.importing._bad_line import BadLineError
from eventlog.importing._batch import Batch, TargetLog
from eventlog.importing._cells import cell_value
from eventlog.importing._cloudevent import is_cloudevent, open_envelope
from eventlog.importing._csv_rows import check_header, csv_records
from eventlog.importing._drafts import Draft, Drafter
from eventlog.importing._errors import ImportInputError
from eventlog.importing._fields import FieldMap, place
from eventlog.importing._lines import LongLine, Raw, read_lines
from eventlog.importing._marks import Marks, marks_in
from eventlog.importing._options import FileResult, ImportOptions, ImportResult
from eventlog.importing._records import Record, json_records
from eventlog.importing._rejects import Reject, RejectsFile, check_rejects_path
from eventlog.importing._resume import Resumption, find_resumption
from eventlog.importing._sources import (
    BLOCK,
    STDIN,
    FileSource,
    Source,
    check_readable,
    open_source,
)
from eventlog.importing._texts import source_of_file
from eventlog.importing._times import zone_named

_DEFAULTS = ImportOptions()


def import_files(
    log: TargetLog,
    inputs: Sequence[str | Path],
    options: ImportOptions = _DEFAULTS,
    *,
    stdin: BinaryIO | None = None,
    progress: Callable[[int], None] | None = None,
    on_reject: Callable[[Reject], None] | None = None,
) -> ImportResult:
    """Append the events of foreign files to ``log``; what is there already is not added again.

    ``inputs`` are paths, or ``-`` for ``stdin``. A line that cannot become an event stops nothing:
    it goes to the file of rejects, and to ``on_reject`` in the order of lines. ``progress`` is
    called with the number of further input bytes that were read.

    ImportInputError when an input cannot be read at all; all of them are looked at before
    anything is written. An import that was interrupted goes on where it stopped when it is
    started again.
    """
    names = [str(one) for one in inputs]
    check_readable(names, stdin)
    rejects_path = options.rejects_path or log.path / REJECTS_NAME
    check_rejects_path(rejects_path)
    _check_apart(names, rejects_path)
    _check_headers(names, options, log.path)
    rejects = RejectsFile(rejects_path)
    run = _Run(
        log, options, marks_in(log), rejects, stdin, progress or _ignore, on_reject or _ignore
    )
    with closing(rejects):
        results = tuple(run.one_input(name) for name in names)
    return ImportResult(results, rejects_path if any(one.rejected for one in results) else None)


def _ignore(_: object) -> None:
    """Nobody wants to know."""


def _check_apart(names: list[str], rejects_path: Path) -> None:
    if not rejects_path.exists():
        return
    for name in names:
        if name != STDIN and rejects_path.samefile(name):
            raise ImportInputError(
                f"{name} is where this import keeps what it refuses: copy it first, and import "
                "the copy",
                path=name,
            )


def _check_headers(names: list[str], options: ImportOptions, spool_in: Path) -> None:
    for name in names:
        if name != STDIN and _is_csv(name, options) and Path(name).is_file():
            with closing(FileSource(Path(name))) as source:
                lines = read_lines(source, options.max_line_bytes, spool_in)
                check_header(lines, options.max_line_bytes, options.delimiter, name)


def _is_csv(name: str, options: ImportOptions) -> bool:
    if options.format == "auto":
        return name.lower().endswith(".csv")
    return options.format == "csv"


def _records(
    name: str, source: Source, options: ImportOptions, spool_in: Path
) -> Iterator[Record | None]:
    lines = read_lines(source, options.max_line_bytes, spool_in)
    if not _is_csv(name, options):
        return json_records(lines, options.max_line_bytes)
    return csv_records(lines, options.max_line_bytes, options.delimiter, name)


@frozen
class _Run:
    """What all inputs of one import share."""

    log: TargetLog
    options: ImportOptions
    marks: Marks
    rejects: RejectsFile
    stdin: BinaryIO | None
    progress: Callable[[int], None]
    on_reject: Callable[[Reject], None]

    def one_input(self, name: str) -> FileResult:
        with closing(open_source(name, self.stdin, self.log.path)) as source:
            resumption = find_resumption(source, self.marks)
            records = _records(name, source, self.options, self.log.path)
            return _InputImport(self, name, resumption).take_all(records)

    def converter(self, name: str) -> Callable[[dict[str, Any]], Draft]:
        """What makes an event of the fields of one record."""
        options = self.options
        source = source_of_file("stdin" if name == STDIN else Path(name).name)
        drafter = Drafter(options.defaults, options.rename, zone_named(options.timezone), source)
        if _is_csv(name, options):
            return partial(_draft_of_cells, drafter, options.map)
        return partial(_draft_of_object, drafter, options.map)


def _draft_of_object(drafter: Drafter, rules: FieldMap, fields: dict[str, Any]) -> Draft:
    if is_cloudevent(fields):
        return drafter.draft(*open_envelope(fields))
    return drafter.draft(*place(fields, rules))


def _draft_of_cells(drafter: Drafter, rules: FieldMap, cells: dict[str, Any]) -> Draft:
    attributes, data = place(cells, rules)
    return drafter.draft(attributes, {name: cell_value(cell) for name, cell in data.items()})


class _InputImport:
    """The import of one input."""

    def __init__(self, run: _Run, name: str, resumption: Resumption) -> None:
        self._name = name
        self._run = run
        self._origin = resumption
        self._draft = run.converter(name)
        self._recorded = run.rejects.of(name)
        self._batch = Batch(
            run.log,
            run.marks,
            resumption,
            run.options.batch_events,
            before_append=self._before_append,
            on_refused=self._keep,
        )
        self._rejected = 0
        self._skipped = 0
        self._reported = 0
        self._reached = 0

    def take_all(self, records: Iterator[Record | None]) -> FileResult:
        for record in records:
            if record is None:
                self._batch.flush()
                continue
            self._take(record)
            if self._batch.is_full or record.end - self._reported > BLOCK:
                self._batch.flush()
        self._batch.flush()
        counts = self._batch.counts
        skipped = self._skipped + counts.skipped
        return FileResult(self._name, counts.imported, skipped, self._rejected, counts.untimed)

    def _take(self, record: Record) -> None:
        self._reached = record.end
        is_new = record.end > self._origin.offset and self._take_bytes(record, record.raw)
        if record.fields is not None:
            self._take_fields(record, record.fields, is_new=is_new)
        elif record.reason is not None:
            self._reject(record, record.reason, is_new=is_new)

    def _take_bytes(self, record: Record, raw: Raw) -> bool:
        """Whether the record has content that no earlier import has seen."""
        seen = self._origin.offset - (record.end - len(raw))
        if isinstance(raw, LongLine):
            self._batch.take_long(raw, max(0, seen))
            return True
        if seen <= 0:
            self._batch.take_bytes(raw)
            return True
        self._batch.take_bytes(raw[seen:])
        # An input that ended without a line feed may have got it since.
        return bool(raw[seen:].strip(b"\r\n"))

    def _take_fields(self, record: Record, fields: dict[str, Any], *, is_new: bool) -> None:
        try:
            draft = self._draft(fields)
        except BadLineError as error:
            self._reject(record, error.reason, is_new=is_new)
            return
        if is_new:
            self._batch.add(draft, record)
        elif record.line in self._origin.rejected:
            self._batch.add(self._named(draft, record.line), record)
        else:
            self._skipped += 1

    def _named(self, draft: Draft, line: int) -> Draft:
        """With an id, so that a line that is accepted at last is stored once and not again."""
        if draft.event.id is not None:
            return draft
        event = evolve(draft.event, id=f"{self._origin.lineage}-{line}")
        return Draft(event, draft.untimed)

    def _reject(self, record: Record, reason: str, *, is_new: bool) -> None:
        if is_new:
            self._batch.reject(record.line)
        self._keep(record, reason)

    def _keep(self, record: Record, reason: str) -> None:
        self._rejected += 1
        reject = Reject(self._name, record.line, reason)
        self._run.rejects.add(reject, record.raw, self._recorded)
        self._run.on_reject(reject)

    def _before_append(self) -> None:
        self._run.rejects.flush()
        self._recorded.settle()
        if self._reached > self._reported:
            self._run.progress(self._reached - self._reported)
            self._reported = self._reached
