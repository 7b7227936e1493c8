"""Exports into files and streams."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import attrs
from attrs import frozen

from eventlog import EventLog
from projections.exports._content import Content, content_of
from projections.exports._csv import write_csv
from projections.exports._errors import ExportOptionError
from projections.exports._events import Advance, first_sequence, ignore
from projections.exports._json import write_json, write_jsonl
from projections.exports._manifest import FileManifest, remove_manifest, shown_name, write_manifest
from projections.exports._parquet import write_parquet
from projections.exports._selection import Selection
from projections.exports._target_file import check_target, refuse_inside, replacing

_STREAMED: dict[str, Callable[[Content, BinaryIO], int]] = {
    "csv": lambda content, stream: write_csv(content.columns, content.rows(), stream),
    "json": lambda content, stream: write_json(content.documents(), stream),
    "jsonl": lambda content, stream: write_jsonl(content.documents(), stream),
}
FILE_FORMATS = (*_STREAMED, "parquet")

_BUFFER_BYTES = 1 << 20


@frozen
class FileExport:
    """What was exported into a file or a stream."""

    format: str
    model: str | None
    """None for events."""
    table: str
    log_id: str
    from_sequence: int | None
    """The first sequence that was looked at; None when there was none."""
    to_sequence: int
    """The last sequence that was looked at."""
    rows: int


def export_to_file(
    log: EventLog,
    path: str | Path,
    format: str,  # noqa: A002 - the word for it
    selection: Selection | None = None,
    *,
    table: str | None = None,
    manifest: bool = False,
    advance: Advance = ignore,
) -> FileExport:
    """Export into the file ``path``, which appears whole or not at all.

    ``format`` is one of FILE_FORMATS. ``table`` picks one of a read model's tables. With
    ``manifest``, ``<path>.manifest.json`` says what the file holds, and its hash. ``advance`` is
    told how many more bytes of the log are done.

    Errors: ExportOptionError for what does not exist, ExportError for a path that is no plain file,
    MissingExtraError, DamagedLogError, OSError. An existing file is then left as it was.
    """
    path, selection = Path(path).absolute(), selection or Selection()
    refuse_inside(log.path, path)
    check_target(path)
    until = selection.until(log)
    with (
        content_of(log, selection, table, until, advance) as content,
        replacing(path) as written,
    ):
        rows = _write(format, content, written)
        export = _export(log, format, selection, content, until, rows)
        stated = _manifest(path, written, export, selection) if manifest else None
        if manifest:
            remove_manifest(path)
    if stated is not None:
        write_manifest(path, stated)
    return export


def export_to_stream(
    log: EventLog,
    stream: BinaryIO,
    format: str,  # noqa: A002 - the word for it
    selection: Selection | None = None,
    *,
    table: str | None = None,
    advance: Advance = ignore,
) -> FileExport:
    """Export into an open binary stream, as it comes; errors as for :func:`export_to_file`."""
    selection = selection or Selection()
    until = selection.until(log)
    with content_of(log, selection, table, until, advance) as content:
        if format in _STREAMED:
            rows = _STREAMED[format](content, stream)
        else:
            rows = _write_through_a_file(format, content, stream)
        return _export(log, format, selection, content, until, rows)


def _write_through_a_file(format_: str, content: Content, stream: BinaryIO) -> int:
    with tempfile.TemporaryDirectory(prefix="eventlog-export-") as work:
        path = Path(work) / "file"
        rows = _write(format_, content, path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, stream, _BUFFER_BYTES)
    return rows


def _write(format_: str, content: Content, path: Path) -> int:
    if format_ == "parquet":
        return write_parquet(content.columns, content.rows(), path)
    if format_ not in _STREAMED:
        raise ExportOptionError(f"no format {format_!r}: there are {', '.join(FILE_FORMATS)}")
    with path.open("xb", buffering=_BUFFER_BYTES) as stream:
        return _STREAMED[format_](content, stream)


def _export(
    log: EventLog, format_: str, selection: Selection, content: Content, until: int, rows: int
) -> FileExport:
    return FileExport(
        format=format_,
        model=selection.model,
        table=content.table,
        log_id=log.log_id,
        from_sequence=first_sequence(log, after=0, until=until),
        to_sequence=until,
        rows=rows,
    )


def _manifest(path: Path, written: Path, export: FileExport, selection: Selection) -> FileManifest:
    with written.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileManifest(
        file=shown_name(path),
        filters=selection.filters(),
        bytes=written.stat().st_size,
        sha256=digest,
        **attrs.asdict(export),
    )
