"""The whole log against a plain list."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from eventlog import ConflictError, Event, EventLog, InvalidEventError, NewEvent, verify
from tests.support import DEEP
from tests.support.files import RecordingFiles
from tests.support.logs import active_file
from tests.support.strategies import datas, extensions

TYPES = ["task.started", "task.completed", "a", 'quo"ted']
SUBJECTS = [None, "s-1", "s-2", "S\\1"]
START = datetime(2026, 2, 6, 12, tzinfo=UTC)


@frozen
class Stored:
    """What the model knows of one event."""

    type: str
    data: dict[str, Any]
    subject: str | None
    source: str
    time: datetime
    extensions: dict[str, str | int | bool]
    id: str | None = None

    @classmethod
    def of(cls, event: Event, given: bool) -> Stored:
        return cls(
            event.type, event.data, event.subject, event.source, event.time,
            dict(event.extensions), event.id if given else None,
        )  # fmt: skip

    def new(self) -> NewEvent:
        return NewEvent(
            self.type, self.data, self.subject, self.source, self.id, self.time, self.extensions
        )

    def says_the_same(self, other: Stored) -> bool:
        """A retry may state another time, and other extensions."""
        return evolve(self, time=other.time, extensions=other.extensions) == other


@define
class Filters:
    """The arguments of one read, and which events they let through."""

    after: int = 0
    until: int | None = None
    types: list[str] | None = None
    subject: str | None = None
    since: datetime | None = None
    before: datetime | None = None

    def let_through(self, sequence: int, stored: Stored) -> bool:
        return (
            sequence > self.after
            and (self.until is None or sequence <= self.until)
            and (self.types is None or stored.type in self.types)
            and (self.subject is None or stored.subject == self.subject)
            and (self.since is None or stored.time >= self.since)
            and (self.before is None or stored.time < self.before)
        )

    def arguments(self) -> dict[str, Any]:
        return {
            "after": self.after, "until": self.until, "types": self.types,
            "subject": self.subject, "since": self.since, "before": self.before,
        }  # fmt: skip


moments = st.integers(-500, 500).map(lambda seconds: START + timedelta(seconds=seconds))
"""In no order: the clock jumps."""

stored_events = st.builds(
    Stored,
    type=st.sampled_from(TYPES),
    data=datas,
    subject=st.sampled_from(SUBJECTS),
    source=st.sampled_from(["eventlog", "agent/4"]),
    time=moments,
    extensions=st.one_of(st.just({}), extensions),
)
# Few ids with few contents, so that retries and conflicts happen.
given_events = st.builds(
    Stored,
    type=st.just("given"),
    data=st.fixed_dictionaries({"n": st.integers(0, 1)}),
    subject=st.sampled_from([None, "s-1"]),
    source=st.sampled_from(["eventlog", "agent/4"]),
    time=moments,
    extensions=st.just({}),
    id=st.sampled_from(["one", "two", 'thr"ee']),
)
filters = st.builds(
    Filters,
    after=st.integers(0, 60),
    until=st.none() | st.integers(0, 60),
    types=st.none() | st.lists(st.sampled_from([*TYPES, "given", "none.such"]), max_size=2),
    subject=st.none() | st.sampled_from(["s-1", "s-2", "S\\1", "none"]),
    since=st.none() | moments,
    before=st.none() | moments,
)


class DyingFiles(RecordingFiles):
    """Works until its process is declared dead."""

    dead = False

    def before(self, name: str, number: int) -> None:
        if self.dead:
            raise OSError("the process is gone")

    def sync(self, descriptor: int) -> None:
        self.before("sync", 0)  # thousands of logs need no disk

    def sync_directory(self, path: Path) -> None:
        self.before("sync_directory", 0)


class LogMachine(RuleBasedStateMachine):
    """Every rule does the same to a log and to a list, and compares."""

    @initialize(
        segment_bytes=st.sampled_from([300, 1000, 1 << 20]),
        segment_events=st.sampled_from([None, 1, 3, 7]),
    )
    def create(self, segment_bytes: int, segment_events: int | None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="eventlog-"))
        self.limits: dict[str, Any] = {
            "segment_bytes": segment_bytes, "segment_events": segment_events
        }  # fmt: skip
        self.model: list[Stored] = []
        self.open()

    def open(self) -> None:
        self.files = DyingFiles()
        self.log = EventLog.open(
            self.directory / "log", files=self.files, lock_timeout=0, **self.limits
        )

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.close()
            report = verify(self.log.path)
            assert report.ok, report.faults
            assert report.events == len(self.model)
            shutil.rmtree(self.directory)

    # Writing

    @rule(stored=stored_events)
    def append(self, stored: Stored) -> None:
        assert self._append(stored) == len(self.model) + 1
        self.model.append(stored)

    def _append(self, stored: Stored, **more: Any) -> int:
        return self.log.append(
            stored.type,
            stored.data,
            subject=stored.subject,
            source=stored.source,
            id=stored.id,
            time=stored.time,
            extensions=stored.extensions,
            **more,
        )

    @rule(stored=given_events)
    def append_given(self, stored: Stored) -> None:
        known = self._known(stored, self.model)
        if known is None:
            self.append(stored)
        elif self.model[known - 1].says_the_same(stored):
            assert self._append(stored) == known
        else:
            with pytest.raises(ConflictError):
                self._append(stored)

    def _known(self, stored: Stored, events: list[Stored]) -> int | None:
        for sequence, other in enumerate(events, 1):
            if stored.id is not None and (other.id, other.source) == (stored.id, stored.source):
                return sequence
        return None

    @rule(batch=st.lists(stored_events | given_events, max_size=5))
    def extend(self, batch: list[Stored]) -> None:
        after, sequences = list(self.model), []
        for stored in batch:
            known = self._known(stored, after)
            if known is not None and not after[known - 1].says_the_same(stored):
                with pytest.raises(ConflictError):
                    self.log.extend([stored.new() for stored in batch])
                return
            if known is None:
                after.append(stored)
            sequences.append(known or len(after))
        assert self.log.extend([stored.new() for stored in batch]) == sequences
        self.model = after

    @rule(stored=stored_events, off=st.integers(1, 5))
    def append_at_a_wrong_sequence(self, stored: Stored, off: int) -> None:
        with pytest.raises(ConflictError) as raised:
            self._append(stored, expected_sequence=len(self.model) + off)
        assert raised.value.sequence == len(self.model)

    @rule(stored=stored_events)
    def append_at_the_expected_sequence(self, stored: Stored) -> None:
        assert self._append(stored, expected_sequence=len(self.model)) == len(self.model) + 1
        self.model.append(stored)

    @rule(batch=st.lists(stored_events, min_size=1, max_size=3))
    def extend_with_one_bad_event(self, batch: list[Stored]) -> None:
        bad = NewEvent("a", {"a": float("nan")})
        with pytest.raises(InvalidEventError):
            self.log.extend([*(stored.new() for stored in batch), bad])

    @rule()
    def rotate(self) -> None:
        self.log.rotate()

    @rule()
    def seal(self) -> None:
        self.log.seal()
        assert self.log.info().segments == self.log.info().sealed_segments + 1

    # Opening

    @rule()
    def close_and_open(self) -> None:
        self.log.close()
        self.open()
        assert self.log.torn == ()

    def _die(self) -> None:
        self.files.dead = True
        with suppress(OSError):
            self.log.close()

    @rule()
    def die_and_open(self) -> None:
        self._die()
        self.open()
        assert self.log.torn == ()

    @precondition(lambda self: self.model)
    @rule(tail=st.binary(min_size=1, max_size=40), whole=st.booleans())
    def die_while_writing_and_open(self, tail: bytes, whole: bool) -> None:
        """An unfinished line: noise, or the start of a real one."""
        self._die()
        active = active_file(self.log.path)
        if whole:
            tail = self._lines()[0][: len(tail) + 20]
        with active.open("ab") as file:
            file.write(tail.replace(b"\n", b"-"))
        self.open()
        assert [torn.size for torn in self.log.torn] == [len(tail)]
        assert self.log.torn[0].kept_in.read_bytes() == tail.replace(b"\n", b"-")

    def _lines(self) -> list[bytes]:
        with EventLog.open(self.log.path, readonly=True) as log:
            return [line for line, _ in log.scan()]

    # Reading

    def _is_given(self, event: Event) -> bool:
        return self.model[event.sequence - 1].id is not None

    def _compare(self, events: list[Event], expected: list[int]) -> None:
        assert [event.sequence for event in events] == expected
        for event in events:
            given = self._is_given(event)
            assert Stored.of(event, given) == self.model[event.sequence - 1]
            if not given:
                assert event.id == f"{self.log.log_id}-{event.sequence}"

    def _expected(self, chosen: Filters) -> list[int]:
        return [
            sequence
            for sequence, stored in enumerate(self.model, 1)
            if chosen.let_through(sequence, stored)
        ]

    @rule(chosen=filters, reverse=st.booleans(), limit=st.none() | st.integers(0, 5))
    def read(self, chosen: Filters, reverse: bool, limit: int | None) -> None:
        expected = self._expected(chosen)[:: -1 if reverse else 1][:limit]
        found = self.log.read(reverse=reverse, limit=limit, **chosen.arguments())
        self._compare(list(found), expected)

    @rule()
    def read_everything_as_another_process_would(self) -> None:
        with EventLog.open(self.log.path, readonly=True) as reader:
            self._compare(list(reader.read()), list(range(1, len(self.model) + 1)))
            assert reader.head() == len(self.model)

    @rule(chosen=filters)
    def follow_what_is_there(self, chosen: Filters) -> None:
        chosen = Filters(chosen.after, None, chosen.types, chosen.subject)
        found = self.log.follow(
            after=chosen.after, types=chosen.types, subject=chosen.subject, timeout=0
        )
        self._compare(list(found), self._expected(chosen))

    @rule()
    def follow_what_is_new(self) -> None:
        assert list(self.log.follow(timeout=0)) == []

    @rule(part=st.sampled_from([b'"type":"a"', b"data", b"given", b"none such"]))
    def lines_containing(self, part: bytes) -> None:
        everything = self._lines()
        found = list(self.log.lines_containing(part))
        assert found == [line for line in everything if part in line]
        assert list(self.log.lines_containing(part, reverse=True)) == found[::-1]

    @invariant()
    def head_is_the_length(self) -> None:
        if hasattr(self, "log"):
            assert self.log.head() == len(self.model)

    @rule()
    def info(self) -> None:
        info = self.log.info()
        texts = [stored.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for stored in self.model]
        assert info.events == len(self.model)
        assert (info.first_sequence, info.last_sequence) == (
            (1, len(self.model)) if self.model else (None, None)
        )
        assert (info.first_time, info.last_time) == (
            min(texts, default=None),
            max(texts, default=None),
        )
        assert info.raw_bytes == sum(len(line) + 1 for line in self._lines())


def test_the_log_does_what_a_list_does() -> None:
    run_state_machine_as_test(LogMachine, settings=settings(max_examples=2000 if DEEP else 150))
