"""Memory stays bounded, however long a line is."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importing.helpers import events, plain, raw_of, rejects

PROGRAM = """
import sys
from pathlib import Path
from eventlog import EventLog
from eventlog.importing import import_files
with EventLog.open(sys.argv[1], sync="never") as log:
    stdin = sys.stdin.buffer if sys.argv[2] == "-" else None
    result = import_files(log, sys.argv[2:], stdin=stdin)
status = Path("/proc/self/status").read_text().split()
print(result.imported, result.rejected, int(status[status.index("VmHWM:") + 1]) // 1024)
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc"
)

LONG = 50 * 1024 * 1024


def measured(log: Path, source: Path, *, piped: bool) -> tuple[int, int, int]:
    """Imported, rejected, and the most megabytes that the process held."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with source.open("rb") as file:
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(log), "-" if piped else str(source)],
            stdin=file,
            stdout=subprocess.PIPE,
            env=environment,
            check=True,
        )
    imported, rejected, megabytes = map(int, result.stdout.split())
    return imported, rejected, megabytes


@pytest.mark.parametrize("piped", [False, True], ids=["file", "stream"])
@pytest.mark.parametrize("filling", [b"x", b"\xff"], ids=["text", "bytes"])
def test_a_line_of_50_megabytes_is_kept_exactly_and_never_held(
    tmp_path: Path, filling: bytes, piped: bool
) -> None:
    source = tmp_path / "in"
    source.write_bytes(plain(1) + filling * LONG + b"\n" + plain(2))
    imported, rejected, megabytes = measured(tmp_path / "log", source, piped=piped)
    assert (imported, rejected) == (2, 1)
    assert megabytes < 100
    (entry,) = rejects(tmp_path / "log")
    assert entry["sha256"] == hashlib.sha256(filling * LONG).hexdigest()
    assert raw_of(entry) == filling * LONG
    assert len(events(tmp_path / "log")) == 2


def test_an_unclosed_quote_in_a_large_csv_file_is_not_held(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    row = b"t,2026-01-02,abc\n"
    source.write_bytes(b"type,time,a\n" + b't,2026-01-02,"abc\n' + row * 200_000)
    imported, rejected, megabytes = measured(tmp_path / "log", source, piped=False)
    assert (imported, rejected) == (200_000, 1)
    assert megabytes < 100


def test_a_file_of_bad_lines_only_is_not_held(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"bad\n" * 200_000)
    for _ in range(2):
        assert measured(tmp_path / "log", source, piped=False)[2] < 100
    assert len(rejects(tmp_path / "log")) == 200_000
