"""Names in SQL are quoted or refused."""

from __future__ import annotations

import pytest

from projections.exports import ExportOptionError
from projections.exports._sql import names, quoted
from tests.exports.helpers import Backend, execute, query

ODD_NAMES = [
    "plain", "two words", 'a"b', '"', '""', "x'); DROP TABLE t; --", "select", "Ü", "a\\", "a;b",
    "%s", "%", "a.b", "-", "[x]", "`x`", "$1", "\n", "😀" * 15, "a" * 63,
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_name_means_itself_whatever_it_holds(name: str, backend: Backend) -> None:
    with backend.open() as database:
        with database.transaction():
            database.execute("CREATE TABLE t (a INTEGER)".replace("t", quoted(name)))
        assert database.insert(name, ("a",), [(1,), (2,)]) == 2
        assert database.columns_of(name) == {"a"}
    assert query(backend, f"SELECT a FROM {quoted(name)}")[0] == (1,)  # noqa: S608


@pytest.mark.parametrize("name", ["", "a\0", "a?", "a" * 64, "ü" * 32], ids=ascii)
def test_what_can_be_no_name_is_refused(name: str) -> None:
    with pytest.raises(ExportOptionError, match="is no name for a table or column"):
        quoted(name)


def test_names_stand_between_commas() -> None:
    assert names(("a", 'b"')) == '"a", "b"""'


def test_values_are_parameters(backend: Backend) -> None:
    text = "'); DROP TABLE t; -- ? %s"
    execute(backend, "CREATE TABLE t (a TEXT)")
    with backend.open() as database:
        database.execute("INSERT INTO t (a) VALUES (?)", text)
        assert database.query("SELECT a FROM t WHERE a = ?", text) == [(text,)]
