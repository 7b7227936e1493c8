"""``eventlog export``: every format, what it says, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from eventlog import EventLog
from projections._models import READ_MODELS
from tests.cli.helpers import PATIENCE, Outcome, eventlog, misused, refused, spawn, start
from tests.cli.test_progress import terminal
from tests.support.logs import batch, segment_files

FILE_FORMATS = ("csv", "json", "jsonl", "parquet")
_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT", "PGUSER", "EVENTLOG_DSN")


@pytest.fixture(autouse=True)
def _no_database_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _LIBPQ:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 20 events in three sessions."""
    path = tmp_path / "log"
    with EventLog.open(path, segment_events=8) as opened:
        opened.extend(batch(1, 20))
    return path


def export(log: Path, format_: str, *args: str | Path, **options: str) -> Outcome:
    return eventlog("export", log, "--format", format_, *args, env=options)


def rows_of(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_json_lines_are_what_cat_prints(log: Path) -> None:
    for filters in (
        [],
        ["--type", "test.numbered", "--subject", "s-1"],
        ["--before", "2000-01-01"],
    ):
        assert export(log, "jsonl", *filters) == eventlog("cat", log, "--jsonl", *filters)


def test_json_is_one_document(log: Path) -> None:
    assert export(log, "json").json == eventlog("cat", log, "--json").json


def test_csv_goes_to_stdout(log: Path) -> None:
    header, *rows = csv.reader(io.StringIO(export(log, "csv").text, newline=""))
    assert header[0] == "sequence"
    assert [row[0] for row in rows] == [str(number) for number in range(1, 21)]


def test_parquet_goes_into_a_pipe(log: Path, tmp_path: Path) -> None:
    (tmp_path / "out.parquet").write_bytes(spawn("export", log, "--format", "parquet").out)
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(tmp_path / "out.parquet"))
        assert relation.aggregate("count(*)").fetchall() == [(20,)]


