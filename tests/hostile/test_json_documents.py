"""What JSON allows and what it leaves open: the same answer from an import and from an append."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventlog import EventLog, InvalidEventError
from eventlog._codec import decode_line
from eventlog.importing import ImportOptions, decode_object, import_files, parse_defaults
from tests.cli.helpers import eventlog
from tests.hostile.json_documents import NUL, REFUSED, TAKEN
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file

OPTIONS = ImportOptions(defaults=parse_defaults(["type=note"]))


def same(value: Any) -> str:
    """A text that differs wherever values do: 1, 1.0 and true; -0.0 and 0.0."""
    return repr(value)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], dict[int, str]]:
    """All documents as lines of one file: the data of the events, and the reasons by line."""
    root = tmp_path_factory.mktemp("documents")
    lines = [*(raw for raw, _ in TAKEN.values()), *REFUSED.values(), *NUL.values()]
    (root / "in").write_bytes(b"\n".join(lines))
    with EventLog.open(root / "log", files=UnsyncedFiles()) as log:
        result = import_files(log, [root / "in"], OPTIONS)
        datas = [event.data for event in log.read()]
    entries = map(json.loads, (root / "log" / "rejects.jsonl").read_bytes().splitlines())
    reasons = {entry["line"]: entry["reason"] for entry in entries}
    assert result.imported + result.rejected == len(lines)
    return datas, reasons


def test_an_import_takes_exactly_the_documents_it_should(
    imported: tuple[list[Any], dict[int, str]],
) -> None:
    datas, reasons = imported
    assert list(map(same, datas)) == [same(value) for _, value in TAKEN.values()]
    assert list(reasons) == list(range(len(TAKEN) + 1, len(TAKEN) + len(REFUSED) + len(NUL) + 1))
    assert all(reasons.values())


@pytest.mark.parametrize("raw", [*REFUSED.values(), *NUL.values()], ids=[*REFUSED, *NUL])
def test_the_command_refuses_the_same_as_data(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.getbasetemp() / "commands"
    EventLog.open(log, files=UnsyncedFiles()).close()
    done = eventlog("append", log, "note", "-", stdin=raw)
    assert done.code in (2, 3), done
    assert done.out == b""
    assert "this is a bug" not in done.err
    with EventLog.open(log, readonly=True) as opened:
        assert opened.head() == 0
