"""The options of a question mean and read the same on every command that has them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest

from eventlog import Event, EventLog
from projections import READ_MODELS, fold, to_document
from tests.cli.helpers import Outcome, eventlog, misused, refused, spawn
from tests.cli.test_help import NAMES, command_of

MODELS = {
    "summary": "session-summaries",
    "analyze": "session-analysis",
    "areas": "areas",
    "recover": "recovery-snapshots",
    **{f"project {name}": name for name in READ_MODELS},
}
"""What prints a read model as it is."""
SAME_ON = ("summary", "analyze", "trends", "areas", "recover", "project", "diff", "export", "audit",
           "cat", "tail")  # fmt: skip
FILTERS = ("--type", "--subject", "--since", "--before")


def call(command: str, log: Path, *more: str) -> Outcome:
    """``project NAME`` wants the name behind the log."""
    name, *rest = command.split()
    return eventlog(name, log, *rest, *more)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of twelve sessions, with an event of no session."""
    path = tmp_path_factory.mktemp("sample") / "log"
    assert eventlog("demo", path, "--sessions", "12").code == 0
    with EventLog.open(path) as opened:
        opened.append("task.started", {"task": "nobody's"})
    return path


@pytest.fixture(scope="module")
def events(log: Path) -> list[Event]:
    with EventLog.open(log, readonly=True) as opened:
        return list(opened.read())


def options_of(name: str) -> dict[str, click.Option]:
    """The options of a command by their long names."""
    options = [one for one in command_of(name).params if isinstance(one, click.Option)]
    return {option.opts[-1]: option for option in options}


def test_options_of_the_same_name_have_the_same_help_and_take_the_same() -> None:
    for option in (*FILTERS, "--as-of", "--jobs", "--json", "--jsonl"):
        seen = [options_of(name)[option] for name in SAME_ON if option in options_of(name)]
        assert len({(one.help, one.type.name, one.multiple) for one in seen}) == 1, option


def test_each_command_has_what_makes_sense_on_it() -> None:
    for name in SAME_ON:
        assert {*FILTERS, "--json"} <= set(options_of(name)), name
    for name in SAME_ON[:8]:
        assert {"--as-of", "--jobs"} <= set(options_of(name)), name
    for name in ("audit", "cat"):
        assert "--as-of" in options_of(name), name


# Which events count.

MOMENT = datetime.fromisoformat("2026-02-02T10:00:00Z")
CHOICES: dict[str, tuple[list[str], Callable[[Event], bool]]] = {
    "one type": (["--type", "task.completed"], lambda one: one.type == "task.completed"),
    "types": (
        ["--type", "task.started", "--type", "crash.detected"],
        lambda one: one.type in ("task.started", "crash.detected"),
    ),
    "one session": (["--subject", "agent-0001"], lambda one: one.subject == "agent-0001"),
    "sessions": (
        ["--subject", "agent-0001", "--subject", "farming-0002"],
        lambda one: one.subject in ("agent-0001", "farming-0002"),
    ),
    "since": (["--since", "2026-02-02T10:00"], lambda one: one.time >= MOMENT),
    "before": (["--before", "2026-02-02T10:00"], lambda one: one.time < MOMENT),
    "as of a sequence": (["--as-of", "200"], lambda one: one.sequence <= 200),
    "as of a time": (["--as-of", "2026-02-02T10:00"], lambda one: one.time <= MOMENT),
    "all at once": (
        ["--type", "file.read", "--subject", "agent-0001", "--since", "2026-02-02T09:00",
         "--before", "2026-02-02T10:30", "--as-of", "2026-02-02T10:00"],
        lambda one: (
            one.type == "file.read" and one.subject == "agent-0001" and one.time <= MOMENT
            and one.time >= datetime.fromisoformat("2026-02-02T09:00Z")
        ),
    ),
    "nothing": (["--type", "no.such.type"], lambda one: False),
}  # fmt: skip
for_each_choice = pytest.mark.parametrize(("options", "counts"), CHOICES.values(), ids=CHOICES)


