"""Kills, forks and threads: what was recorded is there, once, and the tables show it."""

from __future__ import annotations

import runpy
import time
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from sessions.practice import SessionLogger
from tests.sessions.practice.helpers import FINALS, Place, begin, flushed, measure
from tests.support import DEEP
from tests.support.processes import ROOT, child, line_of, run

KILLS = 60 if DEEP else 6

# Says what was recorded, after each call.
PRACTISE = """
import sys
from sessions.practice import SessionLogger
log_dir, dsn = sys.argv[1], sys.argv[2] or None
logger = SessionLogger(log_dir=log_dir, dsn=dsn)
print("ready", flush=True)
while True:
    session_id = logger.start_session("C major", strictness=0.7, sensitivity=0.5, user_id="ada")
    print("started", session_id, flush=True)
    for number in range(5):
        logger.log_metric(session_id, number / 10, 0.6, 0.72)
        print("measured", session_id, flush=True)
    logger.end_session(session_id, 0.5, 0.5, 0.5, 5, 1, 5, 0)
    print("ended", session_id, flush=True)
"""


def test_whatever_was_recorded_is_there_after_kills(any_place: Place) -> None:
    random, said = Random(time.time_ns()), []
    for _ in range(KILLS):
        with child(PRACTISE, any_place.log, any_place.dsn or "") as process:
            assert line_of(process) == "ready"
            for _ in range(random.randint(1, 60)):
                said.append(line_of(process))
            process.kill()
            assert process.stdout is not None
            whole, _, _ = process.stdout.read().rpartition("\n")  # the kill may cut a line
            said += whole.splitlines()
    with any_place.logger() as logger:
        assert flushed(logger)
        sessions = {one["id"]: one for one in logger.get_user_sessions("ada", None)}
    rows, measured = any_place.tables()
    per_session = [str(row[1]) for row in measured]
    expected: dict[str, list[str]] = {}
    for word, session_id in (line.split() for line in said):
        expected.setdefault(session_id, []).append(word)
    for session_id, words in expected.items():
        assert per_session.count(session_id) >= words.count("measured")
        assert "ended" not in words or sessions[session_id]["end_time"] is not None
    assert sorted(str(row[0]) for row in rows) == sorted(sessions)
    assert len(measured) == [one.type for one in any_place.events()].count("metric.recorded")
    assert len({row[0] for row in measured}) == len(measured)


FORK = """
import os, sys
from sessions.practice import SessionLogger
logger = SessionLogger(log_dir=sys.argv[1])
session_id = logger.start_session("C major", strictness=0.7, sensitivity=0.5)
child = os.fork()
if child == 0:
    assert logger.get_session_stats(session_id) is not None
    logger.log_metric(session_id, 0.1, 0.1, 0.1)
    assert logger._feeder._thread.is_alive()
    assert logger.flush(30)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
logger.log_metric(session_id, 0.2, 0.2, 0.2)
assert logger.flush(30)
logger.close()
"""


def test_a_forked_child_has_a_thread_of_its_own(place: Place) -> None:
    run(FORK, place.log)
    assert [row[3] for row in place.tables()[1]] == [0.1, 0.2]


def test_a_process_that_just_ends_leaves_the_tables_complete(place: Place) -> None:
    run(
        "import sys; from sessions.practice import SessionLogger\n"
        "logger = SessionLogger(log_dir=sys.argv[1])\n"
        "session_id = logger.start_session('C major', 0.7, 0.5)\n"
        "for _ in range(100): logger.log_metric(session_id, 1, 1, 1)\n",
        place.log,
    )
    assert len(place.tables()[1]) == 100


def test_threads_share_a_logger(place: Place) -> None:
    """One of them ends the session; not one measurement comes behind that."""
    with place.logger() as logger:
        session_id = begin(logger)
        threads = [Thread(target=measure, args=(logger, session_id, 200)) for _ in range(3)]
        threads.append(Thread(target=logger.end_session, args=(session_id,), kwargs=FINALS))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert flushed(logger)
    types = [event.type for event in place.events()]
    assert types[-1] == "session.ended"
    assert len(place.tables()[1]) == len(types) - 2


def test_many_loggers_are_one_thread(place: Place) -> None:
    loggers = [place.logger() for _ in range(5)]
    assert len({id(logger._feeder) for logger in loggers}) == 1
    session_id = begin(loggers[0])
    for logger in loggers[:-1]:
        logger.close()
    measure(loggers[-1], session_id)
    assert flushed(loggers[-1])
    loggers[-1].close()
    assert len(place.tables()[1]) == 1


def test_the_example_runs(
    any_place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVENTLOG_DIR", str(any_place.log))
    if any_place.dsn is not None:
        parts = conninfo_to_dict(any_place.dsn)
        monkeypatch.setenv("DB_HOST", str(parts["host"]))
        monkeypatch.setenv("DB_NAME", str(parts["dbname"]))
    runpy.run_path(str(ROOT / "examples" / "practice.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert "pitch 87.0%, 42 notes in scale" in out
    assert out.endswith(f"1 session of A Minor Pentatonic\n{[(0.85, 0.6, 0.72)] * 3}\n")


def test_the_quick_start_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "sessions" / "practice.md").read_text()
    exec(page.partition("```python\n")[2].partition("```")[0], {})  # noqa: S102 - our own page
    assert "A Minor Pentatonic 0.0" in capsys.readouterr().out


# Against a plain model

STEPS = st.lists(
    st.one_of(
        st.just("start"),
        st.just("reopen"),
        st.just("drop sessions"),
        st.just("drop session_metrics"),
        st.tuples(st.sampled_from(["measure", "end"]), st.integers(0, 3)),
    ),
    max_size=20,
)


class Model:
    """What the tables should hold: per session its measurements, and whether it has ended."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.measured: dict[str, int] = {}
        self.ended: set[str] = set()

    def take(self, logger: SessionLogger, step: Any) -> None:
        """One call, and what it should change."""
        if step == "start":
            self.ids.append(begin(logger))
            self.measured[self.ids[-1]] = 0
            return
        what, number = step
        session_id = self.ids[number] if number < len(self.ids) else "unknown"
        if what == "measure":
            measure(logger, session_id)
            if session_id in self.measured and session_id not in self.ended:
                self.measured[session_id] += 1
        else:
            logger.end_session(session_id)
            if session_id in self.measured:
                self.ended.add(session_id)


@settings(max_examples=300 if DEEP else 15)
@given(steps=STEPS)
def test_any_order_of_calls_and_losses_gives_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    place, model = Place(Path(tmp_path_factory.mktemp("model")) / "a.eventlog"), Model()
    logger = place.logger()
    try:
        for step in steps:
            if step == "reopen":
                logger.close()
                logger = place.logger()
            elif isinstance(step, str) and step.startswith("drop"):
                place.execute(step.replace("drop", "DROP TABLE IF EXISTS"))
            else:
                model.take(logger, step)
        assert flushed(logger)
    finally:
        logger.close()
    rows, metrics = place.tables()
    owners = [row[1] for row in metrics]
    assert {row[0]: owners.count(row[0]) for row in rows} == model.measured
    assert {row[0] for row in rows if row[4] is not None} == model.ended
    ended = {row[0]: row[12] for row in rows if row[4] is not None}
    assert ended == {one: model.measured[one] for one in model.ended}
