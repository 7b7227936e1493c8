"""The second verifier, written from the page of the format alone, agrees with ``verify``.

That both find all damage is in test_detection.py; here both look at logs that are sound.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from eventlog import ConflictError, EventLog, NewEvent, prune, verify
from tests import second_verifier
from tests.damage import corruptions
from tests.damage.bed import Bed
from tests.damage.reference import MANIFEST, Reference
from tests.support.files import UnsyncedFiles
from tests.support.strategies import attributes, datas, extensions, sources, times

GOLDEN = Path(__file__).parents[1] / "golden" / "format-1.eventlog"
PROGRAM = Path(second_verifier.__file__)

events = st.builds(
    NewEvent,
    attributes,
    datas,
    subject=st.none() | attributes,
    source=st.none() | sources,
    id=st.none() | attributes,
    time=times,
    extensions=extensions,
)
steps = st.one_of(
    st.lists(events, min_size=1, max_size=4),
    st.sampled_from(["seal", "rotate", "prune"]),
)


def _do(path: Path, step: list[NewEvent] | str, segment_events: int) -> None:
    files = UnsyncedFiles()
    with EventLog.open(path, segment_events=segment_events, files=files) as log:
        if step == "seal":
            log.seal()
        elif step == "rotate":
            log.rotate()
        elif isinstance(step, list):
            with suppress(ConflictError):  # one id for two events
                log.extend(step)
    if step == "prune":
        prune(path, keep_events=2, files=files)


@given(st.lists(steps, min_size=1, max_size=8), st.integers(1, 6))
def test_both_find_any_log_sound_that_was_just_written(
    steps: list[list[NewEvent] | str], segment_events: int
) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log"
        for step in steps:
            _do(path, step, segment_events)
        assert verify(path).faults == []
        assert list(second_verifier.Log(path).faults()) == []


def test_both_find_the_log_of_an_earlier_version_sound() -> None:
    assert verify(GOLDEN).faults == []
    assert list(second_verifier.Log(GOLDEN).faults()) == []


def test_both_tell_a_tear_from_corruption_alike(reference: Reference, bed: Bed) -> None:
    tears = 0
    for change in (corruptions.changed_lines, corruptions.cut_short):
        for what, files in corruptions.in_files(change, reference.segments[-1], reference):
            path = bed.lay(files)
            torn = any(fault.kind == "torn" for fault in verify(path).faults)
            faults = second_verifier.Log(path).faults()
            assert torn == any(kind.startswith("torn: ") for _, _, _, kind in faults), what
            tears += torn
    assert tears > 900


def _run(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, path], capture_output=True, text=True)


def test_as_a_program_it_says_that_a_log_is_intact() -> None:
    done = _run(GOLDEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "intact\n", "")


def test_as_a_program_it_names_file_offset_and_sequence_of_each_fault(
    reference: Reference, bed: Bed
) -> None:
    lines = reference.files[MANIFEST].splitlines(keepends=True)
    active = reference.segments[-1]
    first_line = reference.files[active].index(b"\n") + 1
    damaged = {
        MANIFEST: b"".join([lines[0], lines[1][:-2] + b"?\n", *lines[2:]]),
        active: reference.files[active][:first_line] + b"x",
    }
    done = _run(bed.lay(reference.files | damaged))
    assert done.returncode == 3
    assert f"manifest.jsonl: {len(lines[0])}: 3: the check does not fit" in done.stdout
    assert f"{active}: {first_line}: 14: torn: the check does not fit" in done.stdout
