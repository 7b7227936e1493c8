"""``eventlog verify``."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import evolve, frozen

from cli._failures import Exit, Failure
from cli._options import json_option, log_argument, open_for_reading
from cli._output import print_json, say, to_json
from cli._progress import progress_bar
from cli._signed import checkpoint_option, public_key_option, read_checkpoint_file
from cli._text import clean, count, quoted
from eventlog import (
    DamagedLogError,
    Fault,
    PrunedError,
    VerifyReport,
    verify,
    verify_checkpoint,
)
from eventlog.checkpoints._checkpoint import read_checkpoint

_NOT_FOR_REPAIR = ("identity", "torn", "rollback", "rewritten")


@click.command("verify")
@log_argument
@checkpoint_option
@public_key_option
@json_option
def command(log: Path, checkpoint_file: Path | None, public_key: str | None, as_json: bool) -> int:
    """Check every line, batch, frame, hash, Merkle root and link.

    The exit code is 3 on any fault, a torn tail included; the next writer mends that one itself.
    With a checkpoint, an older copy of the log and a rewritten one are faults as well.

    \b
    Examples:
      eventlog verify LOG
      eventlog verify LOG --checkpoint LOG.checkpoint --public-key audit.pub
      eventlog verify LOG --json | jq -r '.faults[] | "\\(.file):\\(.offset): \\(.message)"'
    """
    signed = _Signed.read(checkpoint_file, public_key)
    with progress_bar("verifying", _size(log)) as advance:
        report = verify(log, advance)
    if signed is not None:
        report = _compare(log, signed, report)
    if as_json:
        print_json(to_json(report))
    else:
        _print_people(report.faults)
        checked = f"{count(report.events, 'event')} in {count(report.segments, 'segment')}"
        found = count(len(report.faults), "fault")
        as_signed = f"; the first {signed.size:,} are what was signed" if signed else ""
        click.echo(f"ok: {checked}{as_signed}" if report.ok else f"{found} found: {checked} intact")
        if any(fault.kind not in _NOT_FOR_REPAIR for fault in report.faults):
            say(f"'eventlog repair {quoted(log)} --dry-run' shows what can be kept")
    return Exit.DONE if report.ok else Exit.DATA


@frozen
class _Signed:
    """A checkpoint that is signed by the key, as was checked before any work."""

    note: str
    public_key: str
    size: int

    @classmethod
    def read(cls, checkpoint_file: Path | None, public_key: str | None) -> _Signed | None:
        if checkpoint_file is None and public_key is None:
            return None
        if checkpoint_file is None or public_key is None:
            raise click.UsageError("--checkpoint and --public-key go together")
        note = read_checkpoint_file(checkpoint_file)
        return cls(note, public_key, read_checkpoint(note, public_key).size)


def _compare(log: Path, signed: _Signed, report: VerifyReport) -> VerifyReport:
    """The report, with what the checkpoint tells of the log."""
    try:
        with progress_bar("comparing", _size(log)) as advance:
            faults = verify_checkpoint(log, signed.note, signed.public_key, advance)
    except DamagedLogError as error:
        if report.ok:
            raise
        say(f"not compared with the checkpoint, because of the damage: {error}")
        return report
    except PrunedError as error:
        if report.ok:  # neither sound nor rewritten
            raise Failure(
                f"the log is sound, but was not compared with the checkpoint: {error}"
            ) from error
        say(f"not compared with the checkpoint: {error}")
        return report
    return evolve(report, ok=report.ok and not faults, faults=report.faults + faults)


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
