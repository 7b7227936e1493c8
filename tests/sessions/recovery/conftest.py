"""A directory of its own for each test, with engines that are closed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventlog import Event
from sessions._shared_log import close_shared_logs, shared_log
from sessions.recovery import SessionRecoveryEngine

MakeEngine = Callable[..., SessionRecoveryEngine]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory: state file and log lie below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENTLOG_DIR", raising=False)
    yield tmp_path
    close_shared_logs()


@pytest.fixture
def make_engine(directory: Path) -> Iterator[MakeEngine]:
    """Makes engines; keywords in capitals-free YAML go to ``config``."""
    made: list[SessionRecoveryEngine] = []

    def make(config: dict[str, Any] | None = None, **options: Any) -> SessionRecoveryEngine:
        path = None
        if config is not None:
            path = directory / f"config-{len(made)}.yaml"
            path.write_text(yaml.safe_dump(config))
        made.append(SessionRecoveryEngine(path, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(make_engine: MakeEngine) -> SessionRecoveryEngine:
    """An engine as it is without any configuration."""
    return make_engine()


@pytest.fixture
def recorded() -> Callable[[], list[Event]]:
    """What is in the log."""
    return lambda: list(shared_log().read())
