"""Plain lines of JSON, from the file to the event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eventlog.importing import ImportOptionError, ImportOptions
from tests.importing.helpers import counts, events, imported, options, reasons, run

TIMED = b'{"type":"t","time":"2026-01-02T03:04:05Z"'


def test_a_line_becomes_an_event_with_all_its_parts(tmp_path: Path) -> None:
    line = TIMED + b',"subject":"s","source":"x","id":"i","n":1}\n'
    (event,) = imported(tmp_path, line)
    assert (event.type, event.subject, event.source, event.id) == ("t", "s", "x", "i")
    assert event.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert event.data == {"n": 1}


def test_byte_order_mark_blank_lines_crlf_and_a_missing_last_newline_are_fine(
    tmp_path: Path,
) -> None:
    content = b"\xef\xbb\xbf" + TIMED + b"}\r\n\r\n  \n\t\r\n" + TIMED + b"}"
    assert len(imported(tmp_path, content)) == 2


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_an_input_without_content_gives_nothing(tmp_path: Path, content: bytes) -> None:
    assert imported(tmp_path, content) == []


def test_a_bad_line_stops_nothing(tmp_path: Path) -> None:
    found = reasons(tmp_path, b"oops\n" + TIMED + b"}\n\nnull\n" + TIMED + b"}\n")
    assert [line for line, _ in found] == [1, 4]
    assert len(events(tmp_path / "log")) == 2


def test_a_line_without_type_is_refused_with_the_way_out(tmp_path: Path) -> None:
    ((_, reason),) = reasons(tmp_path, b'{"n":1}\n')
    assert "--map type=" in reason
    assert "--default type=" in reason


def test_a_default_fills_only_what_is_missing(tmp_path: Path) -> None:
    with_ = options(
        default=["type=d", "subject=ds", "source=a b", "time=2026-01-01", "data.n=7", "data.m=8"]
    )
    first, second = imported(tmp_path, TIMED + b',"subject":"s","n":1}\n{"n":""}\n', with_)
    assert (first.type, first.subject, first.source) == ("t", "s", "a%20b")
    assert first.data == {"n": 1, "m": "8"}
    assert (second.type, second.subject, second.data) == ("d", "ds", {"n": "7", "m": "8"})
    assert second.time == datetime(2026, 1, 1, tzinfo=UTC)
    assert not second.extensions.get("timeassumed")


def test_types_are_renamed_after_mapping(tmp_path: Path) -> None:
    with_ = options(["type=e", "time=time"], rename=["a=b", "b=c"])
    found = imported(tmp_path, b'{"e":"a"}\n{"e":"b"}\n{"e":"d"}\n', with_)
    assert [event.type for event in found] == ["b", "c", "d"]


def test_without_a_time_the_time_of_the_import_is_taken_marked_and_counted(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b'{"type":"t"}\n' + TIMED + b"}\n")
    result = run(tmp_path / "log", tmp_path / "in")
    first, second = events(tmp_path / "log")
    assert result.untimed == 1
    assert first.extensions["timeassumed"] is True
    assert datetime.now(UTC) - first.time < timedelta(minutes=1)
    assert "timeassumed" not in second.extensions
    assert run(tmp_path / "log", tmp_path / "in").untimed == 0


def test_now_as_the_default_time_is_no_assumption(tmp_path: Path) -> None:
    (event,) = imported(tmp_path, b'{"type":"t"}\n', options(default=["time=now"]))
    assert "timeassumed" not in event.extensions
    assert datetime.now(UTC) - event.time < timedelta(minutes=1)


def test_a_time_that_is_cut_keeps_its_original(tmp_path: Path) -> None:
    (event,) = imported(tmp_path, b'{"type":"t","time":"2025-10-13T16:05:36.5874934Z"}\n')
    assert event.time.microsecond == 587493
    assert event.extensions["originaltime"] == "2025-10-13T16:05:36.5874934Z"


def test_the_zone_of_the_options_is_that_of_times_without_one(tmp_path: Path) -> None:
    line = b'{"type":"t","time":"2026-01-02T03:04:05"}\n'
    (event,) = imported(tmp_path, line, ImportOptions(timezone="Asia/Tokyo"))
    assert event.time == datetime(2026, 1, 1, 18, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "source"),
    [("my log.jsonl", "my%20log.jsonl"), ("a:b.jsonl", "a:b.jsonl"), ("1:2", "1%3A2")],
)
def test_without_a_source_it_is_the_name_of_the_file(
    tmp_path: Path, name: str, source: str
) -> None:
    (event,) = imported(tmp_path, TIMED + b"}\n", name=name)
    assert event.source == source


def test_a_mapped_id_makes_a_line_known_wherever_it_comes_from(tmp_path: Path) -> None:
    line = TIMED + b',"source":"x","id":"7"}\n'
    (tmp_path / "a").write_bytes(line)
    (tmp_path / "b").write_bytes(TIMED + b',"first":1}\n' + line)
    assert counts(run(tmp_path / "log", tmp_path / "a", tmp_path / "b")) == (2, 1, 0)


def test_an_id_with_other_content_is_refused_alone(tmp_path: Path) -> None:
    lines = [TIMED + b',"source":"x","id":"%d","n":%d}\n' % (n % 7, n // 7) for n in range(9)]
    found = reasons(tmp_path, b"".join(lines))
    assert [line for line, _ in found] == [8, 9]
    assert all("belongs to an event with another" in reason for _, reason in found)
    assert len(events(tmp_path / "log")) == 7


def test_what_only_the_log_refuses_is_refused_alone(tmp_path: Path) -> None:
    """An event can outgrow the log's limit by its envelope; a line beside it must not suffer."""
    huge = TIMED + b',"n":"' + b"x" * (2**20 - 60) + b'"}\n'
    assert len(huge) <= 2**20
    found = reasons(tmp_path, TIMED + b"}\n" + huge + TIMED + b"}\n")
    assert [line for line, _ in found] == [2]
    assert len(events(tmp_path / "log")) == 2


def test_a_line_above_the_limit_is_refused(tmp_path: Path) -> None:
    long = TIMED + b',"n":"' + b"x" * 50 + b'"}'
    with_ = ImportOptions(max_line_bytes=len(long) - 1)
    ((line, reason),) = reasons(tmp_path, TIMED + b"}\n" + long + b"\n", with_)
    assert (line, reason) == (2, f"the line has {len(long)} bytes, more than {len(long) - 1}")
    exact = ImportOptions(max_line_bytes=len(long))
    assert len(imported(tmp_path / "log", long + b"\n", exact)) == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("type", "does not have the form"),
        ("id=x", "no part of an event"),
        ("time=soon", "no time that can be read"),
        ("type=a\nb", "control character"),
    ],
)
def test_a_default_that_makes_no_sense_is_an_error(entry: str, message: str) -> None:
    with pytest.raises(ImportOptionError, match=message):
        options(default=[entry])


@pytest.mark.parametrize("entries", [["a"], ["a=b", "a=c"], ["=b"], ["a=b\n"], ["a=\udcff"]])
def test_a_renaming_that_makes_no_sense_is_an_error(entries: list[str]) -> None:
    with pytest.raises(ImportOptionError):
        options(rename=entries)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Nowhere"},
        {"format": "xml"},
        {"delimiter": ",,"},
        {"delimiter": '"'},
        {"max_line_bytes": 0},
        {"batch_events": 0},
    ],
    ids=str,
)
def test_an_option_out_of_range_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ImportOptionError):
        ImportOptions(**wrong)  # type: ignore[arg-type]
