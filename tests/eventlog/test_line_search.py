"""Intact lines are found where the ends of lines are damaged."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog._check import finish_line, is_intact, salt_of
from eventlog._codec import LineEncoder
from eventlog._line_search import intact_lines
from tests.support.logs import flip

LOG_ID = "q3k7xw9abcde"
SALT = salt_of(LOG_ID)


def line_of(sequence: int, data: bytes = b"{}") -> bytes:
    """An intact line without its LF."""
    encoder = LineEncoder(LOG_ID, 1 << 20)
    time = datetime(2026, 2, 6, 12, 34, 56, 789012, UTC)
    prepared = encoder.prepare("b", "a", None, time, json.loads(data))
    return encoder.finish(prepared, sequence, 1)[:-1]


def found(chunk: bytes) -> list[bytes]:
    lines = list(intact_lines(chunk, SALT))
    assert all(chunk[offset : offset + len(line)] == line for offset, line in lines)
    return [line for _, line in lines]


@pytest.mark.parametrize("between", [b"\x0b", b"", b"\0" * 40, b"\r", b'{"specversion":', b"x" * 9])
def test_two_lines_with_anything_but_an_lf_between_are_both_found(between: bytes) -> None:
    assert found(line_of(1) + between + line_of(2)) == [line_of(1), line_of(2)]
    assert found(between + line_of(1) + between) == [line_of(1)]


def test_a_damaged_line_is_not_found_and_its_neighbors_are() -> None:
    one, two, three = line_of(1), line_of(2), line_of(3)
    for offset in range(len(two)):
        assert found(b"\0".join([one, flip(two, offset, 2), three])) == [one, three]


def test_a_line_that_an_intact_one_quotes_is_no_line() -> None:
    quoting = line_of(2, b'{"quoted":%b}' % line_of(1))
    assert found(quoting) == [quoting]
    assert found(quoting + b"\x0b" + line_of(3)) == [quoting, line_of(3)]


def test_a_line_of_another_log_is_not_found() -> None:
    assert list(intact_lines(line_of(1), salt_of("another2log3"))) == []


@given(st.lists(st.binary(max_size=30).filter(lambda junk: b"{" not in junk), max_size=6))
def test_all_lines_are_found_in_any_junk(junk: list[bytes]) -> None:
    lines = [line_of(number) for number in range(1, len(junk) + 1)]
    assert found(b"".join(a + b for a, b in zip(junk, lines, strict=True))) == lines


def _tried_one_by_one(chunk: bytes) -> list[bytes]:
    """Every start with every end: what the search must find, at its own pace."""
    lines, start = [], chunk.find(START)
    while start >= 0:
        ends = (match.end() for match in CHECK.finditer(chunk, start))
        end = next((end for end in ends if is_intact(chunk[start:end], SALT)), None)
        if end is not None:
            lines.append(chunk[start:end])
        start = chunk.find(START, start + 1 if end is None else end)
    return lines


START, CHECK = b'{"specversion":', re.compile(rb',"crc32":"[0-9a-f]{8}"}')


def _wrapped(pieces: list[bytes]) -> bytes:
    """The pieces side by side, and once more inside an intact line."""
    inside = b"".join(pieces)
    return inside + finish_line(START + inside, SALT)[:-1]


_PIECES = st.sampled_from(
    [
        START,
        b',"crc32":"00000000"}',
        b',"crc32":"',
        b"\0",
        b"{",
        line_of(1),
        flip(line_of(2), 40, 1),
    ]
)


@given(st.recursive(_PIECES, lambda inner: st.lists(inner, max_size=6).map(_wrapped), max_leaves=9))
def test_what_is_found_is_what_trying_every_start_with_every_end_finds(chunk: bytes) -> None:
    assert found(chunk) == _tried_one_by_one(chunk)
    assert found(b"\x0b" + chunk + b"}") == _tried_one_by_one(chunk)


def test_a_line_ends_at_the_first_check_that_fits() -> None:
    longer = finish_line(line_of(1) + b"more", SALT)[:-1]
    assert found(b"\0" + longer) == [line_of(1)]
