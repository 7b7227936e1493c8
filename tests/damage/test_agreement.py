"""The second verifier, written from the format's page alone, finds healthy logs healthy, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog, NewEvent, prune, repair, verify
from tests.damage.bed import Bed
from tests.damage.reference import Reference
from tests.second_verifier import Log
from tests.support.files import UnsyncedFiles
from tests.support.strategies import attributes, datas, extensions, sources, times

GOLDEN = Path(__file__).parents[1] / "golden" / "format-1.eventlog"
PROGRAM = Path(__file__).parents[1] / "second_verifier.py"

events = st.builds(
    NewEvent,
    attributes,
    datas,
    subject=st.none() | attributes,
    source=st.none() | sources,
    id=st.none() | st.uuids().map(str) | attributes.map(lambda text: f"{text}!"[-512:]),
    time=times,
    extensions=extensions,
)
batches = st.lists(events, min_size=1, max_size=4, unique_by=lambda event: event.id or id(event))
steps = st.lists(
    batches | st.sampled_from(["seal", "rotate", "reopen", "prune"]), max_size=8
)


@given(steps, st.integers(1, 6))
def test_both_find_any_log_sound_that_was_just_written(
    steps: list[list[NewEvent] | str], segment_events: int
) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log"
        for step in steps:
            if step == "prune" and path.exists():
                prune(path, keep_events=3, files=UnsyncedFiles())
                continue
            with EventLog.open(path, segment_events=segment_events, files=UnsyncedFiles()) as log:
                if step == "seal":
                    log.seal()
                elif step == "rotate":
                    log.rotate()
                elif not isinstance(step, str):
                    log.extend(step)
        if path.exists():
            assert verify(path).faults == []
            assert list(Log(path).faults()) == []
