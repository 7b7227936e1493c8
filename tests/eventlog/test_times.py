"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import InvalidEventError
from eventlog._times import TIME_LENGTH, format_ns, format_time, parse_time
from tests.support.strategies import times


@given(times)
def test_parsing_is_the_inverse_of_formatting(moment: datetime) -> None:
    text = format_time(moment)
    assert len(text) == TIME_LENGTH
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo is UTC


@given(times, times)
def test_texts_sort_like_their_times(one: datetime, other: datetime) -> None:
    assert (format_time(one) < format_time(other)) is (one < other)


@given(st.integers(-(10**18), 250 * 10**18))
def test_the_system_clock_s_nanoseconds_are_cut_to_microseconds(ns: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)
    assert format_ns(ns) == format_time(expected)
    assert format_ns(ns) == format_time(expected), "the kept second is another"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
    ],
)
def test_a_time_outside_of_the_years_1_to_9999_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidEventError, match="outside the years 1 to 9999"):
        format_time(moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-06T12:34:56Z",
        "2026-02-06 12:34:56.789012Z",
        "2026-02-06T12:34:56.789012+",
        "2026-02-30T12:34:56.789012Z",
        "2026-02-06T12:34:56.789012z",
        "2026-02-06T12:34:56.7890120Z",
    ],
)
def test_any_other_text_is_no_time_of_the_log(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a time|day is out of range"):
        parse_time(text)
