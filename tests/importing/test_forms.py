"""Inputs that are no plain lines of UTF-8: what is said, before anything is imported."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest
import zstandard

from eventlog.importing import ImportInputError
from eventlog.importing._forms import foreign_form
from tests.importing.helpers import counts, events, plain, reasons, run


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("in.jsonl", content)
    return buffer.getvalue()


FORMS = [
    pytest.param(gzip.compress(plain(1)), "gzip -dc FILE", id="gzip"),
    pytest.param(zstandard.compress(plain(1)), "zstd -dc FILE", id="zstd"),
    pytest.param(lzma.compress(plain(1)), "xz -dc FILE", id="xz"),
    pytest.param(bz2.compress(plain(1)), "bzip2 -dc FILE", id="bzip2"),
    pytest.param(zipped(plain(1)), "unzip -p FILE", id="zip"),
    pytest.param(plain(1).decode().encode("utf-16"), "iconv -f UTF-16", id="utf-16"),
    pytest.param(plain(1).decode().encode("utf-16-le"), "iconv -f UTF-16", id="utf-16-le"),
    pytest.param(plain(1).decode().encode("utf-16-be"), "iconv -f UTF-16", id="utf-16-be"),
]


@pytest.mark.parametrize(("content", "remedy"), FORMS)
def test_another_form_is_named_before_anything_is_imported(
    tmp_path: Path, content: bytes, remedy: str
) -> None:
    (tmp_path / "a").write_bytes(plain(1))
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(ImportInputError, match=remedy) as caught:
        run(tmp_path / "log", tmp_path / "a", tmp_path / "b")
    assert caught.value.path == tmp_path / "b"
    assert events(tmp_path / "log") == []


@pytest.mark.parametrize(("content", "remedy"), FORMS)
def test_a_stream_in_another_form_is_refused(tmp_path: Path, content: bytes, remedy: str) -> None:
    with pytest.raises(ImportInputError, match=remedy):
        run(tmp_path / "log", "-", stdin=io.BytesIO(content))
    assert events(tmp_path / "log") == []


@pytest.mark.parametrize(
    "start", [b"", b"{", b'{"a"', b"\xef\xbb\xbf{", b"\0\0\0\0", b"a\0b", b"\xff"]
)
def test_all_else_is_taken_line_by_line(start: bytes) -> None:
    assert foreign_form(start) is None


def test_zeros_that_a_crash_left_are_one_bad_line(tmp_path: Path) -> None:
    found = reasons(tmp_path, b"\0" * 600 + b"\n" + plain(1))
    assert found == [(1, "a NUL byte (column 1)")]


def test_latin_1_is_refused_line_by_line(tmp_path: Path) -> None:
    latin = '{"type":"t","time":1,"x":"é"}\n'.encode("latin-1")
    (tmp_path / "in").write_bytes(plain(1) + latin + plain(2))
    assert counts(run(tmp_path / "log", tmp_path / "in")) == (2, 0, 1)
