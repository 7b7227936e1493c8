"""Changed files of a log, also with checks that fit: an answer or our own error, and soon."""

from __future__ import annotations

import json
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import EventLog, prune
from eventlog._check import salt_of
from eventlog._seekable import compress_frames
from tests.hostile.mutations import (
    Change,
    bytes_changed,
    checked_again,
    fields_changed,
    with_fields,
)
from tests.hostile.uses import use
from tests.support import DEEP
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, batch, copy_of, segment_files

few = settings(max_examples=500 if DEEP else 20)
"""Each example uses a log a dozen times."""


@frozen
class Base:
    """A log of which something was pruned, with two sealed segments, and a few events more."""

    path: Path
    salt: int
    scratch: Path

    def copy(self) -> Path:
        return copy_of(self.path, self.scratch)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    root = tmp_path_factory.mktemp("fuzz")
    with EventLog.open(root / "log", files=UnsyncedFiles()) as log:
        for first in (1, 4, 7):
            log.extend(batch(first, 3))
            log.seal()
        log.append("test.again", {"x": "ü"}, id="given", subject="s", extensions={"a": "b", "n": 1})
        log.extend(batch(11, 3))
        salt = salt_of(log.log_id)
    prune(root / "log", keep_events=10, files=UnsyncedFiles())
    assert [path.name[18] for path in segment_files(root / "log")] == ["4", "7", "0"]
    return Base(root / "log", salt, root / "scratch")


@few
@given(change=bytes_changed, fits=st.booleans())
def test_the_active_segment(base: Base, change: Change, fits: bool) -> None:
    path = base.copy()
    changed = change(active_file(path).read_bytes())
    active_file(path).write_bytes(checked_again(changed, base.salt) if fits else changed)
    use(path)


@few
@given(fields=st.lists(fields_changed, min_size=1, max_size=4))
def test_other_values_in_its_lines(base: Base, fields: list[dict[int, Any]]) -> None:
    path = base.copy()
    lines = active_file(path).read_bytes().splitlines()
    for number, changes in enumerate(fields):
        lines[number] = with_fields(lines[number], changes, base.salt)[:-1]
    active_file(path).write_bytes(b"\n".join(lines) + b"\n")
    use(path)


def sealed(path: Path) -> Path:
    """The last sealed segment, which the last line of the manifest is about."""
    return segment_files(path)[-2]


def restate(base: Base, path: Path, content: bytes, raw_bytes: int) -> None:
    """Put other content into the sealed segment, with everything in the manifest that fits."""
    sealed(path).write_bytes(content)
    *before, last, pruned = (path / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    names = list(json.loads(last))
    fields = {"raw_bytes": raw_bytes, "stored_bytes": len(content),
              "sha256": sha256(content).hexdigest()}  # fmt: skip
    last = with_fields(last, {names.index(name): fields[name] for name in fields}, base.salt)
    link = {list(json.loads(pruned)).index("previous"): sha256(last[:-1]).hexdigest()}
    pruned = with_fields(pruned, link, base.salt)
    (path / "manifest.jsonl").write_bytes(b"".join([*before, last, pruned]))


def lines_of(segment: Path) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(segment.read_bytes()) as reader:
        return reader.read()


@few
@given(change=bytes_changed)
def test_the_stored_bytes_of_a_sealed_segment(base: Base, change: Change) -> None:
    """Frames and seek table alike; the manifest says so."""
    path = base.copy()
    raw = lines_of(sealed(path))
    restate(base, path, change(sealed(path).read_bytes()), len(raw))
    use(path)


@few
@given(change=bytes_changed, fits=st.booleans(), frames=st.integers(1, 3))
def test_the_lines_of_a_sealed_segment(base: Base, change: Change, fits: bool, frames: int) -> None:
    """Sealed again; frames end anywhere."""
    path = base.copy()
    raw = change(lines_of(sealed(path)))
    raw = checked_again(raw, base.salt) if fits else raw
    size = len(raw) // frames + 1
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    restate(base, path, b"".join(compress_frames(pieces)), len(raw))
    use(path)


_counts = st.sampled_from([0, 1, 2, 3, 8, 9, 1 << 16, 1 << 24, 1 << 31, (1 << 32) - 1])
_tables = st.builds(
    lambda entries, magic, told, stated, flags, end: (
        struct.pack("<II", magic, told)
        + b"".join(struct.pack("<II", *entry) for entry in entries)
        + struct.pack("<IBI", stated, flags, end)
    ),
    st.lists(st.tuples(_counts, _counts), max_size=3),
    st.sampled_from([0x184D2A5E, 0x184D2A50, 0]),
    _counts | st.sampled_from([9, 17, 25, 33]),
    _counts,
    st.sampled_from([0, 1, 0x80, 0xFF]),
    st.sampled_from([0x8F92EAB1, 0]),
)


@few
@given(table=_tables, change=bytes_changed, keep=st.booleans())
def test_a_seek_table_that_states_anything(
    base: Base, table: bytes, change: Change, keep: bool
) -> None:
    path = base.copy()
    content = sealed(path).read_bytes()
    frames = content[: -8 - 8 - 9]
    restate(base, path, (content if keep else frames) + table, len(lines_of(sealed(path))))
    use(path)


@few
@given(change=bytes_changed, fits=st.booleans())
def test_the_manifest(base: Base, change: Change, fits: bool) -> None:
    path = base.copy()
    changed = change((path / "manifest.jsonl").read_bytes())
    changed = checked_again(changed, base.salt) if fits else changed
    (path / "manifest.jsonl").write_bytes(changed)
    use(path)


@few
@given(
    order=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    fields=st.lists(fields_changed, max_size=6),
    chained=st.booleans(),
)
def test_lines_of_the_manifest_repeated_spliced_and_changed(
    base: Base, order: list[int], fields: list[dict[int, Any]], chained: bool
) -> None:
    """Each has a check that fits; ``chained``: and the hash of the line before it."""
    path = base.copy()
    old = (path / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    previous = sha256((path / "log.json").read_bytes()).hexdigest()
    lines = []
    for place, number in enumerate(order):
        line = with_fields(old[number], fields[place] if place < len(fields) else {}, base.salt)
        if chained:
            names = list(json.loads(line))
            line = with_fields(line, {names.index("previous"): previous}, base.salt)
        lines.append(line)
        previous = sha256(line[:-1]).hexdigest()
    (path / "manifest.jsonl").write_bytes(b"".join(lines))
    use(path)


@few
@given(change=bytes_changed, fits=st.booleans(), fields=fields_changed)
def test_log_json(base: Base, change: Change, fits: bool, fields: dict[int, Any]) -> None:
    path = base.copy()
    content = (path / "log.json").read_bytes()
    changed = with_fields(content, fields, 0) if fits else change(content)
    (path / "log.json").write_bytes(changed)
    use(path)
