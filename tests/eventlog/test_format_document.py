"""The worked example in docs/log-format.md is what the code writes, and adds up without it."""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eventlog import EventLog, NewEvent
from eventlog._files import Files
from eventlog._identity import Identity, write_identity
from eventlog._names import raw_name
from tests.support.logs import active_file

DOCUMENT = Path(__file__).parents[2] / "docs" / "log-format.md"
LOG_ID = "q3k7xw9abcde"
START = datetime(2026, 2, 6, 12, 34, 56, 789012, UTC)


def _example() -> dict[str, list[str]]:
    """The lines of each code block of the example, by the language that it is marked with."""
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.split("<!-- example:start -->")[1].split("<!-- example:end -->")[0]
    blocks = [block.strip().split("\n") for block in part.split("```")[1::2]]
    assert [block[0] for block in blocks] == ["json", "json", "json"]
    identity, batch, manifest = (block[1:] for block in blocks)
    return {"identity": identity, "batch": batch, "manifest": manifest}


def make_example(path: Path) -> dict[str, list[str]]:
    """What the code writes for it."""
    (path / "segments").mkdir(parents=True)
    (path / "segments" / raw_name(1)).touch()
    write_identity(path, Identity(1, LOG_ID, "2026-02-06T12:34:56.000000Z"), Files())
    with EventLog.open(path) as log:
        log.extend(
            [
                NewEvent("task.started", {"task": "write docs"}, "s-17", "agent/4", None, START),
                NewEvent(
                    "note", {"text": "über"}, None, "agent/4", "n-1",
                    START + timedelta(milliseconds=1500), {"traceparent": "00-1f-2e-01"},
                ),
            ]
        )  # fmt: skip
        batch = active_file(path).read_text(encoding="utf-8")
        log.seal()
    return {
        "identity": [(path / "log.json").read_text().removesuffix("\n")],
        "batch": batch.removesuffix("\n").split("\n"),
        "manifest": [(path / "manifest.jsonl").read_text().removesuffix("\n")],
    }


def _crc32(line: str, salt: str) -> str:
    body, _, _ = line.rpartition(',"crc32":"')
    return f"{zlib.crc32((salt + body).encode()):08x}"


def _without(line: str, *names: str) -> dict[str, object]:
    return {name: value for name, value in json.loads(line).items() if name not in names}


def test_the_code_writes_the_example(tmp_path: Path) -> None:
    written, shown = make_example(tmp_path / "log"), _example()
    assert shown["identity"] == written["identity"]
    assert shown["batch"] == written["batch"]
    # What Zstandard makes of the lines may differ from one of its versions to the next.
    depends = ("stored_bytes", "sha256", "crc32")
    assert _without(shown["manifest"][0], *depends) == _without(written["manifest"][0], *depends)
    assert list(json.loads(shown["manifest"][0])) == list(json.loads(written["manifest"][0]))


@pytest.mark.parametrize(
    ("name", "salt"), [("identity", ""), ("batch", LOG_ID), ("manifest", LOG_ID)]
)
def test_every_check_in_the_example_is_the_crc32_that_the_text_says(name: str, salt: str) -> None:
    for line in _example()[name]:
        assert json.loads(line)["crc32"] == _crc32(line, salt)


def test_the_hashes_in_the_example_follow_from_its_lines() -> None:
    shown = _example()
    entry = json.loads(shown["manifest"][0])
    leaves = [hashlib.sha256(b"\x00" + line.encode()).digest() for line in shown["batch"]]
    assert entry["merkle_root"] == hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).hexdigest()
    identity = shown["identity"][0].encode() + b"\n"
    assert entry["previous"] == hashlib.sha256(identity).hexdigest()
    assert entry["raw_bytes"] == sum(len(line.encode()) + 1 for line in shown["batch"])


def test_the_example_stands_in_the_text_as_the_lines_say() -> None:
    """Every hexadecimal number and every size that the text around the blocks names is in them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.split("<!-- example:start -->")[1].split("<!-- example:end -->")[0]
    prose = "".join(part.split("```")[0::2])
    assert LOG_ID in prose
    for line in _example()["batch"]:
        assert json.loads(line)["crc32"] in prose
