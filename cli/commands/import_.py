"""``eventlog import``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cli._done import done
from cli._failures import Exit, Failure
from cli._options import json_option, lock_timeout_option, log_argument, open_for_writing
from cli._output import print_json, say
from cli._progress import progress_bar
from cli._text import as_text, count
from eventlog.importing import (
    ImportOptionError,
    ImportOptions,
    ImportResult,
    Reject,
    check_readable,
    import_files,
    parse_defaults,
    parse_map,
    parse_renames,
    total_bytes,
)

_REJECTS_SHOWN = 20


@click.command("import")
@log_argument
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--map", "maps", multiple=True, metavar="TARGET=FIELD,...",
    help="Where type, time, subject, source, id, data or data.NAME come from; the first field "
    "present wins. Without any --map, fields are taken by these names. What is left goes to data.",
)  # fmt: skip
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW", help="Rename a type.")
@click.option(
    "--default", "defaults", multiple=True, metavar="NAME=VALUE",
    help="What a missing type, subject, source, time or data.NAME becomes.",
)  # fmt: skip
@click.option("--timezone", default="UTC", show_default=True, help="Zone of times without one.")
@click.option(
    "--format", "format_", type=click.Choice(["auto", "jsonl", "csv"]), default="auto",
    show_default=True, help="auto: CSV for names that end in .csv, JSON lines for all else.",
)  # fmt: skip
@click.option("--delimiter", default=",", show_default=True, help="Between CSV cells.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), metavar="PATH",
    help="Where refused lines are kept.  [default: rejects.jsonl in LOG]",
)  # fmt: skip
@lock_timeout_option
@json_option
def command(
    log: Path,
    files: tuple[str, ...],
    maps: tuple[str, ...],
    renames: tuple[str, ...],
    defaults: tuple[str, ...],
    timezone: str,
    format_: Any,
    delimiter: str,
    rejects: Path | None,
    lock_timeout: float,
    as_json: bool,
) -> int:
    """Import JSON lines (CloudEvents or any other) or CSV.

    FILE - is stdin. LOG is created when it is missing.

    A line that cannot become an event stops nothing: it is kept with file, line and reason, and the
    exit code is 3. Importing a file again adds only what is new, and an interrupted import goes on
    where it stopped.

    \b
    Examples:
      eventlog import LOG events.jsonl
      eventlog import LOG agent.jsonl --map type=event --map time=ts --map subject=agent
      eventlog import LOG runs.csv --default type=area.visited --timezone Europe/Vienna
      my-agent | eventlog import LOG - --default type=activity.noted
    """
    try:
        options = ImportOptions(
            map=parse_map(maps),
            defaults=parse_defaults(defaults),
            rename=parse_renames(renames),
            timezone=timezone,
            format=format_,
            delimiter=delimiter,
            rejects_path=rejects,
        )
        shown = _ShownRejects()
        result = _import(log, files, options, lock_timeout, shown)
    except ImportOptionError as error:
        raise Failure(str(error), Exit.USAGE) from None
    with done(_in_words(result)):
        shown.close()
        _print_result(result, as_json)
    return Exit.DATA if result.rejected else Exit.DONE


def _import(
    log: Path,
    files: tuple[str, ...],
    options: ImportOptions,
    lock_timeout: float,
    shown: _ShownRejects,
) -> ImportResult:
    check_readable(files, sys.stdin.buffer)  # a mistyped name must not leave an empty log behind
    with (
        open_for_writing(log, create=True, lock_timeout=lock_timeout) as opened,
        progress_bar("importing", total_bytes(files)) as advance,
    ):
        return import_files(
            opened, files, options,
            stdin=sys.stdin.buffer, progress=advance, on_reject=shown.add,
            lock_timeout=lock_timeout,
        )  # fmt: skip


class _ShownRejects:
    """Names the first rejected lines on stderr, and counts the others."""

    def __init__(self) -> None:
        self._count = 0
        self._failure: OSError | None = None

    def add(self, reject: Reject) -> None:
        """A line that cannot be shown does not stop the import either: it is kept in a file."""
        self._count += 1
        if self._count <= _REJECTS_SHOWN and self._failure is None:
            try:
                say(f"rejected: {reject}")
            except OSError as error:
                self._failure = error

    def close(self) -> None:
        """Tell how many were not named; OSError if showing them failed."""
        if self._failure is not None:
            raise self._failure
        if self._count > _REJECTS_SHOWN:
            say(f"rejected: {self._count - _REJECTS_SHOWN:,} more")


def _print_result(result: ImportResult, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "imported": result.imported,
                "skipped": result.skipped,
                "rejected": result.rejected,
                "untimed": result.untimed,
                "rejects_file": _name(result.rejects_file),
            }
        )
        return
    click.echo(_in_words(result))
    if result.untimed:
        say(f"{count(result.untimed, 'event')} had no time, and got the time of this import")
    if result.rejects_file is not None:
        say(f"the rejected lines are in {result.rejects_file}")


def _in_words(result: ImportResult) -> str:
    parts = [f"imported {count(result.imported, 'event')}"]
    if result.skipped:
        parts.append(f"{result.skipped:,} already there")
    if result.rejected:
        parts.append(f"{count(result.rejected, 'line')} rejected")
    return ", ".join(parts)


def _name(path: Path | None) -> str | None:
    return None if path is None else as_text(str(path))
