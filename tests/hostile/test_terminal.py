"""No text of an event does anything to a terminal, whichever command prints it; JSON stays exact.

The texts hold every code point that could: C0, DEL, C1, and what turns the direction of text.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog
from tests.cli.helpers import Outcome, eventlog

MARK = "tRaCe"
"""Stands in every text, so that a command which prints none of them does not pass as harmless."""


def is_unsafe(character: str) -> bool:
    """Controls, line and paragraph separators, and what Unicode says turns the direction."""
    return (
        unicodedata.category(character) in ("Cc", "Zl", "Zp")
        or unicodedata.bidirectional(character)
        in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
        or character in "\u061c\u200e\u200f"
    )


UNSAFE = "".join(filter(is_unsafe, map(chr, range(0xD800))))
TEXT = f"{MARK}{''.join(f'{one}x' for one in UNSAFE)}\x1b[2J\x1b]0;title\x07"
NAME = f"{MARK}{''.join(f'{one}x' for one in UNSAFE if ord(one) > 0x9F)}"
"""What the envelope takes: it refuses C0, DEL and C1 itself."""

EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("session.started", {"user": TEXT, TEXT: TEXT, "component": TEXT, "host": TEXT}),
    ("task.started", {"task": TEXT, "metadata": {TEXT: TEXT}}),
    ("task.completed", {"task": f"{TEXT}2", "duration_ms": 60_000, "metadata": {TEXT: TEXT}}),
    ("file.read", {"path": TEXT}),
    ("file.written", {"path": TEXT, TEXT: TEXT}),
    ("tool.called", {"tool": TEXT, "params": {TEXT: [TEXT]}, "duration_ms": 5}),
    ("area.visited", {"area": TEXT, "seconds": 60, "gold": 9, "flees": 1}),
    ("metric.recorded", {TEXT: 1.5, "user_id": TEXT, "session_id": TEXT, "pitch": 1}),
    ("state.saved", {TEXT: TEXT}),
    ("session.annotated", {"notes": TEXT}),
    ("session.summarized", {"gold": 5, "duration_seconds": 60, "supplies": {TEXT: 1},
                            "areas": [{"area": TEXT, "gold": 1, "seconds": 9}]}),
    ("crash.detected", {"error_type": TEXT, "error_message": TEXT, TEXT: TEXT}),
    ("recovery.completed", {TEXT: TEXT}),
    (f"own.{NAME}", {TEXT: {TEXT: TEXT}}),
    # Some commands show the beginning of a text only: each code point stands near one, too.
    *(("note", {"text": MARK + UNSAFE[n : n + 10]}) for n in range(0, len(UNSAFE), 10)),
)  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """These events, of two sessions whose names are as bad; half of them sealed."""
    path = tmp_path_factory.mktemp("hostile") / "log"
    with EventLog.open(path, sync="never") as opened:
        for subject in (f"1{NAME}", f"2{NAME}"):
            for number, (type_, data) in enumerate(EVENTS):
                given = f"{subject}-{number}" if number % 2 else None
                traced = {"traceparent": NAME} if number % 3 else None
                opened.append(type_, data, subject=subject, id=given, extensions=traced)
            opened.seal()
    return path


def assert_harmless(outcome: Outcome) -> None:
    """Only our own colours may begin with an escape."""
    for text in (outcome.text, outcome.err):
        found = re.sub(r"\x1b\[[0-9;]*m", "", text)
        bad = {hex(ord(one)) for one in found if one != "\n" and is_unsafe(one)}
        assert not bad, (sorted(bad), found)


SHOWN = [
    ["cat"], ["cat", "--reverse"], ["tail"], ["audit"], ["summary"], ["analyze"], ["areas"],
    ["trends", "--metric", "gold"], ["trends", "--metric", "none"], ["recover"],
    ["recover", f"1{NAME}"], ["project", "session-summaries"], ["project", "session-analysis"],
    ["project", "session-trends"], ["project", "areas"], ["project", "recovery-snapshots"],
    ["project", "practice-metrics"], ["diff", "session-summaries", "3"],
    ["diff", "recovery-snapshots", "3"], ["diff", "areas", "3"],
    ["diff", "session-analysis", "3"], ["diff", "session-trends", "3"],
]  # fmt: skip


def call(log: Path, words: list[str], *more: str, color: str = "") -> Outcome:
    return eventlog(words[0], log, *words[1:], *more, env={"FORCE_COLOR": color})


@pytest.mark.parametrize("color", ["", "1"])
@pytest.mark.parametrize("words", SHOWN, ids=lambda words: " ".join(words).replace(NAME, "NAME"))
def test_what_a_command_shows_of_events_is_harmless(
    words: list[str], color: str, log: Path
) -> None:
    outcome = call(log, words, color=color)
    assert outcome.code in (0, 1), outcome  # 1 where there is no trend to show
    assert MARK in outcome.text + outcome.err
    assert_harmless(outcome)


@pytest.mark.parametrize("words", SHOWN, ids=lambda words: " ".join(words).replace(NAME, "NAME"))
def test_the_same_answers_as_json_are_escaped_and_exact(words: list[str], log: Path) -> None:
    if words[-1] == "none":
        return  # it has no answer
    outcome = call(log, words, "--json")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", outcome.out), "JSON escapes what is below U+0020"
    texts = list(texts_in(outcome.json))
    assert any(TEXT in text or NAME in text for text in texts)
    for text in texts:
        known = TEXT in text or NAME in text or text.removeprefix(MARK) in UNSAFE
        assert MARK not in text or known, text


COMPOSED = ("summary", "path")
"""A short text of the data, as ``audit`` gives it, and the place of a change, as ``diff`` does."""


def texts_in(value: object) -> list[str]:
    """All texts of a document, names included, but for those that were composed of others."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        pairs = [
            pair for pair in value.items() if pair[0] not in COMPOSED or MARK not in str(pair[1])
        ]
        return [text for pair in pairs for item in pair for text in texts_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return []


def test_every_event_comes_back_exactly_from_json_and_jsonl(log: Path) -> None:
    expected = [(type_, data) for _ in range(2) for type_, data in EVENTS]
    for outcome in (call(log, ["cat"], "--json"), call(log, ["tail"], "-n", "99", "--json")):
        assert [(event["type"], event["data"]) for event in outcome.json] == expected
    for outcome in (call(log, ["cat"], "--jsonl"), call(log, ["tail"], "-n", "99", "--jsonl")):
        assert [(event["type"], event["data"]) for event in outcome.jsonl] == expected


def test_what_others_say_about_a_log_with_such_a_name_is_harmless(tmp_path: Path) -> None:
    log = tmp_path / f"{MARK}{UNSAFE.replace(chr(0), '')}"
    EventLog.open(log).close()
    for words in (["info"], ["verify"], ["seal"], ["repair", "--dry-run"],
                  ["prune", "--keep-events", "1", "--dry-run"], ["nothing"], ["append", NAME],
                  ["recover", TEXT.replace("\0", "")], ["init"]):  # fmt: skip
        assert_harmless(call(log, words))


REFUSED = [
    ["append", TEXT], ["append", "a.b", TEXT], ["append", "a.b", "{}", "--subject", TEXT],
    ["append", "a.b", "{}", "--source", TEXT], ["append", "a.b", "{}", "--id", TEXT],
    ["append", "a.b", '{"a": 1}', "--time", TEXT],
    ["cat", "--since", TEXT], ["cat", "--type", TEXT],
    ["project", TEXT], ["diff", TEXT, "1"], ["trends", "--metric", TEXT],
    ["export", "--format", "csv", "--model", TEXT], ["export", "--format", TEXT],
    ["import", TEXT], ["summary", "--as-of", TEXT], [f"--{TEXT}"], ["cat", f"--{TEXT}"],
]  # fmt: skip


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: " ".join(words)[:30].replace(MARK, ""))
def test_an_error_that_repeats_what_it_was_given_is_harmless(words: list[str], log: Path) -> None:
    words = [word.replace("\0", "") for word in words]  # no argument can hold it
    assert_harmless(call(log, words))


