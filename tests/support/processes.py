"""Child processes that use a log, each ended by its own id."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def child(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Runs ``program`` (Python, with ``sys.argv``); killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(program: str, *arguments: object, timeout: float = 60) -> str:
    """What ``program`` printed; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True, text=True, cwd=ROOT, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that the child prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the child ended"
    return line.rstrip("\n")


@contextmanager
def children_at_once(
    program: str, arguments: Iterable[tuple[object, ...]]
) -> Iterator[list[subprocess.Popen[str]]]:
    """One child for each tuple of arguments. Each prints "ready", and waits for a line to go on."""
    with ExitStack() as stack:
        children = [stack.enter_context(child(program, *each)) for each in arguments]
        for one in children:
            assert line_of(one) == "ready"
        for one in children:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        yield children
