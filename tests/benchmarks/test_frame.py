"""The frame: processes of their own, rounds, answers that have to agree, peers that are missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._frame import (
    P50,
    P99,
    P999,
    AnswersDifferError,
    Piece,
    Prepared,
    Taken,
    Theme,
    measure,
    nearly_equal,
    percentiles,
)
from benchmarks._scale import TINY, Scale


def answer(value: object) -> Taken:
    return Taken({"process": float(os.getpid())}, value)


def needs(module: str) -> Taken:
    raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def theme(*pieces: Piece, rounds: int = 1) -> Theme:
    @contextmanager
    def prepare(directory: Path, scale: Scale) -> Iterator[Prepared]:
        yield Prepared(list(pieces))

    return Theme("A theme", prepare, lambda scale: rounds)


def test_each_run_has_a_process_of_its_own(tmp_path: Path) -> None:
    pieces = [Piece("one", partial(answer, 1)), Piece("other", partial(answer, 1))]
    measured = measure(theme(*pieces, rounds=2), tmp_path / "here", TINY)
    processes = [number for found in measured.values.values() for number in found.values()]
    assert len(set(processes)) == 4
    assert os.getpid() not in processes


def test_answers_that_differ_stop_the_measurement(tmp_path: Path) -> None:
    pieces = [
        Piece("one", partial(answer, {"a": 1})),
        Piece("other", partial(answer, {"a": 2}), "one"),
    ]
    with pytest.raises(AnswersDifferError, match="'other' answers otherwise than 'one'"):
        measure(theme(*pieces), tmp_path / "here", TINY)


def test_a_peer_that_is_not_installed_is_told_of_and_has_no_figures(tmp_path: Path) -> None:
    pieces = [Piece("one", partial(answer, 1)), Piece("other", partial(needs, "umadb"), "one")]
    measured = measure(theme(*pieces, rounds=2), tmp_path / "here", TINY)
    assert measured.missing == {"other": "umadb is not installed"}
    assert {name for name, _ in measured.values} == {"one"}


def test_any_other_module_that_is_missing_stops_the_measurement(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="stranger"):
        measure(theme(Piece("one", partial(needs, "stranger"))), tmp_path / "here", TINY)


def test_percentiles_are_left_out_where_there_are_too_few_calls() -> None:
    assert percentiles([1000] * 999) == {P50: 1, P99: 1}
    assert percentiles([1000] * 998 + [9000] * 2) == {P50: 1, P99: 1, P999: 9}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN, PLAIN)
def test_without_floats_nearly_equal_is_equal(one: object, other: object) -> None:
    assert nearly_equal(one, other) == (one == other)
    assert nearly_equal(one, one)


def test_floats_may_differ_in_their_last_digits_only() -> None:
    assert nearly_equal({"a": [0.1 + 0.2]}, {"a": [0.3]})
    assert not nearly_equal({"a": [0.3001]}, {"a": [0.3]})
