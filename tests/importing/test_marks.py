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


def test_marks_are_found_by_the_first_line_of_their_input_and_know_where_they_stand() -> None:
    near, far = (Mark("k", "r", offset, "h") for offset in (5, 9))
    other = Mark("k", "s", 7, "h")
    marks = Marks()
    for mark, sequence in ((far, 30), (near, 10), (other, 20)):
        marks.add(mark, "", sequence)
    assert marks.of("k") == [near, other, far]
    assert [marks.sequence_of(mark) for mark in (near, other, far)] == [10, 20, 30]
    assert marks.of("none") == []


def test_all_refused_lines_of_a_lineage_count() -> None:
    marks = Marks()
    marks.add(Mark("k", "r", 5, "h"), "1", 1)
    marks.add(Mark("k", "r", 9, "h"), "4-6", 2)
    lines = marks.rejected_by("k-r")
    assert [line for line in range(9) if line in lines] == [1, 4, 5, 6]


def test_a_mark_that_was_said_again_stands_where_it_stood_first() -> None:
    mark = Mark("k", "r", 5, "h")
    marks = Marks()
    marks.add(mark, "", 3)
    marks.add(mark, "", 8)
    assert marks.of("k") == [mark]
    assert marks.sequence_of(mark) == 3


class LogOfLines:
    """As much of a log as is searched for marks."""

    def __init__(self, *lines: bytes) -> None:
        self._lines = lines

    def lines_containing(self, part: bytes, /) -> Iterator[bytes]:
        return (line for line in self._lines if part in line)


def test_what_only_looks_like_a_mark_is_passed_over() -> None:
    mark = Mark("0" * 16, "1" * 8, 5, "2" * 32)
    text = format_mark(mark).encode()
    place = b'"sequence":"0000000000000000007"'
    damaged = b'{"a":1,"importmark":"%b",%b' % (text, place)
    in_data = b'{"a":1,%b,"data":{"b":1,"importmark":"%b"}}' % (place, text)
    other = b'{"a":1,"importmark":"mine",%b}' % place
    placeless = b'{"a":1,"importmark":"%b"}' % text
    assert marks_in(LogOfLines(damaged, in_data, other, placeless)).of(mark.key) == []
    found = marks_in(LogOfLines(b'{"a":1,"importmark":"%b",%b}' % (text, place)))
    assert found.of(mark.key) == [mark]
    assert found.sequence_of(mark) == 7


def test_a_line_that_was_accepted_at_last_is_found_with_its_lineage() -> None:
    text = format_mark(Mark("0" * 16, "1" * 8, 5, "2" * 32)).encode()
    line = b'{"a":1,"importaccepted":"17","importmark":"%b","sequence":"%019d"}' % (text, 4)
    marks = marks_in(LogOfLines(line))
    assert marks.accepted_by("0" * 16 + "-" + "1" * 8) == {17: 4}
    assert marks.accepted_by("other") == {}


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
