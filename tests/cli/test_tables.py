"""Tables: aligned, one line per row, no wider than the terminal, and written as rows come."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest import mock

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from cli._cells import cut, padded, width_of
from cli._table import Column, Stream, print_table
from eventlog import EventLog, NewEvent
from tests.cli.helpers import COMMAND, PATIENCE, environment, eventlog
from tests.cli.test_read_models import on_a_terminal

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Mn", "Me")))


@frozen
class Fruit:
    name: str
    pieces: int
    note: str = ""


COLUMNS = (
    Column[Fruit]("name", lambda one: one.name),
    Column[Fruit]("pieces", lambda one: f"{one.pieces:,}", is_number=True),
    Column[Fruit]("note", lambda one: one.note, width=4),
)


def lines_of(write: Callable[[], object], encoding: str = "utf-8") -> list[str]:
    """What it writes to stdout."""
    out = TextIOWrapper(BytesIO(), encoding)
    with mock.patch.object(sys, "stdout", out):
        write()
    return out.buffer.getvalue().decode(encoding).splitlines()


@given(TEXTS, st.integers(0, 40))
def test_text_is_cut_to_the_cells_there_are(text: str, width: int) -> None:
    shown = cut(text, width)
    assert width_of(shown) <= width
    assert shown == text or width_of(text) > width


@given(TEXTS, st.integers(0, 40), st.booleans())
def test_padding_adds_only_blanks(text: str, width: int, at_left: bool) -> None:
    shown = padded(text, width, at_left=at_left)
    assert width_of(shown) == max(width, width_of(text))
    assert shown.strip(" ") == text.strip(" ")


def test_numbers_stand_at_the_right_and_wide_characters_count_twice() -> None:
    rows = [Fruit("fig", 12_000, "ripe"), Fruit("梨子", 5), Fruit("plum", 800, "blue")]
    assert lines_of(lambda: print_table(COLUMNS, rows)) == [
        "name  pieces  note",
        "fig   12,000  ripe",
        "梨子       5",
        "plum     800  blue",
    ]


def test_columns_without_anything_in_them_are_not_shown() -> None:
    assert lines_of(lambda: print_table(COLUMNS, [Fruit("fig", 1)])) == [
        "name  pieces",
        "fig        1",
    ]


def test_escapes_for_what_the_encoding_lacks_are_aligned_as_well() -> None:
    rows = [Fruit("fig", 1), Fruit("梨", 2)]
    assert lines_of(lambda: print_table(COLUMNS, rows), "ascii") == [
        "name    pieces",
        "fig          1",
        "\\u68a8       2",
    ]


def test_a_stream_writes_each_row_when_it_comes() -> None:
    stream = Stream(COLUMNS)
    assert lines_of(lambda: stream.write(Fruit("fig", 1, "a"))) == [
        "name  pieces  note",
        "fig        1  a",
    ]
    assert lines_of(lambda: stream.write(Fruit("a long name", 2, "b"))) == [
        "a long name       2  b"
    ]
    assert lines_of(lambda: stream.write(Fruit("fig", 3, "c"))) == ["fig               3  c"]
    assert stream.rows == 3


def test_a_stream_aligns_no_further_than_it_makes_sense() -> None:
    stream = Stream(COLUMNS)
    long = lines_of(lambda: stream.write(Fruit("x" * 500, 1)))
    assert long[1] == f"{'x' * 500}       1"
    (short,) = lines_of(lambda: stream.write(Fruit("fig", 1)))
    assert len(short) < 60


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long names, wide characters and large numbers wherever a table may show them."""
    path = tmp_path_factory.mktemp("wide") / "log"
    long = "日本語" * 30
    with EventLog.open(path) as opened:
        for subject in ("s" * 200, long, "short"):
            opened.extend(
                [
                    NewEvent("task.started", {"task": long}, subject),
                    NewEvent("task.completed", {"task": long, "duration_ms": 10**14}, subject),
                    NewEvent("area.visited", {"area": long, "seconds": 9, "gold": 10**14}, subject),
                    NewEvent("metric.recorded", {long: 1.5}, subject),
                ]
            )
    return path


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize(
    "command",
    ["summary", "analyze", "trends", "areas", "recover", "audit", "cat", "tail",
     "project session-trends", "project practice-metrics", "diff session-summaries 1"],
)  # fmt: skip
def test_whatever_a_log_holds_no_line_is_wider_than_the_terminal(
    command: str, width: int, wide: Path
) -> None:
    name, *rest = command.split()
    lines = on_a_terminal(name, wide, *rest, width=width)
    assert len(lines) > 1
    assert max(map(width_of, lines)) <= width


def test_a_pipe_gets_all_of_every_cell(wide: Path) -> None:
    for command in ("summary", "cat", "audit", "recover"):
        text = eventlog(command, wide).text
        assert "s" * 200 in text
        assert "日本語" * 30 in text


def test_the_last_events_are_not_held(tmp_path: Path) -> None:
    """Each part of what is asked for leaves before the rest is read."""
    with EventLog.open(tmp_path / "log", sync="never") as opened:
        opened.extend([NewEvent("t", {"n": n}, "s") for n in range(30_000)])
    few, many = (peak_kb("tail", tmp_path / "log", "-n", number) for number in ("10", "30000"))
    assert many < few + 20_000


def peak_kb(*args: str | Path) -> int:
    """The most memory that the command took."""
    code = "import resource, subprocess, sys\n"
    code += "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run(
        [sys.executable, "-c", code, *COMMAND, *map(str, args)],
        capture_output=True, check=True, timeout=PATIENCE, env=environment(),
    )  # fmt: skip
    return int(done.stdout)
