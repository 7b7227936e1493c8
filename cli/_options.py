"""Options that several commands share, each written once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from eventlog import EventLog

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_MAX_DIGITS = 19  # of a sequence, as the format has it


class LogType(click.ParamType[Path]):
    """The path of a log's directory."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; a usage error for an empty one, which would mean the working directory."""
        if not str(value):
            self.fail("the path is empty: name the log's directory", param, ctx)
        return Path(value)


log_argument = click.argument("log", metavar="LOG", type=LogType())

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
jsonl_option = click.option(
    "--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object a line."
)
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


class SecondsType(click.ParamType[float]):
    """A number of seconds from 0. (``click.FloatRange`` lets nan through.)"""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; a usage error for anything else."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = nan
        if not seconds >= 0:
            self.fail(f"{value!a} is no number of seconds from 0", param, ctx)
        return seconds


lock_timeout_option = click.option(
    "--lock-timeout",
    metavar="SECONDS",
    type=SecondsType(),
    default=10.0,
    show_default=True,
    help="How long to wait for other processes.",
)


class MomentType(click.ParamType[datetime]):
    """A time, as ``2026-02-06``, ``2026-02-06T12:34`` or with any fraction and zone; UTC else."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The aware time; a usage error for anything else."""
        if isinstance(value, datetime):
            return value
        try:
            return _parse_moment(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!a} is no time: write it like 2026-02-06T12:34:56Z", param, ctx)


def _parse_moment(text: str) -> datetime:
    # fromisoformat alone takes any character for the T, and any run of digits for a time.
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class AsOfType(click.ParamType["int | datetime"]):
    """A sequence, or a time."""

    name = "sequence|time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | datetime:
        """An int for a sequence; otherwise as MomentType."""
        if isinstance(value, int | datetime):
            return value
        if value.isdecimal() and len(value) <= _MAX_DIGITS:
            return int(value)
        try:
            return _parse_moment(value)
        except (ValueError, OverflowError):
            what = "no sequence and no time: write it like 4821, or 2026-02-06T12:34:56Z"
            self.fail(f"{value!a} is {what}", param, ctx)


def open_for_reading(log: Path) -> EventLog:
    """The log, which must be there."""
    from eventlog import EventLog

    return EventLog.open(log, readonly=True)


def open_for_writing(log: Path, *, create: bool = False, **options: Any) -> EventLog:
    """The log, which must be there unless ``create``. What it recovers, it logs to stderr."""
    from eventlog import EventLog

    return EventLog.open(log, create=create, **options)
