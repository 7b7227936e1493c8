"""What starting loads: nothing that the command at hand does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.helpers import PATIENCE, PROJECT, environment

HEAVY = ("rich", "cattrs", "sqlite3", "duckdb", "yaml", "psycopg", "cryptography", "asyncio")
LOADED = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
COMMAND = """
import sys
from contextlib import suppress
from cli.main import main
sys.argv = ["eventlog", *{args}]
sys.stdout, kept = sys.stderr, sys.stdout
with suppress(SystemExit):
    main()
sys.stdout = kept
"""


def loaded_by(code: str) -> set[str]:
    """The modules that a new process has loaded after running ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}"],
        capture_output=True, text=True, check=True, timeout=PATIENCE, cwd=PROJECT,
        env=environment(),
    )  # fmt: skip
    return set(done.stdout.split())


def test_importing_the_log_loads_nothing_heavy() -> None:
    loaded = loaded_by("import eventlog")
    assert "eventlog" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["nothing"]])
def test_help_loads_not_even_the_log(args: list[str]) -> None:
    loaded = loaded_by(COMMAND.format(args=args))
    assert "click" in loaded
    assert loaded.isdisjoint({*HEAVY, "eventlog", "projections", "sessions", "msgspec", "attrs"})


@pytest.mark.parametrize("args", [["append", "none", "t"], ["cat", "none"], ["info", "none"],
                                  ["tail", "none"], ["verify", "none"]], ids=" ".join)  # fmt: skip
def test_a_command_loads_tables_only_to_print_one(args: list[str]) -> None:
    assert loaded_by(COMMAND.format(args=args)).isdisjoint({*HEAVY, "projections", "sessions"})


def test_an_append_without_an_id_loads_no_database(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    log = str(tmp_path_factory.mktemp("log") / "log")
    code = COMMAND.format(args=["init", log]) + COMMAND.format(args=["append", log, "t"])
    assert loaded_by(code).isdisjoint(HEAVY)
