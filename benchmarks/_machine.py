"""What the figures were measured on: no name of the machine, no path."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CORE = ("attrs", "cattrs", "msgspec", "zstandard")
PEERS = ("duckdb", "eventsourcing", "loguru", "orjson", "polars", "structlog", "umadb")


def describe_machine() -> str:
    """Processor, cores, kernel and versions, in one line."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {', '.join(map(_version, _CORE))}"
    )


def describe_peers() -> str:
    """The versions of what is compared."""
    return f"SQLite {sqlite3.sqlite_version}, {', '.join(map(_version, PEERS))}"


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
