"""Many processes append to one log at once, with no one to coordinate them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from eventlog import ConflictError, EventLog, WriterFailedError, verify
from eventlog._writer import LogWriter
from tests.support import DEEP
from tests.support.logs import active_file, batch, numbers, quarantined, segment_files
from tests.support.processes import child, children_at_once, line_of

WRITERS = 8 if DEEP else 4
EVENTS = 50_000 if DEEP else 3_000

APPEND = """
import sys
from eventlog import EventLog, NewEvent
path, name, events, sync, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], 7
with EventLog.open(path, sync=sync, segment_bytes=200_000, lock_timeout=60) as log:
    print("ready", flush=True)
    sys.stdin.readline()
    for start in range(0, events, size):
        numbers = range(start, min(start + size, events))
        if start % (3 * size):
            log.extend(NewEvent("test", {"n": n}, subject=name) for n in numbers)
        else:
            for n in numbers:
                log.append("test", {"n": n}, subject=name)
"""


@pytest.mark.parametrize("sync", ["always", "interval", "never"])
def test_nothing_is_lost_doubled_or_torn(tmp_path: Path, sync: str) -> None:
    events = EVENTS if sync != "always" else EVENTS // 10
    arguments = [(tmp_path / "log", f"w-{n}", events, sync) for n in range(WRITERS)]
    with children_at_once(APPEND, arguments) as children:
        for one in children:
            assert one.wait(300) == 0
    report = verify(tmp_path / "log")
    assert report.ok, report.faults[:5]
    found: dict[str, list[int]] = {f"w-{n}": [] for n in range(WRITERS)}
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        for event in log.read():
            found[str(event.subject)].append(event.data["n"])
    assert found == {name: list(range(events)) for name in found}  # each writer's own order, too


def test_a_batch_is_never_parted_by_another_writer(tmp_path: Path) -> None:
    test_nothing_is_lost_doubled_or_torn(tmp_path, "never")
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        events = list(log.read())
    batches = [index for index, event in enumerate(events) if event.commit and event.commit > 1]
    assert batches
    for last in batches:
        size = events[last].commit or 0
        assert len({event.subject for event in events[last - size + 1 : last + 1]}) == 1


APPEND_AND_TELL = """
import sys
from eventlog import EventLog
with EventLog.open(sys.argv[1], sync="never", segment_bytes=20_000, lock_timeout=60) as log:
    number = 0
    while True:
        number += 1
        print(log.append("test", {"n": number, "pad": "x" * 500}, subject=sys.argv[2]), flush=True)
