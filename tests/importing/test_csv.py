"""CSV: rows, cells, and what is wrong with them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventlog.importing import ImportInputError, ImportOptions
from eventlog.importing import _csv_rows as csv_rows
from eventlog.importing._cells import cell_value
from eventlog.importing._csv_rows import csv_records
from eventlog.importing._lines import read_lines
from eventlog.importing._records import Record
from tests.importing.helpers import events, imported, options, raw_of, reasons, rejects, run
from tests.importing.test_lines import Blocks

CSV = ImportOptions(format="csv")
HEAD = b"type,time,a,b\n"
ROW = b"t,2026-01-02,"


def records(tmp_path: Path, content: bytes, limit: int = 200) -> list[Record]:
    lines = read_lines(Blocks([content]), limit, tmp_path)
    return [one for one in csv_records(lines, limit, ",", "in.csv") if one is not None]


def rows(tmp_path: Path, content: bytes, limit: int = 200) -> list[dict[str, Any] | str]:
    """The fields or the reason of every row that is not blank."""
    found = [one.fields or one.reason for one in records(tmp_path, content, limit)]
    return [one for one in found if one is not None]


def test_rows_become_events(tmp_path: Path) -> None:
    content = HEAD + ROW + b'x,"1, ""2""\nand 3"\r\n' + ROW + b"y,\n"
    first, second = imported(tmp_path, content, name="in.CSV")
    assert first.data == {"a": "x", "b": '1, "2"\nand 3'}
    assert second.data == {"a": "y"}


def test_the_format_can_be_said_where_the_name_does_not_tell(tmp_path: Path) -> None:
    assert len(imported(tmp_path, HEAD + ROW + b"1,2\n", CSV, name="in.txt")) == 1
    with_ = ImportOptions(format="jsonl")
    assert len(imported(tmp_path, b'{"type":"t","time":1}', with_, name="in.csv")) == 2


def test_another_delimiter_can_be_chosen(tmp_path: Path) -> None:
    with_ = ImportOptions(delimiter=";")
    (event,) = imported(tmp_path, b"type;time;a\nt;2026-01-02;1,5\n", with_, name="in.csv")
    assert event.data == {"a": "1,5"}


def test_mapping_defaults_and_names_apply(tmp_path: Path) -> None:
    with_ = options(["time=ts", "data.task=job"], ["type=d"])
    (event,) = imported(tmp_path, b"ts,job,n\n1770381296,007,7\n", with_, name="in.csv")
    assert (event.type, event.data) == ("d", {"task": "007", "n": 7})
    assert event.time.year == 2026


def test_byte_order_mark_blank_lines_and_rows_of_empty_cells_are_fine(tmp_path: Path) -> None:
    content = b"\n\xef\xbb\xbftype,time\n"
    assert rows(tmp_path, b'\xef\xbb\xbf"a",b\r\n\r\n1,2\r\n,\r\n  \n3,4') == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4"},
    ]
    assert rows(tmp_path, content) == []


@pytest.mark.parametrize("content", [b"", b"\n\n", b"type,time\n"])
def test_a_file_without_rows_gives_nothing(tmp_path: Path, content: bytes) -> None:
    assert imported(tmp_path, content, name="in.csv") == []


def test_missing_and_empty_cells_are_absent(tmp_path: Path) -> None:
    assert rows(tmp_path, b"a,b,c\n1\n,2\n") == [{"a": "1"}, {"b": "2"}]


def test_a_row_with_too_many_cells_is_kept_whole(tmp_path: Path) -> None:
    content = HEAD + ROW + b'"x\ny",2,3\n' + ROW + b"1,2\n"
    assert reasons(tmp_path, content, name="in.csv") == [(2, "5 cells, and the header names 4")]
    (entry,) = rejects(tmp_path / "log")
    assert raw_of(entry) == ROW + b'"x\ny",2,3'
    assert len(events(tmp_path / "log")) == 1


def test_an_unclosed_quote_costs_its_line_and_not_the_rows_behind_it(tmp_path: Path) -> None:
    content = HEAD + ROW + b'"x,1\n' + ROW + b"1,2\n" + ROW + b"3,4\n"
    assert reasons(tmp_path, content, name="in.csv") == [(2, "a quote that is not closed")]
    assert raw_of(rejects(tmp_path / "log")[0]) == ROW + b'"x,1'
    assert [event.data["a"] for event in events(tmp_path / "log")] == [1, 3]


def test_the_pieces_of_a_broken_row_do_not_pass_for_rows(tmp_path: Path) -> None:
    found = rows(tmp_path, b'a,b\n1,"x\ny\nz\n')
    assert found == [
        "a quote that is not closed",
        "1 of 2 cells, behind the broken row of line 2",
        "1 of 2 cells, behind the broken row of line 2",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'"x"y,1\n', "text behind a closing quote"),
        (b"x\ry,1\n", "a carriage return in the middle of the line"),
        (b"x\0y,1\n", "a NUL byte"),
        (b"x\xffy,1\n", "not valid UTF-8 (byte 2 of the line)"),
        (b'"x\n\xff",1\n', "not valid UTF-8 (byte 4 of the line)"),
        (b"x" * 300 + b",1\n", "the line has 302 bytes, more than 200"),
        (b'"' + b"x\n" * 150 + b'",1\n', "a quote that is not closed within 200 bytes"),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_refused_and_why(tmp_path: Path, row: bytes, reason: str) -> None:
    found = rows(tmp_path, b"a,b\n" + row + b"1,2\n")
    assert found[0] == reason
    assert found[-1] == {"a": "1", "b": "2"}


def test_a_quote_in_the_middle_of_a_cell_is_itself(tmp_path: Path) -> None:
    assert rows(tmp_path, b'a,b\n5" disk,1\n') == [{"a": '5" disk', "b": "1"}]


def test_a_cell_longer_than_the_usual_limit_of_python_is_read(tmp_path: Path) -> None:
    assert rows(tmp_path, b"a\n" + b"x" * 200_000, 10**6) == [{"a": "x" * 200_000}]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"type,,a", "has no name for column 2"),
        (b"type, ,a", "has no name for column 2"),
        (b"type,a,type", "names 'type' twice"),
        (b'"type,a', "cannot be read: a quote that is not closed"),
        (b"type,\xff", "is not valid UTF-8"),
        (b"x" * (2**21 + 9), "cannot be read: the line has"),
        (b"x" * 2**20 + b"y", "cannot be read: the line has"),
    ],
    ids=lambda value: value[:12],
)
def test_a_bad_header_fails_the_import_before_anything_is_written(
    tmp_path: Path, header: bytes, message: str
) -> None:
    (tmp_path / "good.jsonl").write_bytes(b'{"type":"t","time":1}\n')
    (tmp_path / "in.csv").write_bytes(header + b"\n1,2,3\n")
    with pytest.raises(ImportInputError, match=message) as caught:
        run(tmp_path / "log", tmp_path / "good.jsonl", tmp_path / "in.csv")
    assert caught.value.path == tmp_path / "in.csv"
    assert events(tmp_path / "log") == []
    assert rejects(tmp_path / "log") == []


PIECES = st.sampled_from(["a", "b", ",", '"', "\n", "\r\n", " ", "'", "1", "é"])
CELLS = st.lists(PIECES, max_size=6).map("".join)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6)


@given(table=TABLES, ending=st.sampled_from(["\n", "\r\n"]))
def test_what_the_standard_library_writes_is_read_back(
    tmp_path: Path, table: list[list[str]], ending: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending).writerows([["x", "y", "z"], *table])
    named = (dict(zip("xyz", row, strict=True)) for row in table if any(row))
    expected = [{name: cell for name, cell in row.items() if cell} for row in named]
    assert rows(tmp_path, text.getvalue().encode()) == expected


HOSTILE = st.lists(st.sampled_from([b'"', b",", b"\n", b"a", b'"\n', b'a",",\n', b"x" * 30]))


@given(pieces=HOSTILE, limit=st.integers(5, 60))
@example(pieces=[b'a",",\n'] * 30, limit=20)
def test_no_byte_is_lost_or_seen_twice_however_the_quotes_stand(
    tmp_path: Path, pieces: list[bytes], limit: int
) -> None:
    content = b"a,b\n" + b"".join(pieces)
    found = records(tmp_path, content, limit)
    raws = [one.raw if isinstance(one.raw, bytes) else b"".join(one.raw.chunks()) for one in found]
    assert b"".join(raws) == content
    ends = [one.end for one in found]
    assert ends == [len(b"".join(raws[: place + 1])) for place in range(len(raws))]


def test_a_file_of_opening_quotes_is_read_in_linear_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "_WASTE", 10_000)
    lines = 2_000
    found = records(tmp_path, b"a,b\n" + b'a",",\n' * lines, limit=2**20)
    assert len(found) == lines + 1
    assert all(one.reason for one in found[1:])


def test_numbers_in_cells(tmp_path: Path) -> None:
    numbers = {"0": 0, "-7": -7, "1.5": 1.5, "18446744073709551615": 2**64 - 1, "1e+16": 1e16}
    for cell, number in numbers.items():
        assert cell_value(cell) == number
        assert type(cell_value(cell)) is type(number)


NO_NUMBERS = [
    "007",
    "1.10",
    "1e5",
    "+1",
    "-0",
    ".5",
    "1.",
    "1_000",
    "NaN",
    "inf",
    "true",
    "٣",
    "1e999",
    "0.12345678901234567890",
]
TOO_LARGE = ["18446744073709551616", "-9223372036854775809"]


@pytest.mark.parametrize("cell", [*NO_NUMBERS, *TOO_LARGE, " 1", "1 ", "1\n"])
def test_a_cell_that_would_not_come_back_the_same_stays_text(cell: str) -> None:
    assert cell_value(cell) == cell


@given(cell=st.from_regex(r"-?[0-9]{1,22}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?", fullmatch=True))
def test_every_cell_comes_back_the_same(cell: str) -> None:
    assert str(cell_value(cell)) == cell


@pytest.mark.parametrize(("last", "line_end"), [(b"1,2", b""), (b"1", b"\n"), (b"1,2", b"\r\n")])
def test_a_last_row_is_whole_when_it_has_all_cells_or_a_line_end(
    tmp_path: Path, last: bytes, line_end: bytes
) -> None:
    assert len(imported(tmp_path, HEAD + ROW + last + line_end, name="in.csv")) == 1


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_last_row_without_all_cells_and_without_a_line_end_is_not_finished(
    tmp_path: Path, line_end: bytes
) -> None:
    content = line_end.join([b"type,time,a,b", b"t,2026-01-02,1,2", b"t,2026-01-02,1"])
    reason = "3 of 4 cells and no line end: the row is not finished"
    assert reasons(tmp_path, content, name="in.csv") == [(3, reason)]


def test_a_last_cell_whose_quote_is_not_closed_is_not_finished(tmp_path: Path) -> None:
    found = reasons(tmp_path, HEAD + ROW + b'1,"half', name="in.csv")
    assert found == [(2, "a quote that is not closed")]


def test_what_follows_a_cell_beyond_the_limit_is_not_taken_for_rows(tmp_path: Path) -> None:
    content = b'type,n\nt,"' + b"z\n" * 200 + b'"\nu,1\n'
    found = rows(tmp_path, content, limit=100)
    assert [one for one in found if isinstance(one, dict)] == [{"type": "u", "n": "1"}]


def test_behind_a_broken_row_short_rows_count_again_after_a_full_one(tmp_path: Path) -> None:
    content = b'type,n\nt,"x" y\nshort\nu,1\nshort\n'
    found = rows(tmp_path, content)
    assert [one for one in found if isinstance(one, dict)] == [
        {"type": "u", "n": "1"},
        {"type": "short"},
    ]
