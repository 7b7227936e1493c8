"""``kill -9`` at random moments: recovery starts from the last state whose append had returned."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from eventlog import EventLog
from tests.support import DEEP
from tests.support.processes import ROOT, child, line_of

KILLS = 40 if DEEP else 6
PATIENCE = 60.0

SAVE_STATES = """
import sys
from eventlog import EventLog, NewEvent
path, step, sync = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with EventLog.open(path, sync=sync, segment_events=25) as log:
    while True:
        step += 1
        state = {"step": step, "queue": list(range(step % 50)), "text": "x" * (step % 400)}
        log.extend([
            NewEvent("task.started", {"task": "noise"}, subject="another"),
            NewEvent("state.saved", state, subject="worker"),
        ])
        print(step, flush=True)
"""


def recovered(log: Path) -> dict[str, Any]:
    """What the command answers about the worker."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "recover", str(log), "worker", "--json"],
        capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    snapshot: dict[str, Any] = json.loads(done.stdout)
    return snapshot


def acknowledged_before_the_kill(log: Path, step: int, sync: str, lines: int) -> int:
    """Runs the worker behind ``step``, kills it in its work, and gives the last step it told."""
    with child(SAVE_STATES, log, step, sync) as worker:
        last = [int(line_of(worker)) for _ in range(lines)][-1]
        worker.kill()
        assert worker.stdout is not None
        rest = [line for line in worker.stdout if line.endswith("\n")]
        assert worker.wait(PATIENCE) == -signal.SIGKILL
    return int(rest[-1]) if rest else last


@pytest.mark.parametrize("sync", ["never", "always"])
def test_the_last_acknowledged_state_is_recovered_after_every_kill(
    sync: str, tmp_path: Path
) -> None:
    seed = time.time_ns()
    random, log, step = Random(seed), tmp_path / "log", 0
    for _ in range(KILLS):
        last = acknowledged_before_the_kill(log, step, sync, random.randint(1, 60))
        snapshot = recovered(log)
        step = snapshot["state"]["step"]
        # The kill may hit between the append and the word about it.
        assert step in (last, last + 1), f"seed {seed}"
        assert snapshot["state"] == {
            "step": step, "queue": list(range(step % 50)), "text": "x" * (step % 400),
        }  # fmt: skip
        assert snapshot["ended_cleanly"] is False
    with EventLog.open(log) as opened:
        saved = [event.data["step"] for event in opened.read(types="state.saved")]
    assert saved == list(range(1, step + 1))