@pytest.mark.parametrize("format_", FILE_FORMATS)
def test_a_file_is_written_and_named(format_: str, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "out"
    outcome = export(log, format_, "--output", path)
    assert outcome == Outcome(0, f"exported 20 rows of events to {path}, up to 20\n".encode(), "")
    assert path.exists()
    if format_ != "parquet":
        assert path.read_bytes() == export(log, format_).out


def test_json_tells_what_was_done(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    log_id = eventlog("info", log, "--json").json["log_id"]
    common = {"model": None, "log_id": log_id, "from_sequence": 1, "to_sequence": 20, "rows": 20}
    assert export(log, "csv", "-o", path, "--json").json == {
        **common, "format": "csv", "table": "events", "output": str(path)
    }  # fmt: skip
    assert export(log, "sqlite", "-o", tmp_path / "out.db", "--json").json == {
        **common, "format": "sqlite", "tables": ["events"], "output": str(tmp_path / "out.db")
    }  # fmt: skip


def test_the_manifest_lies_beside_the_file(log: Path, tmp_path: Path) -> None:
    assert export(log, "csv", "-o", tmp_path / "out.csv", "--manifest", "--as-of", "9").code == 0
    stated = json.loads((tmp_path / "out.csv.manifest.json").read_text())
    assert (stated["rows"], stated["to_sequence"], stated["file"]) == (9, 9, "out.csv")


@pytest.mark.parametrize("model", READ_MODELS)
def test_every_read_model_goes_into_a_database(model: str, log: Path, tmp_path: Path) -> None:
    outcome = export(log, "sqlite", "-o", tmp_path / "out.db", "--model", model)
    assert outcome.code == 0, outcome
    assert outcome.text.startswith("exported ")


def test_a_model_is_exported_as_of_a_moment(log: Path) -> None:
    outcome = export(log, "json", "--model", "session-summaries", "--as-of", "4")
    assert outcome.json == eventlog("summary", log, "--as-of", "4", "--json").json


def test_sqlite_gets_only_what_is_new(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    assert "exported 20 rows of events" in export(log, "sqlite", "-o", path).text
    with EventLog.open(log) as opened:
        opened.append("more")
    assert "exported 1 row of events" in export(log, "sqlite", "-o", path).text
    assert rows_of(path, "SELECT count(*), max(sequence) FROM events") == [(21, 21)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_postgres_is_found_by_option_by_variable_and_by_libpq(log: Path, dsn: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    parts = {f"PG{name.upper()}": str(value) for name, value in conninfo_to_dict(dsn).items()}
    parts["PGDATABASE"] = parts.pop("PGDBNAME")
    first = export(log, "postgres", "--dsn", dsn)
    assert first.text == "exported 20 rows of events to PostgreSQL, up to 20\n"
    for more in ({"EVENTLOG_DSN": dsn}, parts):
        outcome = export(log, "postgres", **more)
        assert outcome.text == "exported 0 rows of events to PostgreSQL, up to 20\n", outcome
    assert export(log, "postgres", "--json", EVENTLOG_DSN=dsn).json["output"] is None


def test_an_unreachable_server_is_one_line_without_the_password(log: Path) -> None:
    dsn = "postgresql://me:hunter2secret@127.0.0.1:1/x"
    for outcome in (
        export(log, "postgres", "--dsn", dsn),
        export(log, "postgres", EVENTLOG_DSN=dsn, EVENTLOG_TRACEBACK="1"),
    ):
        assert "hunter2secret" not in refused(outcome, 1, "PostgreSQL: ", "Connection refused")


def test_a_dsn_that_cannot_be_read_is_not_shown(log: Path) -> None:
    outcome = export(log, "postgres", "--dsn", "postgresql://me:sec@ret@h/x")
    assert "ret" not in refused(outcome, 2, "the DSN cannot be read").replace("percent", "")


def test_other_filters_are_a_conflict(log: Path, tmp_path: Path) -> None:
    export(log, "sqlite", "-o", tmp_path / "out.db")
    outcome = export(log, "sqlite", "-o", tmp_path / "out.db", "--type", "x")
    refused(outcome, 4, "without filters", 'the filters {"types":["x"]}', "another database")


def test_a_rewritten_log_is_a_conflict(log: Path, tmp_path: Path) -> None:
    export(log, "sqlite", "-o", tmp_path / "out.db")
    with closing(sqlite3.connect(tmp_path / "out.db")) as connection, connection:
        connection.execute("UPDATE eventlog_progress SET through_crc32 = '00000000'")
    outcome = export(log, "sqlite", "-o", tmp_path / "out.db")
    refused(outcome, 4, "another in the log", "sequence 20")


def test_a_database_of_a_newer_version_is_refused(log: Path, tmp_path: Path) -> None:
    export(log, "sqlite", "-o", tmp_path / "out.db")
    with closing(sqlite3.connect(tmp_path / "out.db")) as connection, connection:
        connection.execute("INSERT INTO eventlog_schema VALUES (99)")
    refused(export(log, "sqlite", "-o", tmp_path / "out.db"), 1, "install a newer eventlog")


def test_a_file_that_is_no_database_is_refused_and_kept(log: Path, tmp_path: Path) -> None:
    (tmp_path / "out.db").write_text("mine " * 500)
    refused(export(log, "sqlite", "-o", tmp_path / "out.db"), 1, "SQLite: file is not a database")
    assert (tmp_path / "out.db").read_text() == "mine " * 500


def test_a_database_that_another_program_holds_is_not_waited_for_long(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.exports._sqlite._WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "out.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        outcome = export(log, "sqlite", "-o", tmp_path / "out.db")
    refused(outcome, 5, "another program has held the database for 0.05 s")


def test_another_export_to_postgres_is_not_waited_for_long(
    log: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    from projections.exports._postgres import Postgres

    monkeypatch.setattr("projections.exports._postgres._WAIT_SECONDS", 0.05)
    log_id = eventlog("info", log, "--json").json["log_id"]
    with psycopg.connect(dsn, autocommit=True) as holder:
        Postgres(holder).hold(f"{log_id}/events")
        outcome = export(log, "postgres", "--dsn", dsn)
        assert export(log, "postgres", "--dsn", dsn, "--model", "areas").code == 0
    refused(outcome, 5, "another export has written to this database for 0.05 s")


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a b;c.db"])
def test_a_name_of_a_database_is_only_a_name(
    name: str, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export(log, "sqlite", "-o", name).code == 0
    assert rows_of(tmp_path / name, "SELECT count(*) FROM events") == [(20,)]


@pytest.mark.parametrize("format_", [*FILE_FORMATS, "sqlite"])
def test_links_and_directories_are_refused(format_: str, log: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("mine")
    (tmp_path / "link").symlink_to("real")
    refused(export(log, format_, "-o", tmp_path / "link"), 1, "this is a symbolic link")
    refused(export(log, format_, "-o", tmp_path), 1, "this is a directory")
    refused(export(log, format_, "-o", "/dev/null"), 1, "this is no regular file")
    refused(export(log, format_, "-o", tmp_path / "no" / "x"), 1, "No such file or directory")
    assert (tmp_path / "real").read_text() == "mine"


@pytest.mark.parametrize("format_", [*FILE_FORMATS, "sqlite"])
def test_a_damaged_log_is_refused(format_: str, log: Path, tmp_path: Path) -> None:
    last = segment_files(log)[-1]
    last.write_bytes(b"nonsense\n" + last.read_bytes())
    outcome = export(log, format_, "-o", tmp_path / "out")
    refused(outcome, 3, "'eventlog verify' shows all damage")
    assert format_ == "sqlite" or not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("format_", "args", "reason"),
    [
        ("xml", [], "xml"),
        ("sqlite", [], "--output PATH says where the database is"),
        ("postgres", [], "Set EVENTLOG_DSN or libpq's PGHOST"),
        ("postgres", ["-o", "x"], "--dsn says where"),
        ("csv", ["--dsn", "host=h"], "--dsn goes with --format postgres"),
        ("csv", ["--manifest"], "--manifest goes with --output PATH"),
        ("sqlite", ["-o", "x", "--manifest"], "--manifest goes with --output PATH"),
        ("sqlite", ["-o", "x", "--table", "t"], "a database gets all tables"),
        ("csv", ["--json"], "--json needs --output PATH"),
        ("csv", ["-o", ""], "the path is empty"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    format_: str, args: list[str], reason: str, log: Path
) -> None:
    misused(export(log, format_, *args), reason)


def test_a_model_or_table_that_does_not_exist_is_refused_with_the_names(log: Path) -> None:
    misused(export(log, "csv", "--model", "x"), "'x' is not one of", "session-summaries")
    refused(export(log, "csv", "--model", "areas"), 2, "areas_best, areas_dangerous", "--table")
    refused(export(log, "csv", "--model", "areas", "--table", "x"), 2, "no table 'x'")


def test_a_model_that_does_not_exist_leaves_no_database_behind(log: Path, tmp_path: Path) -> None:
    misused(export(log, "sqlite", "-o", tmp_path / "out.db", "--model", "x"), "is not one of")
    assert not (tmp_path / "out.db").exists()


def test_an_interrupted_export_ends_with_130_and_goes_on(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as opened:
        for first in range(0, 100_000, 1000):
            opened.extend(batch(first, 1000))
    path = tmp_path / "out.db"
    child = start("export", tmp_path / "log", "--format", "sqlite", "-o", path)
    while not path.exists() or not path.stat().st_size:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, err) == (130, b"eventlog: interrupted\n")
    assert export(tmp_path / "log", "sqlite", "-o", path).code == 0
    found = rows_of(path, "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM events")
    assert found == [(100_000, 100_000, 100_000)]


@pytest.mark.parametrize(
    ("format_", "module", "extra"),
    [("parquet", "duckdb", "sql"), ("postgres", "psycopg", "postgres")],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    format_: str, module: str, extra: str, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    args = ("--dsn", "host=h") if format_ == "postgres" else ()
    refused(export(log, format_, *args), 1, f"pip install 'eventlog[{extra}]'")


def test_parquet_is_not_shown_on_a_terminal(log: Path) -> None:
    with mock.patch("cli.commands.export._is_terminal", return_value=True):
        misused(export(log, "parquet"), "Parquet is not for a terminal: use --output PATH")


def test_a_terminal_shows_how_far_a_long_export_is(log: Path, tmp_path: Path) -> None:
    from cli.commands.export import command

    with terminal(patience=-1.0) as shown:
        args = [str(log), "--format", "csv", "--output", str(tmp_path / "out.csv")]
        command.main(args, standalone_mode=False)
    assert "exporting" in "".join(shown)


def test_a_reader_that_leaves_ends_the_export_quietly(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as opened:
        opened.extend(batch(1, 20_000))
    script = f'{sys.executable} -m cli export "$1" --format csv | head -n 1'
    done = subprocess.run(["sh", "-c", script, "sh", tmp_path / "log"], capture_output=True)
    assert done.stdout.startswith(b"sequence,")
    assert done.stderr == b""


def test_a_full_disk_is_an_error_and_the_old_file_stays(log: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        outcome = export(log, "csv", "-o", tmp_path / "out.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    refused(outcome, 1, "File too large")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["log", "out.csv"]
