"""``eventlog repair``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._failures import Exit, Failure
from cli._options import dry_run_option, json_option, lock_timeout_option, log_argument, yes_option
from cli._output import print_json, to_json
from cli._text import clean, count
from eventlog import RepairReport, repair


@click.command("repair")
@log_argument
@click.option(
    "--into",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Leave LOG as it is, and write the mended log to this new directory.",
)
@dry_run_option
@yes_option
@lock_timeout_option
@json_option
def command(
    log: Path, into: Path | None, dry_run: bool, yes: bool, lock_timeout: float, as_json: bool
) -> None:
    """Mend a damaged log from everything that is intact.

    The damaged files move into its quarantine. An event that is lost for good leaves a marker of
    type eventlog.lost in its place, so that the sequences stay gapless.

    \b
    Examples:
      eventlog repair LOG --dry-run
      eventlog repair LOG --into mended.eventlog
      eventlog repair LOG --yes
    """
    if not (dry_run or yes or into):
        raise Failure(
            "repair replaces the log's files (the damaged ones go to its quarantine): look at "
            "--dry-run, work on a copy with --into DIR, or confirm with --yes",
            Exit.USAGE,
        )
    report = repair(log, into=into, dry_run=dry_run, lock_timeout=lock_timeout)
    if as_json:
        print_json(to_json(report))
    else:
        _print_people(report, dry_run)


def _print_people(report: RepairReport, dry_run: bool) -> None:
    if not report.faults and report.written_to is None:
        click.echo("nothing to repair: the log is sound")
        return
    would = "would be" if dry_run else "was"
    for name in report.rebuilt_files:
        click.echo(clean(f"{name}: {would} built again from its intact lines"))
    for name in report.cut_files:
        click.echo(clean(f"{name}: its unfinished end {would} cut off and kept in the quarantine"))
    for name in report.kept_files:
        click.echo(clean(f"{name}: sound, kept as it is"))
    click.echo(f"{count(len(report.lost), 'event')} lost for good{_ranges(report.lost)}")
    if report.written_to is not None:
        click.echo(clean(f"mended: {report.written_to}; what was cut is in its quarantine"))


def _ranges(sequences: list[int]) -> str:
    """``: 4-6, 9``, at most ten of them."""
    if not sequences:
        return ""
    starts = [s for i, s in enumerate(sequences) if i == 0 or sequences[i - 1] != s - 1]
    ends = [
        s for i, s in enumerate(sequences) if i + 1 == len(sequences) or sequences[i + 1] != s + 1
    ]
    parts = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return f": sequence {', '.join(parts[:10])}{', ...' if len(parts) > 10 else ''}"
