"""CloudEvents of others, and lines of other logs of this kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventlog import Event, EventLog
from tests.importing.helpers import counts, events, imported, options, reasons, run


def line(**changes: Any) -> bytes:
    fields = {
        "specversion": "1.0",
        "id": "i-1",
        "source": "/there",
        "type": "t",
        "time": "2026-01-02T03:04:05Z",
        **changes,
    }
    return (
        json.dumps({name: value for name, value in fields.items() if value != ...}).encode() + b"\n"
    )


def one(tmp_path: Path, **changes: Any) -> Event:
    (event,) = imported(tmp_path, line(**changes))
    return event


def test_attributes_data_and_extensions_are_kept(tmp_path: Path) -> None:
    event = one(tmp_path, subject="s", data={"a": 1}, traceparent="00-1", level=3, hot=True)
    assert (event.id, event.source, event.type, event.subject) == ("i-1", "/there", "t", "s")
    assert event.data == {"a": 1}
    kept = {name: event.extensions[name] for name in ("traceparent", "level", "hot")}
    assert kept == {"traceparent": "00-1", "level": 3, "hot": True}


@pytest.mark.parametrize("value", ["text", 1, 1.5, True, [1, 2]])
def test_data_that_is_no_object_becomes_a_value_in_one(tmp_path: Path, value: object) -> None:
    assert one(tmp_path, data=value).data == {"value": value}


def test_no_data_is_an_empty_object(tmp_path: Path) -> None:
    assert one(tmp_path).data == one(tmp_path, data=None).data == {}


def test_binary_data_is_kept_as_it_was_written(tmp_path: Path) -> None:
    assert one(tmp_path, data_base64="AAEC").data == {"data_base64": "AAEC"}


def test_content_type_and_schema_become_extensions(tmp_path: Path) -> None:
    event = one(tmp_path, datacontenttype="text/xml", dataschema="https://x/y", data="<a/>")
    assert event.extensions["datacontenttype"] == "text/xml"
    assert event.extensions["dataschema"] == "https://x/y"


def test_null_and_empty_attributes_are_absent(tmp_path: Path) -> None:
    event = one(tmp_path, subject="", traceparent=None, other="")
    assert event.subject is None
    assert set(event.extensions) <= {"importmark"}


def test_a_foreign_sequence_does_not_clash_with_our_own(tmp_path: Path) -> None:
    event = one(tmp_path, sequence="42", commit=7, crc32="x")
    assert event.sequence == 1
    assert event.extensions["originsequence"] == "42"
    assert event.extensions["origincommit"] == 7
    assert event.extensions["origincrc32"] == "x"


def test_an_older_original_sequence_is_kept_too(tmp_path: Path) -> None:
    event = one(tmp_path, sequence="42", originsequence="41")
    assert event.extensions["originsequence"] == "41"
    assert event.extensions["originsequence2"] == "42"


def test_events_of_another_log_lose_its_framing_and_nothing_else(tmp_path: Path) -> None:
    other = tmp_path / "other"
    with EventLog.open(other) as log:
        log.append("a.b", {"n": 1}, subject="s", source="x", extensions={"traceparent": "00-1"})
        log.append("a.c", {"n": 2}, extensions={"schemaversion": 3})
        written = list(log.read())
        content = b"\n".join(log.lines_containing(b"specversion"))
    first, second = imported(tmp_path, content)
    for old, new in zip(written, (first, second), strict=True):
        assert (old.id, old.source, old.type, old.subject) == (
            new.id,
            new.source,
            new.type,
            new.subject,
        )
        assert (old.time, old.data, old.schemaversion) == (new.time, new.data, new.schemaversion)
        assert new.extensions["originsequence"] == old.digits
        assert not {"origincommit", "origincrc32"} & set(new.extensions)
    assert first.extensions["traceparent"] == "00-1"


def test_progress_marks_of_another_log_are_dropped(tmp_path: Path) -> None:
    event = one(tmp_path, importmark="x", importrejected="y")
    assert event.extensions["importmark"] != "x"
    assert "importrejected" not in event.extensions


def test_the_mapping_does_not_touch_a_cloudevent_but_defaults_and_names_apply(
    tmp_path: Path,
) -> None:
    with_ = options(["type=subject"], ["subject=d", "data.n=7"], ["t=renamed"])
    (event,) = imported(tmp_path, line(data={"a": 1}), with_)
    assert (event.type, event.subject, event.data) == ("renamed", "d", {"a": 1, "n": "7"})


def test_missing_attributes_are_filled_as_in_plain_lines(tmp_path: Path) -> None:
    event = one(tmp_path, source=..., id=..., time=...)
    assert event.source == "in.jsonl"
    assert event.extensions["timeassumed"] is True


def test_an_event_that_is_in_the_log_is_skipped_wherever_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(line(id="1") + line(id="2"))
    (tmp_path / "b").write_bytes(line(id="0") + line(id="2") + line(id="3") + line(id="3"))
    assert counts(run(tmp_path / "log", tmp_path / "a")) == (2, 0, 0)
    assert counts(run(tmp_path / "log", tmp_path / "b")) == (2, 2, 0)
    assert [event.id for event in events(tmp_path / "log")] == ["1", "2", "0", "3"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"specversion": "0.3"}, "CloudEvents version '0.3': only 1.0 can be read"),
        ({"specversion": 1.0}, "CloudEvents version"),
        ({"type": ...}, "no type"),
        ({"data": {}, "data_base64": "AA=="}, "both data and data_base64"),
        ({"ext": {"a": 1}}, "the extension 'ext' is an object"),
        ({"ext": [1]}, "the extension 'ext' is an array"),
        ({"ext": 1.5}, "the extension 'ext' is a fraction"),
        ({"ext": 2**31}, "beyond 32 bits"),
        ({"traceParent": "x"}, "extension name"),
        ({"source": []}, "the source is an array"),
        ({"time": "never"}, "no time that can be read: 'never'"),
    ],
)
def test_what_is_refused_and_why(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    ((_, found),) = reasons(tmp_path, line(**changes))
    assert reason in found
