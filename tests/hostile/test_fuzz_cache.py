"""Changed files in the cache: derived data can make nothing wrong that is not there."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventlog import Event, EventLog, EventLogError
from projections import READ_MODELS, canonical_json, project
from tests.hostile.clock import ends_within
from tests.hostile.mutations import VALUES, Change, bytes_changed
from tests.support import DEEP
from tests.support.files import UnsyncedFiles
from tests.support.logs import batch, copy_of

few = settings(max_examples=500 if DEEP else 30)
INDEXES = ("ids.sqlite", "streams.sqlite")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with both indexes, and a state of each read model."""
    path = tmp_path_factory.mktemp("cache") / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        log.extend(batch(1, 3))
        log.append("area.visited", {"area": "a", "gold": 5, "seconds": 9}, subject="s")
        log.append("task.started", {"task": "t"}, subject="s")
        log.append("metric.recorded", {"pitch": 0.5}, subject="s")
        log.append("test.given", {"n": 7}, id="given", subject="s", expected_stream_sequence=6)
        log.seal()
        answers(path)
    assert len(partials(path)) >= len(READ_MODELS)
    return path


def answers(path: Path) -> list[bytes]:
    with EventLog.open(path, readonly=True) as log:
        return [canonical_json(project(log, make())) for make in READ_MODELS.values()]


def partials(path: Path) -> list[Path]:
    return sorted(one for one in (path / "cache" / "partials").rglob("*") if one.is_file())


def events(path: Path) -> list[Event]:
    with EventLog.open(path, readonly=True) as log:
        return list(log.read())


def write(path: Path) -> list[int]:
    """A retry, and an event behind the last of its stream."""
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        again = log.append("test.given", {"n": 7}, id="given", subject="s")
        return [again, log.append("test.n", {}, subject="s", expected_stream_sequence=7)]


def forge(file: Path, change: Change, *, fits: bool) -> None:
    """Change the parts inside; ``fits``: and give them the hash that fits."""
    head, _, stored = file.read_bytes().partition(b"\n")
    header = json.loads(head)
    parts, ends, start = bytearray(), [], 0
    for end in header["ends"]:
        part = change(zstandard.ZstdDecompressor().decompress(stored[start:end]))
        parts += zstandard.ZstdCompressor(write_checksum=True).compress(part)
        ends.append(len(parts))
        start = end
    header["ends"] = ends
    if fits:
        header["sha256"] = sha256(parts).hexdigest()
    file.write_bytes(json.dumps(header, separators=(",", ":")).encode() + b"\n" + parts)


def _put(path: list[int], value: Any) -> Change:
    """Another value somewhere in a JSON document."""

    def change(data: bytes) -> bytes:
        document = json.loads(data)
        node, steps = document, list(path)
        while steps and isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = keys[steps.pop(0) % len(keys)]
            if steps and isinstance(node[key], dict | list) and node[key]:
                node = node[key]
            else:
                node[key] = value
                break
        return json.dumps(document, separators=(",", ":")).encode(errors="replace")

    return change


_states = bytes_changed | st.builds(
    _put, st.lists(st.integers(0, 9), min_size=1, max_size=5), st.sampled_from(VALUES)
)


@few
@given(change=bytes_changed, number=st.integers(0, 20))
def test_a_changed_state_changes_no_answer(whole: Path, change: Change, number: int) -> None:
    path = copy_of(whole, whole.with_name("scratch"))
    expected = answers(whole)
    files = partials(path)
    file = files[number % len(files)]
    file.write_bytes(change(file.read_bytes()))
    with ends_within(60):
        assert answers(path) == expected


AREAS_OF_ALL = 1
"""The number of a state that an answer is made of."""


def more_gold(state: bytes) -> bytes:
    return state.replace(b'"gold":[5,', b'"gold":[7,')


@few
@given(change=_states, number=st.integers(0, 20))
@example(change=more_gold, number=AREAS_OF_ALL)
def test_nor_does_one_that_was_packed_again(whole: Path, change: Change, number: int) -> None:
    path = copy_of(whole, whole.with_name("scratch"))
    expected = answers(whole)
    files = partials(path)
    forge(files[number % len(files)], change, fits=False)
    with ends_within(60):
        assert answers(path) == expected


@few
@given(change=_states, number=st.integers(0, 20))
def test_a_forged_state_is_an_answer_or_an_error_of_ours(
    whole: Path, change: Change, number: int
) -> None:
    path = copy_of(whole, whole.with_name("scratch"))
    files = partials(path)
    forge(files[number % len(files)], change, fits=True)
    with ends_within(60):
        try:
            answers(path)
        except EventLogError as error:
            assert str(error)


@few
@given(change=bytes_changed, name=st.sampled_from(INDEXES), note=st.booleans())
def test_a_changed_index_doubles_no_event_and_refuses_none(
    whole: Path, change: Change, name: str, note: bool
) -> None:
    path = copy_of(whole, whole.with_name("scratch"))
    file = path / "cache" / (f"{name}.sha256" if note else name)
    file.write_bytes(change(file.read_bytes()))
    with ends_within(60):
        assert write(path) == [7, 8]


@few
@given(change=bytes_changed, name=st.sampled_from(INDEXES))
def test_an_index_with_a_hash_that_fits_is_an_answer_or_an_error_of_ours(
    whole: Path, change: Change, name: str
) -> None:
    path = copy_of(whole, whole.with_name("scratch"))
    file = path / "cache" / name
    changed = change(file.read_bytes())
    file.write_bytes(changed)
    file.with_name(f"{name}.sha256").write_text(sha256(changed).hexdigest())
    with ends_within(60):
        try:
            write(path)
        except EventLogError as error:
            assert str(error)


FORGED_ROWS = [
    "UPDATE reached SET through = NULL", "UPDATE reached SET through = 'x'",
    "UPDATE reached SET through = x'00'", "UPDATE reached SET through = 1e300",
    "UPDATE reached SET through = -1", "UPDATE reached SET through = 9223372036854775807",
    "UPDATE reached SET check_ = NULL", "UPDATE reached SET check_ = x'ff'", "DELETE FROM reached",
    "INSERT INTO reached VALUES (1, 'x')", "DROP TABLE reached", "DROP TABLE known",
    "UPDATE known SET sequence = NULL", "UPDATE known SET sequence = 'x'",
    "UPDATE known SET sequence = -1", "UPDATE known SET sequence = 9223372036854775807",
    "UPDATE known SET content = NULL", "UPDATE known SET content = 7", "PRAGMA user_version = 99",
    "PRAGMA user_version = -1", "ALTER TABLE known RENAME COLUMN sequence TO other",
    "CREATE TRIGGER t AFTER INSERT ON known BEGIN SELECT RAISE(ABORT, 'no'); END",
]  # fmt: skip


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("sql", FORGED_ROWS)
@pytest.mark.parametrize("fits", [False, True])
def test_rows_that_nobody_wrote(
    whole: Path, sql: str, name: str, fits: bool, tmp_path: Path
) -> None:
    """Without a hash that fits, the index is built again; with one, any error is ours."""
    path = copy_of(whole, tmp_path / "log")
    file = path / "cache" / name
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(sql)
    if fits:
        file.with_name(f"{name}.sha256").write_text(sha256(file.read_bytes()).hexdigest())
        with suppress(EventLogError):
            write(path)
    else:
        assert write(path) == [7, 8]
    assert [event.data.get("n") for event in events(path)][:7] == [1, 2, 3, None, None, None, 7]
