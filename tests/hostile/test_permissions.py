"""Who may read a log, and what is said where it cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog import EventLog, repair
from tests.cli.helpers import COMMAND, PROJECT, Outcome, environment, eventlog, refused
from tests.hostile.test_links import opened, tear, use
from tests.support.logs import batch, segment_files


def test_nobody_else_may_read_any_file_of_a_log_whatever_was_done_to_it(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b'bad\n{"type":"a.b"}\n')
    before = os.umask(0)
    try:
        with opened(tmp_path / "log") as log:
            log.extend(batch(1, 3))
            log.append("test.given", {}, id="four", subject="s", expected_stream_sequence=0)
        for damage in (tear, spoil):
            damage(tmp_path / "log")
            repair(tmp_path / "log")
            use(tmp_path / "log")
        shutil.copytree(tmp_path / "log", tmp_path / "copy")
        spoil(tmp_path / "copy")
        repair(tmp_path / "copy", into=tmp_path / "mended")
        eventlog("keygen", "example.com/audit", "--out", tmp_path / "key")
        eventlog("export", tmp_path / "log", "--format", "csv", "-o", tmp_path / "a.csv")
        eventlog("export", tmp_path / "log", "--format", "sqlite", "-o", tmp_path / "a.db")
    finally:
        os.umask(before)
    made = ["log", "mended", "key", "a.csv", "a.db"]
    found = [tmp_path / one for one in made]
    found += [path for one in ("log", "mended") for path in (tmp_path / one).rglob("*")]
    assert {"rejects.jsonl", "quarantine", "merged", "ids.sqlite"} <= {path.name for path in found}
    assert {str(path) for path in found if path.stat().st_mode & 0o077} == set()


def spoil(log: Path) -> None:
    """Damage that only a repair mends."""
    with opened(log) as writer:
        writer.extend(batch(1, 3))
        writer.rotate()
    first = segment_files(log)[0]
    first.write_bytes(first.read_bytes()[:-30])


BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Runs a program that permissions bind, root or not."""


def bound(*words: str | Path) -> Outcome:
    """The command, run so. Skips where that is not possible."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv") or subprocess.run([*BOUND, "true"]).returncode:
            pytest.skip("NOT TESTED: permissions do not bind root, and there is no setpriv")
        prefix = BOUND
    done = subprocess.run(
        [*prefix, *COMMAND, *map(str, words)],
        cwd=PROJECT, capture_output=True, env=environment(), timeout=60,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture
def protected(tmp_path: Path) -> Iterator[Path]:
    """A log that its owner may read, and nobody may write."""
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        log.seal()
        log.extend(batch(4, 3))
    found = [log.path, *log.path.rglob("*")]
    for path in found:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield log.path
    for path in found:
        path.chmod(0o700)


READING = (["cat"], ["verify"], ["summary"], ["info"])
WRITING = (["append", "a.b"], ["seal"], ["prune", "--keep-events", "1", "--yes"])


def test_a_log_without_the_right_to_write_is_read_and_says_why_it_takes_nothing(
    protected: Path,
) -> None:
    assert bound("cat", protected, "--jsonl").out.count(b"\n") == 6
    for command, *options in READING:
        done = bound(command, protected, *options)
        assert (done.code, "denied" in done.err) == (0, False), done
    for command, *options in WRITING:
        message = refused(bound(command, protected, *options), 1, "Permission denied")
        assert str(protected) in message


@pytest.mark.parametrize(
    "place", ["manifest.jsonl", f"segments/{4:019}.jsonl", f"segments/{1:019}.jsonl.zst"]
)
def test_what_may_not_be_read_is_not_taken_for_missing(place: str, protected: Path) -> None:
    (protected / place).chmod(0)
    for command in ("cat", "verify", "summary"):
        done = bound(command, protected)
        assert done.code == 1, done
        assert "Permission denied" in done.err
        assert place in done.err
