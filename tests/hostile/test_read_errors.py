"""A read that fails is an error of its own: never the end of the log, and never damage to mend.

The kernel itself fails the reads of one file of the log, from the first or from the second on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eventlog import EventLog
from eventlog.importing import import_files
from projections import SessionSummaries, project
from tests.hostile.test_links import everything
from tests.support.files import UnsyncedFiles
from tests.support.logs import batch
from tests.support.processes import ROOT

pytestmark = pytest.mark.skipif(
    not shutil.which("strace"), reason="NOT TESTED: strace is not installed, no read was failed"
)

EVENTS = 3_000
SEALED = f"segments/{1:019}.jsonl.zst"
ACTIVE = f"segments/{EVENTS + 2:019}.jsonl"

USES = """
import sys
from eventlog import EventLog, EventLogError, prune, repair, verify
from eventlog.importing import import_files
from projections import SessionSummaries, project

path, source = sys.argv[1:]

def read(**how):
    with EventLog.open(path, readonly=True) as log:
        return sum(1 for event in log.read(**how))

def follow():
    with EventLog.open(path, readonly=True) as log:
        return sum(1 for event in log.follow(after=0, timeout=0))

def ask():
    with EventLog.open(path, readonly=True) as log:
        return sum(one.events for one in project(log, SessionSummaries()))

def note(error):
    raise AssertionError(f"taken for damage: {error}")

def write():
    with EventLog.open(path) as log:
        return log.append("test.given", {"n": 0}, id="one")

def take():
    with EventLog.open(path) as log:
        return import_files(log, [source]).imported

uses = {
    "read": read, "backwards": lambda: read(reverse=True), "around": lambda: read(on_damage=note),
    "by subject": lambda: read(subject="s-1"), "follow": follow, "ask": ask,
    "verify": lambda: verify(path).ok, "repair": lambda: len(repair(path, dry_run=True).faults),
    "prune": lambda: prune(path, keep_events=1, dry_run=True).events,
    "write": write, "import": take,
}
for name, use in uses.items():
    try:
        print(name, "gave", use(), sep="\\t")
    except OSError as error:
        print(name, "failed", error.errno, sep="\\t")
    except EventLogError as error:
        print(name, "refused", error, sep="\\t")
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unreadable") / "log"
    path.with_name("in").write_bytes(b'{"type":"a.b"}\n')
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        log.extend(batch(1, EVENTS))
        log.append("test.given", {"n": 0}, id="one")
        log.seal()
        project(log, SessionSummaries())
        import_files(log, [path.with_name("in")])
        log.extend(batch(1, EVENTS))
    return path


def said_of(log: Path, unreadable: str = "", when: str = "") -> dict[str, tuple[str, str]]:
    """How each use ended, and what it said, where the reads of one file fail."""
    calls = "read,pread64,readv,preadv"
    failing = ["strace", "-f", "-o", str(log.with_name("strace")), "-P", str(log / unreadable),
               "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO:when={when}"]  # fmt: skip
    done = subprocess.run(
        [*(failing if unreadable else []), sys.executable, "-c", USES, str(log),
         str(log.with_name("in"))],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if unreadable:
        assert "INJECTED" in log.with_name("strace").read_text(), "nothing failed"
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {name: (how, what) for name, how, what in lines}


def copy_of(log: Path, root: Path) -> Path:
    """The log with the input beside it."""
    shutil.copytree(log.parent, root, dirs_exist_ok=True)
    return root / log.name


@pytest.fixture(scope="module")
def sound(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What all uses say when nothing fails."""
    log = copy_of(whole, tmp_path_factory.mktemp("sound"))
    said = said_of(log)
    assert {how for how, _ in said.values()} == {"gave"}
    return said


@pytest.mark.parametrize(
    ("unreadable", "when"),
    [("log.json", "1+"), ("manifest.jsonl", "1+"), (SEALED, "1+"), (SEALED, "2+"), (ACTIVE, "1+"),
     (ACTIVE, "2+"), ("cache/partials/session-summaries-1/merged", "1+")],
)  # fmt: skip
def test_every_use_fails_as_the_read_did_or_gives_the_whole_answer(
    unreadable: str, when: str, whole: Path, sound: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    log = copy_of(whole, tmp_path)
    before = everything(log / "segments"), (log / "manifest.jsonl").read_bytes()
    said = said_of(log, unreadable, when)
    assert said.keys() == sound.keys()
    wrong = {use: one for use, one in said.items() if one not in (("failed", "5"), sound[use])}
    assert not wrong
    if not unreadable.startswith("cache"):
        assert said["read"] == said["around"] == said["verify"] == ("failed", "5")
    assert (everything(log / "segments"), (log / "manifest.jsonl").read_bytes()) == before
    assert not (log / "quarantine").exists(), "what could not be read was taken for a tear"
