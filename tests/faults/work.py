"""A log in use, which notes in the trace what it promises.

Event ``n`` has sequence ``n``, and its content follows from ``n``: a checker needs no list.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve

from eventlog import EventLog, NewEvent, prune
from eventlog._writer import Sync
from tests.faults.tracing import Step, TracingFiles
from tests.support.logs import active_file

SEGMENT_EVENTS = 4
ANOTHER = "another process"
"""The activity of steps that did not go through the file layer."""
_START = datetime(2026, 2, 6, 12, tzinfo=UTC)
_TEXTS = ["", "x" * 30, "über", '"}\n{"specversion":']


def new_event(number: int, given: bool = False) -> NewEvent:
    """The event with this number."""
    return NewEvent(
        "test.numbered",
        {"n": number, "text": _TEXTS[number % len(_TEXTS)]},
        subject=f"s-{number % 3}",
        time=_START + timedelta(seconds=number),
        id=f"given-{number}" if given else None,
    )


class Work:
    """A log in use: notes each promise in the trace the moment it is made."""

    def __init__(self, root: Path, files: TracingFiles, sync: Sync = "always") -> None:
        self.files = files
        self.path = root / "log"
        self.is_durable = sync == "always"
        files.sealing.close()
        self.log = EventLog.open(
            self.path, files=files, sync=sync, sync_interval=3600, segment_events=SEGMENT_EVENTS
        )
        # What a reader can see now was brought to the disk: it may be acknowledged to a retry.
        head = self.log.head()
        files.promised(evolve(files.promise, created=True, durable=head, kept=head))

    def add(self, size: int = 1, *, given: bool = False) -> None:
        """Append a batch; one event by ``append``."""
        first = self.log.head() + 1
        wanted = self.files.promise.batches | {(first, size)}
        self.files.promised(evolve(self.files.promise, batches=wanted))
        events = [new_event(number, given) for number in range(first, first + size)]
        if size == 1:
            one = events[0]
            self.log.append(one.event, one.data, subject=one.subject, time=one.time, id=one.id)
        else:
            self.log.extend(events)
        self._acknowledged(first + size - 1)

    def _acknowledged(self, last: int) -> None:
        promise = self.files.promise
        durable = last if self.is_durable else promise.durable
        self.files.promised(evolve(promise, kept=last, durable=durable))

    def settle(self) -> None:
        """Let the sealer do all that there is to do."""
        writer = self.log._writer
        assert writer is not None
        self.files.sealing.open()
        writer._sealer.finish()
        self.files.sealing.close()

    def seal(self) -> None:
        """Rotate, and seal it."""
        self.log.rotate()
        self.settle()

    def __enter__(self) -> Work:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.settle()
        finally:
            self.files.sealing.open()
            self.log.close()
            self.files.sealing.close()


def prune_to(work: Work, keep_events: int) -> None:
    """Drop sealed segments, as many as may go."""
    files = work.files
    last = prune(work.path, keep_events=keep_events, dry_run=True).first_kept - 1
    files.promised(evolve(files.promise, prunings=files.promise.prunings | {last}))
    assert prune(work.path, keep_events=keep_events, files=files).first_kept == last + 1
    files.promised(evolve(files.promise, pruned=last))


def tear(path: Path, files: TracingFiles) -> None:
    """Another process wrote half a line and was killed; some time later it is on the disk."""
    active = active_file(path)
    name, data = active.relative_to(files.root).as_posix(), b'{"specversion":"1.0","id":"half a li'
    with active.open("ab", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())
    files.trace += [Step("write", name, ANOTHER, data=data), Step("sync", name, ANOTHER)]
    files.promised(evolve(files.promise, torn=data))
