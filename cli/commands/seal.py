"""``eventlog seal``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._options import json_option, lock_timeout_option, log_argument, open_for_writing
from cli._output import print_json, say
from cli._text import count, format_bytes


@click.command("seal")
@log_argument
@lock_timeout_option
@json_option
def command(log: Path, lock_timeout: float, as_json: bool) -> None:
    """Rotate, then compress, hash and record all but the new segment.

    \b
    Example:
      eventlog seal LOG && zstd -dc LOG/segments/*.zst | jq -r .type
    """
    with open_for_writing(log, lock_timeout=lock_timeout) as opened:
        before = opened.info()
        opened.seal()
        after = opened.info()
    sealed = after.sealed_segments - before.sealed_segments
    if as_json:
        print_json({"sealed": sealed, "segments": after.segments})
        return
    if not sealed:
        say("nothing to seal")
        return
    sizes = f"{format_bytes(before.stored_bytes)} on disk, now {format_bytes(after.stored_bytes)}"
    say(f"sealed {count(sealed, 'segment')}; it was {sizes}")
