"""``eventlog session-recovery``."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cli._failures import Exit, Failure
from cli._options import LogType
from cli._output import write
from cli._recovery_actions import ACTIONS, Answer, Task
from cli._text import count

if TYPE_CHECKING:
    from sessions.recovery import SessionRecoveryEngine


def _flag(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(f"--{name}", "actions", flag_value=name, multiple=True, help=text)


@click.command("session-recovery")
@_flag("recover", "Ask whether the saved session shall go on, and recover it.")
@_flag("save", "Save the state now.")
@_flag("stats", "Show the figures of the saved session.")
@_flag("auto-save", "Save at intervals until interrupted.")
@_flag("detect-crashes", "Look for crashes once, and recover from them.")
@_flag("watch", "Look for crashes at intervals until interrupted, and recover from them.")
@_flag("cleanup", "Delete a state file that is older than --max-age.")
@_flag("restart", "Restart the program once.")
@_flag("relog", "Connect the program again, once.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The YAML configuration; without it the defaults hold.",
)
@click.option(
    "--log",
    type=LogType(),
    metavar="LOG",
    help="The log; else EVENTLOG_DIR, else activity.eventlog.",
)
@click.option("--force", is_flag=True, help="Save also while recovery is disabled.")
@click.option(
    "--max-age",
    type=click.IntRange(min=0),
    metavar="HOURS",
    default=24,
    show_default=True,
    help="For --cleanup.",
)
@click.option("--output", metavar="FILE", help="Write the answer as JSON, too; - is stdout.")
@click.option("-v", "--verbose", is_flag=True, help="Say more, and show tracebacks.")
def command(
    actions: tuple[str, ...],
    config: Path | None,
    log: Path | None,
    force: bool,
    max_age: int,
    output: str | None,
    verbose: bool,
) -> None:
    """Save a session's state, notice crashes, and bring the session back.

    Exactly one of the first nine options says what to do. What the program's messages are and how
    it is restarted stands in the configuration: message_file, restart_command, relog_command.

    \b
    Examples:
      eventlog session-recovery --stats --output -
      eventlog session-recovery --watch --config recovery.yaml
      eventlog session-recovery --cleanup --max-age 48
    """
    if len(actions) != 1:
        names = ", ".join(f"--{name}" for name in ACTIONS)
        raise click.UsageError(f"name exactly one of {names}; see --help")
    with _telling(verbose):
        engine = _make_engine(config, log)
        try:
            answer, succeeded = ACTIONS[actions[0]](Task(engine, force, max_age, output == "-"))
        finally:
            engine.close(ended=False)
        if output is not None:
            _write_answer(output, answer)
    if engine.waiting:
        events = count(engine.waiting, "event")
        raise Failure(f"{events} not recorded: the log cannot be written; mend that, or use --log")
    if not succeeded:
        raise click.exceptions.Exit(Exit.ERROR)


def _make_engine(config: Path | None, log: Path | None) -> SessionRecoveryEngine:
    from sessions.recovery import SessionRecoveryEngine

    return SessionRecoveryEngine(config, log_dir=log)


@contextmanager
def _telling(verbose: bool) -> Iterator[None]:
    """More from the engine's logger, and tracebacks, while it lasts."""
    logger = logging.getLogger("sessions.recovery")
    before = logger.level
    try:
        if verbose:
            logger.setLevel(logging.DEBUG)
        yield
    except Exception:
        if verbose:
            traceback.print_exc()
        raise
    finally:
        logger.setLevel(before)


def _write_answer(output: str, answer: Answer) -> None:
    content = msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n"
    if output == "-":
        write(content)
    else:
        Path(output).write_bytes(content)
