"""Running the command: in this process where that is enough, else in one of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from attrs import frozen

from cli._failures import run
from cli._group import group

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "cli"]
PATIENCE = 60.0

# Whatever these say where the tests run, they would change what the command prints.
_PERSONAL = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "EVENTLOG_TRACEBACK", "PYTHONIOENCODING")


@frozen
class Outcome:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What a person reads on stdout."""
        return self.out.decode()

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)

    @property
    def jsonl(self) -> list[Any]:
        """The documents on stdout, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what would change the output, then the changes."""
    kept = {name: value for name, value in os.environ.items() if name not in _PERSONAL}
    return {**kept, **(changes or {})}


def eventlog(
    *args: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> Outcome:
    """Run the command in this process, with streams of its own."""
    out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
    with (
        mock.patch.object(sys, "argv", ["eventlog", *map(str, args)]),
        mock.patch.object(sys, "stdin", TextIOWrapper(BytesIO(stdin), "utf-8")),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
        mock.patch.dict(os.environ, environment(env), clear=True),
        pytest.raises(SystemExit) as ended,
    ):
        run(group)
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
    return Outcome(int(ended.value.code or 0), out.buffer.read(), err.read())


def spawn(
    *args: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    prepare: Callable[[], None] | None = None,
) -> Outcome:
    """Run the command in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, args)],
        input=stdin, capture_output=True, env=environment(env), cwd=cwd, timeout=PATIENCE,
        preexec_fn=prepare,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def start(*args: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command, and leave it running."""
    return subprocess.Popen(
        [*COMMAND, *map(str, args)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(), **options,
    )  # fmt: skip


def refused(outcome: Outcome, code: int, *expected: str) -> str:
    """Check that the command said no as it should: nothing on stdout, one line on stderr."""
    assert outcome.code == code, outcome
    assert outcome.out == b""
    assert outcome.err.startswith("eventlog: "), outcome.err
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.endswith("\n")
    _check_no_traceback(outcome)
    for part in expected:
        assert part in outcome.err
    return outcome.err


def misused(outcome: Outcome, *expected: str) -> None:
    """Check that the command was not called as it should be: exit code 2, with how to get help."""
    assert outcome.code == 2, outcome
    assert outcome.out == b""
    _check_no_traceback(outcome)
    assert "--help" in outcome.err
    for part in expected:
        assert part in outcome.err


def _check_no_traceback(outcome: Outcome) -> None:
    assert "Traceback" not in outcome.err
    assert "this is a bug" not in outcome.err


def tree(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and directory below ``path``, with mode and content."""
    return {
        str(one.relative_to(path)): (
            one.lstat().st_mode,
            one.read_bytes() if one.is_file() else b"",
        )
        for one in sorted(path.rglob("*"))
    }


def sound(log: Path) -> int:
    """Check that the log verifies clean; how many events it holds."""
    outcome = eventlog("verify", log, "--json")
    assert outcome.code == 0, outcome
    assert outcome.json["ok"] is True
    return int(outcome.json["events"])


def in_namespace(script: str, *args: str | Path) -> Outcome:
    """Run a shell script where it may mount; ``$eventlog`` is the command. Skips where it cannot.

    The mounts are gone when it ends.
    """
    unshare = shutil.which("unshare")
    probe = "mount -t tmpfs -o size=64k tmpfs /mnt"
    if unshare is None or subprocess.run([unshare, "-rm", "sh", "-c", probe]).returncode:
        pytest.skip("NOT TESTED: 'unshare -rm' and mount are not allowed here")
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", script, "sh", *map(str, args)],
        capture_output=True, timeout=PATIENCE,
        env=environment({"eventlog": f"{sys.executable} -m cli"}),
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
"""What must never reach a terminal: all controls but the line feed, and bidirectional marks."""