IMPORTED = {
    "no JSON": TEXT.encode(),
    "a key twice": '{"type":"a.b","k":1,"k":2}'.replace("k", NAME).encode(),
    "a long number": f'{{"{NAME}":{"9" * 30}}}'.encode(),
    "a type with controls": b'{"type":"a\\u001b[2J\\u0085"}',
    "a time that is none": '{"type":"a.b","time":"NAME"}'.replace("NAME", NAME).encode(),
    "an array": f'["{NAME}"]'.encode(),
    "no UTF-8": b'{"type":"\x1b[2J\xff"}',
}


@pytest.mark.parametrize("line", IMPORTED.values(), ids=IMPORTED)
def test_what_is_said_of_a_refused_line_is_harmless(line: bytes, tmp_path: Path) -> None:
    source = tmp_path / f"{NAME}\x1b[2J.jsonl"
    source.write_bytes(line.replace(b"\n", b"") + b"\n")
    outcome = eventlog("import", tmp_path / "log", source)
    assert outcome.code == 3
    assert MARK in outcome.err  # the name of the file
    assert_harmless(outcome)


def test_what_is_said_of_damage_is_harmless(tmp_path: Path) -> None:
    """A line of the log that was changed by hand, with a check that is right."""
    from eventlog._check import finish_line, salt_of
    from tests.support.logs import active_file

    log = tmp_path / "log"
    with EventLog.open(log) as opened:
        opened.append("a.b")
        salt = salt_of(opened.log_id)
    path = active_file(log)
    body = path.read_bytes()[: -len(',"crc32":"12345678"}\n')]
    for old, new in (("a.b", TEXT), ('"data":{}', f'"data":{{}},"{TEXT}":1'), ("1.0", TEXT)):
        path.write_bytes(finish_line(body.replace(old.encode(), new.encode()), salt))
        for words in (["verify"], ["cat"], ["tail"], ["audit"], ["summary"], ["append", "a.b"],
                      ["info"], ["repair", "--dry-run"]):  # fmt: skip
            outcome = call(log, words)
            assert "this is a bug" not in outcome.err
            assert_harmless(outcome)
