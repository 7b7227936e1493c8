"""A password or a private key is in no message, no log line, no exception and no repr."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventlog import EventLog, new_key
from projections.exports import export_to_postgres
from sessions.practice import SessionLogger
from tests.cli.helpers import eventlog

SECRET = "hunter2"  # noqa: S105 - what must not be seen
UNREACHABLE = [
    f"postgresql://me:{SECRET}@127.0.0.1:1/x",
    f"postgresql://127.0.0.1:1/x?user=me&password={SECRET}",
    f"postgresql://127.0.0.1:1/x?user=me&sslpassword={SECRET}&password={SECRET}",
    f"host=127.0.0.1 port=1 user=me dbname=x password='{SECRET}'",
]
UNREADABLE = [
    f"postgresql://me:{SECRET}@[::1/x", f"postgresql://me:a@{SECRET}@127.0.0.1:1/x",
    f"postgres://me:{SECRET}%@127.0.0.1:1/x", f"host=127.0.0.1 password='{SECRET}",
    f"mysql://me:{SECRET}@127.0.0.1:1/x", f"password {SECRET}", SECRET,
    f"host=127.0.0.1 nothing={SECRET}", f"password={SECRET}\0", f"\udcff{SECRET}",
]  # fmt: skip


def everything_in(error: BaseException | None) -> Iterator[str]:
    """What any handler of the error could print, its causes and its attributes included."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from getattr(error, "__notes__", ())
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with EventLog.open(tmp_path / "log") as opened:
        opened.append("a.b")
    return opened.path


def to_postgres(log: Path, dsn: str) -> object:
    with EventLog.open(log, readonly=True) as opened:
        return export_to_postgres(opened, dsn)


def practising(log: Path, dsn: str) -> object:
    with SessionLogger(log_dir=log, dsn=dsn) as logger:
        logger.flush(0.2)
        logging.getLogger().debug("%r %s %s", logger, logger, logger.database)
        raise ConnectionError("where a DSN can be read, nobody is kept waiting")


@pytest.mark.parametrize("dsn", [*UNREACHABLE, *UNREADABLE], ids=ascii)
@pytest.mark.parametrize("use", [to_postgres, practising])
def test_a_dsn_that_does_not_work_shows_no_password(
    use: Callable[[Path, str], object], dsn: str, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Exception) as caught:
        use(log, dsn)
    assert not [text for text in everything_in(caught.value) if SECRET in text]
    assert SECRET not in caplog.text
    assert not [
        path for path in log.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()
    ]


@pytest.mark.parametrize("dsn", [*UNREACHABLE, *UNREADABLE], ids=ascii)
def test_nor_does_the_command(dsn: str, log: Path) -> None:
    if "\0" in dsn or not dsn.isascii():
        return  # no environment can hold it
    for words, env in {
        ("--format", "postgres"): {"EVENTLOG_DSN": dsn},
        ("--format", "postgres", "--dsn", dsn): {},
        ("--format", "postgres", "--dsn", dsn, "--json"): {"EVENTLOG_TRACEBACK": "1"},
        ("--format", "csv", "--dsn", dsn): {},
        ("--format", "postgres", "--dsn", dsn, "-o", "x"): {},
        ("--format", "postgres", "--dsn", dsn, "--model", "none"): {},
    }.items():
        done = eventlog("export", log, *words, env=env)
        assert done.code in (1, 2), done
        assert "bug" not in done.err
        assert SECRET not in done.text + done.err, words


@pytest.mark.parametrize("name", ["PGPASSWORD", "DB_PASSWORD"])
def test_a_password_from_the_environment_is_not_shown(
    name: str, log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("DB_HOST", "127.0.0.1")
    monkeypatch.setenv("DB_PORT", "1")
    with SessionLogger(log_dir=log) as logger:
        logger.flush(0.2)
        shown = f"{logger!r} {logger.database}"
    with pytest.raises(Exception) as caught:
        to_postgres(log, "host=127.0.0.1 port=1")
    assert "Connection refused" in caplog.text
    assert SECRET not in caplog.text + shown + "".join(everything_in(caught.value))


def test_a_private_key_is_in_no_repr_and_in_no_message(tmp_path: Path) -> None:
    pair = new_key("example.com/audit")
    secret = pair.private.strip().split("+", 4)[-1]  # base64 may hold a + itself
    assert len(secret) > 30
    assert secret not in f"{pair!r} {pair}"
    (tmp_path / "key").write_text(pair.private)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "half").write_text(pair.private[:-9])
    (tmp_path / "half").chmod(0o600)
    log = tmp_path / "log"
    EventLog.open(log).close()
    calls: list[list[str | Path]] = [
        ["checkpoint", log, "--key", tmp_path / "key"],
        ["checkpoint", log, "--key", tmp_path / "half"],
        ["verify", log, "--checkpoint", tmp_path / "key", "--key", pair.private],
        ["verify", log, "--checkpoint", tmp_path / "key", "--key", tmp_path / "key"],
    ]
    for words in calls:
        done = eventlog(*words)
        assert secret[:20] not in done.text + done.err, words
