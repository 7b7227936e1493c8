"""How to import, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import Attribute, field, frozen

from eventlog._format import MAX_LINE_BYTES
from eventlog.importing._drafts import Defaults, Drafter
from eventlog.importing._errors import ImportOptionError
from eventlog.importing._fields import DEFAULT_MAP, FieldMap
from eventlog.importing._times import zone_named

Format = Literal["auto", "jsonl", "csv"]


def _positive(_: object, attribute: Attribute[int], value: int) -> None:
    if value < 1:
        raise ImportOptionError(f"{attribute.name} must be at least 1, not {value}")


def _character(_: object, __: Attribute[str], value: str) -> None:
    if len(value) != 1 or value in '"\r\n\0' or not value.isascii():
        raise ImportOptionError(f"the delimiter must be one character, not {value!a}")


def _known_format(_: object, __: Attribute[str], value: str) -> None:
    if value not in {"auto", "jsonl", "csv"}:
        raise ImportOptionError(f"the format must be auto, jsonl or csv, not {value!a}")


@frozen
class ImportOptions:
    """How foreign lines become events.

    ``map``, ``defaults`` and ``rename`` are made by :func:`parse_map`, :func:`parse_defaults` and
    :func:`parse_renames`. ``timezone`` is that of times without one, by its IANA name.
    ``format="auto"`` reads files that end in ``.csv`` as CSV and all else as JSON lines.
    ``rejects_path`` is where refused lines are kept: by default in the log's own directory.

    ImportOptionError when any of them makes no sense.
    """

    map: FieldMap = DEFAULT_MAP
    defaults: Defaults = field(factory=Defaults)
    rename: Mapping[str, str] = field(factory=dict)
    timezone: str = field(default="UTC")
    format: Format = field(default="auto", validator=_known_format)
    delimiter: str = field(default=",", validator=_character)
    max_line_bytes: int = field(default=MAX_LINE_BYTES, validator=_positive)
    batch_events: int = field(default=1000, validator=_positive)
    rejects_path: Path | None = None

    def __attrs_post_init__(self) -> None:
        self.drafter("stdin")  # so that a default that cannot be used shows now

    def drafter(self, source: str) -> Drafter:
        """What makes events under these options; ``source`` is that of events without one."""
        return Drafter(self.defaults, self.rename, zone_named(self.timezone), source)


@frozen
class FileResult:
    """What came of one input. ``imported + skipped + rejected`` is its number of lines or rows,
    blank ones and a CSV header apart."""

    file: str
    imported: int
    skipped: int
    """Already in the log."""
    rejected: int
    untimed: int
    """Imported, with the time of the import for want of their own."""


@frozen
class ImportResult:
    """What came of an import."""

    files: tuple[FileResult, ...]
    rejects_file: Path | None
    """Where the refused lines are, if there were any."""

    @property
    def imported(self) -> int:
        return sum(file.imported for file in self.files)

    @property
    def skipped(self) -> int:
        return sum(file.skipped for file in self.files)

    @property
    def rejected(self) -> int:
        return sum(file.rejected for file in self.files)

    @property
    def untimed(self) -> int:
        return sum(file.untimed for file in self.files)
