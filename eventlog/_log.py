"""``EventLog``: the log as its users see it."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from eventlog import _forks
from eventlog._catalog import Catalog
from eventlog._codec import LineEncoder, Prepared
from eventlog._errors import ClosedLogError, InvalidEventError, ReadOnlyError
from eventlog._event import Event
from eventlog._files import Files
from eventlog._format import CACHE_NAME, IDENTITY_NAME
from eventlog._manifest_lines import SealedEntry
from eventlog._new_event import NewEvent
from eventlog._query import Query
from eventlog._reader import line_blocks, scan
from eventlog._segments import OnDamage, raise_damage

if TYPE_CHECKING:
    from eventlog._info import LogInfo
    from eventlog._lookups import ExpectedStream, Lookups
    from eventlog._recovery import Torn
    from eventlog._types import EventTypes
    from eventlog._writer import LogWriter, Sync

DEFAULT_SEGMENT_BYTES = 64 << 20

_EVENT_OF = itemgetter(1)  # of a pair of a line and its event
_GIVEN_OF = attrgetter("given")


class EventLog:
    """An append-only log of events in a directory. Make one with :meth:`open`.

    One log object may be shared by threads. Reading never blocks writing.

    Example::

        with EventLog.open("activity.eventlog") as log:
            log.append(TaskStarted(task="write docs"), subject="s-17", source="agent/4")
            for event in log.read(subject="s-17"):
                print(event.sequence, event.type)
    """

    def __init__(
        self, catalog: Catalog, writer: LogWriter | None, types: EventTypes | None, files: Files
    ) -> None:
        self._catalog = catalog
        self._writer = writer
        self._types = types
        self._files = files
        self._lookups: Lookups | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        readonly: bool = False,
        create: bool = True,
        sync: Sync = "always",
        sync_interval: float = 0.05,
        segment_bytes: int = DEFAULT_SEGMENT_BYTES,
        segment_events: int | None = None,
        segment_age: float | None = None,
        max_line_bytes: int = 1 << 20,
        lock_timeout: float = 10.0,
        types: EventTypes | None = None,
        files: Files | None = None,
    ) -> EventLog:
        """Open the log at ``path``, creating it when missing (unless ``create`` is false).

        ``sync`` says what a power loss may take: ``"always"`` nothing that ``append`` returned
        from, ``"interval"`` at most the last ``sync_interval`` seconds, ``"never"`` what the
        operating system had not written. A killed process loses nothing in any mode.

        ``types`` are the registered event classes and upcasters; the standard ones by default.

        A segment is rotated before it exceeds ``segment_bytes`` or ``segment_events``, and by the
        first append after it has been active for ``segment_age`` seconds.

        Errors: LogNotFoundError, NotALogError, UnsupportedFormatError, DamagedLogError (a writer
        refuses a log that is damaged anywhere but at its unfinished end), LockTimeoutError after
        ``lock_timeout`` seconds, OSError when the disk or the permissions say no.
        """
        log, files = Path(path), files or Files()
        if readonly:
            return cls(Catalog(log), None, types, files)
        # Readers, and 'import eventlog', do without all that writing needs.
        from eventlog._create import create_log
        from eventlog._writer import LogWriter, WriterOptions

        if create and not (log / IDENTITY_NAME).exists():
            create_log(log, files, lock_timeout, clock.time_ns())
        catalog = Catalog(log)
        options = WriterOptions(
            sync=sync,
            sync_interval=sync_interval,
            segment_bytes=segment_bytes,
            segment_events=segment_events,
            segment_age=segment_age,
            max_line_bytes=max_line_bytes,
            lock_timeout=lock_timeout,
        )
        return cls(catalog, LogWriter(catalog, files, options), types, files)

    @property
    def path(self) -> Path:
        """The log's directory."""
        return self._catalog.path

    @property
    def log_id(self) -> str:
        """The log's identity, which begins the id of its events."""
        return self._catalog.identity.log_id

    @property
    def types(self) -> EventTypes:
        """The registered event classes: ``log.types.load(event)`` gives a typed event."""
        if self._types is None:
            from eventlog._standard import STANDARD_TYPES  # untyped logs never need the classes

            self._types = STANDARD_TYPES
        return self._types

    @property
    def has_upcasters(self) -> bool:
        """Whether reading turns old data into new: the standard classes have no such steps."""
        return self._types is not None and self._types.has_upcasters

    @property
    def torn(self) -> tuple[Torn, ...]:
        """What opening had to cut off and keep in the quarantine; mostly nothing."""
        return self._writer.recovered.torn if self._writer else ()

    # Writing

    def append(
        self,
        event: object,
        data: Mapping[str, Any] | None = None,
        *,
        subject: str | None = None,
        source: str | None = None,
        id: str | None = None,  # noqa: A002 - the name of the CloudEvents attribute
        time: datetime | None = None,
        extensions: Mapping[str, str | int | bool] | None = None,
        expected_sequence: int | None = None,
        expected_stream_sequence: int | None = None,
    ) -> int:
        """Append one event; its sequence. Durable as ``sync`` promises when this returns.

        ``event`` is an instance of a registered class, or a type name with ``data``. ``time`` is
        when it happened (aware; now by default). With an ``id`` a retry is stored once: the same
        ``source`` and ``id`` give the sequence of the event that is there.

        Errors: InvalidEventError (nothing was written), ConflictError when the last event of the
        log is not ``expected_sequence``, the last one of ``subject`` not
        ``expected_stream_sequence`` (0: there is none), or the id belongs to another event;
        WriterFailedError after a failed write, OSError when this write fails.
        """
        writer = self._writer
        if self._closed or writer is None or _forks.generation != writer.generation:
            writer = self._usable_writer()  # which raises
        if expected_sequence is not None:
            _check_expected("expected_sequence", expected_sequence)
        version = 1
        if type(event) is not str or extensions is not None:
            event, data, version, extensions = self._resolve(event, data, extensions)
        prepared = writer.encoder.prepare(
            source, event, subject, time, data, id, version, extensions
        )  # fmt: skip
        if prepared.given is None and expected_stream_sequence is None:
            return writer.append((prepared,), expected_sequence)
        stream = _expected_stream({subject}, expected_stream_sequence)
        return self._looking_up(writer).append([prepared], expected_sequence, stream)[0]

    def extend(
        self,
        events: Iterable[NewEvent],
        *,
        expected_sequence: int | None = None,
        expected_stream_sequence: int | None = None,
    ) -> list[int]:
        """Append events as one batch, all or nothing, with one sync; their sequences.

        The events go into the log one after the other, with nothing between them. An event whose
        ``id`` is in the log already is not stored again. ``expected_stream_sequence`` needs events
        of one subject. Errors as for :meth:`append`; a batch is at most 64 MiB.
        """
        writer, events = self._usable_writer(), list(events)
        if expected_sequence is not None:
            _check_expected("expected_sequence", expected_sequence)
        if not events:
            return []
        batch = self._prepare(writer.encoder, events)
        if expected_stream_sequence is not None or any(map(_GIVEN_OF, batch)):
            stream = _expected_stream({one.subject for one in events}, expected_stream_sequence)
            return self._looking_up(writer).append(batch, expected_sequence, stream)
        first = writer.append(batch, expected_sequence)
        return list(range(first, first + len(batch)))

    def _prepare(self, encoder: LineEncoder, events: list[NewEvent]) -> list[Prepared]:
        prepare, now, batch = encoder.prepare, encoder.now(), []
        for one in events:
            event, data, version, extensions = one.event, one.data, 1, one.extensions
            if type(event) is not str or extensions is not None:
                event, data, version, extensions = self._resolve(event, data, extensions)
            batch.append(
                prepare(
                    one.source, event, one.subject, one.time, data, one.id, version, extensions, now
                )
            )
        return batch

    def _resolve(
        self,
        event: object,
        data: Mapping[str, Any] | None,
        extensions: Mapping[str, str | int | bool] | None,
    ) -> tuple[str, Mapping[str, Any] | None, int, Mapping[str, str | int | bool] | None]:
        """The type's name, the data, their version and the other extensions."""
        if isinstance(event, str):
            type_, version = event, 1
        elif data is None:
            type_, version, data = self.types.dump(event)
        else:
            raise InvalidEventError("a typed event carries its data itself: leave data out")
        if isinstance(extensions, Mapping) and "schemaversion" in extensions:
            extensions = dict(extensions)
            version = _schema_version(extensions.pop("schemaversion"))
        return type_, data, version, extensions

    def _looking_up(self, writer: LogWriter) -> Lookups:
        lookups = self._lookups
        if lookups is not None:
            return lookups
        from eventlog._lookups import Lookups  # brings sqlite3, which most logs never need

        with writer.lock():  # or two threads make two of them, or nobody closes it
            self._usable_writer()
            if self._lookups is None:
                self._lookups = Lookups(self._catalog, self._files, writer)
            return self._lookups

    def sync(self) -> None:
        """Bring all that was appended to the disk, whatever the ``sync`` mode.

        A burst of appends ends with it: other processes need not wait for the log any more.
        Errors: WriterFailedError after a failed write, and when the log was deleted.
        """
        self._usable_writer().sync()

    def rotate(self) -> None:
        """Close the active segment and open the next; sealing follows in the background."""
        self._usable_writer().rotate()

    def seal(self) -> None:
        """Rotate, and return when all but the new, empty segment is sealed."""
        self._usable_writer().seal()

    def _usable_writer(self) -> LogWriter:
        if self._closed:
            raise ClosedLogError("the log is closed", path=self.path)
        if self._writer is None:
            raise ReadOnlyError(
                "the log was opened for reading: open it without readonly", path=self.path
            )
        if _forks.generation != self._writer.generation:
            self._writer.refuse_fork()
        return self._writer

    # Reading

    def read(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        types: str | Iterable[str] | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        reverse: bool = False,
        limit: int | None = None,
        on_damage: OnDamage = raise_damage,
    ) -> Iterator[Event]:
        """The events that are in the log now and match every filter, in order of sequence.

        ``after`` excludes its sequence, ``until`` includes it; ``since`` includes its time,
        ``before`` excludes it. Memory holds one block of about 1 MiB, however large the log is.

        Damage raises DamagedLogError with file, offset and sequence. With ``on_damage``, a function
        that takes that error, reading goes on around it.
        """
        query = Query(after, until, types, subject, since, before, reverse, limit)
        if on_damage is raise_damage and limit is None:
            from eventlog._bulk import event_lists

            events = chain.from_iterable(event_lists(self._usable_catalog(), query))
            return map(self.types.upcast, events) if self.has_upcasters else events
        return map(_EVENT_OF, self.scan(query, on_damage))

    def scan(
        self, query: Query | None = None, on_damage: OnDamage = raise_damage
    ) -> Iterator[tuple[bytes, Event]]:
        """Like :meth:`read`, with each event's line as it is stored, without its LF."""
        return self._upcast(scan(self._usable_catalog(), query or Query(), on_damage))

    def read_lists(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        types: str | Iterable[str] | None = None,
        before: datetime | None = None,
    ) -> Iterator[list[Event]]:
        """Like :meth:`read`, a few hundred events at a time: for folds over a whole log.

        A list may be empty.
        """
        from eventlog._bulk import event_lists

        query = Query(after, until, types, before=before)
        lists = event_lists(self._usable_catalog(), query)
        if not self.has_upcasters:
            return lists
        return ([self.types.upcast(event) for event in events] for events in lists)

    def lines_containing(self, part: bytes, *, reverse: bool = False) -> Iterator[bytes]:
        """Every line that holds these bytes: a search that decodes nothing."""
        for block in line_blocks(self._usable_catalog(), Query(reverse=reverse)):
            hits = [line for line in block.lines if line.find(part) >= 0]
            yield from reversed(hits) if reverse else hits

    def follow(
        self,
        *,
        after: int | None = None,
        types: str | Iterable[str] | None = None,
        subject: str | None = None,
        poll: float = 0.1,
        timeout: float | None = None,
    ) -> Iterator[Event]:
        """New events as they come, from any process, across rotations.

        Starts behind ``after``, or behind what is in the log now. Looks every ``poll`` seconds, and
        ends when nothing matching came for ``timeout`` seconds (None: never).
        """
        query = Query(self.head() if after is None else after, None, types, subject)
        return map(_EVENT_OF, self.scan_follow(query, poll=poll, timeout=timeout))

    def scan_follow(
        self, query: Query, *, poll: float = 0.1, timeout: float | None = None
    ) -> Iterator[tuple[bytes, Event]]:
        """Like :meth:`follow`, with each event's line as it is stored, without its LF."""
        from eventlog._follow import follow

        return self._upcast(follow(self._usable_catalog(), query, poll, timeout))

    def _upcast(self, pairs: Iterator[tuple[bytes, Event]]) -> Iterator[tuple[bytes, Event]]:
        if not self.has_upcasters:
            return pairs
        return ((line, self.types.upcast(event)) for line, event in pairs)

    def head(self, subject: str | None = None) -> int:
        """Sequence of the last event, or of the last one with this subject; 0 when there is none.

        The first question about a subject reads the whole log when it was opened for writing, and
        later ones look into an index; opened for reading, it goes back until it finds one.
        """
        if subject is not None:
            return self._stream_head(subject)
        writer = self._writer
        if writer is not None and not self._closed and writer.is_up_to_date:
            return writer.last_sequence
        for block in line_blocks(self._usable_catalog(), Query(reverse=True)):
            return block.last
        return 0

    def _stream_head(self, subject: str) -> int:
        if not isinstance(subject, str):
            raise InvalidEventError(f"subject must be text, not {type(subject).__name__}")
        if self._writer is not None:
            return self._looking_up(self._usable_writer()).stream_head(subject)
        found = self.read(subject=subject, reverse=True, limit=1)
        return next((event.sequence for event in found), 0)

    def sealed(self) -> list[SealedEntry]:
        """The manifest's entries: one per sealed segment, in order. They never change."""
        snapshot = self._usable_catalog().snapshot()
        return snapshot.entries[: snapshot.sealed]

    def pruned_to(self) -> int:
        """The last sequence that was pruned; 0 when nothing was."""
        return self._usable_catalog().snapshot().pruned_to

    @property
    def cache_path(self) -> Path:
        """Where derived data about the log may be kept. It can be deleted at any time."""
        return self.path / CACHE_NAME

    def info(self) -> LogInfo:
        """What the log holds, and how much room it takes."""
        from eventlog._info import gather_info

        return gather_info(self._usable_catalog())

    def _usable_catalog(self) -> Catalog:
        if self._closed:
            raise ClosedLogError("the log is closed", path=self.path)
        return self._catalog

    # Ending

    def close(self) -> None:
        """Bring everything to the disk, finish sealing, and let the next writer in.

        When it was interrupted, a second call does what is left.
        """
        self._closed = True
        if self._writer is None:
            return
        if self._writer.is_inherited:  # then another thread of the parent may hold any lock
            self._writer.close()
            return
        try:
            with self._writer.lock():  # whoever makes it now
                lookups, self._lookups = self._lookups, None
            if lookups is not None:
                lookups.close()
        finally:
            self._writer.close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        mode = "closed" if self._closed else "reading" if self._writer is None else "writing"
        return f"<EventLog {str(self.path)!r}, {mode}>"


def _schema_version(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31:
        return value
    raise InvalidEventError(f"schemaversion must be a whole number from 1, not {value!r}")


def _check_expected(name: str, sequence: object) -> None:
    if not isinstance(sequence, int):
        raise InvalidEventError(f"{name} must be a whole number, not {type(sequence).__name__}")


def _expected_stream(subjects: set[str | None], sequence: int | None) -> ExpectedStream | None:
    if sequence is None:
        return None
    _check_expected("expected_stream_sequence", sequence)
    from eventlog._lookups import ExpectedStream

    (subject,) = subjects if len(subjects) == 1 else (None,)
    if subject is None:
        raise InvalidEventError(
            "expected_stream_sequence needs events with one and the same subject"
        )
    return ExpectedStream(subject, sequence)
