"""Keys and signed notes: one spelling for each, and nothing that was not signed."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import InvalidKeyError, InvalidProofError, MissingExtraError, new_key
from eventlog.checkpoints._base64 import decode_base64, encode_base64
from eventlog.checkpoints._checkpoint import (
    Checkpoint,
    format_checkpoint,
    parse_checkpoint,
    read_checkpoint,
    unchecked,
)
from eventlog.checkpoints._keys import parse_private_key, parse_public_key
from eventlog.checkpoints._note import Note, check_signed, parse_note, sign_note
from tests.checkpoints.helpers import KEY, OTHER_KEY, flips

NAMES = st.text(min_size=1, max_size=40).filter(
    lambda name: name.isprintable() and " " not in name and "+" not in name
)
ROOT = bytes(range(32))
TEXT = format_checkpoint(Checkpoint("eventlog/abcdefghijkm", 7, ROOT))
NOTE = sign_note(TEXT, parse_private_key(KEY.private))


@given(NAMES)
def test_a_new_key_signs_what_its_public_part_checks(name: str) -> None:
    key = new_key(name)
    private, public = parse_private_key(key.private), parse_public_key(key.public)
    assert (private.encode(), public.encode()) == (key.private, key.public)
    note = sign_note("text\n", private)
    assert parse_note(note).text == "text\n"
    check_signed(parse_note(note), public)


def test_two_new_keys_differ() -> None:
    assert KEY.public != OTHER_KEY.public
    assert KEY.private != OTHER_KEY.private


@pytest.mark.parametrize("name", ["", " ", "a b", "a+b", "a\nb", "a\u2003b", "a\x1bb", "\ud800"])
def test_a_name_that_notes_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(InvalidKeyError, match="choose one like"):
        new_key(name)


def test_a_name_of_200_characters_is_the_longest() -> None:
    assert new_key("n" * 200).public.startswith("n")
    with pytest.raises(InvalidKeyError):
        new_key("n" * 201)


def test_a_private_key_is_in_no_repr_and_no_message() -> None:
    secret = KEY.private.split("+", 4)[4]  # which may hold a plus, too
    assert secret not in repr(KEY)
    assert repr(parse_private_key(KEY.private).seed) not in repr(parse_private_key(KEY.private))
    for place in range(len(KEY.private)):
        with pytest.raises(InvalidKeyError) as raised:
            parse_private_key(KEY.private[:place] + "?" + KEY.private[place + 1 :])
        assert secret[:10] not in str(raised.value)
        assert raised.value.__cause__ is None


@pytest.mark.parametrize("key", [KEY.private, KEY.public], ids=["private", "public"])
def test_a_key_with_any_flipped_bit_is_refused(key: str) -> None:
    parse = parse_private_key if key == KEY.private else parse_public_key
    for content in flips(key):
        with pytest.raises(InvalidKeyError):
            parse(content.decode(errors="replace"))


def test_keys_may_stand_in_a_file_with_a_line_end() -> None:
    assert parse_public_key(f"{KEY.public}\n") == parse_public_key(KEY.public)
    assert parse_private_key(f"{KEY.private}\r\n") == parse_private_key(KEY.private)


def test_a_private_key_in_place_of_a_public_one_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidKeyError, match="keep it to yourself") as raised:
        parse_public_key(KEY.private)
    assert KEY.private not in str(raised.value)


def test_other_kinds_of_keys_are_refused() -> None:
    name, _, content = KEY.public.split("+", 2)
    cosigner = b64encode(b"\x04" + b64decode(content)[1:]).decode()
    for text in (f"{name}+00000000+{cosigner}", f"{name}+00000000+{content[:-4]}"):
        with pytest.raises(InvalidKeyError, match="no Ed25519 key"):
            parse_public_key(text)


def test_a_note_with_any_flipped_bit_is_refused() -> None:
    for content in flips(NOTE):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            continue  # a file with this is refused before
        with pytest.raises(InvalidProofError):
            read_checkpoint(text, KEY.public)


def test_a_note_that_is_cut_off_anywhere_is_refused() -> None:
    for end in range(len(NOTE)):
        with pytest.raises(InvalidProofError):
            read_checkpoint(NOTE[:end], KEY.public)


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note + "\n",
        lambda note: note + "x",
        lambda note: "\n" + note,
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace("\u2014", "-"),
        lambda note: note.replace("\u2014 ", "\u2014  "),
        lambda note: note.replace("=\n", "\n"),
        lambda note: note.replace("7", "\u0667", 1),
        lambda note: note + "\ud800",
        lambda note: note + note,
        lambda note: note * 10_000,
    ],
)
def test_another_spelling_of_a_note_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(InvalidProofError):
        read_checkpoint(change(NOTE), KEY.public)


@pytest.mark.parametrize("text", ["a\x07b\n", "a\tb\n", "a\r\nb\n", "\0\n", "a" * (1 << 20) + "\n"])
def test_a_note_with_controls_or_without_end_is_refused_though_it_is_signed(text: str) -> None:
    note = sign_note(text, parse_private_key(KEY.private))
    with pytest.raises(InvalidProofError, match="too long, or no plain text"):
        parse_note(note)


def test_a_note_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidProofError, match="no plain text"):
        read_checkpoint(NOTE.replace("eventlog", "event\ud800log"), KEY.public)


def test_signatures_of_others_are_ignored_and_may_stand_anywhere() -> None:
    """A witness adds a line; a second key of the same name is another key."""
    ours = NOTE.rpartition("\n\n")[2]
    other = sign_note(TEXT, parse_private_key(OTHER_KEY.private)).rpartition("\n\n")[2]
    witness = "\u2014 witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiI\n"
    for lines in (other + ours, ours + other, witness + ours, ours + witness + other):
        assert read_checkpoint(f"{TEXT}\n{lines}", KEY.public) == parse_checkpoint(TEXT)
    for lines in (other, witness, other + witness):
        with pytest.raises(InvalidProofError, match="not signed by example"):
            read_checkpoint(f"{TEXT}\n{lines}", KEY.public)


def test_a_false_signature_by_a_known_key_counts_beside_a_true_one() -> None:
    ours = NOTE.rpartition("\n\n")[2]
    dash, name, content = ours.removesuffix("\n").split(" ")
    false = b64encode(b64decode(content)[:4] + bytes(64)).decode()
    for lines in (f"{ours}{dash} {name} {false}\n", f"{dash} {name} {false}\n{ours}"):
        with pytest.raises(InvalidProofError, match="it was changed, or forged"):
            read_checkpoint(f"{TEXT}\n{lines}", KEY.public)


def test_a_hundred_signatures_are_the_most() -> None:
    witness = "\u2014 witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiI\n"
    assert read_checkpoint(NOTE + witness * 99, KEY.public).size == 7
    with pytest.raises(InvalidProofError, match="more than 100"):
        read_checkpoint(NOTE + witness * 100, KEY.public)


def test_the_wrong_key_is_named_in_the_message() -> None:
    with pytest.raises(InvalidProofError, match="take the public key of whoever signed it"):
        read_checkpoint(NOTE, OTHER_KEY.public)


@given(
    st.text("abz/9\u00fc", min_size=1),
    st.integers(0, 10**19 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_is_read_as_it_was_written(log_id: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(f"eventlog/{log_id}", size, root)
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint
    assert checkpoint.log_id == log_id


def test_further_lines_of_a_checkpoint_are_allowed() -> None:
    assert parse_checkpoint(TEXT + "and more\n") == parse_checkpoint(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "text\n",
        "eventlog/a\n7\n",
        TEXT.replace("eventlog/", "example.com/"),
        TEXT.replace("\n7\n", "\n07\n"),
        TEXT.replace("\n7\n", "\n+7\n"),
        TEXT.replace("\n7\n", "\n-7\n"),
        TEXT.replace("\n7\n", "\n\n"),
        TEXT.replace("\n7\n", f"\n{10**19}\n"),
        TEXT.replace("=", ""),
        f"eventlog/a\n7\n{encode_base64(bytes(31))}\n",
        TEXT + "\n",
        TEXT + "\nmore\n",
    ],
)
def test_a_signed_note_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(InvalidProofError):
        unchecked(sign_note(text, parse_private_key(KEY.private)))


@given(st.binary(max_size=70))
def test_base64_has_one_spelling_for_each_content(content: bytes) -> None:
    text = encode_base64(content)
    assert decode_base64(text) == content
    for other in (text + "=", text + "\n", f" {text}", text.rstrip("=") + "\u00e4"):
        assert decode_base64(other) is None


def test_a_note_says_nothing_before_it_was_checked() -> None:
    note = parse_note("text\n\n\u2014 a AAAAAAAA\n")
    assert isinstance(note, Note)
    with pytest.raises(InvalidProofError):
        check_signed(note, parse_public_key(KEY.public))


def test_without_the_extra_the_message_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'eventlog\[sign\]'"):
        new_key("example.com/audit")
    with pytest.raises(MissingExtraError):
        read_checkpoint(NOTE, KEY.public)
