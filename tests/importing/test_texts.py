"""type, subject, source and id."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog._uri import is_uri_reference
from eventlog.importing._bad_line import BadLineError
from eventlog.importing._texts import source_of, source_of_file, text_of, uri_reference


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (" a ", " a "), (7, "7"), (1.5, "1.5"), (True, "true"), (False, "false")],
)
def test_numbers_and_booleans_are_written_as_json_does(value: object, text: str) -> None:
    assert text_of("type", value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "the type is an object, and must be a text"),
        ([], "the type is an array, and must be a text"),
        ("a\nb", r"the type holds a control character \(U\+000A\)"),
        ("a\x9b", r"the type holds a control character \(U\+009B\)"),
        ("x" * 513, "the type has 513 characters, more than 512"),
    ],
)
def test_what_cannot_be_a_text_is_refused_with_its_name(value: object, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        text_of("type", value)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("agent/AGENT-004", "agent/AGENT-004"),
        ("https://example.org/a?b#c", "https://example.org/a?b#c"),
        ("a%20b", "a%20b"),
        ("Claude Code", "Claude%20Code"),
        ("100% sure", "100%25%20sure"),
        ("10:30", "10%3A30"),
        ("ä", "%C3%A4"),
        ("a[1]", "a%5B1%5D"),
    ],
)
def test_a_source_is_kept_when_it_is_a_uri_reference_and_else_encoded(
    text: str, encoded: str
) -> None:
    assert source_of(text) == encoded


@given(text=st.text(st.characters(codec="utf-8"), max_size=30))
def test_every_text_becomes_a_uri_reference_that_decodes_to_it(text: str) -> None:
    found = uri_reference(text)
    assert is_uri_reference(found)
    assert found == text or unquote(found) == text


def test_a_source_that_grows_too_long_by_encoding_is_refused() -> None:
    with pytest.raises(BadLineError, match="more than 512 characters as a URI"):
        source_of("ä" * 100)


@given(name=st.text(st.characters(codec="utf-8"), max_size=85))
def test_any_file_name_gives_a_source(name: str) -> None:
    assert is_uri_reference(source_of_file(name))
    assert len(source_of_file(name)) <= 512


def test_a_file_name_that_is_no_text_gives_its_bytes() -> None:
    assert source_of_file("a\udcff.jsonl") == "a%FF.jsonl"
