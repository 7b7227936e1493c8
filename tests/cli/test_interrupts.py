"""An interrupt at any moment of a command's life: exit code 130, one line, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from eventlog import EventLog
from tests.cli.helpers import PATIENCE, environment
from tests.support.logs import batch

MOMENTS = 200 if os.environ.get("EVENTLOG_DEEP") else 12
LONGEST_SECONDS = 0.2

# An interpreter that is interrupted while it starts prints a traceback of its own. So each of these
# says when it has started. Whoever interrupts it before we take over gets EARLY, but LATE when
# something heavy is being imported by then.
EARLY, LATE = 91, 92
READY = f"""
import os, runpy, signal, sys
signal.signal(signal.SIGINT, lambda *_: os._exit({LATE} if "click" in sys.modules else {EARLY}))
os.write(2, b".")
"""
SCRIPT = f'{READY}sys.argv[0] = sys.argv.pop(1); runpy.run_path(sys.argv[0], run_name="__main__")'
MODULE = f'{READY}runpy.run_module("cli", run_name="__main__", alter_sys=True)'
STARTS = {
    "eventlog": [SCRIPT, str(Path(sys.executable).with_name("eventlog"))],
    "python -m cli": [MODULE],
}


INTERRUPTED = (130, b"eventlog: interrupted\n")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("interrupted") / "log"
    with EventLog.open(path, sync="never") as opened:
        opened.extend(batch(1, 3000))
    return path


def begin(start: list[str], *args: str | Path) -> subprocess.Popen[bytes]:
    """A command whose interpreter has started, and that is about to begin."""
    child = subprocess.Popen(
        [sys.executable, "-c", *start, *map(str, args)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    assert child.stderr is not None
    assert child.stderr.read(1) == b"."
    return child


@pytest.mark.parametrize("start", STARTS.values(), ids=list(STARTS))
def test_an_interrupt_at_any_moment_is_at_most_one_line(start: list[str], log: Path) -> None:
    random, seen = Random(time.time_ns()), set()
    for part in range(MOMENTS):
        delay = (part + random.random()) / MOMENTS * LONGEST_SECONDS
        child = begin(start, "cat", log)
        time.sleep(delay)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
        end = (child.returncode, err)
        assert end in [(EARLY, b""), INTERRUPTED, (0, b"")], f"after {delay * 1000:.1f} ms"
        seen.add(end)
    assert INTERRUPTED in seen


PREPARED = """
import os, signal
from cli import _interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests
_interrupts.prepare()
"""


def run(code: str) -> tuple[int, bytes]:
    """How a process with this code ends: exit code and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PREPARED + code],
        capture_output=True, timeout=PATIENCE, env=environment(),
    )  # fmt: skip
    return done.returncode, done.stderr


INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"


def test_before_a_command_runs_an_interrupt_ends_the_process_at_once() -> None:
    code = f"try: {INTERRUPT}\nfinally: print('tidied up')"
    assert run(code) == INTERRUPTED


def test_while_a_command_runs_it_may_tidy_up_once() -> None:
    code = f"""
_interrupts.unwind()
try:
    {INTERRUPT}
except KeyboardInterrupt:
    os.write(2, b"tidying up\\n")
    {INTERRUPT}
    os.write(2, b"never\\n")
"""
    assert run(code) == (130, b"tidying up\neventlog: interrupted\n")


def test_an_interrupt_that_nobody_can_catch_is_not_lost() -> None:
    code = f"""
_interrupts.unwind()
class Deaf:
    def __del__(self):
        {INTERRUPT}
Deaf()
os.write(2, b"never\\n")
"""
    assert run(code) == INTERRUPTED


def test_after_the_answer_an_interrupt_comes_too_late() -> None:
    assert run(f"_interrupts.finish()\n{INTERRUPT}") == (0, b"")


def test_what_was_started_in_the_background_stays_deaf_to_interrupts() -> None:
    code = f"""
signal.signal(signal.SIGINT, signal.SIG_IGN)
_interrupts.prepare()
{INTERRUPT}
"""
    assert run(code) == (0, b"")
