"""A symbolic link at any place of a log: nothing that it leads to is ever written or deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog, EventLogError, prune, repair, verify
from eventlog.importing import import_files
from projections import SessionSummaries, project
from tests.hostile.clock import ends_within
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, batch

ACTIVE = f"segments/{8:019}.jsonl"
FILES = (
    "log.json", "log.json.tmp", "manifest.jsonl", "writer.lock", "rejects.jsonl",
    f"segments/{1:019}.jsonl.zst", ACTIVE, f"segments/{8:019}.jsonl.zst",
    f"segments/{8:019}.jsonl.zst.tmp", "cache/ids.sqlite", "cache/ids.sqlite.sha256",
    "cache/ids.sqlite-journal", "cache/streams.sqlite", "cache/streams.sqlite.sha256",
    f"cache/partials/session-summaries-1/{1:019}", "cache/partials/session-summaries-1/merged",
)  # fmt: skip
DIRECTORIES = (
    "segments", "quarantine", "cache", "cache/partials", "cache/partials/session-summaries-1",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that has everything a log can have, and a torn tail."""
    path = tmp_path_factory.mktemp("links") / "log"
    for _ in range(2):
        with opened(path) as log:
            log.extend(batch(1, 3))
            log.append("test.given", id=f"id-{log.head()}", subject="s", expected_stream_sequence=0)
            log.seal() if log.head() == 4 else None
        path.with_name("in").write_bytes(b"bad\n")
        with opened(path) as log:
            import_files(log, [path.with_name("in")])
            project(log, SessionSummaries())
        with active_file(path).open("ab") as file:
            file.write(b"torn")
    return path
