"""Appends that look something up first: whether an id is known, or where a stream stands.

The look and the write happen under one lock, so nobody comes in between, from whatever process.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress

from attrs import frozen

from eventlog._catalog import Catalog
from eventlog._codec import Prepared
from eventlog._errors import ClosedLogError, LockTimeoutError
from eventlog._files import Files
from eventlog._ids import GivenIds
from eventlog._streams import StreamHeads
from eventlog._writer import LogWriter


@frozen
class ExpectedStream:
    """A subject, and the sequence that its last event should have."""

    subject: str
    sequence: int


class Lookups:
    """The indexes of one open log, each made when it is needed first."""

    def __init__(self, catalog: Catalog, files: Files, writer: LogWriter) -> None:
        self._catalog = catalog
        self._files = files
        self._writer = writer
        self._ids: GivenIds | None = None
        self._streams: StreamHeads | None = None
        self._is_closed = False

    def append(
        self,
        batch: list[Prepared],
        expected_sequence: int | None,
        expected_stream: ExpectedStream | None,
    ) -> list[int]:
        """Write what is not there yet; the sequence of each event."""
        writer, ids, streams = self._writer, None, None
        with writer.lock():
            self._check_open()
            try:
                writer.hold()
                head = writer.last_sequence
                fresh, sequences = batch, list(range(head + 1, head + 1 + len(batch)))
                if any(prepared.given is not None for prepared in batch):
                    ids = self._given_ids()
                    fresh, sequences = ids.place(batch, head)
                if fresh and expected_stream is not None:
                    streams = self._stream_heads()
                    streams.check(expected_stream.subject, expected_stream.sequence)
                if fresh:
                    writer.append_held(fresh, expected_sequence)
                    if ids is not None:
                        ids.add(fresh, head + 1)
                    if streams is not None and expected_stream is not None:
                        streams.add(expected_stream.subject, head + len(fresh))
                writer.let_go()
            except BaseException:
                writer.give_up()
                raise
        writer.make_durable()
        return sequences

    def stream_head(self, subject: str) -> int:
        """The sequence of a subject's last event, 0 when it has none."""
        writer = self._writer
        with writer.lock():
            self._check_open()
            try:
                writer.hold()
                head = self._stream_heads().head_of(subject)
                writer.let_go()
            except BaseException:
                writer.give_up()
                raise
        return head

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClosedLogError("the log is closed", path=self._catalog.path)

    def _given_ids(self) -> GivenIds:
        if self._ids is None:
            self._ids = GivenIds(self._catalog, self._files, self._writer.last_sequence)
        # Our own were added as they came; what others wrote has to be read.
        self._ids.index.take_in(self._writer.foreign_through)
        self._ids.index.through = self._writer.last_sequence
        return self._ids

    def _stream_heads(self) -> StreamHeads:
        if self._streams is None:
            self._streams = StreamHeads(self._catalog, self._files, self._writer.last_sequence)
        self._streams.index.take_in(self._writer.last_sequence)
        return self._streams

    def close(self) -> None:
        """Save what was learned, when the writer still works, and close."""
        with self._writer.lock():  # another thread may be looking something up
            self._is_closed = True
            indexes = [known.index for known in (self._ids, self._streams) if known is not None]
            with ExitStack() as closing:
                for index in indexes:
                    closing.callback(index.close)
                if indexes and self._writer.is_healthy:
                    self._save()
            self._ids = self._streams = None

    def _save(self) -> None:
        writer = self._writer
        # What is not in an index is found in the log.
        with suppress(LockTimeoutError):
            try:
                writer.hold()  # other processes use the same files
                if self._ids is not None:
                    self._given_ids().index.save()
                if self._streams is not None:
                    self._stream_heads().index.save()
                writer.let_go()
            except BaseException:
                writer.give_up()
                raise
