"""JSON: one array, or one document a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO


def write_json(documents: Iterable[bytes], stream: BinaryIO) -> int:
    """Write one array, as it comes, an element a line; how many elements there were."""
    rows, before = 0, b"[\n"
    for rows, document in enumerate(documents, 1):  # noqa: B007 - counted for the caller
        stream.write(before + document)
        before = b",\n"
    stream.write(b"\n]\n" if rows else b"[]\n")
    return rows


def write_jsonl(documents: Iterable[bytes], stream: BinaryIO) -> int:
    """Write one document a line; how many there were."""
    rows = 0
    for rows, document in enumerate(documents, 1):  # noqa: B007 - counted for the caller
        stream.write(document + b"\n")
    return rows
