"""What asks for far too much memory or time is refused, within little of both.

Each case runs in a process of its own that may take 400 MB more than it has at its start.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eventlog import EventLog, InvalidEventError
from tests.damage import bombs
from tests.damage.bombs import BOMBS, MIB, Bomb, sealed_log
from tests.second_verifier import Log
from tests.support.files import UnsyncedFiles
from tests.support.processes import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")

LIMITS = """
import resource, sys, time
from pathlib import Path
from eventlog import EventLog, EventLogError, repair, verify
from eventlog.importing import import_files

path = Path(sys.argv[1])
pages = int(Path("/proc/self/statm").read_text().split()[0])
size = pages * resource.getpagesize() + 400_000_000
resource.setrlimit(resource.RLIMIT_AS, (size, size))

def answer(name, action):
    seconds = int(time.process_time()) + 30  # a third of it does here; a killed child fails
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    print(name, end=" ", flush=True)
    try:
        print(action())
    except EventLogError as error:
        print("refused")
"""

READING = """
def read(**how):
    with EventLog.open(path, readonly=True) as log:
        return sum(1 for event in log.read(**how))

answer("verify", lambda: verify(path).ok)
answer("read", read)
answer("backward", lambda: read(reverse=True))
answer("around", lambda: read(on_damage=lambda error: None))
answer("repair", lambda: bool(repair(path, dry_run=True).faults))
answer("write", lambda: EventLog.open(path).close())
"""

IMPORTING = """
def take():
    with EventLog.open(path, sync="never") as log:
        done = import_files(log, sys.argv[2:])
        return done.imported, done.rejected

answer("import", take)
"""


TAKES_SECONDS = (
    bombs.line_of_100_megabytes_without_an_end,
    bombs.line_of_100_megabytes_before_a_sound_one,
    bombs.hundred_frames_of_the_largest_size,
)


def _marks(bomb: Bomb) -> list[pytest.MarkDecorator]:
    return [pytest.mark.deep] if bomb in TAKES_SECONDS else []


@pytest.mark.parametrize(
    "bomb", [pytest.param(bomb, marks=_marks(bomb), id=bomb.__name__) for bomb in BOMBS]
)
def test_every_use_of_such_a_log_ends_soon_with_an_answer_or_an_error_of_ours(
    tmp_path: Path, bomb: Bomb
) -> None:
    path = sealed_log(tmp_path / "log")
    bomb(path)
    if bomb not in (bombs.many_beginnings_of_lines, bombs.many_beginnings_and_ends_of_lines):
        assert next(Log(path).faults(), None) is not None  # it promises nothing about its time
    said = dict(line.split(" ", 1) for line in run(LIMITS + READING, path).splitlines())
    assert said.keys() == {"verify", "read", "backward", "around", "repair", "write"}
    assert said["verify"] == "False"


INPUTS = {
    "a line of 100 MB": [b"x" * 100 * MIB, b"\n"],
    "a line of 100 MB without an end": [b"x" * 100 * MIB],
    "an event of 100 MB": [b'{"type":"a.b","data":{"a":"', b"x" * 100 * MIB, b'"}}\n'],
    "lists within lists, 100,000 deep": [b'{"type":"a.b","data":{"a":', b"[" * 100_000, b"\n"],
    "objects within objects, 100,000 deep": [b'{"type":"a.b","data":', b'{"a":' * 100_000, b"\n"],
    "a number of 1,000,000 digits": [b'{"type":"a.b","data":{"a":', b"9" * 1_000_000, b"}}\n"],
}


@pytest.mark.parametrize("pieces", INPUTS.values(), ids=INPUTS.keys())
def test_an_import_refuses_such_a_line_and_takes_the_next(
    tmp_path: Path, pieces: list[bytes]
) -> None:
    source = tmp_path / "in.jsonl"
    ending = b"" if pieces[-1].endswith(b"\n") else b"\n"
    source.write_bytes(b"".join([*pieces, ending, b'{"type":"a.b"}\n']))
    assert run(LIMITS + IMPORTING, tmp_path / "log", source) == "import (1, 1)\n"


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_appending_what_nests_100_000_deep_is_refused(tmp_path: Path, brackets: str) -> None:
    nested: object = 1
    for _ in range(100_000):
        nested = [nested] if brackets == "[]" else {"a": nested}
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles()) as log:
        with pytest.raises(InvalidEventError):
            log.append("a.b", {"nested": nested})
        assert log.head() == 0
