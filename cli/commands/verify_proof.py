"""``eventlog verify-proof``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._options import json_option
from cli._output import print_json
from cli._signed import public_key_option, read_checkpoint_file, read_line, read_text
from cli._text import clean, count
from eventlog import verify_consistency, verify_proof
from eventlog.checkpoints._proof import is_consistency


@click.command("verify-proof")
@click.argument("proof", metavar="PROOF", type=click.Path(path_type=Path))
@click.option(
    "--event",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The event, as 'eventlog cat LOG --jsonl' prints it; - for stdin.",
)
@click.option(
    "--from",
    "older",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The older checkpoint, when the proof is about two.",
)
@public_key_option
@json_option
def command(
    proof: Path, event: Path | None, older: Path | None, public_key: str | None, as_json: bool
) -> None:
    """Check a proof that 'eventlog prove' made. No log is needed.

    The event is wanted byte by byte as it is stored; 'eventlog cat LOG --after 41 -n 1 --jsonl'
    prints number 42 so. The exit code is 3 when the proof does not hold.

    \b
    Examples:
      eventlog verify-proof 42.tlog-proof --event event.jsonl --public-key audit.pub
      eventlog verify-proof grown.proof --from old.checkpoint --public-key audit.pub
    """
    if public_key is None:
        raise click.UsageError("--public-key says whose signature is to be believed")
    text = read_text(proof)
    if is_consistency(text):
        _verify_growth(text, older, public_key, as_json)
    else:
        _verify_event(text, event, public_key, as_json)


def _verify_event(text: str, event: Path | None, public_key: str, as_json: bool) -> None:
    if event is None:
        raise click.UsageError("--event FILE is what the proof is about")
    proven = verify_proof(text, read_line(event), public_key)
    signed = proven.checkpoint
    if as_json:
        values = {"log_id": signed.log_id, "sequence": proven.sequence, "size": signed.size}
        print_json({"ok": True, **values})
        return
    where = f"the signed log {signed.log_id} of {count(signed.size, 'event')}"
    click.echo(clean(f"ok: this is event {proven.sequence} of {where}"))


def _verify_growth(text: str, older: Path | None, public_key: str, as_json: bool) -> None:
    if older is None:
        raise click.UsageError("--from FILE is the older checkpoint: this proof is about two")
    old, new = verify_consistency(text, read_checkpoint_file(older), public_key)
    if as_json:
        print_json({"ok": True, "log_id": new.log_id, "old_size": old.size, "size": new.size})
        return
    grown = f"from {old.size:,} to {count(new.size, 'event')}"
    click.echo(clean(f"ok: the signed log {new.log_id} only grew, {grown}"))
