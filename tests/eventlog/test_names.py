"""Names of segment files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog._names import parse_name, raw_name, sealed_name

sequences = st.integers(1, 10**19 - 1)


@given(sequences)
def test_parsing_is_the_inverse_of_formatting(first: int) -> None:
    assert parse_name(raw_name(first)) == (first, False)
    assert parse_name(sealed_name(first)) == (first, True)


@given(sequences, sequences)
def test_names_sort_like_their_sequences(one: int, other: int) -> None:
    assert (raw_name(one) < raw_name(other)) is (one < other)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "0000000000000000000.jsonl",
        "000000000000000001.jsonl",
        "00000000000000000001.jsonl",
        "0000000000000000001.jsonl.gz",
        "0000000000000000001.jsonl.zst.tmp",
        "0000000000000000001.jsonl\n",
        "000000000000000000١.jsonl",
        "-000000000000000001.jsonl",
        "0000000000000000001_jsonl",
        "notes.txt",
    ],
)
def test_any_other_name_is_no_segment(name: str) -> None:
    assert parse_name(name) is None
