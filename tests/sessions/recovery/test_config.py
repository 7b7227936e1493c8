"""The YAML configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sessions.recovery import SessionRecoveryEngine, _config
from sessions.recovery._config import DEFAULTS, load_config
from tests.cli.helpers import PROJECT, environment


def load(text: str | bytes) -> dict[str, Any]:
    path = Path("recovery.yaml")
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_config(path)


def changed(**values: Any) -> dict[str, Any]:
    return {**DEFAULTS, **values}


def test_the_defaults_are_the_documented_ones(engine: SessionRecoveryEngine) -> None:
    assert engine.config == DEFAULTS
    assert (engine.save_interval, engine.state_file) == (300, Path("tmp/session_state.json"))
    assert (engine.recovery_enabled, engine.auto_restart, engine.auto_relog) == (True, False, False)
    assert engine.config["crash_detection"]["check_interval"] == 30
    assert engine.config["crash_detection"]["error_patterns"] == [
        "connection lost", "server disconnected", "game crashed", "memory error", "graphics error",
    ]  # fmt: skip
    assert all(engine.config["session_tracking"].values())


def test_the_file_goes_over_the_defaults_value_by_value(directory: Path) -> None:
    config = load("save_interval: 60\ncrash_detection: {check_interval: 5}\n")
    assert config == changed(
        save_interval=60, crash_detection={**DEFAULTS["crash_detection"], "check_interval": 5}
    )


def test_an_engine_takes_its_settings_from_the_file(directory: Path) -> None:
    load("save_interval: 60\nstate_file: s.json\nauto_restart: true\nauto_relog: yes\n")
    with SessionRecoveryEngine("recovery.yaml") as engine:
        assert (engine.save_interval, engine.state_file) == (60, Path("s.json"))
        assert (engine.auto_restart, engine.auto_relog) == (True, True)


def test_the_settings_of_one_engine_are_not_those_of_another(
    engine: SessionRecoveryEngine,
) -> None:
    engine.config["crash_detection"]["error_patterns"].append("mine")
    assert "mine" not in load_config(None)["crash_detection"]["error_patterns"]


def test_unknown_names_are_ignored(directory: Path) -> None:
    assert load("added: 1\nsession_tracking: {track_modes: true}\n1: 2\n") == DEFAULTS


@pytest.mark.parametrize(
    "text",
    ["- a list", "text", "a: [", "{", "\t", "!!python/object/apply:os.system ['touch pwned']",
     "? [a]\n: b", "a: 2026-99-99", "a: " + "9" * 10_000, "[" * 50_000, b"\xff\xfe\xff", b"\0",
     "a: 1\n" * 20_000],
)  # fmt: skip
def test_a_file_that_is_no_configuration_gives_the_defaults(
    directory: Path, caplog: pytest.LogCaptureFixture, text: str | bytes
) -> None:
    assert load(text) == DEFAULTS
    assert "the defaults are" in caplog.text
    assert os.listdir() == ["recovery.yaml"]


def test_an_empty_file_gives_the_defaults_and_is_no_fault(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load("# nothing yet\n") == DEFAULTS
    assert caplog.text == ""


@pytest.mark.parametrize("name", ["missing.yaml", ".", "pipe"])
def test_what_cannot_be_read_gives_the_defaults(
    directory: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    os.mkfifo("pipe")
    assert load_config(name) == DEFAULTS
    assert name in caplog.text


@pytest.mark.parametrize(
    "text",
    ["save_interval: 0", "save_interval: -5", "save_interval: .nan", "save_interval: .inf",
     "save_interval: '300'", "save_interval: true", "save_interval: null", "save_interval: 1e300",
     "state_file: 5", "state_file: ''", 'state_file: "a\\0b"', "auto_restart: 1",
     "recovery_enabled: maybe", "crash_detection: 5", "crash_detection: {check_interval: []}",
     "crash_detection: {error_patterns: connection}", "crash_detection: {error_patterns: [404]}",
     "crash_detection: {error_patterns: ['']}", "session_tracking: {track_xp: 0}",
     "restart_command: rm -r x", "relog_command: []", "crash_detection: {message_file: 1}"],
)  # fmt: skip
def test_a_value_of_no_use_is_replaced_and_named(
    directory: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    assert load(text) == DEFAULTS
    assert text.split(":")[0] in caplog.text
    assert "of no use" in caplog.text


def test_the_other_values_of_such_a_file_hold(directory: Path) -> None:
    assert load("save_interval: 0\nauto_relog: true\n") == changed(auto_relog=True)


BOMBS = {
    "lists": "a: &a [x,x]\n"
    + "".join(f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefg", "bcdefgh")),  # noqa: B905
    "merges": "a: &a {x: 1}\n"
    + "".join(
        f"{n}: &{n} {{'<<': [{','.join(['*' + p] * 9)}]}}\n"
        for p, n in zip("abcdefg", "bcdefgh")  # noqa: B905
    ),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_of_aliases_is_refused(
    directory: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    assert load(text) == DEFAULTS
    assert "aliases" in caplog.text


def test_a_few_aliases_are_fine(directory: Path) -> None:
    text = "crash_detection: {error_patterns: &p [boom]}\nsession_tracking: {x: *p}\n"
    assert load(text)["crash_detection"]["error_patterns"] == ["boom"]


def test_a_large_file_is_refused(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(b"#" * (_config.MOST_BYTES + 1)) == DEFAULTS
    assert "more than" in caplog.text


def test_importing_is_cheap_and_touches_nothing(directory: Path) -> None:
    program = (
        "import sys, os, logging, threading; import sessions.recovery;"
        "print(sorted({'yaml', 'cattrs', 'rich', 'click', 'sqlite3'} & set(sys.modules)),"
        "os.listdir(), logging.getLogger().handlers, threading.active_count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env=environment({"PYTHONPATH": str(PROJECT)}),
    )  # fmt: skip
    assert done.stdout == "[] [] [] 1\n"
