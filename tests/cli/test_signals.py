"""Ctrl-C, a closed pipe, and SIGKILL: how a command ends, and what it leaves behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from eventlog import EventLog
from tests.cli.helpers import (
    COMMAND,
    PATIENCE,
    environment,
    eventlog,
    refused,
    sound,
    spawn,
    start,
)
from tests.support.logs import batch

INTERRUPTED = (130, "eventlog: interrupted\n")
KILLS = 300 if os.environ.get("EVENTLOG_DEEP") else 25


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that no pipe can hold."""
    path = tmp_path_factory.mktemp("large") / "log"
    with EventLog.open(path, sync="never") as log:
        log.extend(batch(1, 20_000))
    return path


def end_of(child: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and stderr."""
    _, err = child.communicate(timeout=PATIENCE)
    return child.returncode, err.decode()


def wait_for_output(child: subprocess.Popen[bytes]) -> None:
    assert child.stdout is not None
    ready, _, _ = select.select([child.stdout], [], [], PATIENCE)
    assert ready, "the command printed nothing"


def wait_for_events(log: Path, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (log / "log.json").exists():
            with EventLog.open(log, readonly=True) as opened:
                if opened.head() >= number:
                    return
        time.sleep(0.02)
    raise AssertionError("the events did not come")


def test_an_interrupted_import_ends_with_130_and_resumes(tmp_path: Path) -> None:
    lines = [b'{"type":"t","n":%d}\n' % n for n in range(3000)]
    child = subprocess.Popen(
        [*COMMAND, "import", tmp_path / "log", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(b"".join(lines[:1500]))
    child.stdin.flush()
    wait_for_events(tmp_path / "log", 1000)
    child.send_signal(signal.SIGINT)
    assert end_of(child) == INTERRUPTED
    before = sound(tmp_path / "log")
    assert 1000 <= before <= 1500
    again = spawn("import", tmp_path / "log", "-", stdin=b"".join(lines))
    assert again.text == f"imported {3000 - before:,} events, {before:,} already there\n"
    assert sound(tmp_path / "log") == 3000


def test_an_interrupted_cat_ends_with_130(large: Path) -> None:
    child = start("cat", large)
    wait_for_output(child)
    child.send_signal(signal.SIGINT)
    assert end_of(child) == INTERRUPTED


def test_an_interrupted_tail_ends_with_130(large: Path) -> None:
    child = start("tail", large, "-f", "-n", "1")
    wait_for_output(child)
    child.send_signal(signal.SIGINT)
    assert end_of(child) == INTERRUPTED


def test_an_interrupt_leaves_the_log_clean(large: Path) -> None:
    assert sound(large) == 20_000


def test_an_interrupt_anywhere_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.commands.info.open_for_reading", interrupt)
    before = signal.getsignal(signal.SIGINT)
    try:
        refused(eventlog("info", "log"), 130, "interrupted")
    finally:
        signal.signal(signal.SIGINT, before)


def test_impatience_is_no_worse_than_one_interrupt(large: Path) -> None:
    child = start("tail", large, "-f")
    wait_for_output(child)
    for _ in range(5):
        child.send_signal(signal.SIGINT)
    code, err = end_of(child)
    assert code in (130, -signal.SIGINT)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "args", [["cat"], ["cat", "--jsonl"], ["cat", "--json"], ["tail", "-n", "20000"]], ids=" ".join
)
def test_a_closed_pipe_ends_the_command_quietly(args: list[str], large: Path) -> None:
    child = start(*args, large)
    assert child.stdout is not None
    assert child.stdout.readline()
    child.stdout.close()
    assert child.stderr is not None
    err = child.stderr.read()
    assert (child.wait(PATIENCE), err) == (-signal.SIGPIPE, b"")
    child.stderr.close()


def test_head_takes_what_it_wants_from_a_pipe(large: Path) -> None:
    script = f'{sys.executable} -m cli cat "$1" --jsonl | head -n 1 | wc -l; echo "done"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", large], capture_output=True, env=environment(), timeout=PATIENCE
    )
    assert done.stdout.split() == [b"1", b"done"]
    assert done.stderr == b""


# SIGKILL. The batches and segments are small, so that a kill meets all that an import does.

IMPORT_IN_SMALL_STEPS = """
import sys
from eventlog import EventLog
from eventlog.importing import ImportOptions, import_files
with EventLog.open(sys.argv[1], sync="never", segment_bytes=100_000) as log:
    print("opened", flush=True)
    import_files(log, [sys.argv[2]], ImportOptions(batch_events=50))
"""


def start_import(log: Path, file: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", IMPORT_IN_SMALL_STEPS, log, file],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"opened\n"
    return child


def content(log: Path) -> list[tuple[Any, ...]]:
    """All that an import decides about each event."""
    with EventLog.open(log, readonly=True) as opened:
        return [
            (event.sequence, event.type, event.subject, event.source, event.time, event.data)
            for event in opened.read()
        ]


def make_input(path: Path) -> Path:
    """A few MB of lines; about one of a hundred is none that can be imported."""
    pads, draw = "x" * 900, Random(17).randrange
    lines = [
        f'{{"type":"t.{n % 3}","subject":"s-{n % 7}","time":"2026-01-01T00:00:{n % 60:02}Z",'
        f'"n":{n},"pad":"{pads[: draw(900)]}"}}'
        if n % 97
        else f"line {n} is no JSON"
        for n in range(3000)
    ]
    path.write_text("\n".join(lines))
    return path


def test_an_import_that_is_killed_again_and_again_ends_like_one_that_was_not(
    tmp_path: Path,
) -> None:
    file = make_input(tmp_path / "in.jsonl")
    child = start_import(tmp_path / "whole", file)
    begun = time.monotonic()
    assert end_of(child)[0] == 0
    duration = time.monotonic() - begun
    expected = content(tmp_path / "whole")
    rejected = (tmp_path / "whole" / "rejects.jsonl").read_bytes()
    assert len(expected) + rejected.count(b"\n") == 3000

    kills, attempt, random = 0, 0, Random(time.time_ns())
    while kills < KILLS:
        attempt += 1
        log = tmp_path / f"log-{attempt}"
        patience = 0.3 * duration
        while kill_or_finish(log, file, random.uniform(0, patience)):
            kills += 1
            patience += 0.1 * duration  # so that it comes to an end on a busy machine, too
        assert content(log) == expected, f"attempt {attempt}, after {kills} kills"
        assert (log / "rejects.jsonl").read_bytes() == rejected
        assert sound(log) == len(expected)


def kill_or_finish(log: Path, file: Path, delay: float) -> bool:
    """Import for a moment; whether it had to be killed."""
    child = start_import(log, file)
    try:
        child.wait(delay)
    except subprocess.TimeoutExpired:
        child.kill()
    code, err = end_of(child)
    assert code in (0, -signal.SIGKILL), err
    return code != 0
