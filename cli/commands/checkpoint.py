"""``eventlog checkpoint``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._options import log_argument
from cli._output import write
from cli._signed import hashing, read_checkpoint_file, read_private_key
from eventlog import checkpoint


@click.command("checkpoint")
@log_argument
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="The private key, as 'eventlog keygen' wrote it.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write to this file instead of stdout. A checkpoint that is there is replaced by one "
    "that continues it, or not at all.",
)
def command(log: Path, key: Path, out: Path | None) -> None:
    """Sign what the log holds now: how many events, and the hash of all of them.

    Keep the checkpoint where those who write the log cannot change it. The events are on the disk
    when this returns. The format is that of transparency logs (C2SP tlog-checkpoint).

    \b
    Examples:
      eventlog checkpoint LOG --key audit.key > LOG.checkpoint
      eventlog checkpoint LOG --key audit.key --out /backup/LOG.checkpoint
    """
    private = read_private_key(key)
    if out is None:
        write(_sign(log, private, None).encode())
        return
    # Imported late: only here is a file replaced.
    from projections.exports._target_file import refuse_inside, replacing

    refuse_inside(log, out)
    with replacing(out) as written:
        previous = read_checkpoint_file(out) if out.exists() else None
        written.write_bytes(_sign(log, private, previous).encode())


def _sign(log: Path, private: str, previous: str | None) -> str:
    with hashing(log) as advance:
        return checkpoint(log, private, previous=previous, progress=advance)