@for_each_choice
@pytest.mark.parametrize("command", MODELS)
def test_an_answer_is_about_the_events_that_count(
    command: str,
    options: list[str],
    counts: Callable[[Event], bool],
    log: Path,
    events: list[Event],
) -> None:
    projection = READ_MODELS[MODELS[command]]()
    expected = to_document(projection.result(fold(projection, filter(counts, events))))
    assert call(command, log, "--json", *options).json == expected


@for_each_choice
@pytest.mark.parametrize("command", ["cat", "audit"])
def test_events_are_those_that_count(
    command: str,
    options: list[str],
    counts: Callable[[Event], bool],
    log: Path,
    events: list[Event],
) -> None:
    found = eventlog(command, log, "--json", *options).json
    assert [int(one["sequence"]) for one in found] == [
        one.sequence for one in events if counts(one)
    ]


def test_the_last_events_are_those_that_count(log: Path, events: list[Event]) -> None:
    options, counts = CHOICES["sessions"]
    expected = [one.sequence for one in events if counts(one)][-7:]
    found = eventlog("tail", log, "-n", "7", "--json", *options).json
    assert [int(one["sequence"]) for one in found] == expected
    assert eventlog("tail", log, "-n", "0", "--json").json == []


def test_as_of_and_the_ends_of_a_stretch_all_hold(log: Path) -> None:
    def sequences(*options: str) -> list[int]:
        return [int(one["sequence"]) for one in eventlog("cat", log, "--json", *options).json]

    assert sequences("--as-of", "9", "--until", "5", "--after", "3") == [4, 5]
    assert sequences("--as-of", "5", "--until", "9", "--after", "3") == [4, 5]


def test_a_limit_counts_what_is_printed(log: Path) -> None:
    options = ["--subject", "agent-0001", "--subject", "farming-0002", "-n", "20", "--reverse"]
    assert len(eventlog("cat", log, "--json", *options).json) == 20


# Which form the answer has.

BOTH = [name for name in NAMES if {"--json", "--jsonl"} <= set(options_of(name))]


@pytest.mark.parametrize("name", BOTH)
def test_one_form_can_be_chosen(name: str, log: Path) -> None:
    rest = {"project": ["areas"], "diff": ["areas", "1"]}.get(name, [])
    misused(eventlog(name, log, *rest, "--json", "--jsonl"), "--json", "--jsonl", "choose one")


def test_following_has_no_end_for_a_document(log: Path) -> None:
    misused(eventlog("tail", log, "-f", "--json"), "take --jsonl")


# Sessions that are not there.


