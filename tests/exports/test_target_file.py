"""A file appears whole under its name, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from eventlog import DamagedLogError
from projections.exports import (
    ExportError,
    ExportOptionError,
    Selection,
    export_to_file,
    export_to_sqlite,
)
from projections.exports import _file_export as file_export
from tests.exports.helpers import reading, write_log
from tests.support.logs import segment_files

FORMATS = ["csv", "json", "jsonl", "parquet"]


def export(log: Path, path: Path, format_: str = "csv", **options: Any) -> Any:
    with reading(log) as opened:
        return export_to_file(opened, path, format_, **options)


def damage(log: Path) -> None:
    """Make the log unreadable near its end."""
    last = segment_files(log)[-1]
    last.write_bytes(b"nonsense\n" + last.read_bytes())


@pytest.mark.parametrize("format_", FORMATS)
def test_only_the_file_is_left_in_the_directory(format_: str, log: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(log, tmp_path / "out" / "file", format_)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["file"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_failure_leaves_what_was_there(format_: str, log: Path, tmp_path: Path) -> None:
    damage(log)
    (tmp_path / "out").mkdir()
    for before in (None, b"mine"):
        if before is not None:
            (tmp_path / "out" / "file").write_bytes(before)
        with pytest.raises(DamagedLogError):
            export(log, tmp_path / "out" / "file", format_, manifest=True)
        found = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
        assert found == ([] if before is None else [before])


def test_an_interruption_leaves_nothing_behind(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(file_export._STREAMED, "csv", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(log, tmp_path / "file")
    assert not (tmp_path / "file").exists()
    assert not list(tmp_path.glob(".eventlog-export-*"))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_new_file_is_readable_by_its_owner_alone(
    umask: int, format_: str, log: Path, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        export(log, tmp_path / "file", format_, manifest=True)
    finally:
        os.umask(before)
    for name in ("file", "file.manifest.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_replaced_keeps_its_permissions(log: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o644)
    export(log, tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_link_is_neither_followed_nor_replaced(log: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("mine")
    for target in ("real", "nowhere"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(target)
        with pytest.raises(ExportError, match="symbolic link"):
            export(log, tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_link_in_the_place_of_the_manifest_is_not_followed(log: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("mine")
    (tmp_path / "file.manifest.json").symlink_to("real")
    with pytest.raises(ExportError, match="symbolic link"):
        export(log, tmp_path / "file", manifest=True)
    assert (tmp_path / "real").read_text() == "mine"
    assert not (tmp_path / "file").exists()


def test_a_directory_and_a_device_are_refused(log: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match="directory"):
        export(log, tmp_path)
    with pytest.raises(ExportError, match="no regular file"):
        export(log, tmp_path / "pipe")
    with pytest.raises(ExportError, match="no regular file"):
        export(log, Path(os.devnull))


def test_the_log_itself_is_never_written_to(log: Path, tmp_path: Path) -> None:
    (tmp_path / "by another name").symlink_to(log)
    for inside in (log / "log.json", log / "cache" / "x", tmp_path / "by another name" / "x"):
        with reading(log) as opened:
            with pytest.raises(ExportError, match="inside of the log"):
                export_to_file(opened, inside, "csv")
            with pytest.raises(ExportError, match="inside of the log"):
                export_to_sqlite(opened, inside)


def test_a_name_that_is_no_text_is_a_name_too(log: Path, tmp_path: Path) -> None:
    export(log, tmp_path / "\udcff", manifest=True)
    stated = json.loads((tmp_path / "\udcff.manifest.json").read_bytes())
    assert stated["file"] == "\\xff"


def test_a_missing_directory_is_an_error_of_the_system(log: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        export(log, tmp_path / "none" / "file")


def test_an_unknown_format_is_refused_with_all_names(log: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportOptionError, match="no format 'xml': there are csv, json, jsonl, par"):
        export(log, tmp_path / "file", "xml")


@pytest.mark.parametrize("format_", FORMATS)
def test_the_manifest_says_what_the_file_holds(format_: str, log: Path, tmp_path: Path) -> None:
    selection = Selection(types="note", as_of=30)
    done = export(log, tmp_path / "file", format_, selection=selection, manifest=True)
    content = (tmp_path / "file").read_bytes()
    with reading(log) as opened:
        log_id = opened.log_id
    assert json.loads((tmp_path / "file.manifest.json").read_bytes()) == {
        "file": "file", "format": format_, "model": None, "table": "events",
        "filters": '{"types":["note"]}', "log_id": log_id, "from_sequence": 1, "to_sequence": 30,
        "rows": 10, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    assert done.rows == 10


def test_a_new_file_never_lies_beside_an_old_manifest(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two, there is a file without a manifest."""
    export(log, tmp_path / "file", manifest=True)
    write_log(log, 41, 50)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(file_export, "write_manifest", killed)
    with pytest.raises(KeyboardInterrupt):
        export(log, tmp_path / "file", manifest=True)
    assert not (tmp_path / "file.manifest.json").exists()
    assert (tmp_path / "file").read_bytes().count(b"\r\n") == 51
