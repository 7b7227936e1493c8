"""Folds over lines that any program could write: decompress, split, decode, add up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Literal

from zstandard import ZstdDecompressor

from benchmarks._area_totals import FIELDS, TYPE, Totals

Library = Literal["json", "orjson"]

_PIECE = 1 << 20


@contextmanager
def _raw(path: Path) -> Iterator[IO[bytes]]:
    """The lines of a sealed segment, decompressed as they are read."""
    decompressor = ZstdDecompressor()
    with (
        path.open("rb") as file,
        decompressor.stream_reader(file, read_across_frames=True) as stream,
    ):
        yield stream


def _sealed(segments: Path) -> list[Path]:
    return sorted(segments.glob("*.zst"))


def _line_lists(segments: Path) -> Iterator[list[bytes]]:
    """The lines of the sealed segments, about a mebibyte at a time."""
    for path in _sealed(segments):
        with _raw(path) as stream:
            rest = b""
            while piece := stream.read(_PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                yield lines


def count_lines(segments: Path) -> int:
    """Decompress and split, and nothing else."""
    return sum(map(len, _line_lists(segments)))


def decoded(segments: Path, library: Library, part: str = "") -> Iterator[dict[str, Any]]:
    """The events whose line holds ``part``, in the way that is fastest with this library."""
    if library == "json":
        decode = json.JSONDecoder().decode  # of text: ``loads`` would look for the encoding of each
        for path in _sealed(segments):
            with _raw(path) as stream, TextIOWrapper(stream, encoding="utf-8") as text:
                for line in text:
                    if part in line:
                        yield decode(line)
    else:
        import orjson

        wanted, loads = part.encode(), orjson.loads
        for lines in _line_lists(segments):
            for raw in lines:
                if wanted in raw:
                    yield loads(raw)


def area_totals(segments: Path, library: Library = "json") -> dict[tuple[str, str], Totals]:
    """The selective question; most lines of other types are not decoded."""
    found: dict[tuple[str, str], Totals] = {}
    for event in decoded(segments, library, f'"type":"{TYPE}"'):
        if event["type"] == TYPE:
            data = event["data"]
            totals = found.setdefault((event["subject"], data["area"]), [0] * (1 + len(FIELDS)))
            totals[0] += 1
            for place, name in enumerate(FIELDS, 1):
                totals[place] += data.get(name, 0)
    return found
