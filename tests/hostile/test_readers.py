"""Readers in other processes, while segments rotate, are sealed and pruned: a thousand times."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from eventlog import EventLog, prune, verify
from tests.support.files import UnsyncedFiles
from tests.support.logs import batch
from tests.support.processes import child, line_of

ROTATIONS = 1_000
EVENTS = 3
"""In a segment."""
LAST = ROTATIONS * EVENTS
KEPT = 60
HOW = ("forward", "following", "anew", "backward")

Reader = subprocess.Popen[str]

READ = """
import json, sys
from eventlog import EventLog, PrunedError

how, last, seen, stretches = sys.argv[2], int(sys.argv[3]), 0, []

def forward(log):
    return log.read(after=seen)

def following(log):
    return log.follow(after=seen, poll=0.001)

def anew(log):
    # from a log that was opened now, up to where it is now
    with EventLog.open(sys.argv[1], readonly=True) as other:
        yield from other.read(after=seen, until=max(seen, other.head()))

def backward(log):
    head = log.head()
    yield from reversed(list(log.read(after=seen, until=head, reverse=True)))

events = {"forward": forward, "following": following, "anew": anew, "backward": backward}[how]
with EventLog.open(sys.argv[1], readonly=True) as log:
    print("ready", flush=True)
    while seen < last:
        try:
            for event in events(log):
                assert event.data["n"] == event.sequence
                assert event.sequence == seen + 1 or not seen, (seen, event.sequence)
                if not stretches or stretches[-1][1] != event.sequence - 1:
                    stretches.append([event.sequence, 0])
                stretches[-1][1] = seen = event.sequence
                if seen == last:
                    break
        except PrunedError as error:
            assert error.sequence > seen
            seen = error.sequence  # all that may be missed
print(json.dumps(stretches))
"""


@contextmanager
def writing(path: Path) -> Iterator[tuple[EventLog, list[Reader]]]:
    """A new log, and a reader of each kind at work."""
    with ExitStack() as stack:
        log = stack.enter_context(EventLog.open(path, sync="never", files=UnsyncedFiles()))
        readers = [stack.enter_context(child(READ, path, how, LAST)) for how in HOW]
        for reader in readers:
            assert line_of(reader) == "ready"
        yield log, readers


def rotate(log: EventLog, rotation: int) -> None:
    """A segment more; each tenth waits until all others are sealed."""
    log.extend(batch(rotation * EVENTS + 1, EVENTS))
    log.rotate()
    if rotation % 10 == 9:
        log.seal()


def test_each_sees_every_event_once_and_in_order(tmp_path: Path) -> None:
    with writing(tmp_path / "log") as (log, readers):
        for rotation in range(ROTATIONS):
            rotate(log, rotation)
        assert [json.loads(line_of(reader)) for reader in readers] == [[[1, LAST]]] * len(HOW)
    assert verify(tmp_path / "log").ok


def test_who_is_overtaken_by_pruning_is_told_and_goes_on_behind_the_gap(tmp_path: Path) -> None:
    """Readers are stopped at any moment of their reading, until what they want next is gone."""
    with writing(tmp_path / "log") as (log, readers):
        for rotation in range(ROTATIONS):
            rotate(log, rotation)
            if rotation % 100 == 39:
                signal_all(readers, signal.SIGSTOP)
            if rotation % 100 == 89:
                assert prune(log.path, keep_events=KEPT, files=UnsyncedFiles()).events
                signal_all(readers, signal.SIGCONT)
        for reader in readers:
            stretches = json.loads(line_of(reader))
            assert len(stretches) > 1, "it was never overtaken"
            assert stretches[-1][1] == LAST
    assert verify(tmp_path / "log").ok


def signal_all(readers: list[Reader], number: signal.Signals) -> None:
    for reader in readers:
        reader.send_signal(number)
