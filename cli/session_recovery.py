"""``python -m cli.session_recovery``: the same as ``eventlog session-recovery``."""

from __future__ import annotations

from cli import _interrupts


def main() -> None:
    """Run the command by itself."""
    _interrupts.prepare()
    try:
        from cli._failures import run
        from cli.commands.session_recovery import command

        _interrupts.unwind()
        run(command)
    finally:
        _interrupts.finish()


if __name__ == "__main__":
    main()
