"""Progress marks and ranges of lines, to text and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.importing._marks import Mark, Marks, format_mark, marks_in, parse_mark
from eventlog.importing._ranges import MOST_RANGES, LineSet, Range, format_ranges, parse_ranges

HEX = "0123456789abcdef"


def hexes(length: int) -> st.SearchStrategy[str]:
    return st.text(HEX, min_size=length, max_size=length)


MARKS = st.builds(Mark, hexes(16), hexes(8), st.integers(0, 10**18), hexes(32))


@given(mark=MARKS)
def test_a_mark_comes_back_from_its_text(mark: Mark) -> None:
    assert parse_mark(format_mark(mark)) == mark


@pytest.mark.parametrize("text", ["", "a:b:c", "0" * 16 + "-" + "0" * 8 + ":-1:" + "0" * 32])
def test_any_other_text_is_no_mark(text: str) -> None:
    assert parse_mark(text) is None


def test_marks_are_known_by_their_first_line_and_the_furthest_of_a_lineage_is_known() -> None:
    near, far = (Mark("k", "r", offset, "h") for offset in (5, 9))
    other = Mark("k", "s", 7, "h")
    marks = Marks([(far, "2"), (near, "1"), (other, "")])
    assert marks.of("k") == [near, other, far]
    assert [marks.is_furthest(mark) for mark in (near, other, far)] == [False, True, True]
    assert marks.of("none") == []


def test_all_refused_lines_of_a_lineage_count() -> None:
    marks = Marks([(Mark("k", "r", 5, "h"), "1"), (Mark("k", "r", 9, "h"), "4-6")])
    lines = marks.rejected_by(Mark("k", "r", 9, "h"))
    assert [line for line in range(9) if line in lines] == [1, 4, 5, 6]


class LogOfLines:
    """As much of a log as is searched for marks."""

    def __init__(self, *lines: bytes) -> None:
        self._lines = lines

    def lines_containing(self, part: bytes, /) -> Iterator[bytes]:
        return (line for line in self._lines if part in line)


def test_what_only_looks_like_a_mark_is_passed_over() -> None:
    mark = Mark("0" * 16, "1" * 8, 5, "2" * 32)
    text = format_mark(mark).encode()
    damaged = b'{"a":1,"importmark":"%b"' % text
    in_data = b'{"a":1,"data":{"b":1,"importmark":"%b"}}' % text
    other = b'{"a":1,"importmark":"mine"}'
    assert marks_in(LogOfLines(damaged, in_data, other)).of(mark.key) == []
    assert marks_in(LogOfLines(b'{"a":1,"importmark":"%b"}' % text)).of(mark.key) == [mark]


RANGES = (
    st.lists(st.integers(1, 10**9), unique=True)
    .map(sorted)
    .map(lambda ends: list(zip(ends[::2], ends[1::2], strict=False)))
)


@given(ranges=RANGES)
def test_ranges_come_back_from_their_text(ranges: list[Range]) -> None:
    assert parse_ranges(format_ranges(ranges)) == ranges


@given(ranges=RANGES, line=st.integers(0, 10**9))
def test_a_line_is_in_a_set_when_it_is_in_one_of_its_ranges(ranges: list[Range], line: int) -> None:
    assert (line in LineSet(ranges)) == any(start <= line <= end for start, end in ranges)


def test_the_most_ranges_fit_into_one_attribute() -> None:
    widest = (9_999_999_998, 9_999_999_999)
    assert len(format_ranges([widest] * (MOST_RANGES + 2))) <= 512


def test_what_is_no_range_is_left_out() -> None:
    assert parse_ranges("1,x,,3-4,-5,1-2-3") == [(1, 1), (3, 4)]
