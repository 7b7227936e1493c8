"""``eventlog verify``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._failures import Exit
from cli._options import json_option, log_argument, open_for_reading
from cli._output import print_json, say, to_json
from cli._progress import progress_bar
from cli._text import clean, count, quoted
from eventlog import DamagedLogError, Fault, verify

_NOT_FOR_REPAIR = ("identity", "torn")


@click.command("verify")
@log_argument
@json_option
def command(log: Path, as_json: bool) -> int:
    """Check every line, batch, frame, hash, Merkle root and link.

    The exit code is 3 on any fault, a torn tail included; the next writer mends that one itself.

    \b
    Examples:
      eventlog verify LOG
      eventlog verify LOG --json | jq -r '.faults[] | "\\(.file):\\(.offset): \\(.message)"'
    """
    with progress_bar("verifying", _size(log)) as advance:
        report = verify(log, advance)
    if as_json:
        print_json(to_json(report))
    else:
        _print_people(report.faults)
        checked = f"{count(report.events, 'event')} in {count(report.segments, 'segment')}"
        found = count(len(report.faults), "fault")
        click.echo(f"ok: {checked}" if report.ok else f"{found} found: {checked} intact")
        if any(fault.kind not in _NOT_FOR_REPAIR for fault in report.faults):
            say(f"'eventlog repair {quoted(log)} --dry-run' shows what can be kept")
    return Exit.DONE if report.ok else Exit.DATA


def _size(log: Path) -> int | None:
    """Bytes to check, as far as the log is sound enough to tell."""
    try:
        with open_for_reading(log) as opened:
            return opened.info().raw_bytes
    except DamagedLogError:
        return None


def _print_people(faults: list[Fault]) -> None:
    for fault in faults:
        place = fault.file if fault.offset is None else f"{fault.file}, byte {fault.offset}"
        if fault.sequence is not None:
            place += f", sequence {fault.sequence}"
        click.echo(clean(f"{fault.kind}: {place}: {fault.message}"))
