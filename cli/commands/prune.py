"""``eventlog prune``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cli._failures import Exit, Failure
from cli._options import (
    MomentType,
    dry_run_option,
    json_option,
    lock_timeout_option,
    log_argument,
    open_for_reading,
    yes_option,
)
from cli._output import print_json, to_json
from cli._text import clean, count, quoted
from eventlog import PruneReport, prune

_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BYTES |= {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}
_SIZE = re.compile(r"(\d{1,15})\s*([kmgt]i?)?b?", re.ASCII | re.IGNORECASE)
_AGE = re.compile(r"(\d{1,6})\s*([hdw])", re.ASCII | re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


class _SizeType(click.ParamType[int]):
    """A size: ``500MB`` (powers of ten), ``2GiB`` (powers of two), or plain bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _SIZE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!a} is no size: write it like 500MB or 2GiB", param, ctx)
        return int(match[1]) * _BYTES[(match[2] or "").lower()]


class _AgeType(click.ParamType[timedelta]):
    """An age: ``36h``, ``90d`` or ``8w``."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        match = _AGE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!a} is no age: write it like 36h, 90d or 8w", param, ctx)
        return timedelta(hours=int(match[1]) * _HOURS[match[2].lower()])


@click.command("prune")
@log_argument
@click.option(
    "--before",
    type=MomentType(),
    help="Drop segments in which everything happened before this time.",
)
@click.option(
    "--older-than",
    type=_AgeType(),
    metavar="AGE",
    help="The same, counted back from now: 36h, 90d, 8w.",
)
@click.option(
    "--keep-size",
    type=_SizeType(),
    metavar="SIZE",
    help="Drop until the sealed segments take no more than this: 500MB, 2GiB.",
)
@click.option(
    "--keep-events",
    type=click.IntRange(min=0),
    metavar="N",
    help="Drop what is not needed to keep the newest N events.",
)
@dry_run_option
@yes_option
@lock_timeout_option
@json_option
def command(
    log: Path, before: datetime | None, older_than: timedelta | None, keep_size: int | None,
    keep_events: int | None, dry_run: bool, yes: bool, lock_timeout: float, as_json: bool,
) -> None:  # fmt: skip
    """Drop the oldest sealed segments, for good.

    Only whole sealed segments go, oldest first; with several rules, those that any of them drops.
    What is kept still verifies and keeps its sequences, and the manifest says what was dropped.
    Run 'eventlog seal' first to make the newest events a segment of their own.

    \b
    Examples:
      eventlog prune LOG --older-than 90d --dry-run
      eventlog prune LOG --keep-size 2GiB --yes
      eventlog prune LOG --keep-events 1000000 --before 2026-01-01 --yes
    """
    if before is None and older_than is None and keep_size is None and keep_events is None:
        raise Failure(
            "say what to keep: --older-than, --before, --keep-size or --keep-events", Exit.USAGE
        )
    if not (dry_run or yes):
        raise Failure(
            "prune deletes events for good: look at --dry-run, or confirm with --yes", Exit.USAGE
        )
    report = prune(
        log,
        before=_latest(before, older_than),
        keep_bytes=keep_size,
        keep_events=keep_events,
        dry_run=dry_run,
        lock_timeout=lock_timeout,
    )
    if as_json:
        print_json(to_json(report))
    elif not report.segments:
        click.echo(f"nothing to prune: {_why_nothing(log)}")
    else:
        _print_people(report, dry_run)


def _why_nothing(log: Path) -> str:
    with open_for_reading(log) as opened:
        if opened.sealed():
            return "every sealed segment is to be kept"
    return (
        "no segment is sealed, and only sealed ones can be pruned; "
        f"'eventlog seal {quoted(log)}' seals all there is"
    )


def _latest(before: datetime | None, older_than: timedelta | None) -> datetime | None:
    if older_than is None:
        return before
    moment = datetime.now(UTC) - older_than
    return moment if before is None else max(before, moment)


def _print_people(report: PruneReport, dry_run: bool) -> None:
    would = "would be" if dry_run else "were" if report.events != 1 else "was"
    click.echo(
        f"{count(report.events, 'event')} in {count(len(report.segments), 'segment')} "
        f"({report.stored_bytes:,} bytes) {would} pruned"
    )
    click.echo(clean(f"the log {'would begin' if dry_run else 'begins'} at {report.first_kept:,}"))
