"""``eventlog export``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import attrs
import click

from cli._failures import Exit, Failure
from cli._options import json_option, log_argument, open_for_reading
from cli._output import print_json
from cli._progress import progress_bar
from cli._questions import Question, question_options
from cli._text import as_text, clean, count
from cli._workers import processes
from eventlog import EventLog
from projections import READ_MODELS, fold_sealed
from projections.exports import (
    FILE_FORMATS,
    DatabaseExport,
    ExportOptionError,
    FileExport,
    Selection,
    export_to_file,
    export_to_postgres,
    export_to_sqlite,
    export_to_stream,
)

_DSN_VARIABLE = "EVENTLOG_DSN"
_LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT", "PGUSER")


@click.command("export")
@log_argument
@click.option("--format", "format_", type=click.Choice([*FILE_FORMATS, "sqlite", "postgres"]),
              required=True, help="What to write.")  # fmt: skip
@click.option("--model", metavar="NAME", type=click.Choice(list(READ_MODELS)),
              help="A read model, such as session-summaries. Without it: events.")  # fmt: skip
@click.option("--table", metavar="NAME",
              help="Which table of a model that has several, such as areas_best.")  # fmt: skip
@click.option("-o", "--output", metavar="PATH", default="-", show_default=True,
              help="The file, or - for stdout; for sqlite the database.")  # fmt: skip
@click.option("--dsn", metavar="DSN",
              help="The PostgreSQL database. A command line can be seen by others: rather set "
              f"{_DSN_VARIABLE}, or libpq's PGHOST, PGSERVICE, PGPASSFILE...")  # fmt: skip
@question_options
@click.option("--manifest", is_flag=True,
              help="Write PATH.manifest.json, too: sequences, rows and SHA-256.")  # fmt: skip
@json_option
def command(
    log: Path,
    format_: str,
    model: str | None,
    table: str | None,
    output: str,
    dsn: str | None,
    question: Question,
    manifest: bool,
    as_json: bool,
) -> None:
    """Write events or a read model to a file or a database.

    A file appears whole or not at all. A database gets only what is new: run the same command
    again, after new events or after an interruption. --json tells what was done.

    \b
    Examples:
      eventlog export LOG --format csv --output events.csv
      eventlog export LOG --format parquet --model session-summaries -o sessions.parquet --manifest
      eventlog export LOG --format sqlite -o activity.db --type task.completed
      EVENTLOG_DSN=postgresql://reports@db/activity eventlog export LOG --format postgres
    """
    _check_options(format_, output, table, dsn, manifest, as_json)
    selection = _selection(model, question)
    try:
        with open_for_reading(log) as opened:
            _fold_beforehand(opened, selection, question.jobs)
            _export(opened, format_, selection, output, table, dsn, manifest, as_json)
    except ExportOptionError as error:
        raise Failure(str(error), Exit.USAGE) from None


def _selection(model: str | None, question: Question) -> Selection:
    filters = question.filters
    if len(filters.subjects) > 1:
        raise click.UsageError("--subject: an export takes one session, or all of them")
    return Selection(
        model=model, types=filters.types or None, subject=next(iter(filters.subjects), None),
        since=filters.since, before=filters.before, as_of=question.as_of,
    )  # fmt: skip


def _fold_beforehand(log: EventLog, selection: Selection, jobs: int) -> None:
    """The parts that the cache lacks, which the export then finds there."""
    if jobs > 1 and selection.model is not None and not selection.is_filtered:
        with processes(jobs) as executor:
            fold_sealed(log, READ_MODELS[selection.model](), selection.as_of, executor)


def _check_options(
    format_: str, output: str, table: str | None, dsn: str | None, manifest: bool, as_json: bool
) -> None:
    is_database, is_stream = format_ not in FILE_FORMATS, output == "-"
    wrong = {
        "--dsn goes with --format postgres": dsn is not None and format_ != "postgres",
        "--output PATH says where the database is": format_ == "sqlite" and is_stream,
        "--output goes with files: --dsn says where": format_ == "postgres" and not is_stream,
        "--table goes with files: a database gets all tables": is_database and table is not None,
        "--manifest goes with --output PATH, for files": manifest and (is_stream or is_database),
        "--json needs --output PATH: stdout has the data": (
            as_json and is_stream and not is_database
        ),
        "Parquet is not for a terminal: use --output PATH": (
            format_ == "parquet" and is_stream and _is_terminal()
        ),
        "the path is empty": not output,
    }
    for message, is_so in wrong.items():
        if is_so:
            raise click.UsageError(message)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _export(
    log: EventLog,
    format_: str,
    selection: Selection,
    output: str,
    table: str | None,
    dsn: str | None,
    manifest: bool,
    as_json: bool,
) -> None:
    with progress_bar("exporting", _total(log, format_, selection)) as advance:
        if format_ == "postgres":
            _report(export_to_postgres(log, _dsn(dsn), selection, advance=advance), None, as_json)
        elif format_ == "sqlite":
            done = export_to_sqlite(log, output, selection, advance=advance)
            _report(done, output, as_json)
        elif output == "-":
            export_to_stream(
                log, sys.stdout.buffer, format_, selection, table=table, advance=advance
            )
        else:
            written = export_to_file(
                log, output, format_, selection, table=table, manifest=manifest, advance=advance
            )
            _report(written, output, as_json)


def _total(log: EventLog, format_: str, selection: Selection) -> int | None:
    """Bytes that will be gone through, where that is known before."""
    is_all = selection.as_of is None and not selection.is_filtered
    return log.info().raw_bytes if is_all and format_ in FILE_FORMATS else None


def _dsn(given: str | None) -> str:
    dsn = given or os.environ.get(_DSN_VARIABLE)
    if dsn is None and not any(map(os.environ.get, _LIBPQ_VARIABLES)):
        raise click.UsageError(
            f"which database? Set {_DSN_VARIABLE} or libpq's PGHOST, PGDATABASE or PGSERVICE, "
            "or give --dsn"
        )
    return dsn or ""


def _report(done: FileExport | DatabaseExport, output: str | None, as_json: bool) -> None:
    if as_json:
        named: dict[str, Any] = {"output": None if output is None else as_text(output)}
        print_json({**attrs.asdict(done), **named})
        return
    where = "PostgreSQL" if output is None else clean(output)
    tables = [done.table] if isinstance(done, FileExport) else done.tables
    what = count(done.rows, "row")
    click.echo(f"exported {what} of {', '.join(tables)} to {where}, up to {done.to_sequence}")
