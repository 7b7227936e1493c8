"""DSNs: where they come from, and that no password is ever shown."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from projections.exports import (
    ExportError,
    ExportOptionError,
    MissingExtraError,
    export_to_postgres,
)
from projections.exports._dsn import Dsn
from tests.exports.helpers import PostgresBackend, reading
from tests.support.postgres import GUARDED_PASSWORD, GUARDED_ROLE


def failure(log: Path, dsn: str) -> str:
    """All that a failed export shows, its traceback included."""
    with reading(log) as opened, pytest.raises(ExportError) as caught:
        export_to_postgres(opened, dsn)
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def with_parts(dsn: str, **changes: Any) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    return make_conninfo("", **{**conninfo_to_dict(dsn), **changes})


SECRETS = [
    "hunter2secret", "two words secret", "s%C3%BCsecret", "'quoted'secret", "back\\slashsecret",
    "s@cret/with:all?of#them&=",
]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_an_unreachable_server_does_not_show_the_password(secret: str, log: Path) -> None:
    dsn = with_parts("", host="127.0.0.1", port=1, user="me", dbname="x", password=secret)
    shown = failure(log, dsn)
    assert "Connection refused" in shown
    assert secret not in shown


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://me:%s@127.0.0.1:1/x", "postgres://me:%s@127.0.0.1:1/x?application_name=y",
     "postgresql://127.0.0.1:1/x?user=me&password=%s"],
)  # fmt: skip
@pytest.mark.parametrize("secret", ["hunter2secret", "hunter2%40secret", "hunter2%2Fsecret%3a"])
def test_nor_does_it_in_a_uri(dsn: str, secret: str, log: Path) -> None:
    shown = failure(log, dsn % secret)
    assert "Connection refused" in shown
    assert "hunter2" not in shown


def test_nor_does_it_with_what_libpq_takes_as_it_is(log: Path) -> None:
    assert "hunter2" not in failure(log, "postgresql://me:hunter2?#=&secret@127.0.0.1:1/x")
    assert "hunter2" not in failure(log, "postgresql://me:hunter2@127.0.0.1:port/x")


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://me:sec@ret@127.0.0.1:1/x", "postgresql://me:sec/ret@127.0.0.1:1/x",
     "postgresql://me:sec%ret@127.0.0.1:1/x", "postgresql://me:a:sec@b@127.0.0.1:1/x",
     "host=127.0.0.1 password=sec ret", "password='sec", "sec", "postgresql://[sec",
     "sec=ret", "host=a\0sec", "host=a\udcffsec"],
)  # fmt: skip
def test_a_dsn_that_cannot_be_read_is_refused_without_showing_it(dsn: str, log: Path) -> None:
    with reading(log) as opened, pytest.raises(ExportOptionError) as caught:
        export_to_postgres(opened, dsn)
    shown = "".join(traceback.format_exception(caught.value))
    assert "the DSN cannot be read" in shown
    assert "sec" not in shown


def test_a_wrong_password_is_refused_and_not_shown(dsn: str, log: Path) -> None:
    shown = failure(log, with_parts(dsn, user=GUARDED_ROLE, password="hunter2wrong"))  # noqa: S106
    assert "password authentication failed" in shown
    assert "hunter2wrong" not in shown


def test_the_right_password_is_let_in(dsn: str, log: Path) -> None:
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"GRANT ALL ON SCHEMA public TO {GUARDED_ROLE}".encode())
    backend = PostgresBackend(with_parts(dsn, user=GUARDED_ROLE, password=GUARDED_PASSWORD))
    assert backend.export(log).rows == 40


def test_an_error_of_a_statement_does_not_show_the_password_either() -> None:
    target = Dsn.parse("host=h password='a b' sslpassword=zz")
    assert target.mask("x a b\n\ty a%20b zz") == "x **** y **** ****"


def test_the_repr_of_a_dsn_shows_nothing() -> None:
    assert repr(Dsn.parse("host=h password=secret")) == "Dsn()"


def test_what_a_dsn_leaves_out_comes_from_the_environment(
    dsn: str, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(dsn)
    monkeypatch.setenv("PGHOST", str(parts["host"]))
    monkeypatch.setenv("PGDATABASE", str(parts["dbname"]))
    monkeypatch.setenv("PGUSER", "postgres")
    assert PostgresBackend("").export(log).rows == 40
    assert PostgresBackend(dsn).export(log).rows == 0  # it is the same database


def test_without_psycopg_the_error_says_what_to_install(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with reading(log) as opened, pytest.raises(MissingExtraError, match=r"eventlog\[postgres\]'"):
        export_to_postgres(opened, "host=h")
