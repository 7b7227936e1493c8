"""Every kind of damage to every file of a small log: found, survived and mended.

Without the deep profile a sample of the places is tried; with it all of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from eventlog import EventLog, EventLogError, UnsupportedFormatError, repair, verify
from eventlog._check import salt_of
from eventlog._codec import decode_line
from eventlog._line_search import intact_lines
from eventlog._salvage import chunks_of
from tests.support import DEEP
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, batch, cut, flip, segment_files

Damage = Callable[[Path], object]

SAMPLE = 16
FILES = ("log.json", "manifest.jsonl", "first sealed", "second sealed", "last sealed", "active")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sealed segments and an active one, of mixed batches."""
    path = tmp_path_factory.mktemp("whole") / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        number = 1
        for sizes in ((1, 3), (2, 2), (3, 1), (1, 2, 1)):
            if number > 1:
                log.seal()
            for size in sizes:
                log.extend(batch(number, size))
                number += size
    shutil.rmtree(path / "quarantine", ignore_errors=True)
    return path


EVENTS = set(range(1, 17))
ACTIVE = {13, 14, 15, 16}


def _file(path: Path, name: str) -> Path:
    sealed = segment_files(path)[:-1]
    found = {"first sealed": sealed[0], "last sealed": sealed[2], "second sealed": sealed[1]}
    return found.get(name) or (active_file(path) if name == "active" else path / name)


def _intact(path: Path, salt: int) -> set[int]:
    """What is left to be found, by a look at nothing but the segments' bytes."""
    return {
        decode_line(line).sequence
        for file in segment_files(path)
        for chunk in chunks_of(file)
        for _, line in intact_lines(chunk, salt)
    }


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


def _assert_survived(path: Path, salt: int, *, torn_may_go: bool) -> None:
    """The promises, after any damage at all."""
    _use(path)
    left = _intact(path, salt)
    report = verify(path)
    with suppress(EventLogError):  # an identity that is lost: repair finds it, reading does not
        assert _read_around(path) >= left - (ACTIVE if torn_may_go else set())
    if not report.ok:
        assert all(fault.message and fault.file for fault in report.faults)
        kinds = {fault.kind for fault in report.faults}
        assert report.events >= len(left - (ACTIVE if "torn" in kinds else set()))
        done = repair(path)
        assert done.written_to == path
        assert verify(path).faults == []
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        kept = {event.sequence for event in log.read() if event.type != "eventlog.lost"}
        missing = left - kept
        assert missing <= (ACTIVE if torn_may_go else set())
        assert not missing or missing == set(range(min(missing), max(left) + 1)) & left
        assert log.append("after.repair", {}) == log.head()


def _each(path: Path, tmp_path: Path, damages: Iterable[Damage]) -> None:
    with EventLog.open(path, readonly=True) as log:
        salt = salt_of(log.log_id)
    for number, damage in enumerate(damages):
        copy = shutil.copytree(path, tmp_path / f"{number}")
        damage(copy)
        try:
            _assert_survived(copy, salt, torn_may_go=True)
        except UnsupportedFormatError:
            raise AssertionError("damage was taken for a newer format") from None
        shutil.rmtree(copy)


def _places(size: int, seed: int) -> list[int]:
    if DEEP:
        return list(range(size))
    return sorted(Random(seed).sample(range(size), min(SAMPLE, size)))


def _put(name: str, content: bytes) -> Damage:
    return lambda path: _file(path, name).write_bytes(content)


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_bit_is_survived(whole: Path, tmp_path: Path, name: str) -> None:
    content, random = _file(whole, name).read_bytes(), Random(name)
    _each(
        whole,
        tmp_path,
        [
            _put(name, flip(content, at, bit))
            for at in _places(len(content), len(name))
            for bit in (range(8) if DEEP else [random.randrange(8)])
        ],
    )


@pytest.mark.parametrize("name", FILES)
def test_any_truncation_is_survived(whole: Path, tmp_path: Path, name: str) -> None:
    content = _file(whole, name).read_bytes()
    damages = [_put(name, cut(content, at)) for at in _places(len(content), 1 + len(name))]
    _each(whole, tmp_path, damages)


@pytest.mark.parametrize("name", FILES)
def test_any_missing_file_is_survived(whole: Path, tmp_path: Path, name: str) -> None:
    _each(whole, tmp_path, [lambda path: _file(path, name).unlink()])


@pytest.mark.parametrize("seed", range(300 if DEEP else 12))
def test_damage_in_two_places_is_survived(whole: Path, tmp_path: Path, seed: int) -> None:
    random = Random(seed)

    def damage(path: Path) -> None:
        for name in random.sample(FILES[1:], 2):
            file = _file(whole, name)
            content = file.read_bytes()
            at, bit = random.randrange(len(content)), random.randrange(8)
            (path / file.relative_to(whole)).write_bytes(flip(content, at, bit))

    _each(whole, tmp_path, [damage])
