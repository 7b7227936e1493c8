"""What a program waits for before anything happens."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks._frame import MILLISECONDS, Piece, Prepared, Taken, Theme
from benchmarks._scale import Scale
from benchmarks._workload import BATCH, write_log

_BARE = "python -c pass"
_NEVER_KEEPS = "PYTHONDONTWRITEBYTECODE"
"""Set by some containers: then Python compiles every module again at every start."""
_READ = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1], readonly=True) as log:
    next(log.read(after=7))
"""
_APPEND = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1], sync="never") as log:
    log.append("note", {"text": "hello"})
"""


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log = scratch / "small.eventlog"
    write_log(log, min(BATCH, scale.replayed))
    python = [sys.executable, "-c"]
    commands = {
        _BARE: [*python, "pass"],
        "import eventlog": [*python, "import eventlog"],
        "from eventlog import EventLog": [*python, "from eventlog import EventLog"],
        "import projections": [*python, "import projections"],
        "import, open and read one event": [*python, _READ, str(log)],
        "import, open and append one event": [*python, _APPEND, str(log)],
        "eventlog --help": [str(Path(sys.executable).with_name("eventlog")), "--help"],
    }
    for command in commands.values():
        _run(command)  # which compiles what it imports
    yield Prepared(
        [
            Piece(name, partial(_run, command), against=None if name == _BARE else _BARE)
            for name, command in commands.items()
        ],
        [
            "A process from its start to its end, Python's own start included. Modules are "
            "compiled already, as those of an installed package are."
        ],
    )


THEME = Theme("Start-up", _prepare, lambda scale: 3 * scale.rounds)


def _run(command: list[str]) -> Taken:
    keeps = {name: value for name, value in os.environ.items() if name != _NEVER_KEEPS}
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=keeps)
    return Taken({MILLISECONDS: (time.perf_counter() - started) * 1e3})
