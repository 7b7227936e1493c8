"""Keys, checkpoints and proofs: how commands are given them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import click

from cli._options import open_for_reading
from cli._output import say
from cli._progress import progress_bar
from cli._text import quoted
from eventlog import InvalidKeyError, InvalidProofError
from eventlog._format import HARD_MAX_LINE_BYTES
from eventlog.checkpoints._checkpoint import unchecked
from eventlog.checkpoints._keys import PRIVATE_START, parse_private_key, parse_public_key

_MAX_TEXT = 2 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

checkpoint_option = click.option(
    "--checkpoint",
    "checkpoint_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A note that 'eventlog checkpoint' signed.",
)


class PublicKeyType(click.ParamType[str]):
    """A public key as text, or the file that holds it."""

    name = "key|file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The key's text; a private key given by mistake is not repeated in the message."""
        if value.startswith(PRIVATE_START):
            self.fail("this is a private key: keep it to yourself, and give the public one")
        path = Path(value)
        is_key = "+" in value and not os.path.exists(path)  # noqa: PTH110 - never raises
        text = value if is_key else read_text(path)
        try:
            parse_public_key(text)
        except InvalidKeyError as error:
            self.fail(error.message)
        return str(text)


public_key_option = click.option(
    "--public-key",
    metavar="KEY|FILE",
    type=PublicKeyType(),
    help="What 'eventlog keygen' printed, or a file with it.",
)


def read_text(path: Path) -> str:
    """A note, a proof or a public key; ``-`` is stdin. InvalidProofError when it is no text."""
    data = _read(path, _MAX_TEXT)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidProofError("this is no text file: check the path", path=path) from None


def read_checkpoint_file(path: Path) -> str:
    """The note in a file. Whether it is signed by the right key is another question."""
    note = read_text(path)
    try:
        unchecked(note)
    except InvalidProofError as error:
        raise InvalidProofError(error.message, path=path) from None
    return note


def read_line(path: Path) -> bytes:
    """An event as it is stored; ``-`` is stdin."""
    return _read(path, HARD_MAX_LINE_BYTES + 1)


def _read(path: Path, limit: int) -> bytes:
    if str(path) == "-":
        return _read_up_to(sys.stdin.buffer, path, limit)
    with path.open("rb") as file:
        return _read_up_to(file, path, limit)


def _read_up_to(file: IO[bytes], path: Path, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        what = f"this has more than {limit:,} bytes, and so it is not what is asked for"
        raise InvalidProofError(f"{what}: check the path", path=path)
    return data


def read_private_key(path: Path) -> str:
    """The text of a key file, with a warning when others can read it."""
    if str(path).startswith(PRIVATE_START):
        raise click.UsageError("--key takes a file: a command line can be seen by others")
    with path.open("rb") as file:
        text = _read_up_to(file, path, _MAX_TEXT).decode(errors="replace")
        mode = os.fstat(file.fileno()).st_mode
    try:
        parse_private_key(text)
    except InvalidKeyError as error:
        raise InvalidKeyError(error.message, path=path) from None
    if mode & _OTHERS:
        say(f"warning: others may read this private key: chmod 600 {quoted(path)}")
    return text


def hashing(log: Path) -> AbstractContextManager[Callable[[int], None]]:
    """A progress bar for reading the whole log once."""
    total = None
    if sys.stderr.isatty():  # else nobody sees it, and telling the size takes a while itself
        with open_for_reading(log) as opened:
            total = opened.info().raw_bytes
    return progress_bar("hashing", total)
