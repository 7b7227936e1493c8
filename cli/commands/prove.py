"""``eventlog prove``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._options import log_argument
from cli._output import write
from cli._signed import checkpoint_option, hashing, read_checkpoint_file
from eventlog import prove, prove_consistency


@click.command("prove")
@log_argument
@click.argument("sequence", metavar="[SEQUENCE]", type=click.IntRange(min=1), required=False)
@checkpoint_option
@click.option(
    "--from",
    "older",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="An older checkpoint: prove that the log only grew since.",
)
def command(
    log: Path, sequence: int | None, checkpoint_file: Path | None, older: Path | None
) -> None:
    """Prove that an event is in a signed log, or that the log only grew.

    The proof goes to stdout, with the checkpoint in it (C2SP tlog-proof; for two checkpoints, what
    a witness takes). 'eventlog verify-proof' checks it, and needs no log.

    \b
    Examples:
      eventlog prove LOG 42 --checkpoint LOG.checkpoint > 42.tlog-proof
      eventlog prove LOG --from old.checkpoint --checkpoint new.checkpoint > grown.proof
    """
    if checkpoint_file is None:
        raise click.UsageError("--checkpoint FILE says which signed log the proof is about")
    if (sequence is None) == (older is None):
        raise click.UsageError("what is to be proved? Give a SEQUENCE, or --from FILE")
    note = read_checkpoint_file(checkpoint_file)
    old_note = None if older is None else read_checkpoint_file(older)
    with hashing(log) as advance:
        if old_note is not None:
            proof = prove_consistency(log, old_note, note, advance)
        else:
            proof = prove(log, sequence or 0, note, advance)
    write(proof.encode())
