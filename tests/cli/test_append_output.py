"""What was done is told even where the answer cannot be printed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.helpers import COMMAND, PATIENCE, environment, eventlog, sound

pytestmark = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="NOT TESTED: needs /dev/full"
)


def printing_fails(*args: str | Path, stream: str = "stdout") -> tuple[int, str]:
    """Exit code and the other stream of a command whose output meets a full disk."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=full if stream == "stdout" else subprocess.PIPE,
            stderr=full if stream == "stderr" else subprocess.PIPE,
            env=environment(), timeout=PATIENCE,
        )  # fmt: skip
    other: bytes = done.stderr if stream == "stdout" else done.stdout
    return done.returncode, other.decode()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_append_that_cannot_print_says_what_it_stored(
    tmp_path: Path, options: list[str]
) -> None:
    eventlog("init", tmp_path / "log")
    eventlog("append", tmp_path / "log", "a")
    code, err = printing_fails("append", tmp_path / "log", "b", *options)
    assert code == 1
    assert err == (
        "eventlog: the event was stored with sequence 2; only printing that failed: "
        "No space left on device\n"
    )
    assert sound(tmp_path / "log") == 2


def test_an_import_that_cannot_print_says_what_it_imported(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b'{"type":"a"}\nbad\n{"type":"b"}\n')
    code, err = printing_fails("import", tmp_path / "log", tmp_path / "in")
    assert code == 1
    assert err.splitlines()[-1] == (
        "eventlog: imported 2 events, 1 line rejected; only printing that failed: "
        "No space left on device"
    )


def test_rejected_lines_that_cannot_be_named_do_not_stop_an_import(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b'{"type":"a"}\n' + b"bad\n" * 3000 + b'{"type":"b"}\n')
    code, out = printing_fails("import", tmp_path / "log", tmp_path / "in", stream="stderr")
    assert (code, out) == (1, "")
    assert sound(tmp_path / "log") == 2
    assert len((tmp_path / "log" / "rejects.jsonl").read_bytes().splitlines()) == 3000
