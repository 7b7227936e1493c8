"""Damage is survived: all uses end well or with an error of ours, and repair keeps what is intact.

A sample of the cases of test_detection.py, since each log here is read, repaired and written on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from eventlog import EventLog, EventLogError, NotALogError, repair, verify
from eventlog._check import salt_of
from eventlog._codec import decode_line
from eventlog._line_search import intact_lines
from eventlog._salvage import chunks_of
from tests.damage import corruptions
from tests.damage.corruptions import Case, Damage, in_files
from tests.damage.reference import EVENTS, Reference, reference_log
from tests.second_verifier import Log
from tests.support import DEEP
from tests.support.files import UnsyncedFiles
from tests.support.logs import flip, segment_files

ACTIVE = {EVENTS - 3, EVENTS - 2, EVENTS - 1, EVENTS}

# How many cases there are to each one that is tried: no multiple of the 8 bits in a byte.
DAMAGES: dict[str, tuple[Damage, int]] = {
    "one flipped bit": (partial(in_files, corruptions.flipped_bits, ""), 7 if DEEP else 1009),
    "cut short": (partial(in_files, corruptions.cut_short, ""), 1 if DEEP else 151),
    "lines": (partial(in_files, corruptions.changed_lines, ".jsonl"), 1 if DEEP else 5),
    "files removed": (corruptions.removed_files, 1 if DEEP else 9),
    "files swapped or moved": (corruptions.rearranged_files, 1 if DEEP else 9),
    "segments added": (corruptions.added_segments, 1 if DEEP else 9),
}

IN_PLACE = ("one flipped bit", "cut short", "files removed")
"""Damage that puts no line in another place."""


def _lay(path: Path, case: Case) -> Path:
    (path / "segments").mkdir(parents=True)
    for name, content in case[1].items():
        (path / name).write_bytes(content)
    return path


def _intact(path: Path, salt: int) -> set[int]:
    """What is left to be found, by a look at nothing but the segments' bytes."""
    lines = (
        line
        for file in segment_files(path)
        for chunk in chunks_of(file)
        for _, line in intact_lines(chunk, salt)
    )
    return {decode_line(line).sequence for line in lines if line.startswith(b'{"specversion"')}


def _read_around(path: Path) -> set[int]:
    with EventLog.open(path, readonly=True) as log:
        return {event.sequence for event in log.read(on_damage=lambda error: None)}


def _use(path: Path) -> None:
    """All that a user may do with a log. Nothing but errors of ours may come of it."""
    for reverse in (False, True):
        with suppress(EventLogError), EventLog.open(path, readonly=True) as log:
            list(log.read(reverse=reverse))
    with suppress(EventLogError), EventLog.open(path, readonly=True) as log:
        log.info()
        log.head()


def _assert_survived(path: Path, salt: int, *, in_place: bool = True) -> None:
    """The promises, after any damage at all. Of the active segment, a torn batch may be cut.

    Reading around leaves out what is not in its place (unless ``in_place``), and repair does not.
    """
    _use(path)
    if not (path / "log.json").exists() and not segment_files(path):
        with pytest.raises(NotALogError):  # nothing is left to tell that it ever was one
            verify(path)
        return
    left = _intact(path, salt)
    report = verify(path)
    with suppress(EventLogError):  # an identity that is lost: repair finds it, reading does not
        read = _read_around(path)
        assert read <= left
        assert read >= left - ACTIVE or not in_place
    if not report.ok:
        assert all(fault.message and fault.file for fault in report.faults)
        kinds = {fault.kind for fault in report.faults}
        assert report.events >= len(left - (ACTIVE if "torn" in kinds else set()))
        done = repair(path)
        assert done.written_to == path
        assert verify(path).faults == []
        assert list(Log(path).faults()) == []
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        kept = {event.sequence for event in log.read() if event.type != "eventlog.lost"}
        missing = left - kept
        assert missing <= ACTIVE
        assert not missing or missing == set(range(min(missing), max(left) + 1)) & left
        assert log.append("after.repair", {}) == log.head()


def _assert_each_survived(
    reference: Reference, cases: Iterable[Case], tmp_path: Path, *, in_place: bool = True
) -> None:
    with EventLog.open(_lay(tmp_path / "whole", ("", reference.files)), readonly=True) as log:
        salt = salt_of(log.log_id)
    for number, case in enumerate(cases):
        path = _lay(tmp_path / f"{number}", case)
        try:
            _assert_survived(path, salt, in_place=in_place)
        except Exception as error:
            error.add_note(case[0])
            raise
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The log without a pruned segment, and without one that waits to be sealed."""
    directory = tmp_path_factory.mktemp("sealed")
    return reference_log(directory, "gabcdefghijk", pruned=False)


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("form", ["sealed", "pruned"])
def test_it_is_survived(
    reference: Reference, sealed: Reference, tmp_path: Path, form: str, kind: str
) -> None:
    log, (damage, step) = sealed if form == "sealed" else reference, DAMAGES[kind]
    cases = islice(damage(log), 0, None, step)
    _assert_each_survived(log, cases, tmp_path, in_place=kind in IN_PLACE)


def test_the_loss_of_any_one_file_is_survived(sealed: Reference, tmp_path: Path) -> None:
    cases = list(corruptions.removed_files(sealed))[: len(sealed.files)]
    assert [len(files) for _, files in cases] == [len(sealed.files) - 1] * len(cases)
    _assert_each_survived(sealed, cases, tmp_path)


def test_damage_in_two_places_is_survived(reference: Reference, tmp_path: Path) -> None:
    cases = _two_flips(reference, 300 if DEEP else 12)
    _assert_each_survived(reference, cases, tmp_path)


def _two_flips(reference: Reference, count: int) -> Iterator[Case]:
    for seed in range(count):
        random, files = Random(seed), dict(reference.files)
        for name in random.sample(sorted(files), 2):
            at, bit = random.randrange(len(files[name])), random.randrange(8)
            files[name] = flip(files[name], at, bit)
        yield f"two flips, seed {seed}", files
