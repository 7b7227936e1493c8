"""The import of one input: every record becomes an event, a reject, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve, frozen

from eventlog.importing._bad_line import BadLineError
from eventlog.importing._batch import Batch, TargetLog
from eventlog.importing._drafts import Draft
from eventlog.importing._lines import LongLine, Raw
from eventlog.importing._marks import Marks
from eventlog.importing._options import FileResult, ImportOptions
from eventlog.importing._records import Record
from eventlog.importing._reject import Reject
from eventlog.importing._rejects import RejectsFile
from eventlog.importing._resume import Resumption
from eventlog.importing._sources import BLOCK

_MOST_KEPT = 4096


@frozen
class Run:
    """What all inputs of one import share."""

    log: TargetLog
    options: ImportOptions
    marks: Marks
    rejects: RejectsFile
    progress: Callable[[int], None]
    on_reject: Callable[[Reject], None]


class InputImport:
    """The import of one input."""

    def __init__(
        self, run: Run, name: str, resumption: Resumption, draft: Callable[[dict[str, Any]], Draft]
    ) -> None:
        self._name = name
        self._run = run
        self._origin = resumption
        self._draft = draft
        self._recorded = run.rejects.of(name)
        self._batch = Batch(
            run.log,
            run.marks,
            resumption,
            run.options.batch_events,
            before_append=run.rejects.flush,
            on_refused=self._keep,
        )
        self._rejected = 0
        self._skipped = 0
        self._kept_since_flush = 0
        self._reported = 0
        self._reached = 0

    def take_all(self, records: Iterator[Record | None]) -> FileResult:
        for record in records:
            if record is None:
                self._flush()
                continue
            self._take(record)
            if self._is_flush_due():
                self._flush()
        self._flush()
        counts = self._batch.counts
        skipped = self._skipped + counts.skipped
        return FileResult(self._name, counts.imported, skipped, self._rejected, counts.untimed)

    def _is_flush_due(self) -> bool:
        """Without any event, too: what is remembered of refused lines must stay little."""
        return (
            self._batch.is_full
            or self._reached - self._reported > BLOCK
            or self._kept_since_flush > _MOST_KEPT
        )

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
        self._kept_since_flush += 1
        reject = Reject(self._name, record.line, reason)
        self._run.rejects.add(reject, record.raw, self._recorded)
        self._run.on_reject(reject)

    def _flush(self) -> None:
        self._batch.flush()
        self._recorded.settle()
        self._kept_since_flush = 0
        if self._reached > self._reported:
            self._run.progress(self._reached - self._reported)
            self._reported = self._reached
