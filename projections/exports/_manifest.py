"""A small statement beside an exported file: what it holds, and its hash."""

from __future__ import annotations

from pathlib import Path

import attrs
import msgspec
from attrs import frozen

from projections.exports._target_file import check_target, replacing

_SUFFIX = ".manifest.json"


@frozen
class FileManifest:
    """What a file holds."""

    file: str
    """Its name, without the directory."""
    format: str
    model: str | None
    """None for events."""
    table: str
    filters: str
    """The filters, as JSON text; ``{}`` for none."""
    log_id: str
    from_sequence: int | None
    """The first sequence that was looked at; None in an empty log."""
    to_sequence: int
    """The last sequence that was looked at."""
    rows: int
    bytes: int
    sha256: str


def shown_name(path: Path) -> str:
    """A file's name as JSON can hold it: bytes that are no text become escapes."""
    return path.name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def manifest_path(path: Path) -> Path:
    """Where the manifest of a file lies."""
    return path.with_name(path.name + _SUFFIX)


def remove_manifest(path: Path) -> None:
    """Take away what would contradict the file from now on."""
    check_target(manifest_path(path))
    manifest_path(path).unlink(missing_ok=True)


def write_manifest(path: Path, manifest: FileManifest) -> None:
    """Write the manifest of the file at ``path``."""
    content = msgspec.json.format(msgspec.json.encode(attrs.asdict(manifest)), indent=2)
    with replacing(manifest_path(path)) as written:
        written.write_bytes(content + b"\n")
