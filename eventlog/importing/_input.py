"""The import of one input: every record becomes an event, a reject, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from eventlog.importing._bad_line import BadLineError
from eventlog.importing._batch import Batch, TargetLog
from eventlog.importing._drafts import Draft
from eventlog.importing._marks import Marks
from eventlog.importing._normal import normal
from eventlog.importing._options import FileResult, ImportOptions
from eventlog.importing._records import Record
from eventlog.importing._reject import Reject
from eventlog.importing._rejects import RejectsFile
from eventlog.importing._resume import Resumption
from eventlog.importing._sources import BLOCK
from eventlog.importing._told import is_known_by_id

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
        self._accepted = run.marks.accepted_by(resumption.lineage)
        self._known_until = max(resumption.offset, resumption.told_until)
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
        """Bytes of the input so far, as they are."""
        self._end = 0
        """The end of the record before, in the input's normal form."""

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
        self._reached += len(record.raw)
        is_behind = record.end > self._known_until
        if is_behind:
            self._take_bytes(record)
        is_begun = self._end < self._origin.offset
        self._end = record.end
        is_held = is_begun and self._origin.holds(record)
        is_new = is_behind and not is_held
        if record.reason is not None:
            self._reject(record, record.reason, is_new=is_new)
        elif record.fields is not None:
            draft = self._drafted(record, record.fields, is_new=is_new)
            if draft is None:
                return
            if is_begun and self._was_refused(record.line, is_new=is_new):
                self._batch.accept(draft, record)
            elif is_new or (not is_held and is_known_by_id(draft)):
                self._batch.add(draft, record)
            else:
                self._skipped += 1

    def _take_bytes(self, record: Record) -> None:
        seen, raw, is_first = self._origin.offset - self._end, record.raw, record.line == 1
        if isinstance(raw, bytes):
            fresh = normal(raw, is_first=is_first)
            self._batch.take_bytes(fresh if seen <= 0 else fresh[seen:])
        else:
            self._batch.take_long(raw.normal_chunks(is_first=is_first), max(0, seen))

    def _drafted(self, record: Record, fields: dict[str, Any], *, is_new: bool) -> Draft | None:
        try:
            return self._draft(fields)
        except BadLineError as error:
            self._reject(record, error.reason, is_new=is_new)
            return None

    def _was_refused(self, line: int, *, is_new: bool) -> bool:
        """Whether a line is one of those that the log may lack, or knows by the id of its place.

        With new bytes, the line was refused half written. Even if it was accepted since, its id
        shows best whether it is still the same.
        """
        return line in self._origin.rejected and (is_new or line not in self._accepted)

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
