"""``eventlog append``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cli._done import done
from cli._failures import Exit, Failure
from cli._options import (
    MomentType,
    json_option,
    lock_timeout_option,
    log_argument,
    open_for_writing,
)
from cli._output import print_json
from eventlog._format import HARD_MAX_LINE_BYTES
from eventlog.importing import BadLineError, decode_object


def _parse(data: str) -> dict[str, Any]:
    given = _read_stdin() if data == "-" else data.encode(errors="surrogateescape")
    try:
        return decode_object(given)
    except BadLineError as error:
        what = "DATA takes a JSON object, like '{\"ok\": true}'"
        raise Failure(f"{error.reason}: {what}", Exit.DATA) from None


def _read_stdin() -> bytes:
    data = sys.stdin.buffer.read(HARD_MAX_LINE_BYTES + 1)
    if len(data) > HARD_MAX_LINE_BYTES:
        raise Failure(
            f"DATA has more than {HARD_MAX_LINE_BYTES:,} bytes: keep large content in a file, and "
            "its name and hash in the event",
            Exit.DATA,
        )
    return data


@click.command("append")
@log_argument
@click.argument("type_", metavar="TYPE")
@click.argument("data", metavar="[DATA]", default="{}")
@click.option("--subject", help="The session that the event belongs to.")
@click.option("--source", default="cli", show_default=True, help="Who says so; a URI reference.")
@click.option("--id", "id_", help="Makes a retry idempotent: stored once per source and id.")
@click.option("--time", type=MomentType(), help="When it happened; now by default.")
@click.option(
    "--expected-sequence",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only when the log's last sequence is N; exit code 4 else.",
)
@click.option(
    "--expected-stream-sequence",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only when the last sequence of --subject is N (0: none); exit code 4 else.",
)
@lock_timeout_option
@json_option
def command(
    log: Path,
    type_: str,
    data: str,
    subject: str | None,
    source: str,
    id_: str | None,
    time: datetime | None,
    expected_sequence: int | None,
    expected_stream_sequence: int | None,
    lock_timeout: float,
    as_json: bool,
) -> None:
    """Append one event and print its sequence. It is on the disk when this returns.

    DATA is a JSON object, or - to read it from stdin. LOG must exist.

    \b
    Examples:
      eventlog append LOG task.started '{"task": "write docs"}' --subject s-17
      jq -c .metrics run.json | eventlog append LOG metric.recorded - --subject s-17
    """
    payload = _parse(data)
    with open_for_writing(log, lock_timeout=lock_timeout) as opened:
        sequence = opened.append(
            type_,
            payload,
            subject=subject,
            source=source,
            id=id_,
            time=time,
            expected_sequence=expected_sequence,
            expected_stream_sequence=expected_stream_sequence,
        )
    with done(f"the event was stored with sequence {sequence}"):
        if as_json:
            print_json({"sequence": sequence})
        else:
            click.echo(sequence)
