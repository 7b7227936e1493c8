"""What is cached is checked when it is read, and whatever is wrong with it costs only time."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eventlog import STANDARD_TYPES, EventLog, EventTypes
from projections import SessionSummaries, canonical_json, fold, project
from projections._cache import PartialCache
from sessions.sample import write_sample
from tests.support.processes import child, line_of

KILLS = 30

PROJECT_FOR_EVER = """
import shutil, sys
from eventlog import STANDARD_TYPES, EventLog, EventTypes
from projections import SessionSummaries, project
with EventLog.open(sys.argv[1], readonly=True) as log:
    print("ready", flush=True)
    while True:
        project(log, SessionSummaries())
        shutil.rmtree(log.cache_path)
"""


STOP_BEFORE_THE_RENAME = """
import sys, time
from pathlib import Path
from eventlog import EventLog
from projections import SessionSummaries, project
def stop(self, target):
    print(self, flush=True)
    time.sleep(600)
Path.replace = stop
with EventLog.open(sys.argv[1], readonly=True) as log:
    project(log, SessionSummaries())
"""


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cache") / "log"
    with EventLog.open(path, sync="never", segment_events=250) as log:
        write_sample(log, 40)
    return path


@pytest.fixture
def path(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "log"))


def ask(path: Path) -> bytes:
    with EventLog.open(path, readonly=True) as log:
        return canonical_json(project(log, SessionSummaries()))


def plain(path: Path) -> bytes:
    """The answer without the engine."""
    with EventLog.open(path, readonly=True) as log:
        return canonical_json(SessionSummaries().result(fold(SessionSummaries(), log.read())))


def cached(path: Path) -> list[Path]:
    return sorted(file for file in (path / "cache" / "partials").rglob("*") if file.is_file())


def test_there_is_a_file_per_sealed_segment_and_three_for_all(path: Path) -> None:
    ask(path)
    with EventLog.open(path, readonly=True) as log:
        segments = [f"{entry.first_sequence:019}" for entry in log.sealed()]
    assert [file.name for file in cached(path)] == [*segments, "begun", "merged", "rows-1"]


def test_deleting_the_cache_changes_no_answer(path: Path) -> None:
    first = ask(path)
    shutil.rmtree(path / "cache")
    assert ask(path) == first == plain(path)


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flip, lambda content: content[:-7], lambda content: b"", lambda content: b"\x00" * 99],
    ids=["flipped bit", "truncated", "empty", "zeros"],
)
def test_a_damaged_partial_is_computed_again(path: Path, damage: Callable[[bytes], bytes]) -> None:
    right = ask(path)
    for file in cached(path):
        file.write_bytes(damage(file.read_bytes()))
    assert ask(path) == right
    assert ask(path) == right


def test_a_partial_of_another_segment_is_not_taken(path: Path) -> None:
    right = ask(path)
    first, second, *_, merged, rows = cached(path)
    first.write_bytes(second.read_bytes())
    merged.unlink()
    rows.unlink()
    assert ask(path) == right


def test_a_partial_of_another_log_is_not_taken(path: Path, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "other", sync="never", segment_events=250) as log:
        write_sample(log, 40, seed=5)
    ask(tmp_path / "other")
    shutil.copytree(tmp_path / "other" / "cache", path / "cache")
    assert ask(path) == plain(path)


def test_a_whole_partial_that_holds_no_state_is_computed_again(path: Path) -> None:
    """As after a change of the state without a new version."""
    right = ask(path)
    with EventLog.open(path, readonly=True) as log:
        cache = PartialCache(log, SessionSummaries())
        for file in cached(path):
            found = cache.read(file.name)
            assert found is not None
            with found:
                cache.put(file.name, found.covers, [b'["s-1"]', b'[{"events": "many"}]'])
    assert ask(path) == right


@pytest.mark.parametrize("part", [b"[{}]", b"[null]", b"", b"{"])
@pytest.mark.parametrize("name", ["merged", "rows-1", "begun"])
def test_parts_that_do_not_belong_together_are_not_taken(
    path: Path, name: str, part: bytes
) -> None:
    right = ask(path)
    with EventLog.open(path, readonly=True) as log:
        cache = PartialCache(log, SessionSummaries())
        found = cache.read(name)
        assert found is not None
        with found:
            whole = [found.part(number) for number in range(len(found))]
        for parts in ([], [part], [part] * len(whole), [whole[0], part], [*whole, part]):
            if parts != whole:
                cache.put(name, found.covers, parts)
                assert ask(path) == right


def test_a_partial_of_another_version_is_not_taken(path: Path) -> None:
    class Newer(SessionSummaries):
        version = 2

    ask(path)
    older = path / "cache" / "partials" / "session-summaries-1"
    older.rename(older.with_name("session-summaries-2"))
    with EventLog.open(path, readonly=True) as log:
        assert canonical_json(project(log, Newer())) == plain(path)


def test_a_cache_that_cannot_be_written_costs_no_answer(path: Path) -> None:
    shutil.rmtree(path / "cache", ignore_errors=True)
    (path / "cache").write_text("a file where the directory would be")
    assert ask(path) == plain(path)


def test_what_is_new_is_merged_with_what_was_cached(path: Path) -> None:
    ask(path)
    with EventLog.open(path, sync="never", segment_events=250) as log:
        write_sample(log, 8, seed=3)
    assert ask(path) == plain(path)
    assert ask(path) == plain(path)


def test_a_question_about_an_earlier_moment_leaves_what_is_kept_about_now(path: Path) -> None:
    ask(path)
    (merged,) = (file for file in cached(path) if file.name == "merged")
    before = merged.read_bytes()
    with EventLog.open(path, readonly=True) as log:
        until = log.sealed()[1].last_sequence
        for _ in range(2):
            found = project(log, SessionSummaries(), until)
            assert found == SessionSummaries().result(
                fold(SessionSummaries(), log.read(until=until))
            )
    assert merged.read_bytes() == before
    assert merged.with_name("merged-earlier").exists()


def test_killing_it_at_random_moments_leaves_no_wrong_answer(path: Path) -> None:
    right, chance = plain(path), random.Random(11)
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", PROJECT_FOR_EVER, str(path)], stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * 0.2)
            process.kill()
        assert ask(path) == right


def half_written(path: Path) -> Path:
    """What a kill leaves, in the moment when a state is written and has no name yet."""
    with child(STOP_BEFORE_THE_RENAME, path) as process:
        left = Path(line_of(process))
    assert left.exists()
    return left


def test_a_kill_before_the_rename_leaves_a_file_that_is_no_partial(path: Path) -> None:
    left = half_written(path)
    assert ask(path) == ask(path) == plain(path)
    assert left.exists()  # perhaps somebody still writes at it


def test_what_a_kill_left_is_deleted_when_it_is_old(path: Path) -> None:
    left = half_written(path)
    os.utime(left, (left.stat().st_atime, left.stat().st_mtime - 3601))
    assert ask(path) == plain(path)
    assert not left.exists()
    assert all(file.suffix != ".tmp" for file in cached(path))


def test_upcasters_reach_the_answer_whatever_is_cached(path: Path) -> None:
    types = EventTypes(STANDARD_TYPES)

    @types.upcaster("task.completed", from_version=1)
    def without_a_task(data: dict[str, object]) -> dict[str, object]:
        return {}

    ask(path)
    with EventLog.open(path, readonly=True, types=types) as log:
        events = list(log.read())
        expected = SessionSummaries().result(fold(SessionSummaries(), events))
        assert project(log, SessionSummaries()) == expected
        assert project(log, SessionSummaries(), 700) == SessionSummaries().result(
            fold(SessionSummaries(), events[:700])
        )
    assert ask(path) == plain(path)
