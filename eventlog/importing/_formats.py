"""Which format an input has, and what follows from that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from eventlog.importing._cells import cell_value
from eventlog.importing._cloudevent import is_cloudevent, open_envelope
from eventlog.importing._csv_rows import check_header, csv_records
from eventlog.importing._drafts import Draft, Drafter
from eventlog.importing._fields import FieldMap, place
from eventlog.importing._lines import read_lines
from eventlog.importing._options import ImportOptions
from eventlog.importing._records import Record, json_records
from eventlog.importing._sources import STDIN, FileSource, Source
from eventlog.importing._texts import source_of_file


def _is_csv(name: str, options: ImportOptions) -> bool:
    if options.format == "auto":
        return name.lower().endswith(".csv")
    return options.format == "csv"


def records_of(
    name: str, source: Source, options: ImportOptions, spool_in: Path
) -> Iterator[Record | None]:
    """The lines or rows of one input."""
    lines = read_lines(source, options.max_line_bytes, spool_in)
    if _is_csv(name, options):
        return csv_records(lines, options.max_line_bytes, options.delimiter, name)
    return json_records(lines, options.max_line_bytes)


def check_headers(names: list[str], options: ImportOptions, spool_in: Path) -> None:
    """ImportInputError when a CSV file has no proper header."""
    for name in names:
        if name != STDIN and _is_csv(name, options) and Path(name).is_file():
            with closing(FileSource(Path(name))) as source:
                lines = read_lines(source, options.max_line_bytes, spool_in)
                check_header(lines, options.max_line_bytes, options.delimiter, name)


def drafts_of(name: str, options: ImportOptions) -> Callable[[dict[str, Any]], Draft]:
    """What makes an event of the fields of one record of this input."""
    source = source_of_file("stdin" if name == STDIN else Path(name).name)
    drafter = options.drafter(source)
    draft = _draft_of_cells if _is_csv(name, options) else _draft_of_object
    return partial(draft, drafter, options.map)


def _draft_of_object(drafter: Drafter, rules: FieldMap, fields: dict[str, Any]) -> Draft:
    if is_cloudevent(fields):
        return drafter.draft(*open_envelope(fields))
    return drafter.draft(*place(fields, rules))


def _draft_of_cells(drafter: Drafter, rules: FieldMap, cells: dict[str, Any]) -> Draft:
    attributes, data = place(cells, rules)
    return drafter.draft(attributes, {name: cell_value(cell) for name, cell in data.items()})
