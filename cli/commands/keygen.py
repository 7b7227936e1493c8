"""``eventlog keygen``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._done import done
from cli._failures import Failure
from cli._text import clean, quoted
from eventlog import new_key
from eventlog._files import Files


@click.command("keygen")
@click.argument("name")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="Where the private key goes: a new file that only you can read.",
)
def command(name: str, out: Path) -> None:
    """Make a key that signs checkpoints, and print its public part.

    NAME says who signs, best like a URL without spaces. Whoever has the private key can sign: keep
    it apart from the log. Whoever has the public key can check: hand it out.

    \b
    Example:
      eventlog keygen example.com/audit --out audit.key > audit.pub
    """
    key = new_key(name)
    try:
        Files().write_new(out, f"{key.private}\n".encode())
    except FileExistsError:
        what = "there is a file of this name, and it may be a key: choose another"
        raise Failure(f"{what} ({out})") from None
    with done(f"the private key is in {quoted(out)}"):
        click.echo(clean(key.public))