"""


def test_kill_9_of_one_writer_is_mended_by_the_others(tmp_path: Path) -> None:
    """What it acknowledged stays; what it left half done is finished or cut by those that live."""
    random, log_path = Random(7), tmp_path / "log"
    told = Counter[int]()
    with EventLog.open(log_path, sync="never", segment_bytes=20_000, lock_timeout=60) as survivor:
        for _ in range(100 if DEEP else 12):
            with child(APPEND_AND_TELL, log_path, "victim") as victim:
                told[int(line_of(victim))] += 1
                deadline = time.monotonic() + random.uniform(0, 0.1)
                while time.monotonic() < deadline:
                    told[survivor.append("test", {"n": 0, "pad": "x" * 500}, subject="me")] += 1
                victim.send_signal(signal.SIGKILL)
                assert victim.stdout is not None
                for line in victim.stdout.read().splitlines()[:-1]:
                    told[int(line)] += 1
            told[survivor.append("test", {"n": 0}, subject="me")] += 1
        assert max(told.values()) == 1, "a sequence was given twice"
        assert survivor.head() >= max(told)
    report = verify(log_path)
    assert report.ok, report.faults[:5]
    assert report.events >= max(told)


def test_a_writer_cuts_what_a_killed_one_left_half_written(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        with active_file(tmp_path / "log").open("ab") as file:
            file.write(b'{"specversion":"1.0","id":"half')
        assert log.append("test.numbered", {"n": 4}) == 4
        assert quarantined(tmp_path / "log") == [b'{"specversion":"1.0","id":"half']
    assert numbers(tmp_path / "log") == [1, 2, 3, 4]


def test_two_writers_take_turns(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as one, EventLog.open(tmp_path / "log") as two:
        for number in range(1, 21):
            writer = one if number % 3 else two
            assert writer.append("test.numbered", {"n": number}) == number
            assert one.head() == two.head() == number
    assert numbers(tmp_path / "log") == list(range(1, 21))


def test_a_rotation_by_one_is_a_rotation_for_all(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as one, EventLog.open(tmp_path / "log") as two:
        one.append("test.numbered", {"n": 1})
        two.append("test.numbered", {"n": 2})
        one.rotate()
        two.append("test.numbered", {"n": 3})
        two.seal()
        one.append("test.numbered", {"n": 4})
        one.seal()
    names = [file.name for file in segment_files(tmp_path / "log")]
    assert [name.split(".", 1)[1] for name in names] == ["jsonl.zst"] * 3 + ["jsonl"]
    assert numbers(tmp_path / "log") == [1, 2, 3, 4]
    assert verify(tmp_path / "log").ok


def test_expected_sequence_counts_what_others_wrote(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as one, EventLog.open(tmp_path / "log") as two:
        one.append("test")
        two.append("test")
        with pytest.raises(ConflictError):
            one.append("test", expected_sequence=1)
        assert one.append("test", expected_sequence=2) == 3


def test_a_given_id_that_another_writer_stored_is_not_stored_again(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as one, EventLog.open(tmp_path / "log") as two:
        assert one.append("test", {"a": 1}, id="x") == 1
        assert two.append("test", {"a": 1}, id="x") == 1
        assert two.append("test", {"a": 2}, id="y") == 2
        assert one.append("test", {"a": 2}, id="y") == 2
        with pytest.raises(ConflictError):
            one.append("test", {"a": 3}, id="y")
        assert one.head() == 2


def test_an_idle_writer_holds_nobody_up(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as idle:
        idle.extend(batch(1, 3))
        with EventLog.open(tmp_path / "log", lock_timeout=1) as other:
            assert other.append("test.numbered", {"n": 4}) == 4


def test_a_log_that_disappears_stops_its_writer(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("test")
        shutil.move(tmp_path / "log", tmp_path / "elsewhere")
        time.sleep(0.02)  # until the burst is over
        with pytest.raises(WriterFailedError, match="replaced"):
            log.append("test")
    assert os.listdir(tmp_path) == ["elsewhere"]


def test_an_interrupt_while_catching_up_is_no_licence_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with EventLog.open(tmp_path / "log") as one, EventLog.open(tmp_path / "log") as two:
        one.append("test.numbered", {"n": 1})
        two.append("test.numbered", {"n": 2})
        with monkeypatch.context() as patched:
            patched.setattr(LogWriter, "_catch_up", interrupted)
            for _ in range(3):  # as a busy writer does
                with pytest.raises(KeyboardInterrupt):
                    one.append("test.numbered", {"n": 0})
        assert two.append("test.numbered", {"n": 3}) == 3  # nobody has to wait
        assert one.append("test.numbered", {"n": 4}) == 4
    assert numbers(tmp_path / "log") == [1, 2, 3, 4]


INTERRUPTED_WRITER = """
import random, signal, sys
from eventlog import EventLog, WriterFailedError

def interrupt(*_):
    raise KeyboardInterrupt

log = EventLog.open(sys.argv[1], sync="never", segment_events=50)
acknowledged = [log.append("test", {"n": -1}, subject=sys.argv[2])]  # imports what is needed
print("ready", flush=True)
sys.stdin.readline()
signal.signal(signal.SIGALRM, interrupt)
for number in range(int(sys.argv[3])):
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-3))
            for _ in range(10):
                acknowledged.append(log.append("test", {"n": number}, subject=sys.argv[2]))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        pass
    except WriterFailedError:
        log.close()
        log = EventLog.open(sys.argv[1], sync="never", segment_events=50)
log.close()
print(*acknowledged, flush=True)
"""


def test_interrupted_writers_neither_lose_nor_repeat_a_sequence(tmp_path: Path) -> None:
    rounds = 3000 if DEEP else 150
    arguments = [(tmp_path / "log", f"w-{n}", rounds) for n in range(3)]
    with children_at_once(INTERRUPTED_WRITER, arguments) as children:
        told = [[int(word) for word in line_of(one).split()] for one in children]
    report = verify(tmp_path / "log")
    assert report.ok, report.faults[:3]
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        writer_of = {event.sequence: event.subject for event in log.read()}
    for number, sequences in enumerate(told):
        assert len(sequences) > 10
        assert {writer_of.get(sequence) for sequence in sequences} == {f"w-{number}"}
