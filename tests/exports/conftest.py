"""What the tests of the exports share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exports.helpers import Backend, backend_of, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 40 odd events in several segments."""
    return write_log(tmp_path / "log")


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """An empty database; each test runs with either kind."""
    return backend_of(request.param, request)
