"""The trace holds every change of the disk: what the kernel saw is what was recorded."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import Directory, apply
from tests.faults.tracing import Step, Trace
from tests.faults.workloads import WORKLOADS, record
from tests.support.processes import ROOT

RECORD = """
import json, sys
from pathlib import Path
from tests.faults.workloads import record
steps = record(sys.argv[1], Path(sys.argv[2])).steps
print(json.dumps([[step.operation, step.path] for step in steps]))
"""
CALLS = {
    "write": "write", "pwrite64": "write", "writev": "write", "pwritev": "write",
    "openat": "create", "open": "create", "creat": "create",
    "mkdir": "make", "mkdirat": "make", "rmdir": "unlink", "unlink": "unlink", "unlinkat": "unlink",
    "rename": "rename", "renameat": "rename", "renameat2": "rename",
    "ftruncate": "truncate", "truncate": "truncate", "fsync": "sync", "fdatasync": "sync",
    "link": "link", "linkat": "link", "symlink": "link", "symlinkat": "link",
    "chmod": "chmod", "fchmod": "chmod", "fchmodat": "chmod", "utimensat": "touch",
    "copy_file_range": "write", "sendfile": "write", "fallocate": "truncate",
}  # fmt: skip
"""System calls that change a disk, and what they do to it."""


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: nothing compared")
@pytest.mark.parametrize(
    "name",
    [
        "appends",
        "given ids",
        "torn by another",
        "died at append: write raw segment 2",
        "died at create: rename temporary log.json 0",
        "died at seal: rename temporary segment 0",
    ],
)
def test_nothing_that_changes_the_log_bypasses_the_file_layer(name: str, tmp_path: Path) -> None:
    root, seen = tmp_path / "root", tmp_path / "strace"
    root.mkdir()
    done = subprocess.run(
        ["strace", "-f", "-y", "-s", "0", "-o", seen, "-e", f"trace={','.join(CALLS)}",
         sys.executable, "-c", RECORD, name, root],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    recorded = [tuple(step) for step in json.loads(done.stdout)]
    assert list(changes_seen(seen.read_text(), root)) == recorded


def changes_seen(output: str, root: Path) -> Iterator[tuple[str, str]]:
    """What strace saw that changed something below ``root``, but for the cache."""
    created = set[str]()
    for call, arguments in _calls(output):
        if call in ("openat", "open") and "O_CREAT" not in arguments and "O_TRUNC" not in arguments:
            continue
        found = re.search(rf"[<\"]{re.escape(str(root))}(/[^\">]*)?[\">]", arguments)
        if found is None or "/log/cache" in found[0]:
            continue
        path = (found[1] or "/.").removeprefix("/")
        if CALLS[call] == "create":
            if path in created and "O_EXCL" not in arguments:
                continue  # the lock file, which is there by now
            created.add(path)
        yield CALLS[call], path


def _calls(output: str) -> Iterator[tuple[str, str]]:
    """Each system call that succeeded, in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in output.splitlines():
        process, rest = line.split(maxsplit=1)
        if rest.endswith("<unfinished ...>"):
            begun[process] = rest.removesuffix("<unfinished ...>")
            continue
        if rest.startswith("<... "):
            rest = begun.pop(process) + rest.split(" resumed>", 1)[1]
        found = re.fullmatch(r"(\w+)\((.*)\)\s+= \d+(<.*>)?", rest)
        if found:
            yield found[1], found[2]


@pytest.fixture(params=WORKLOADS)
def trace_and_root(request: pytest.FixtureRequest, scratch: Path) -> tuple[Trace, Path]:
    return record(request.param, scratch).trace, scratch


def test_replaying_the_trace_gives_the_directory(trace_and_root: tuple[Trace, Path]) -> None:
    """So no change is missing from it, and the model of the disk does what the disk does."""
    trace, root = trace_and_root
    disk = Directory()
    for entry in trace:
        if isinstance(entry, Step):
            apply(disk, entry)
    assert disk.content() == {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "cache" not in path.parts
    }


def test_a_workload_is_the_same_in_every_run(scratch: Path) -> None:
    traces = []
    for run in ("one", "two"):
        (scratch / run).mkdir()
        steps = record("appends during seals", scratch / run).steps
        traces.append([(step.name, step.path, step.data) for step in steps])
    assert traces[0] == traces[1]
