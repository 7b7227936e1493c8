"""Real errors of a real kernel: a full disk, a file that may not grow, an I/O error, a signal."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eventlog import EventLog, verify
from tests.faults.tally import TALLY
from tests.support.logs import batch
from tests.support.processes import ROOT

needs_strace = pytest.mark.skipif(
    not shutil.which("strace"), reason="strace is not installed: no system call was failed"
)

EVENTS = 300
APPEND = """
import sys
from eventlog import EventLog, WriterFailedError

log = EventLog.open(sys.argv[1], segment_events=20)
for number in range(log.head() + 1, log.head() + 1 + int(sys.argv[2])):
    try:
        assert log.append("test.numbered", {"n": number, "text": "x" * 300}) == number
    except OSError as failure:
        print("failed", failure.errno)
        break
    print(number)
else:
    print("done")
    log.close()
    sys.exit()
try:
    log.append("test.never")
except WriterFailedError:
    print("poisoned")
print("read", sum(1 for _ in log.read(until=number - 1)))
try:
    log.close()
except OSError as failure:
    print("sealing failed", failure.errno)
"""


def appended(log: Path, *before: object, setup: str = "", after: str = "") -> list[str]:
    """What the appending program said, run by these words."""
    done = subprocess.run(
        [*map(str, before), sys.executable, "-c", setup + APPEND + after, log, str(EVENTS)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def assert_failed_safely(path: Path, said: list[str], error: int) -> None:
    """Poisoned and readable at once; opened again, all that was acknowledged is there."""
    acknowledged = [int(line) for line in said if line.isdigit()]
    assert 0 < len(acknowledged) < EVENTS
    assert said[len(acknowledged) : len(acknowledged) + 3] == [
        f"failed {error}", "poisoned", f"read {len(acknowledged)}",
    ]  # fmt: skip
    assert_goes_on(path, acknowledged)
    TALLY["real errors of the kernel"] += 1


def assert_goes_on(path: Path, acknowledged: list[int]) -> None:
    with EventLog.open(path, segment_events=20) as log:
        numbers = [event.data["n"] for event in log.read()]
        assert numbers[: len(acknowledged)] == acknowledged == list(range(1, acknowledged[-1] + 1))
        assert len(numbers) - len(acknowledged) in (0, 1)
        assert log.append("test.numbered", {"n": 0}) == len(numbers) + 1
        log.seal()
    assert verify(path).ok


FULL_DISK = """
import os, shutil
from pathlib import Path
inside, outside = Path(sys.argv[1]), Path(os.environ["OUTSIDE"])
assert [event.data["n"] for event in EventLog.open(inside, readonly=True).read()]
shutil.copytree(inside, outside)
"""


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 KiB, and nothing of them left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=64k none {disk} && exec "$@"'
    unshare = ["unshare", "-rm", "sh", "-c", mount, "sh"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no private mount is permitted here: no disk was full")
    monkeypatch.setenv("OUTSIDE", str(tmp_path / "log"))
    said = appended(disk / "log", *unshare, after=FULL_DISK)
    assert_failed_safely(tmp_path / "log", said, errno.ENOSPC)


@pytest.mark.parametrize("limit", [700, 5_000])
def test_a_file_that_may_not_grow(limit: int, tmp_path: Path) -> None:
    """The kernel writes what still fits, and fails the rest."""
    setup = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    said = appended(tmp_path / "log", setup=setup)
    assert_failed_safely(tmp_path / "log", said, errno.EFBIG)


@needs_strace
@pytest.mark.parametrize("call", ["fdatasync", "write"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("when", ["9", "9+"])
def test_a_system_call_that_fails(call: str, error: str, when: str, tmp_path: Path) -> None:
    said = appended(tmp_path / "log", *failing(tmp_path, f"{call}:error={error}:when={when}"))
    assert_failed_safely(tmp_path / "log", said, errno.__dict__[error])


@needs_strace
@pytest.mark.parametrize("call", ["fdatasync", "write"])
def test_a_system_call_that_a_signal_interrupts_is_made_again(call: str, tmp_path: Path) -> None:
    """Python does that by itself, and nothing has failed."""
    said = appended(tmp_path / "log", *failing(tmp_path, f"{call}:error=EINTR:when=3+2"))
    numbers = list(range(1, EVENTS + 1))
    assert "INJECTED" in (tmp_path / "strace").read_text(), "nothing was interrupted"
    assert said == [*map(str, numbers), "done"]
    assert_goes_on(tmp_path / "log", numbers)


READ = """
import sys
from eventlog import EventLog, EventLogError
try:
    with EventLog.open(sys.argv[1], readonly=True) as log:
        print(sum(1 for _ in log.read()))
except (EventLogError, OSError) as error:
    print("failed", error.errno if isinstance(error, OSError) else error)
"""


@needs_strace
@pytest.mark.parametrize(
    "file",
    ["log.json", "manifest.jsonl", f"segments/{1:019}.jsonl.zst", f"segments/{4:019}.jsonl"],
)
def test_a_failed_read_is_an_error_and_never_the_end_of_the_log(file: str, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        log.seal()
        log.extend(batch(4, 3))
    done = subprocess.run(
        ["strace", "-f", "-o", tmp_path / "strace", "-P", tmp_path / "log" / file,
         "-e", "trace=read,pread64,readv", "-e", "inject=read,pread64,readv:error=EIO:when=1+",
         sys.executable, "-c", READ, tmp_path / "log"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "INJECTED" in (tmp_path / "strace").read_text(), "nothing failed"
    assert done.stdout == f"failed {errno.EIO}\n", done.stderr


def failing(root: Path, injected: str) -> list[str]:
    """These words make the system calls on the first segment fail, and no others."""
    EventLog.open(root / "log").close()
    segment = root / "log" / "segments" / "0000000000000000001.jsonl"
    call = injected.split(":", 1)[0]
    return ["strace", "-f", "-o", str(root / "strace"), "-P", str(segment),
            "-e", f"trace={call}", "-e", f"inject={injected}"]  # fmt: skip
