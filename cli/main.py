"""The entry point. It imports little, so that an interrupt finds us prepared from early on."""

from __future__ import annotations

from cli import _interrupts


def main() -> None:
    """Entry point of the ``eventlog`` command."""
    _interrupts.prepare()
    try:
        from cli._failures import run
        from cli._group import group

        run(group)
    finally:
        _interrupts.finish()
