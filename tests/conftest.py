"""Hypothesis profiles; HYPOTHESIS_PROFILE=deep looks about twenty times as long."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.support import DEEP
from tests.support.postgres import dsn, postgres_server

__all__ = ["dsn", "postgres_server"]  # fixtures

# The disk is part of most tests, so a slow one says nothing about the code.
_COMMON = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("default", _COMMON, max_examples=60, stateful_step_count=25)
settings.register_profile("deep", _COMMON, max_examples=1500, stateful_step_count=60)
settings.load_profile("deep" if DEEP else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``deep`` run only under the deep profile."""
    if DEEP:
        return
    skip = pytest.mark.skip(reason="deep: runs with HYPOTHESIS_PROFILE=deep")
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(skip)
