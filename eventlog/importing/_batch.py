"""Events on their way into the log: batches, each with the mark that makes it resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Protocol

from attrs import define
from msgspec import Struct
from msgspec.structs import replace

from eventlog._errors import ConflictError, InvalidEventError
from eventlog._new_event import NewEvent
from eventlog.importing._drafts import Draft
from eventlog.importing._marking import late_extensions, mark_extensions, ways_to_mark
from eventlog.importing._marks import OPENING, Mark, MarkedLog, Marks, gist_of
from eventlog.importing._ranges import MOST_RANGES, Range, format_ranges
from eventlog.importing._records import Record
from eventlog.importing._resume import Resumption
from eventlog.importing._told import ReadableLog

BATCH_BYTES = 1024 * 1024


class TargetLog(MarkedLog, ReadableLog, Protocol):
    """What an import asks of the log that it writes to."""

    @property
    def path(self) -> Path: ...
    def head(self) -> int: ...
    def extend(self, events: list[NewEvent], /) -> list[int]: ...


class _Waiting(Struct, frozen=True):
    draft: Draft
    record: Record
    pieces: int
    """How many pieces of input the batch held when this event joined it."""
    is_late: bool = False
    """Its line was refused when its bytes were imported."""


@define
class Counts:
    """What the log did with the events."""

    imported: int = 0
    skipped: int = 0
    untimed: int = 0


class Batch:
    """Collects events and the bytes they came from, and appends them with a mark.

    The mark is written into an event that is new to the log for certain, one without an id of its
    own, where the batch has one. Where it has none, every event is recognised by its id anyway.
    An event that just fits into a line is not refused for its sake: it goes into a small one.
    """

    def __init__(
        self,
        log: TargetLog,
        marks: Marks,
        resumption: Resumption,
        most_events: int,
        before_append: Callable[[], None],
        on_refused: Callable[[Record, str], None],
    ) -> None:
        self.counts = Counts()
        self._log = log
        self._marks = marks
        self._origin = resumption
        self._most_events = most_events
        self._before_append = before_append
        self._on_refused = on_refused
        self._waiting: list[_Waiting] = []
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._hash = resumption.hash.copy()
        self._offset = resumption.offset
        self._rejected: list[Range] = []
        self._event_since_reject = False

    @property
    def is_full(self) -> bool:
        return (
            len(self._waiting) >= self._most_events
            or self._bytes >= BATCH_BYTES
            or len(self._rejected) >= MOST_RANGES
        )

    def take_bytes(self, raw: bytes) -> None:
        """Input bytes that no earlier import has seen."""
        self._pieces.append(raw)
        self._bytes += len(raw)

    def take_long(self, chunks: Iterable[bytes], seen: int) -> None:
        """Like :meth:`take_bytes`, for a line on disk; its first ``seen`` bytes are known."""
        self.flush()
        for chunk in chunks:
            fresh = chunk[seen:]
            seen = max(0, seen - len(chunk))
            self._hash.update(fresh)
            self._offset += len(fresh)

    def add(self, draft: Draft, record: Record) -> None:
        """The event of a record whose bytes were taken."""
        self._waiting.append(_Waiting(draft, record, len(self._pieces)))
        self._event_since_reject = True

    def accept(self, draft: Draft, record: Record) -> None:
        """The event of a line that an earlier import refused: stored once, and not again."""
        event, mark = draft.event, self._mark(self._origin.offset, self._origin.hash)
        late = replace(
            event,
            id=event.id or f"{mark.lineage}-{record.line}",
            extensions={**(event.extensions or {}), **late_extensions(mark, record.line)},
        )
        draft = Draft(late, draft.untimed, draft.has_time, draft.has_source)
        self._waiting.append(_Waiting(draft, record, len(self._pieces), is_late=True))

    def reject(self, line: int) -> None:
        """A line whose bytes were taken, and that no event came of."""
        if self._rejected and not self._event_since_reject:
            self._rejected[-1] = (self._rejected[-1][0], line)
        else:
            self._rejected.append((line, line))
        self._event_since_reject = False

    def flush(self) -> None:
        """Append what there is; what was refused is on disk before."""
        self._before_append()
        behind = self._hash.copy()
        behind.update(b"".join(self._pieces))
        if self._waiting:
            whole = self._mark(self._offset + self._bytes, behind)
            self._append(0, len(self._waiting), whole)
        self._hash = behind
        self._offset += self._bytes
        self._waiting, self._pieces, self._bytes = [], [], 0

    def _append(self, start: int, stop: int, mark: Mark) -> None:
        """Append a part of the batch; halve it until a refused event is found."""
        last_line = self._waiting[stop - 1].record.line
        whole = stop == len(self._waiting)
        rejected = [one for one in self._rejected if whole or one[1] <= last_line]
        events = [one.draft.event for one in self._waiting[start:stop]]
        lines = [one.record.raw for one in self._waiting[start:stop]]
        head = self._log.head()
        for place, batch in ways_to_mark(events, lines, mark_extensions(mark, rejected)):
            try:
                sequences = self._log.extend(batch)
            except (InvalidEventError, ConflictError) as error:
                reason = error.message
                continue
            marked = None if place is None else _if_stored(sequences, place, head)
            self._settle(mark, rejected, marked)
            if marked is not None:
                made = islice((one for one in events if one.id is None), OPENING)
                gists = [gist_of(one.event, one.subject, one.data) for one in made]
                self._marks.openings[marked] = gists
            self._count(start, sequences[: stop - start], head)
            return
        self._split(start, stop, mark, reason)

    def _settle(self, mark: Mark, rejected: list[Range], sequence: int | None) -> None:
        """``sequence``: that of the event with the mark, None when no mark was stored."""
        if sequence is not None:
            self._marks.add(mark, format_ranges(rejected), sequence)
            self._rejected = self._rejected[len(rejected) :]
        elif rejected:
            # The next mark has to name these lines. All events between them have ids of their
            # own, so that naming those too does no harm, and one range is enough.
            self._rejected[: len(rejected)] = [(rejected[0][0], rejected[-1][1])]

    def _split(self, start: int, stop: int, mark: Mark, reason: str) -> None:
        if stop - start == 1:
            self._refuse(self._waiting[start].record, reason)
            return
        middle = (start + stop) // 2
        self._append(start, middle, self._mark_behind(middle))
        self._append(middle, stop, mark)

    def _refuse(self, record: Record, reason: str) -> None:
        self._on_refused(record, reason)
        if record.end <= self._origin.offset:
            return  # an earlier mark names it
        # Everything before it is stored or refused by now, so these ranges become one.
        earlier = [one for one in self._rejected if one[1] < record.line]
        start = earlier[0][0] if earlier else record.line
        self._rejected[: len(earlier)] = [(start, record.line)]
        self._before_append()

    def _mark_behind(self, stop: int) -> Mark:
        """The mark of a part of the batch: it ends with the line of its last event."""
        content = b"".join(self._pieces[: self._waiting[stop - 1].pieces])
        behind = self._hash.copy()
        behind.update(content)
        return self._mark(self._offset + len(content), behind)

    def _mark(self, offset: int, behind: blake2b) -> Mark:
        return Mark(self._origin.key, self._origin.run, offset, behind.hexdigest())

    def _count(self, start: int, sequences: list[int], head: int) -> None:
        counts, seen = self.counts, set[int]()
        for place, sequence in enumerate(sequences, start):
            if sequence <= head or sequence in seen:
                counts.skipped += 1
                continue
            seen.add(sequence)
            one = self._waiting[place]
            counts.imported += 1
            counts.untimed += one.draft.untimed
            if one.is_late:
                self._marks.accept(self._origin.lineage, one.record.line, sequence)


def _if_stored(sequences: list[int], place: int, head: int) -> int | None:
    """The sequence at ``place``, unless that event was in the log or in the batch before."""
    sequence = sequences[place]
    return sequence if sequence > head and sequences.index(sequence) == place else None
