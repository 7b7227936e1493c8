"""How this command was called, for commands that we suggest."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from shlex import join

from cli._text import clean


def own_name() -> str:
    """What a shell takes in place of ``eventlog``, where it finds the command under another name.

    In a checkout that is ``.venv/bin/eventlog``, until the environment is activated.
    """
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return clean(join([sys.executable, "-m", "cli"]))
    found = shutil.which("eventlog")
    if not called.exists() or (found is not None and called.samefile(found)):
        return "eventlog"
    return clean(join([sys.argv[0]]))
