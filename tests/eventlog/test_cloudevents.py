"""Every stored line is a CloudEvent, for tools that know nothing of this project."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given

from eventlog import EventLog, NewEvent
from tests.eventlog.test_codec import encode, events
from tests.support.cloudevents import faults
from tests.support.logs import segment_files

FIELDS = ("id", "source", "type", "subject")


def by_system(path: Path) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("no zstd command here")
    return subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout


def by_module(path: Path) -> bytes:
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return reader.read()


@pytest.mark.parametrize("decompress", [by_system, by_module])
def test_sealed_segments_are_lines_of_cloudevents_for_any_zstandard_tool(
    tmp_path: Path, decompress: Callable[[Path], bytes]
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("task.started", {"task": "Übung"}, subject="s-1", source="agent/4")
        log.extend(
            NewEvent("big", {"n": n, "text": "x" * 9_000}, extensions={"trace": f"t{n}", "b": True})
            for n in range(300)  # more than one frame
        )
        log.seal()
        stored = [line for line, _ in log.scan()]
        read = list(log.read())
    plain = decompress(segment_files(log.path)[0])
    assert plain == b"".join(line + b"\n" for line in stored)
    for line, event in zip(plain.splitlines(), read, strict=True):
        parsed = json.loads(line)
        assert faults(parsed) == []
        theirs = JSONFormat().read(CloudEvent, line)
        assert theirs.get_data() == event.data
        attributes = theirs.get_attributes()
        assert attributes["time"] == event.time
        for name in FIELDS:
            assert attributes.get(name) == getattr(event, name)


@given(events)
def test_any_line_is_a_valid_cloudevent(fields: dict[str, Any]) -> None:
    line = encode(**fields)
    assert faults(json.loads(line)) == []
    theirs = JSONFormat().read(CloudEvent, line)
    assert theirs.get_data() == fields["data"]
    assert theirs.get_type() == fields["type_"]
    assert theirs.get_time() == fields["time"]


@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
def test_the_schema_misses_what_is_required(name: str) -> None:
    event = json.loads(encode())
    del event[name]
    assert faults(event)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "not a uri"},
        {"time": "2026-02-06 12:34"},
        {"time": "yesterday"},
        {"subject": ""},
        {"Trace": "x"},
        {"trace": 1.5},
        {"trace": 2**31},
        {"trace": None},
        {"trace": {}},
        {"data_base64": "YQ=="},
        {"specversion": "0.3"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_no_cloudevent(change: dict[str, Any]) -> None:
    assert faults({**json.loads(encode()), **change})
