"""Exports into databases: exact, incremental, each event once. SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve

from eventlog import ConflictError, DamagedLogError, Event, EventLog, NewEvent, Query, SealedEntry
from eventlog._segments import raise_damage
from projections import SessionSummaries, project
from projections._models import READ_MODELS
from projections.exports import ExportError, Selection
from projections.exports._columns import Cell, Row
from projections.exports._database import Database
from projections.exports._incremental import Exporter
from projections.exports._progress import begin
from tests.exports.helpers import (
    EVENT_TEXTS,
    START,
    Backend,
    execute,
    lines_of,
    moment,
    odd_event,
    query,
    reading,
    sequences,
    tables,
    write_log,
)
from tests.support.logs import segment_files

SUMMARIES = Selection(model="session-summaries")


def test_events_are_there_as_they_were(backend: Backend, log: Path) -> None:
    done = backend.export(log)
    assert (done.rows, done.from_sequence, done.to_sequence) == (40, 1, 40)
    rows = query(backend, EVENT_TEXTS)
    with reading(log) as opened:
        for row, event in zip(rows, opened.read(), strict=True):
            assert row[:6] == (
                event.sequence, event.id, event.source, event.type, event.subject,
                event.schemaversion,
            )  # fmt: skip
            assert json.loads(row[6]) == event.data
            assert json.loads(row[7]) == event.extensions


def test_data_are_the_bytes_of_the_line(backend: Backend, log: Path) -> None:
    backend.export(log)
    for row, line in zip(query(backend, EVENT_TEXTS), lines_of(log), strict=True):
        assert f',"data":{row[6]},"c' in line.decode()
    texts = [row[6] for row in query(backend, EVENT_TEXTS)]
    assert any('"nul":"a\\u0000b"' in text for text in texts)
    assert any('"big":18446744073709551615' in text for text in texts)


def test_times_keep_their_microseconds(backend: Backend, log: Path) -> None:
    backend.export(log)
    of = {
        "sqlite": "SELECT time FROM events WHERE sequence = 1",
        "postgres": "SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        " FROM events WHERE sequence = 1",
    }
    assert query(backend, of[backend.name]) == [("2026-02-06T12:34:57.789012Z",)]


def test_every_time_of_a_log_can_be_held(backend: Backend, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("early", time=START.replace(year=1))
        log.append("late", time=START.replace(year=9999))
    assert backend.export(tmp_path / "log").rows == 2


def test_a_second_run_adds_only_what_is_new(backend: Backend, log: Path) -> None:
    backend.export(log)
    write_log(log, 41, 55)
    done = backend.export(log)
    assert (done.rows, done.from_sequence, done.to_sequence) == (15, 41, 55)
    assert sequences(backend) == list(range(1, 56))
    done = backend.export(log)
    assert (done.rows, done.from_sequence, done.to_sequence) == (0, None, 55)


@pytest.mark.parametrize("batch_rows", [1, 3, 40, 41])
def test_the_size_of_a_batch_does_not_matter(batch_rows: int, backend: Backend, log: Path) -> None:
    assert backend.export(log, batch_rows=batch_rows).rows == 40
    assert sequences(backend) == list(range(1, 41))
    assert progress(backend) == [(40, crc32(log, 40))]


def test_progress_names_the_event_that_was_reached(backend: Backend, log: Path) -> None:
    for through in (5, 20, 40):
        backend.export(log, Selection(as_of=through), batch_rows=5)
        assert progress(backend) == [(through, crc32(log, through))]
        assert sequences(backend) == list(range(1, through + 1))


def progress(backend: Backend) -> list[tuple[Any, ...]]:
    return query(backend, "SELECT through, through_crc32 FROM eventlog_progress")


def crc32(log: Path, sequence: int) -> str:
    return str(json.loads(lines_of(log)[sequence - 1])["crc32"])


def test_an_empty_log_gives_empty_tables(backend: Backend, tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    assert backend.export(tmp_path / "log").rows == 0
    assert backend.export(tmp_path / "log", SUMMARIES).rows == 0
    assert sequences(backend) == []
    assert query(backend, "SELECT subject, velocity FROM session_summaries") == []
    write_log(tmp_path / "log")
    assert backend.export(tmp_path / "log").rows == 40


def test_a_row_of_megabytes_is_stored_whole(backend: Backend, tmp_path: Path) -> None:
    text = '"\\\t' * (2 << 20)
    with EventLog.open(tmp_path / "log", max_line_bytes=16 << 20) as log:
        log.append("large", {"text": text})
    backend.export(tmp_path / "log")
    ((stored,),) = query(backend, "SELECT CAST(data AS TEXT) FROM events")
    assert json.loads(stored) == {"text": text}


def test_several_logs_fit_into_one_database(backend: Backend, log: Path, tmp_path: Path) -> None:
    other = write_log(tmp_path / "other", last=10)
    for _ in range(2):
        for path in (log, other):
            backend.export(path)
            backend.export(path, SUMMARIES)
    assert query(backend, "SELECT count(*) FROM events GROUP BY log_id ORDER BY 1") == [
        (10,),
        (40,),
    ]
    counts = query(backend, "SELECT log_id, sum(events) FROM session_summaries GROUP BY 1")
    assert sorted(int(row[1]) for row in counts) == [10, 40]


# Filters


def test_a_filtered_export_goes_through_the_whole_log(backend: Backend, log: Path) -> None:
    selection = Selection(types="note", subject="s-1")
    with reading(log) as opened:
        expected = [event.sequence for event in opened.read(types="note", subject="s-1")]
    assert backend.export(log, selection, batch_rows=2).rows == len(expected)
    assert sequences(backend) == expected
    assert progress(backend) == [(40, crc32(log, 40))]
    assert backend.export(log, selection).rows == 0


def test_a_filter_that_nothing_matches_is_progress_too(backend: Backend, log: Path) -> None:
    assert backend.export(log, Selection(types="none")).rows == 0
    assert progress(backend) == [(40, crc32(log, 40))]


@pytest.mark.parametrize("model", [None, "session-summaries"])
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({}, {"types": "note"}, "without filters, and this export is with the filters {"),
        ({"types": "note"}, {}, 'filters {"types":["note"]}, and this export is without filters'),
        ({"subject": "a"}, {"subject": "b"}, '"subject":"a"}, and this export is with the filters'),
        ({"since": moment(1)}, {"before": moment(1)}, "use the same filters, or another database"),
    ],
)
def test_filters_are_never_mixed(
    first: Any, second: Any, message: str, model: str | None, backend: Backend, log: Path
) -> None:
    backend.export(log, Selection(model=model, **first))
    before = tables(backend)
    with pytest.raises(ConflictError) as caught:
        backend.export(log, Selection(model=model, **second))
    assert message in str(caught.value)
    assert tables(backend) == before


def test_events_do_not_go_back_to_an_earlier_moment(backend: Backend, log: Path) -> None:
    backend.export(log, Selection(as_of=30))
    with pytest.raises(ConflictError, match="holds events up to 30: it cannot go back to 29"):
        backend.export(log, Selection(as_of=29))
    assert sequences(backend) == list(range(1, 31))


# Another log than before


def test_a_log_that_was_replaced_by_an_older_copy_is_refused(
    backend: Backend, log: Path, tmp_path: Path
) -> None:
    shutil.copytree(log, tmp_path / "copy")
    write_log(log, 41, 50)
    backend.export(log)
    backend.export(log, SUMMARIES)
    before = tables(backend)
    for selection in (None, SUMMARIES):
        with pytest.raises(ConflictError, match=r"an event that is not in the log.*sequence 50"):
            backend.export(tmp_path / "copy", selection)
    assert tables(backend) == before


def test_a_log_that_went_another_way_is_refused(
    backend: Backend, log: Path, tmp_path: Path
) -> None:
    shutil.copytree(log, tmp_path / "copy")
    write_log(log, 41, 50)
    write_log(tmp_path / "copy", 42, 60)
    backend.export(log)
    before = tables(backend)
    with pytest.raises(ConflictError, match=r"an event that is another in the log.*rewritten"):
        backend.export(tmp_path / "copy")
    assert tables(backend) == before


@pytest.mark.parametrize("table", ["events", "eventlog_progress", "session_summaries"])
def test_tables_of_somebody_else_are_left_alone(table: str, backend: Backend, log: Path) -> None:
    execute(backend, f"CREATE TABLE {table} (mine INTEGER)")
    with pytest.raises(
        ConflictError, match=f"has a table {table} (that no export made|and no eventlog_schema)"
    ):
        backend.export(log, SUMMARIES)
    with backend.open() as database:
        assert database.columns_of(table) == {"mine"}


def test_a_later_table_of_a_model_does_not_take_over_one_of_somebody_else(
    backend: Backend, log: Path
) -> None:
    backend.export(log, Selection(model="areas"))
    execute(backend, "DROP TABLE areas", "CREATE TABLE areas (mine INTEGER)")
    with pytest.raises(ConflictError, match="has a table areas that no export made"):
        backend.export(log, Selection(model="areas"))


# Read models


@pytest.mark.parametrize("model", READ_MODELS)
def test_every_read_model_can_be_exported_again_and_again(
    model: str, backend: Backend, log: Path
) -> None:
    first = backend.export(log, Selection(model=model))
    before = tables(backend)
    assert backend.export(log, Selection(model=model)) == first
    assert tables(backend) == before
    write_log(log, 41, 60)
    assert backend.export(log, Selection(model=model)).to_sequence == 60


def test_a_model_is_written_as_its_command_shows_it(backend: Backend, log: Path) -> None:
    backend.export(log, SUMMARIES)
    rows = query(
        backend,
        "SELECT subject, status, events, velocity, CAST(metrics AS TEXT) FROM session_summaries"
        " ORDER BY position",
    )
    with reading(log) as opened:
        expected = project(opened, SessionSummaries())
    assert [(row[0], row[1], int(row[2]), row[3], json.loads(row[4])) for row in rows] == [
        (one.subject, one.status, one.events, one.velocity, one.metrics) for one in expected
    ]


def test_the_tables_of_a_model_are_replaced_as_a_whole(backend: Backend, log: Path) -> None:
    backend.export(log, SUMMARIES)
    with EventLog.open(log) as opened:
        opened.append("note", subject="s-1")
    backend.export(log, SUMMARIES)
    rows = query(backend, "SELECT subject, events FROM session_summaries ORDER BY position")
    with reading(log) as opened:
        expected = [(one.subject, one.events) for one in project(opened, SessionSummaries())]
    assert [(subject, int(count)) for subject, count in rows] == expected
    assert query(backend, "SELECT through, model_version FROM eventlog_progress") == [
        (41, SessionSummaries.version)
    ]


def test_a_model_may_go_back_to_an_earlier_moment(backend: Backend, log: Path) -> None:
    for as_of, events in ((40, 40), (10, 10), (moment(20), 20), (None, 40)):
        backend.export(log, Selection(model="session-summaries", as_of=as_of))
        ((total,),) = query(backend, "SELECT sum(events) FROM session_summaries")
        assert total == events


def test_a_model_of_several_lists_gives_several_tables(backend: Backend, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("area.visited", {"area": "=x\0", "gold": 2**64 - 1, "flees": 1e300}, subject="s")
        log.append("area.visited", {"area": 1}, subject="s")
    done = backend.export(tmp_path / "log", Selection(model="areas"))
    assert done.tables == ["areas_best", "areas_dangerous", "areas"]
    ((area, gold),) = query(backend, "SELECT area, CAST(gold AS TEXT) FROM areas_best")
    assert gold == "18446744073709551615"
    assert area == {"sqlite": "=x\0", "postgres": "=x\ufffd"}[backend.name]
    ((flees,),) = query(backend, "SELECT flees FROM areas_dangerous")
    assert float(flees) == 1e300
    assert query(backend, "SELECT incomplete FROM areas") == [(1,)]


def test_a_column_that_older_versions_did_not_have_is_added(backend: Backend, log: Path) -> None:
    backend.export(log, SUMMARIES)
    before = tables(backend)
    execute(
        backend,
        "ALTER TABLE session_summaries DROP COLUMN incomplete",
        "ALTER TABLE session_summaries ADD COLUMN of_the_past TEXT",
    )
    backend.export(log, SUMMARIES)
    assert query(backend, "SELECT sum(incomplete) FROM session_summaries")[0][0] is not None
    execute(backend, "ALTER TABLE session_summaries DROP COLUMN of_the_past")  # it was kept
    assert tables(backend) == before


# Interruptions


class StopError(Exception):
    """The connection went at this step."""


@define
class Stopping:
    """A database that fails at its Nth statement, row or end of a transaction."""

    database: Database
    at: int
    done: int = 0

    def _step(self) -> None:
        self.done += 1
        if self.done == self.at:
            raise StopError

    @property
    def types(self) -> Any:
        return self.database.types

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.database.transaction():
            yield
            self._step()
        self._step()

    def hold(self, name: str) -> None:
        self.database.hold(name)

    def serialize(self, name: str) -> None:
        self.database.serialize(name)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        self._step()
        return self.database.query(sql, *parameters)

    def execute(self, sql: str, *parameters: object) -> int:
        self._step()
        return self.database.execute(sql, *parameters)

    def insert(self, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> int:
        return self.database.insert(table, columns, self._each(rows))

    def _each(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._step()
            yield row

    def fitting(self, cell: Cell) -> Cell:
        return self.database.fitting(cell)

    def columns_of(self, table: str) -> set[str]:
        return self.database.columns_of(table)


@pytest.mark.parametrize("model", [None, "session-summaries"])
def test_a_failure_at_any_step_is_made_good_by_the_next_run(
    model: str | None, backend: Backend, tmp_path: Path
) -> None:
    """A step is a statement, a row or an end of a transaction."""
    log = write_log(tmp_path / "log", last=8)
    selection = Selection(model=model)
    backend.export(log, selection)
    expected, at, stopped = tables(backend), 0, True
    while stopped:
        _clear(backend)
        at += 1
        stopped = stops(backend, log, selection, at)
        backend.export(log, selection, batch_rows=3)
        assert tables(backend) == expected, f"after a failure at step {at}"
    assert at > 15


class PrunedLog(EventLog):
    """A log whose first segments are gone: it begins at ``first``."""

    first = 1

    def scan(
        self,
        query: Query | None = None,
        on_damage: Callable[[DamagedLogError], None] = raise_damage,
    ) -> Iterator[tuple[bytes, Event]]:
        query = query or Query()
        return super().scan(evolve(query, after=max(query.after, self.first - 1)), on_damage)

    def sealed(self) -> list[SealedEntry]:
        return [entry for entry in super().sealed() if entry.first_sequence >= self.first]


def export_pruned(backend: Backend, log: Path, first: int, selection: Selection) -> int:
    """How many rows the rest of the log adds."""
    with PrunedLog.open(log, readonly=True) as opened, backend.open() as database:
        assert isinstance(opened, PrunedLog)
        opened.first = first
        return Exporter(opened, backend.name, selection, 5, lambda _: None).run(database).rows


def test_events_that_were_pruned_before_they_were_exported_are_missed_aloud(
    backend: Backend, log: Path
) -> None:
    backend.export(log, Selection(as_of=20))
    before = tables(backend)
    with pytest.raises(ConflictError, match=r"up to 20, and the log begins at 22: .*sequence 21"):
        export_pruned(backend, log, 22, Selection())
    assert tables(backend) == before


@pytest.mark.parametrize("first", [2, 20, 21])
def test_pruning_what_was_exported_changes_nothing(first: int, backend: Backend, log: Path) -> None:
    backend.export(log, Selection(as_of=20))
    assert export_pruned(backend, log, first, Selection()) == 20
    assert sequences(backend) == list(range(1, 41))


def test_a_read_model_of_a_pruned_log_shows_what_there_is(backend: Backend, log: Path) -> None:
    backend.export(log, evolve(SUMMARIES, as_of=20))
    with reading(log) as opened:
        first = opened.sealed()[-1].first_sequence
    assert export_pruned(backend, log, first, SUMMARIES)
    assert query(backend, "SELECT sum(events) FROM session_summaries") == [(41 - first,)]


def stops(backend: Backend, log: Path, selection: Selection, at: int) -> bool:
    """Export until step ``at``; whether there was one."""
    with reading(log) as opened, backend.open() as database:
        exporter = Exporter(opened, backend.name, selection, 3, lambda _: None)
        try:
            exporter.run(Stopping(database, at))
        except StopError:
            return True
    return False


def _clear(backend: Backend) -> None:
    with backend.open() as database:
        for name in tables(backend):
            database.execute(f'DROP TABLE "{name}"')


def test_damage_in_the_log_keeps_the_batches_before_it(backend: Backend, log: Path) -> None:
    last = segment_files(log)[-1]
    good = last.read_bytes()
    last.write_bytes(b"nonsense\n" + good)
    with pytest.raises(DamagedLogError):
        backend.export(log, Selection(as_of=39), batch_rows=5)
    done = len(sequences(backend))
    last.write_bytes(good)
    backend.export(log)
    assert sequences(backend) == list(range(1, 41))
    assert done % 5 == 0


def test_an_export_that_comes_in_between_is_noticed(backend: Backend, log: Path) -> None:
    with reading(log) as opened, backend.open() as database:
        backend.export(log, Selection(as_of=10))
        with database.transaction():
            late = begin(database, opened, Selection())
        backend.export(log)
        with pytest.raises(ConflictError, match="another export of events"), database.transaction():
            database.insert("events", ("log_id",), [])
            late.move(database, 20, "00000000")
    assert progress(backend) == [(40, crc32(log, 40))]


def test_an_error_of_the_database_is_one_clear_error(backend: Backend, log: Path) -> None:
    backend.export(log)
    execute(backend, "ALTER TABLE events RENAME COLUMN subject TO topic")
    with EventLog.open(log) as opened:
        opened.extend([odd_event(41), NewEvent("x", {})])
    with pytest.raises(ExportError, match=r"(SQLite|PostgreSQL): .*subject"):
        backend.export(log)
    assert progress(backend) == [(40, crc32(log, 40))]
