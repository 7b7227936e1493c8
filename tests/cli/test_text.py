"""Text for people: harmless on a terminal, and short."""

from __future__ import annotations

import os
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli._text import (
    as_text,
    clean,
    count,
    format_bytes,
    format_duration,
    format_moment,
    quoted,
)

BIDIRECTIONAL = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def test_every_control_and_every_bidirectional_character_is_replaced() -> None:
    for code in range(0x110000):
        character = chr(code)
        is_control = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        is_mark = character in "\u061c\u200e\u200f"
        if is_control or is_mark or unicodedata.bidirectional(character) in BIDIRECTIONAL:
            assert clean(f"a{character}b") == "a\ufffdb", hex(code)


@pytest.mark.parametrize(
    "text", ["", "plain", "sch\u00f6n", "\u65e5\u672c", "\U0001f41d", "\u05d0"]
)
def test_all_other_text_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, ""), (0, "0ms"), (999, "999ms"), (1000, "1.0s"), (59_940, "59.9s"), (60_000, "1m 00s"),
     (3_599_999, "59m 59s"), (3_600_000, "1h 00m"), (90_061_000, "25h 01m")],
)  # fmt: skip
def test_a_duration_is_short(milliseconds: float | None, text: str) -> None:
    assert format_duration(milliseconds) == text


def test_a_duration_never_shows_sixty_seconds_or_a_thousand_milliseconds() -> None:
    shown = {
        format_duration(tenth / 10) for tenth in [*range(9_900, 10_100), *range(599_000, 601_000)]
    }
    assert shown.isdisjoint({"60.0s", "1000ms"})
    assert {"59.9s", "1m 00s", "999ms", "1.0s"} <= shown


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_a_size_has_decimal_units(size: int, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("number", "word", "text"),
    [(0, "event", "0 events"), (1, "event", "1 event"), (2000, "event", "2,000 events"),
     (2, "entry", "2 entries")],
)  # fmt: skip
def test_a_count_has_its_word_in_the_right_number(number: int, word: str, text: str) -> None:
    assert count(number, word) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (None, ""),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01 00:00:00"),
        (datetime(2026, 2, 6, 12, 34, 56, 999_999, tzinfo=UTC), "2026-02-06 12:34:56"),
    ],
)
def test_a_time_is_shown_to_the_second(moment: datetime | None, text: str) -> None:
    assert format_moment(moment) == text


def test_a_path_is_quoted_as_a_shell_needs_it() -> None:
    assert quoted(Path("a.log")) == "a.log"
    assert quoted(Path("a b;c")) == "'a b;c'"


def test_a_name_that_is_no_text_becomes_one() -> None:
    assert as_text(os.fsdecode(b"a\xff\xc3\xb6")) == "a\\xff\u00f6"
