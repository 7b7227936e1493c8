"""Mappings: which fields become which parts of an event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.importing import ImportOptionError, parse_map
from eventlog.importing._fields import place


def placed(fields: dict[str, Any], *entries: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return place(dict(fields), parse_map(entries))


def test_without_a_mapping_every_part_has_its_own_name() -> None:
    fields = {"type": "t", "time": 1, "subject": "s", "source": "x", "id": "i", "data": {"a": 1}}
    expected = {"type": "t", "time": 1, "subject": "s", "source": "x", "id": "i"}
    assert placed(fields) == (expected, {"a": 1})


def test_with_a_mapping_only_what_it_names_is_taken() -> None:
    attributes, data = placed({"event": "e", "type": "t", "id": "i"}, "type=event")
    assert (attributes, data) == ({"type": "e"}, {"type": "t", "id": "i"})


def test_the_first_field_that_is_present_wins_and_the_others_stay() -> None:
    found = placed({"b": "2", "c": "3"}, "type=a,b,c")
    assert found == ({"type": "2"}, {"c": "3"})


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_text_are_not_present(empty: object) -> None:
    assert placed({"a": empty, "b": "2"}, "type=a,b") == ({"type": "2"}, {"a": empty})


@pytest.mark.parametrize("value", [0, False, 0.0, [], {}])
def test_other_false_values_are_present(value: object) -> None:
    assert placed({"a": value, "b": "2"}, "type=a,b") == ({"type": value}, {"b": "2"})


def test_one_field_may_serve_two_targets() -> None:
    assert placed({"a": "x"}, "subject=a", "source=a") == ({"subject": "x", "source": "x"}, {})


def test_entries_for_one_target_add_up() -> None:
    assert placed({"b": "x"}, "type=a", "type=b") == ({"type": "x"}, {})


def test_a_field_of_data_can_be_filled_under_another_name() -> None:
    assert placed({"task_id": "x", "n": 1}, "data.task=task,task_id") == ({}, {"task": "x", "n": 1})


def test_a_leftover_whose_name_is_taken_is_kept_under_the_next_free_one() -> None:
    fields = {"id": "x", "task": "old", "task_2": "older"}
    expected = {"task": "x", "task_2": "older", "task_3": "old"}
    assert placed(fields, "data.task=id") == ({}, expected)


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_leftover_gives_way(empty: object) -> None:
    assert placed({"task": empty, "task_id": "x"}, "data.task=task,task_id") == ({}, {"task": "x"})


def test_an_object_can_be_the_base_of_data() -> None:
    assert placed({"d": {"a": 1}, "b": 2}, "data=d") == ({}, {"a": 1, "b": 2})


@pytest.mark.parametrize("rest", [{"a": 2}, {"a": None}])
def test_an_object_stays_whole_when_a_name_would_be_there_twice(rest: dict[str, Any]) -> None:
    fields = {"d": {"a": 1}, **rest}
    assert placed(fields, "data=d") == ({}, fields)


def test_an_object_stays_whole_when_it_has_the_name_of_a_filled_field() -> None:
    found = placed({"d": {"task": 1}, "id": 2}, "data=d", "data.task=id")
    assert found == ({}, {"d": {"task": 1}, "task": 2})


def test_the_base_of_data_is_the_first_field_that_holds_an_object() -> None:
    found = placed({"c": "text", "d": {"a": 1}, "e": {"b": 1}}, "data=c,d,e")
    assert found == ({}, {"a": 1, "c": "text", "e": {"b": 1}})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("type", "does not have the form"),
        ("type=", "does not have the form"),
        ("=a", "does not have the form"),
        ("type=a,,b", "empty field name"),
        ("kind=a", "no part of an event"),
        ("data.=a", "no part of an event"),
        ("data.a.b=c", "cannot be nested"),
        ("a.b=c", "no part of an event"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(entry: str, message: str) -> None:
    with pytest.raises(ImportOptionError, match=message):
        parse_map([entry])


NAMES = st.sampled_from(["a", "b", "c", "d", "a_2"])
VALUES = st.integers(1, 9) | st.text("xy", min_size=1) | st.dictionaries(NAMES, st.integers(1, 9))
TARGETS = st.sampled_from(["type", "subject", "data", "data.a", "data.b", "data.d"])
ENTRIES = st.lists(
    st.builds(
        lambda target, names: f"{target}={','.join(names)}", TARGETS, st.lists(NAMES, min_size=1)
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda entry: entry.partition("=")[0],
)


def _contents(value: object) -> list[str]:
    """The values in ``value``, whether it was unfolded or not."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in _contents(item)]
    return [repr(value)]


@given(fields=st.dictionaries(NAMES, VALUES), entries=ENTRIES)
def test_whatever_the_mapping_no_value_is_lost(fields: dict[str, Any], entries: list[str]) -> None:
    attributes, data = placed(fields, *entries)
    kept = _contents(attributes) + _contents(data)
    assert set(_contents(fields)) == set(kept)
    assert len(kept) >= len(_contents(fields))
