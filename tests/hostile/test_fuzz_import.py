"""Changed input files: no line stops an import, none is lost, and none is counted twice."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog, verify
from eventlog.importing import (
    ImportInputError,
    ImportOptions,
    ImportResult,
    decode_object,
    import_files,
    parse_defaults,
    parse_map,
    parse_renames,
)
from eventlog.importing._bad_line import BadLineError
from tests.hostile.clock import ends_within
from tests.hostile.mutations import Change, bytes_changed
from tests.support.files import UnsyncedFiles

JSON_LINES = (
    b'{"event":"begin","ts":1767268800,"bot":"B-1","job":"plan","n":[1,{"a":null}]}\n'
    b'{"type":"task.completed","time":"2026-01-01T12:30:00+01:00","subject":"s-1","source":"a/b"}\n'
    b'{"specversion":"1.0","id":"x-1","source":"/a","type":"a.b","time":"2026-01-01T00:00:00Z",'
    b'"subject":"s","traceparent":"00-1","sequence":"7","data":{"k":1.5},"crc32":"00000000"}\n'
    b'\n{"event":"end","when":"2026-01-01 12:30","worker":"B-2","text":"\\u00fc\xc3\xbc\\ud83d\\ude00"}\r\n'
    b'{"event":"last","ts":"1767268800.5","bot":null,"job":18446744073709551615}'
)
CSV_LINES = (
    b"event,ts,bot,job,amount\n"
    b"begin,1767268800,B-1,plan,7\n"
    b'"step, two",2026-01-01 12:30,B-2,"a ""quoted"" job",-0.5\r\n'
    b'note,,B-3,"over\ntwo lines",\n'
    b"\n,,,,\n"
    b"end,1767268801,\xc3\xbc,last,9"
)
OPTIONS = {
    "plain": {},
    "mapped": {
        "map": parse_map(["type=event,type", "time=ts,when,time", "subject=bot,worker,subject",
                          "data.task=job", "source=source", "id=id"]),
        "defaults": parse_defaults(["type=note"]),
        "rename": parse_renames(["begin=task.started"]),
    },
    "small lines": {"defaults": parse_defaults(["type=note"]), "max_line_bytes": 90},
    "small batches": {"defaults": parse_defaults(["type=note"]), "batch_events": 2},
}  # fmt: skip
Name = Literal["in.jsonl", "in.csv"]


def take(log: Path, source: Path, options: ImportOptions) -> ImportResult | None:
    """None for an input that cannot be read at all."""
    with ends_within(60), EventLog.open(log, files=UnsyncedFiles()) as opened:
        try:
            return import_files(opened, [source], options)
        except ImportInputError:
            assert opened.head() == 0
            return None


def lines_with_something(content: bytes) -> list[bytes]:
    """The lines of a file of JSON lines that are not blank, a byte order mark apart."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in lines if line.strip(b" \t\r")]


def kept(log: Path) -> list[bytes]:
    """The bytes of all refused lines."""
    path = log / "rejects.jsonl"
    entries = map(json.loads, path.read_bytes().splitlines()) if path.exists() else []
    return [
        entry["raw"].encode() if "raw" in entry else b64decode(entry["raw_base64"])
        for entry in entries
    ]
