"""``eventlog demo``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._failures import Exit, Failure
from cli._invocation import own_name
from cli._options import LogType, open_for_writing
from cli._output import say
from cli._summaries import print_summaries
from cli._text import count, format_bytes, quoted
from eventlog import EventLog, verify
from projections import SessionSummaries, project
from sessions.sample import write_sample

_SEGMENT_BYTES = 1 << 20
_SESSIONS_SHOWN = 15


@click.command("demo")
@click.argument("log", metavar="[LOG]", default="demo.eventlog", type=LogType())
@click.option("--sessions", type=click.IntRange(min=1), metavar="N", default=400, show_default=True,
              help="How many sessions to make up.")  # fmt: skip
@click.option("--seed", type=int, metavar="N", default=17, show_default=True,
              help="The same seed gives the same events.")  # fmt: skip
def command(log: Path, sessions: int, seed: int) -> int:
    """Write a sample log, and show what can be asked of it.

    \b
    Examples:
      eventlog demo
      eventlog demo big.eventlog --sessions 20000
    """
    if log.exists():
        raise Failure(f"there is something at {log} already: choose another path, or delete it")
    with open_for_writing(
        log, create=True, sync="interval", segment_bytes=_SEGMENT_BYTES
    ) as opened:
        written = write_sample(opened, sessions, seed=seed)
        opened.seal()
        _describe(opened, written, sessions)
    report = verify(log)
    say(f"verified: {'every byte as written' if report.ok else 'DAMAGED'}")
    say("")
    with EventLog.open(log, readonly=True) as opened:
        print_summaries(project(opened, SessionSummaries()), _SESSIONS_SHOWN)
    _suggest(log, written)
    return Exit.DONE if report.ok else Exit.DATA


def _describe(log: EventLog, written: int, sessions: int) -> None:
    info = log.info()
    say(
        f"wrote {count(written, 'event')} of {count(sessions, 'session')} to {log.path}: "
        f"{count(info.sealed_segments, 'segment')} sealed, {format_bytes(info.raw_bytes)} of lines "
        f"in {format_bytes(info.stored_bytes)}"
    )


def _suggest(path: Path, events: int) -> None:
    name, log = own_name(), quoted(path)
    click.echo(
        f"""
Try next:
  {name} analyze {log}
  {name} trends {log} --metric session_length
  {name} recover {log}
  {name} audit {log} --type crash.detected --reverse -n 5
  {name} diff {log} session-summaries {events // 2}
  {name} tail {log} -f
  {name} --help"""
    )
