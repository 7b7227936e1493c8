"""Times in all the ways that logs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.importing import ImportOptionError
from eventlog.importing._bad_line import BadLineError
from eventlog.importing._times import _canonical, _from_text, time_reader, zone_named

NOON = datetime(2026, 2, 6, 12, 34, 56, tzinfo=UTC)
MICROS = NOON.replace(microsecond=789012)
read = time_reader(UTC)

SAME = {
    "2026-02-06T12:34:56Z": NOON,
    "2026-02-06T12:34:56.789012Z": MICROS,
    "2026-02-06 12:34:56.789012Z": MICROS,
    "2026-02-06t12:34:56z": NOON,
    "2026-02-06T12:34:56,789012Z": MICROS,
    "2026-02-06T12:34:56.7Z": NOON.replace(microsecond=700000),
    "2026-02-06T12:34:56": NOON,
    "2026-02-06 12:34:56": NOON,
    "2026-02-06T12:34Z": NOON.replace(second=0),
    "2026-02-06T14:34:56+02:00": NOON,
    "2026-02-06T14:34:56+0200": NOON,
    "2026-02-06T14:34:56+02": NOON,
    "2026-02-06T05:04:56-07:30": NOON,
    "2026-02-06 14:34:56 +02:00": NOON,
    " 2026-02-06T12:34:56Z ": NOON,
    "2026-02-06T12:34:56.7890120000000Z": MICROS,
    "2026-02-06": datetime(2026, 2, 6, tzinfo=UTC),
    1770381296: NOON,
    1770381296.789012: MICROS,
    1770381296789: NOON.replace(microsecond=789000),
    1770381296789012: MICROS,
    1770381296789012000: MICROS,
    "1770381296": NOON,
    "1770381296.789012": MICROS,
    0: datetime(1970, 1, 1, tzinfo=UTC),
    -1: datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
}


@pytest.mark.parametrize("value", SAME, ids=repr)
def test_what_is_read_without_loss(value: object) -> None:
    assert read(value) == (SAME[value], None)


CUT = {
    "2026-02-06T12:34:56.7890129Z": MICROS,
    "2026-02-06T12:34:56.789012000001": MICROS,
    "2016-12-31T23:59:60Z": datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "2017-01-01T00:59:60.5+01:00": datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "1770381296.7890129": MICROS,
    1770381296789012999: MICROS,
    "-0.0000001": datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
}


@pytest.mark.parametrize("value", CUT, ids=repr)
def test_what_loses_digits_is_cut_toward_the_past_and_keeps_its_text(value: object) -> None:
    assert read(value) == (CUT[value], str(value))


NO_TIMES = [
    "yesterday", "", "2026-13-01", "2026-02-30T00:00:00Z", "2026-02-06T25:00:00Z",
    "2026-02-06T12:34:61Z", "2026-02-06x12:34:56", "2026-02-06T12:34:56+25:00",
    "2026-02-06T12:34:56+01:99", "2026-02-06T12:34:56.Z", "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "٢٠٢٦-02-06", "1e5",
    "99999999999999999999999",
    10**40, 1e300, -(10**21), "2026-02-06T12:34:56.7890123456" + "0" * 999 + "Z",
    "2026-W06-5T12:34:56Z",
]  # fmt: skip


@pytest.mark.parametrize("value", NO_TIMES, ids=lambda value: repr(value)[:30])
def test_what_is_no_time_is_named_in_the_reason(value: object) -> None:
    with pytest.raises(BadLineError, match="no time that can be read") as caught:
        read(value)
    assert str(value)[:20] in caught.value.reason or not str(value).isascii()


@pytest.mark.parametrize("value", [True, [], {}, b"x"], ids=repr)
def test_other_values_are_no_times(value: object) -> None:
    with pytest.raises(BadLineError, match="neither a text nor a number"):
        read(value)


def test_a_time_without_zone_is_in_the_zone_of_the_import() -> None:
    berlin = time_reader(zone_named("Europe/Berlin"))
    assert berlin("2026-02-06T13:34:56")[0] == NOON
    assert berlin("2026-07-06T14:34:56")[0] == NOON.replace(month=7)
    assert berlin("2026-02-06T12:34:56Z")[0] == NOON


def test_a_local_time_that_came_twice_is_the_first_one() -> None:
    berlin = time_reader(zone_named("Europe/Berlin"))
    assert berlin("2026-10-25T02:30:00")[0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_local_time_that_never_was_has_the_offset_before_the_change() -> None:
    berlin = time_reader(zone_named("Europe/Berlin"))
    assert berlin("2026-03-29T02:30:00")[0] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "/etc/passwd", "", "Europe"])
def test_an_unknown_zone_is_an_error_of_the_options(name: str) -> None:
    with pytest.raises(ImportOptionError, match="time zone"):
        zone_named(name)


ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES)


@given(moment=MOMENTS)
def test_the_text_of_any_moment_gives_the_moment_back(moment: datetime) -> None:
    assert read(moment.isoformat()) == (moment, None)
    assert read(moment.astimezone(UTC).isoformat().replace("+00:00", "Z")) == (moment, None)


@given(text=st.from_regex(r"[0-9]{4}-[0-9]{2}[T-][0-9]{2}T[0-9:+.Z-]{5,16}Z", fullmatch=True))
def test_the_quick_way_reads_nothing_that_the_full_way_does_not(text: str) -> None:
    quick = _canonical(text)
    assert quick is None or quick == _from_text(text, UTC)


@given(micros=st.integers(0, 10**16))
def test_microseconds_since_1970_are_exact(micros: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    assert read(f"{micros // 10**6}.{micros % 10**6:06d}") == (expected, None)
