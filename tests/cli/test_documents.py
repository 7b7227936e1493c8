"""The code in the documentation runs, and so do the examples."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from attrs import frozen

from sessions import recovery
from sessions._shared_log import close_shared_logs
from tests.cli.helpers import PATIENCE, PROJECT, environment

DOCS = PROJECT / "docs"
PAGES = sorted([PROJECT / "README.md", *DOCS.glob("*.md"), *(DOCS / "sessions").glob("*.md")])
NOT_HERE = ("make", "pip", "git")
"""Commands for a checkout, which a test must not touch."""


@frozen
class Block:
    """One fenced block of a page."""

    language: str
    line: int
    code: str


def blocks_of(text: str) -> list[Block]:
    """The blocks of Python and of shell commands, in order."""
    fences = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = [Block(one[1], text[: one.start()].count("\n") + 2, one[2]) for one in fences]
    return [block for block in found if block.language in ("python", "sh")]


def commands_of(block: str) -> list[str]:
    """The commands of a block of shell lines; a backslash joins a line with the next."""
    lines = block.replace("\\\n", " ").splitlines()
    wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [line for line in wanted if line.split()[0] not in NOT_HERE]


def run_shell(command: str, where: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True, text=True, timeout=PATIENCE, env=environment({"PATH": path}),
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{where}: {command}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs_in_its_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python shares its names, as in one session; each shell command has a shell of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENTLOG_DIR", raising=False)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page.read_text()):
        where = f"{page.name}:{block.line}"
        if block.language == "python":
            code = compile("\n" * (block.line - 1) + block.code, page, "exec")
            with mock.patch.dict(vars(recovery)):  # a page puts functions of its own into it
                exec(code, names)  # noqa: S102 - our own documentation
        else:
            for command in commands_of(block.code):
                run_shell(command, where)
    close_shared_logs()


def test_blocks_are_found_with_their_lines() -> None:
    text = (
        "a\n```python\nx = 1\n```\n```text\ny\n```\n```sh\n# no\neventlog a \\\n  b\nmake c\n```\n"
    )
    python, shell = blocks_of(text)
    assert (python.line, python.code) == (3, "x = 1\n")
    assert (shell.line, commands_of(shell.code)) == (9, ["eventlog a    b"])


@pytest.mark.parametrize(
    "example", sorted((PROJECT / "examples").glob("*.py")), ids=lambda p: p.name
)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, example],
        capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert list(tmp_path.iterdir()) == []  # an example cleans up
