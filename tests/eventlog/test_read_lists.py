"""Reading many events at a time gives the events that reading them one by one gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from eventlog import (
    DamagedLogError,
    Event,
    EventLog,
    EventTypes,
    InvalidEventError,
    NewEvent,
)
from eventlog._check import salt_of
from eventlog._manifest_lines import encode_entry
from eventlog._query import Query
from eventlog._seekable import compress_frames
from tests.support.files import UnsyncedFiles

START = datetime(2026, 2, 6, tzinfo=UTC)
COUNT = 2400
"""In each of four segments: more than is decoded at once."""


def new(number: int) -> NewEvent:
    return NewEvent(
        f"test.{number % 7}",
        # What looks like another type, in the data.
        {"number": number, "nested": {"a": 1, "type": "test.3", "b": 2}},
        subject=f"s-{number % 3}",
        time=START + timedelta(seconds=number * 7919 % 5000),
        extensions={"traceparent": "00-1"} if number % 1000 == 5 else None,
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lists") / "log"
    with EventLog.open(path, files=UnsyncedFiles(), sync="never") as log:
        for segment in range(4):
            log.extend(new(segment * COUNT + number) for number in range(COUNT))
            if segment < 3:
                log.seal()
    return path


@pytest.fixture
def log(path: Path) -> Iterator[EventLog]:
    with EventLog.open(path, readonly=True) as log:
        yield log


def one_by_one(log: EventLog, **filters: Any) -> list[Event]:
    """The events of the plain loop, which cuts every block into lines."""
    if isinstance(types := filters.get("types"), list):
        filters["types"] = frozenset(types)
    return [event for _, event in log.scan(Query(**filters))]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"after": 10},
        {"until": COUNT + 3},
        {"after": COUNT - 1, "until": COUNT + 1},
        {"after": 3 * COUNT + 9},
        {"after": 4 * COUNT},
        {"types": "test.3"},
        {"types": ["test.3", "test.4"], "after": 5, "until": 4 * COUNT - 5},
        {"types": "missing"},
        {"before": START + timedelta(seconds=2000)},
    ],
    ids=str,
)
def test_the_events_are_the_same(log: EventLog, filters: dict[str, Any]) -> None:
    assert list(chain.from_iterable(log.read_lists(**filters))) == one_by_one(log, **filters)
    assert list(log.read(**filters)) == one_by_one(log, **filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"reverse": True},
        {"reverse": True, "after": COUNT - 7, "until": 3 * COUNT + 5},
        {"reverse": True, "types": "test.3"},
        {"subject": "s-1"},
        {"subject": "s-1", "types": "test.3", "after": 7},
        {"since": START + timedelta(seconds=4000)},
        {"limit": 7},
        {"limit": 7, "reverse": True, "subject": "s-2"},
        {"limit": 0},
    ],
    ids=str,
)
def test_reading_is_the_plain_loop(log: EventLog, filters: dict[str, Any]) -> None:
    assert list(log.read(**filters)) == one_by_one(log, **filters)


def test_upcasters_are_applied(path: Path) -> None:
    types = EventTypes()

    @types.upcaster("test.3", from_version=1)
    def doubled(data: dict[str, Any]) -> dict[str, Any]:
        return {"number": 2 * data["number"]}

    with EventLog.open(path, readonly=True, types=types) as log:
        events = list(chain.from_iterable(log.read_lists()))
        assert events == list(log.read()) == one_by_one(log)
        assert events[3].data == {"number": 6}


@pytest.mark.parametrize("change", ["a line is gone", "an empty line", "no line"])
def test_a_sealed_block_that_is_not_what_it_claims_is_damage(tmp_path: Path, change: str) -> None:
    """Its frame is sound, so only its lines can tell."""
    path = tmp_path / "log"
    with EventLog.open(path, files=UnsyncedFiles(), sync="never") as log:
        log.extend(new(number) for number in range(3))
        log.seal()
        (entry,) = log.sealed()
        salt, (first, _, last) = salt_of(log.log_id), [line for line, _ in log.scan()]
    found = {"a line is gone": [first, last], "an empty line": [first, b"", last], "no line": [b""]}
    block = b"".join(line + b"\n" for line in found[change])
    sealed = b"".join(compress_frames([block]))
    (path / "segments" / entry.segment).write_bytes(sealed)
    claimed = evolve(entry, raw_bytes=len(block), stored_bytes=len(sealed))
    (path / "manifest.jsonl").write_bytes(encode_entry(claimed, salt))
    with EventLog.open(path, readonly=True) as log:
        with pytest.raises(DamagedLogError, match=r"claim|states no sequence|is empty"):
            list(log.read_lists())
        with pytest.raises(DamagedLogError, match=r"claim|states no sequence|is empty"):
            one_by_one(log)
        with pytest.raises(DamagedLogError, match=r"claim|states no sequence|is empty"):
            list(log.read())


def test_an_upcaster_that_fails_takes_nothing_from_the_events_before(path: Path) -> None:
    types = EventTypes()

    @types.upcaster("test.3", from_version=1)
    def fails(data: dict[str, Any]) -> dict[str, Any]:
        raise ArithmeticError("too old")

    with EventLog.open(path, readonly=True, types=types) as log:
        events = log.read()
        assert [event.sequence for event in islice(events, 3)] == [1, 2, 3]
        with pytest.raises(InvalidEventError, match="too old"):
            next(events)
