"""The audit trail: who did what, when."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from hypothesis import given

from eventlog import Event
from projections import audit_trail
from projections.audit import SUMMARY_CHARACTERS, summarize
from tests.projections.helpers import START, event, events


def test_a_row_says_who_did_what_and_when() -> None:
    (row,) = audit_trail([event("task.started", {"task": "a"}, sequence=7, source="agent/1")])
    assert (row.sequence, row.time, row.source, row.subject, row.type, row.summary) == (
        7, START, "agent/1", "s-1", "task.started", "a",
    )  # fmt: skip


def test_the_order_is_that_of_the_log() -> None:
    stretch = [event("x", at=-number, sequence=number) for number in range(1, 4)]
    assert [row.sequence for row in audit_trail(stretch)] == [1, 2, 3]


def test_one_source_can_be_asked_for() -> None:
    stretch = [event("x", source=source, sequence=n) for n, source in enumerate("aba")]
    assert [row.sequence for row in audit_trail(stretch, "a")] == [0, 2]
    assert list(audit_trail(stretch, "c")) == []


def test_it_reads_no_further_than_it_is_asked_to() -> None:
    def endless() -> Iterator[Event]:
        while True:
            yield event("x")

    assert len(list(islice(audit_trail(endless()), 3))) == 3


@pytest.mark.parametrize(
    ("type_", "data", "summary"),
    [
        ("task.completed", {"task": "a", "duration_ms": 5, "metadata": {}}, "a, duration_ms=5"),
        ("file.written", {"path": "p", "lines": 3}, "p, lines=3"),
        ("tool.called", {"tool": "grep", "params": {"x": 1}}, 'grep, params={"x":1}'),
        ("area.visited", {"gold": 5, "area": "Fort"}, "Fort, gold=5"),
        ("crash.detected", {"error_type": "E", "error_message": "no"}, "E, error_message=no"),
        ("session.ended", {"reason": None}, "reason=null"),
        ("session.annotated", {"notes": "good"}, "good"),
        ("something.else", {"b": True, "a": [1]}, "b=true, a=[1]"),
        ("task.started", {"name": "no task"}, "name=no task"),
        ("task.started", {"task": 5}, "5"),
        ("x", {}, ""),
    ],
)
def test_the_summary_is_what_matters(type_: str, data: dict[str, Any], summary: str) -> None:
    assert summarize(type_, data) == summary


@given(events())
def test_a_summary_is_short_whatever_the_data(stretch: list[Event]) -> None:
    for row in audit_trail(stretch):
        assert len(row.summary) <= SUMMARY_CHARACTERS


def test_long_texts_are_cut() -> None:
    assert summarize("task.started", {"task": "x" * 500}) == "x" * 59 + "…"
    many = {f"name-{number}": "x" * 50 for number in range(500)}
    assert len(summarize("x", many)) == SUMMARY_CHARACTERS
