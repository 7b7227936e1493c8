"""Help: complete, with examples, and the same everywhere."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from cli._failures import Exit
from cli._group import group
from cli._reference import reference
from tests.cli.helpers import PROJECT, eventlog

CONTEXT = click.Context(group, info_name="eventlog", **group.context_settings)
NAMES = group.list_commands(CONTEXT)


def command_of(name: str) -> click.Command:
    found = group.get_command(CONTEXT, name)
    assert found is not None
    return found


def first_sentence(name: str) -> str:
    text = " ".join((command_of(name).help or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", text)[0]


def listed() -> dict[str, str]:
    """The commands in ``eventlog --help``, with what stands beside them."""
    text = eventlog("--help", env={"COLUMNS": "200"}).text
    section = text.split("Commands:\n")[1].split("\n\n")[0]
    return dict(re.findall(r"^  (\S+) +(\S.*)$", section, re.MULTILINE))


def examples_of(name: str) -> list[str]:
    text = command_of(name).help or ""
    section = re.split(r"\n *Examples?:\n", text)[1]
    return [line.strip() for line in section.splitlines() if line.strip()]


def test_the_list_of_commands_is_what_there_is() -> None:
    assert list(listed()) == NAMES == sorted(NAMES)
    modules = {
        path.stem.strip("_").replace("_", "-")
        for path in (PROJECT / "cli" / "commands").glob("[!_]*.py")
    }
    assert modules == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_one_line_help_is_the_first_sentence_of_the_help(name: str) -> None:
    assert listed()[name] == first_sentence(name)


@pytest.mark.parametrize("name", NAMES)
def test_each_help_shows_an_example_of_the_command(name: str) -> None:
    outcome = eventlog(name, "--help")
    assert outcome.code == 0
    assert outcome.err == ""
    for example in examples_of(name):
        assert f"eventlog {name}" in example
        assert example in outcome.text  # on one line, so that it can be copied


@pytest.mark.parametrize("name", NAMES)
def test_each_option_in_an_example_exists(name: str) -> None:
    known = {text for option in command_of(name).params for text in option.opts}
    for example in examples_of(name):
        ours = re.split(r"[|&]", example[example.index(f"eventlog {name}") :])[0]
        used = {word for word in shlex.split(ours) if re.fullmatch(r"-{1,2}[a-z-]+", word)}
        assert used <= known


@pytest.mark.parametrize("name", NAMES)
def test_each_option_has_a_help(name: str) -> None:
    options = [one for one in command_of(name).params if isinstance(one, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize("name", NAMES)
def test_the_short_form_of_help_works(name: str) -> None:
    assert eventlog(name, "-h") == eventlog(name, "--help")


def test_the_help_names_every_exit_code() -> None:
    text = " ".join(eventlog("--help").text.split())
    for code in Exit:
        assert re.search(rf"\b{code} ", text.split("Exit codes:")[1]), code


def test_what_reads_has_json_and_what_destroys_asks() -> None:
    options = {
        name: {text for one in command_of(name).params for text in one.opts} for name in NAMES
    }
    for name in ("cat", "info", "summary", "verify", "import", "append", "seal", "repair"):
        assert "--json" in options[name], name
    assert {"--yes", "--dry-run"} <= options["repair"]


def test_the_page_of_commands_is_up_to_date() -> None:
    page = (PROJECT / "docs" / "commands.md").read_text()
    assert page == reference(), "out of date: run 'make docs'"


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert eventlog("--version").text == f"eventlog, version {version('eventlog')}\n"


def test_a_shell_can_complete_commands() -> None:
    outcome = eventlog(
        env={"_EVENTLOG_COMPLETE": "bash_complete", "COMP_WORDS": "eventlog su", "COMP_CWORD": "1"}
    )
    assert outcome.text == "plain,summary\n"
