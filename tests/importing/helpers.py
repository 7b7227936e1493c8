"""What the tests of the import share."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from eventlog import Event, EventLog, NewEvent, Query
from eventlog.importing import (
    ImportOptions,
    ImportResult,
    import_files,
    parse_defaults,
    parse_map,
    parse_renames,
)


def options(
    map_: Sequence[str] = (),
    default: Sequence[str] = (),
    rename: Sequence[str] = (),
    **others: Any,
) -> ImportOptions:
    """Options as the command line spells them."""
    return ImportOptions(
        map=parse_map(map_),
        defaults=parse_defaults(default),
        rename=parse_renames(rename),
        **others,
    )


def run(
    log: Path,
    *inputs: str | Path,
    with_: ImportOptions | None = None,
    stdin: BinaryIO | None = None,
) -> ImportResult:
    """Open the log, import, close it."""
    with EventLog.open(log, sync="never") as opened:
        return import_files(opened, inputs, with_ or ImportOptions(), stdin=stdin)


def counts(result: ImportResult) -> tuple[int, int, int]:
    """Imported, skipped, rejected."""
    return result.imported, result.skipped, result.rejected


def events(log: Path) -> list[Event]:
    with EventLog.open(log, readonly=True) as opened:
        return list(opened.read())


def imported(
    tmp_path: Path, content: bytes, with_: ImportOptions | None = None, name: str = "in.jsonl"
) -> list[Event]:
    """The events of one input; none of its lines may be refused."""
    (tmp_path / name).write_bytes(content)
    result = run(tmp_path / "log", tmp_path / name, with_=with_)
    assert result.rejected == 0, rejects(tmp_path / "log")
    return events(tmp_path / "log")


def rejects(log: Path) -> list[dict[str, Any]]:
    """The entries of the log's own file of rejects."""
    path = log / "rejects.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def raw_of(entry: dict[str, Any]) -> bytes:
    """The bytes that an entry keeps."""
    if "raw" in entry:
        return str(entry["raw"]).encode()
    return base64.b64decode(entry["raw_base64"])


def reasons(
    tmp_path: Path, content: bytes, with_: ImportOptions | None = None, name: str = "in.jsonl"
) -> list[tuple[int, str]]:
    """Line and reason of everything refused in one input."""
    (tmp_path / name).write_bytes(content)
    run(tmp_path / "log", tmp_path / name, with_=with_)
    return [(entry["line"], entry["reason"]) for entry in rejects(tmp_path / "log")]


def plain(number: int) -> bytes:
    """A line that becomes an event."""
    return b'{"type":"step","time":"2026-01-02T03:04:05Z","n":%d}\n' % number


class Killed(BaseException):
    """Stands for a SIGKILL: nothing of the import runs after it."""


class DyingLog:
    """A real log whose process is killed around one call of ``extend``."""

    def __init__(self, log: EventLog, at: int, *, after_write: bool) -> None:
        self._log = log
        self._left = at
        self._after_write = after_write

    @property
    def path(self) -> Path:
        return self._log.path

    @property
    def log_id(self) -> str:
        return self._log.log_id

    def head(self) -> int:
        return self._log.head()

    def lines_containing(self, part: bytes, /) -> Iterator[bytes]:
        return self._log.lines_containing(part)

    def scan(self, query: Query, /) -> Iterator[tuple[bytes, Event]]:
        return self._log.scan(query)

    def extend(self, batch: list[NewEvent], /) -> list[int]:
        self._left -= 1
        if self._left == 0:
            if self._after_write:
                self._log.extend(batch)
            raise Killed
        return self._log.extend(batch)


def killed_at(
    log: Path, at: int, *, after_write: bool, do: Callable[[DyingLog], ImportResult]
) -> bool:
    """Run an import that dies at its ``at``-th batch; whether it came so far."""
    with EventLog.open(log, sync="never") as opened:
        try:
            do(DyingLog(opened, at, after_write=after_write))
        except Killed:
            return True
    return False