@pytest.mark.parametrize("command", ["summary", "analyze", "recover", "trends --metric events"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_session_of_which_nothing_is_known_is_named_with_others(
    command: str, form: tuple[str, ...], log: Path
) -> None:
    outcome = call(command, log, "--subject", "agent-00O1", "--subject", "agent-0001", *form)
    assert outcome.code == 0
    assert b"agent-0001" in outcome.out
    assert "nothing here of session 'agent-00O1', only of " in outcome.err
    assert "agent-0001" in outcome.err


def test_a_session_of_an_empty_log_is_of_no_log(tmp_path: Path) -> None:
    eventlog("init", tmp_path / "log")
    for options in (["nobody"], ["nobody", "--json"]):
        outcome = eventlog("recover", tmp_path / "log", *options)
        refused(outcome, 1, "nothing here of session 'nobody', nor of any other")


# Differences.


def diff(log: Path, *args: str) -> Any:
    return eventlog("diff", log, *args, "--json").json


def test_diff_has_the_values_of_both_moments(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as opened:
        opened.append("task.started", {"task": "a"}, subject="s")
        opened.append("task.completed", {"task": "a"}, subject="s")
        opened.append("task.started", {"task": "b"}, subject="s")
    changes = {one["path"]: one for one in diff(tmp_path / "log", "session-summaries", "1", "2")}
    assert changes["[s].tasks_open"] == {"path": "[s].tasks_open", "before": 1, "after": 0}
    assert changes["[s].events"] == {"path": "[s].events", "before": 1, "after": 2}
    assert "[s].tasks_started" not in changes
    table = eventlog("diff", tmp_path / "log", "session-summaries", "1", "2")
    assert table.text.splitlines()[0].split() == ["what", "before", "after"]
    assert "[s].events" in table.text
    assert table.err == f"{len(changes)} changes\n"


def test_diff_goes_up_to_now_or_to_either_way_of_saying_when(log: Path) -> None:
    until = diff(log, "session-summaries", "100", "300")
    assert until
    assert diff(log, "session-summaries", "100", "--as-of", "300") == until
    assert diff(log, "session-summaries", "100") != until
    both = eventlog("diff", log, "areas", "1", "2", "--as-of", "2")
    misused(both, "LATER and --as-of say the same")


def test_diff_takes_the_filters_and_other_processes(log: Path) -> None:
    every = diff(log, "session-summaries", "100")
    mine = [one for one in every if one["path"].startswith("[agent-0001]")]
    assert mine
    assert diff(log, "session-summaries", "100", "--subject", "agent-0001") == mine
    helped = spawn("diff", log, "session-summaries", "100", "--json", "--jobs", "2")
    assert helped.json == every


def test_diff_tells_when_nothing_changed(log: Path) -> None:
    assert eventlog("diff", log, "areas", "5", "5") == Outcome(0, b"", "no changes\n")
    assert diff(log, "areas", "5", "5") == []
    assert eventlog("diff", log, "areas", "5", "5", "--jsonl").out == b""


# Exports.


def test_an_export_with_other_processes_writes_the_same(log: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(log, tmp_path / "log", ignore=shutil.ignore_patterns("cache"))
    args = ("--format", "json", "--model", "session-summaries")
    helped = spawn("export", copy, *args, "--jobs", "2")
    assert (helped.code, helped.err) == (0, "")
    assert helped.out == eventlog("export", log, *args).out
    assert any((copy / "cache").iterdir())


def test_an_export_takes_one_session(log: Path) -> None:
    outcome = eventlog("export", log, "--format", "csv", "--subject", "a", "--subject", "b")
    misused(outcome, "one session")


# Calls that cannot be.

REQUIRED = {"append": ["t"], "project": ["areas"], "diff": ["areas", "1"],
            "export": ["--format", "csv"], "import": ["-"]}  # fmt: skip
WRONG = [
    ["analyze", "log", "--since", "x"],
    ["analyze", "log", "--jobs", "many"],
    ["areas", "log", "--last", "0"],
    ["areas", "log", "--as-of", "soon"],
    ["audit", "log", "--until", "-1"],
    ["audit", "log", "--since", "yesterday"],
    ["cat", "log", "--as-of", "yesterday"],
    ["diff", "log"],
    ["diff", "log", "areas"],
    ["diff", "log", "golf", "1"],
    ["diff", "log", "areas", "soon"],
    ["diff", "log", "areas", "1", "2", "3"],
    ["diff", "log", "areas", "1", "--jobs", "0"],
    ["export", "log"],
    ["export", "log", "--format", "xml"],
    ["export", "log", "--format", "csv", "--model", "golf"],
    ["export", "log", "--format", "csv", "--jobs", "0"],
    ["project", "log"],
    ["project", "log", "golf"],
    ["recover", "log", "one", "two"],
    ["seal", "log", "--lock-timeout", "soon"],
    ["summary", "log", "--before", "x"],
    ["tail", "log", "--since", "x"],
    ["trends", "log", "--last", "x"],
]


def takes_a_log(name: str) -> bool:
    """Whether it cannot do without."""
    return any(one.name == "log" and one.required for one in command_of(name).params)


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_what_makes_no_sense_is_a_usage_error(args: list[str]) -> None:
    misused(eventlog(*args), "Error: ")


@pytest.mark.parametrize("name", [name for name in NAMES if takes_a_log(name)])
def test_a_missing_log_and_an_unknown_option_are_usage_errors(name: str) -> None:
    misused(eventlog(name), "Missing argument", "LOG")
    misused(eventlog(name, "log", *REQUIRED.get(name, []), "--nothing"), "--nothing")


def test_names_that_do_not_exist_are_answered_with_those_that_do(log: Path) -> None:
    for args in (["project"], ["diff"], ["export", "--format", "csv", "--model"]):
        name, *rest = args
        misused(
            eventlog(name, log, *rest, "golf", *(["1"] if name == "diff" else [])), *READ_MODELS
        )
    formats = ("csv", "json", "jsonl", "parquet", "sqlite", "postgres")
    misused(eventlog("export", log, "--format", "xml"), *formats)
