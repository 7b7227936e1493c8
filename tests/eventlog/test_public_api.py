"""The public names, used as users use them. mypy checks this file as strictly as any other."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

import attrs
import pytest

import eventlog
from eventlog import (
    STANDARD_TYPES,
    DamagedLogError,
    Event,
    EventLog,
    EventLogError,
    EventTypes,
    Fault,
    InvalidEventError,
    LogInfo,
    NewEvent,
    Query,
    RepairReport,
    TaskStarted,
    Torn,
    VerifyReport,
    repair,
    rest_field,
    verify,
)
from tests.support.processes import ROOT, run

PACKAGE = Path(eventlog.__file__).parent


def test_the_api_as_users_write_it(tmp_path: Path) -> None:
    types = EventTypes(STANDARD_TYPES)

    @types.register("deploy.finished", version=2)
    @attrs.frozen
    class DeployFinished:
        service: str
        seconds: float
        extra: dict[str, Any] = rest_field()  # noqa: RUF009 - it is an attrs field

    @types.upcaster("deploy.finished", from_version=1)
    def minutes_to_seconds(data: dict[str, Any]) -> dict[str, Any]:
        return {"seconds": data.pop("minutes") * 60, **data}

    with EventLog.open(tmp_path / "log", types=types, sync="interval", segment_events=100) as log:
        assert_type(log, EventLog)
        first = log.append(TaskStarted(task="write docs"), subject="s-17", source="agent/4")
        assert_type(first, int)
        log.append("deploy.finished", {"service": "web", "minutes": 2}, id="d-1")
        sequences = log.extend(
            [
                NewEvent(DeployFinished("web", 5.0), time=datetime.now(UTC)),
                NewEvent("note", {"text": "x"}, extensions={"traceparent": "00-1", "n": 1}),
            ],
            expected_sequence=2,
        )
        assert_type(sequences, list[int])
        events = log.read(types={"deploy.finished", "note"}, since=datetime.now(UTC) - timedelta(1))
        assert_type(events, Iterator[Event])
        assert [event.sequence for event in events] == [2, 3, 4]
        assert_type(log.info(), LogInfo)
        assert_type(log.torn, tuple[Torn, ...])
        assert_type(log.head(), int)
        for line, event in log.scan(Query(after=2, limit=1)):
            assert_type(line, bytes)
            assert_type(event.data, dict[str, Any])
        loaded = [log.types.load(event) for event in log.read(types="deploy.finished")]
        assert loaded == [DeployFinished("web", 120), DeployFinished("web", 5)]

    damage: list[DamagedLogError] = []
    with EventLog.open(str(tmp_path / "log"), readonly=True) as reader:
        assert len(list(reader.read(reverse=True, on_damage=damage.append))) == 4
        for event in reader.follow(after=3, timeout=0):
            assert event.extensions["traceparent"] == "00-1"
    report = verify(tmp_path / "log")
    assert_type(report, VerifyReport)
    assert_type(report.faults, list[Fault])
    assert_type(repair(tmp_path / "log"), RepairReport)


def test_all_is_sorted_and_complete() -> None:
    def place(name: str) -> tuple[bool, bool, str]:
        return not name.isupper(), name.islower(), name  # constants, classes, functions

    assert sorted(eventlog.__all__, key=place) == eventlog.__all__
    assert len(set(eventlog.__all__)) == len(eventlog.__all__)
    for name in eventlog.__all__:
        assert getattr(eventlog, name).__module__.startswith("eventlog") or name.isupper()
        assert name in dir(eventlog)


def test_every_public_name_of_the_package_is_in_all() -> None:
    public = {
        name
        for name, value in vars(eventlog).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("eventlog.")
    }
    assert public <= set(eventlog.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        eventlog.no_such_name  # noqa: B018


def test_every_error_has_one_base_and_says_where() -> None:
    errors = [
        value
        for name in eventlog.__all__
        if isinstance(value := getattr(eventlog, name), type) and issubclass(value, Exception)
    ]
    assert len(errors) >= 12
    for error in errors:
        assert issubclass(error, EventLogError)
        assert error.__doc__
    raised = DamagedLogError("a line is damaged", path="log/x", offset=5, sequence=7)
    assert str(raised) == "a line is damaged (log/x, byte 5, sequence 7)"
    assert raised.path == Path("log/x")
    assert str(InvalidEventError("refused")) == "refused"
    assert isinstance(InvalidEventError("refused"), ValueError)


def _public() -> Iterator[tuple[str, Any]]:
    for name in eventlog.__all__:
        value = getattr(eventlog, name)
        yield name, value
        if isinstance(value, type) and value.__module__.startswith("eventlog"):
            for member, function in vars(value).items():
                if not member.startswith("_") and callable(function):
                    yield f"{name}.{member}", function


def test_every_public_class_and_function_says_what_it_is_for() -> None:
    for name, value in _public():
        if name != "STANDARD_TYPES":
            assert inspect.getdoc(value), name


def _examples() -> Iterator[tuple[str, str]]:
    """The indented block after each ``Example::`` in the docstrings of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                doc = ast.get_docstring(node) or ""
                for part in doc.split("Example::\n")[1:]:
                    lines = part.split("\n")
                    block = [line for line in lines if not line.strip() or line.startswith("  ")]
                    yield (
                        f"{path.stem}.{getattr(node, 'name', '')}",
                        textwrap.dedent("\n".join(block)),
                    )


EXAMPLES = dict(_examples())


def test_there_are_examples_to_run() -> None:
    assert {"_log.EventLog", "_types.EventTypes"} <= set(EXAMPLES)


@pytest.mark.parametrize("code", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_in_a_docstring_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {name: getattr(eventlog, name) for name in eventlog.__all__}
    exec(compile(code, "example", "exec"), {**names, "attrs": attrs, "Any": Any})  # noqa: S102


def test_importing_brings_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """A log without given ids needs no database, an untyped one no converter."""
    program = """
import sys
before = set(sys.modules)  # measuring coverage brings some itself
from eventlog import EventLog
with EventLog.open(sys.argv[1]) as log:
    log.append("untyped", {"n": 1})
    list(log.read())
print(sorted({"cattrs", "sqlite3", "click", "rich", "asyncio"} & (set(sys.modules) - before)))
"""
    assert run(program, tmp_path / "log") == "[]\n"


def test_the_package_is_typed_for_its_users(tmp_path: Path) -> None:
    """A wrong use is an error for mypy, which reads the package as an installed one."""
    assert (PACKAGE / "py.typed").exists()
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from eventlog import EventLog\n"
        "with EventLog.open('x', sync='sometimes') as log:\n"
        "    log.append(subject=5)\n"
        "    for event in log.read(after='1'):\n"
        "        event.sequence.upper()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", wrong],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    lines = {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line}
    assert lines == {"2", "3", "4", "5"}, done.stdout + done.stderr
