"""The farming logger in processes of its own: the example, the command, kill -9, two bots."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from eventlog import EventLog, verify
from sessions._shared_log import close_shared_logs
from sessions.farming import SessionLogger, StatisticsTracker
from tests.cli.helpers import eventlog
from tests.sessions.farming.helpers import FILE, LOG
from tests.support import DEEP
from tests.support.processes import ROOT, child, line_of, run


def test_the_example_runs_as_it_stands() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "farming.py"],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["450 3 1 ", "1 Orc Fort 2", "True"]


def test_the_example_in_the_package_runs() -> None:
    import sessions.farming

    doc = sessions.farming.__doc__ or ""
    code = "\n".join(line[4:] for line in doc.split("Example::\n")[1].splitlines())
    exec(code, {"SessionLogger": SessionLogger, "StatisticsTracker": StatisticsTracker})  # noqa: S102
    assert json.loads(FILE.read_bytes())[0]["total_gold"] == 120


def test_the_code_on_the_page_runs() -> None:
    page = (ROOT / "docs" / "sessions" / "farming.md").read_text()
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)  # noqa: S102
    assert json.loads(FILE.read_bytes())[0]["total_gold"] == 450


def test_importing_leaves_no_trace(tmp_path: Path) -> None:
    program = """
import logging, os, sys
os.chdir(sys.argv[1])
handlers, before = logging.getLogger().handlers[:], set(sys.modules)
import sessions.farming
assert logging.getLogger().handlers == handlers
print(os.listdir("."), {"cattrs", "sqlite3", "click", "rich"} & (set(sys.modules) - before))
"""
    assert run(program, tmp_path) == "[] set()\n"


COMMANDS = {
    "summary": [],
    "analyze": [],
    "areas": [],
    "trends": ["--metric", "gold_per_hour"],
    "recover": [],
    "audit": [],
    "cat": [],
    "verify": [],
    "export": ["--format", "csv"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works_on_its_log(command: str) -> None:
    with SessionLogger("Farmer_") as logger, StatisticsTracker("Farmer_") as tracker:
        tracker.enter_area("Orc Fort")
        tracker.add_gold(5)
        logger.save_session(tracker.get_session_stats())
    close_shared_logs()
    outcome = eventlog(command, LOG, *COMMANDS[command])
    assert outcome.code == 0, outcome
    assert outcome.out or command == "analyze"  # which is about tasks, and there are none


def test_the_summary_shows_when_a_session_was_and_how_it_went() -> None:
    with SessionLogger("Farmer_") as logger:
        logger.save_session({"session_duration": 1800, "gold_collected": 15000})
        (record,) = logger.load_sessions()
        FILE.write_text(json.dumps([{**record, "notes": "good"}]))
        logger.load_sessions()
    (row,) = eventlog("summary", LOG, "--json").json
    assert (row["status"], row["gold"], row["notes"]) == ("ended", 15000, "good")
    assert row["source"] == "farming/Farmer_"
    assert 1_800_000 <= row["duration_ms"] < 1_860_000
    assert row["incomplete"] == 0


WORK = """
import os, sys
os.chdir(sys.argv[1])
from sessions.farming import SessionLogger, StatisticsTracker
logger = SessionLogger("Farmer_")
number = int(sys.argv[2])
while True:
    tracker = StatisticsTracker("Farmer_")
    tracker.enter_area("Orc Fort")
    tracker.add_gold(number)
    print("tracked", number, flush=True)
    logger.save_session(tracker.get_session_stats())
    print("saved", number, flush=True)
    logger.load_sessions(3)
    number += 1
"""


def test_kill_9_at_any_moment_loses_no_session(tmp_path: Path) -> None:
    random, tracked, saved = Random(7), -1, -1
    for _ in range(60 if DEEP else 6):
        with child(WORK, tmp_path, tracked + 1) as bot:
            line_of(bot)
            lines = [line_of(bot) for _ in range(random.randrange(6))]
            assert bot.stdin is not None
            for _ in range(random.randrange(20_000)):
                pass  # some microseconds, so that it dies anywhere in its work
            bot.kill()
            output, _ = bot.communicate()
        lines += [f"tracked {tracked + 1}", *output.splitlines()]
        seen = [line.split() for line in lines if line.count(" ") == 1]
        tracked = max([tracked] + [int(number) for what, number in seen if what == "tracked"])
        saved = max([saved] + [int(number) for what, number in seen if what == "saved"])
        assert verify(LOG).ok
        with EventLog.open(LOG, readonly=True) as log:
            gold = [one.data["gold"] for one in log.read(types="gold.gained")]
            sessions = [one.data["gold"] for one in log.read(types="session.summarized")]
            assert not list(log.read(types=["session.imported", "log.reset"]))
        assert gold[-1] >= tracked
        assert set(range(tracked + 1)) <= set(gold)
        tracked = int(gold[-1])
        shown = [one["total_gold"] for one in SessionLogger("reader").load_sessions(1000)][::-1]
        assert shown == sessions[-len(shown) :]
        assert saved in shown or saved == -1
    assert len(json.loads(FILE.read_bytes())) <= 100


SAVE = """
import os, sys
os.chdir(sys.argv[1])
from sessions.farming import SessionLogger
for number in range(20):
    SessionLogger(sys.argv[2]).save_session({"gold_collected": int(sys.argv[3]) + number})
print("done", flush=True)
sys.stdin.read()
"""


def test_two_bots_at_once_share_the_file(tmp_path: Path) -> None:
    """Whichever of them may write the log, the file has the sessions of both."""
    with child(SAVE, tmp_path, "a", 100) as one, child(SAVE, tmp_path, "b", 200) as other:
        assert line_of(one) == line_of(other) == "done"
        shown = [record["total_gold"] for record in json.loads(FILE.read_bytes())]
        assert sorted(shown) == [*range(100, 120), *range(200, 220)]
        for bot in (one, other):
            bot.communicate(timeout=60)
    with SessionLogger("c") as logger:
        logger.save_session({"gold_collected": 300})
        shown = [record["total_gold"] for record in logger.load_sessions(1000)]
    assert sorted(shown) == [*range(100, 120), *range(200, 220), 300]
    with EventLog.open(LOG, readonly=True) as log:
        golds = [event.data["gold"] for event in log.read(types="session.summarized")]
    assert set(golds) == set(shown)
