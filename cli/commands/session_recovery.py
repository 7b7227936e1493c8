"""``eventlog session-recovery``."""

from __future__ import annotations

import logging
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from attrs import asdict, frozen

from cli._failures import Exit, Failure
from cli._options import LogType
from cli._output import say, write, write_text
from cli._text import clean, count

if TYPE_CHECKING:
    from sessions.recovery import CrashInfo, SessionRecoveryEngine

Answer = Mapping[str, Any]


@frozen
class _Task:
    """What to do, and with what."""

    engine: SessionRecoveryEngine
    force: bool
    max_age: int
    to_stdout: bool
    """Whether stdout is for the JSON answer."""

    def print(self, text: str) -> None:
        """A line for people, where they read answers."""
        if self.to_stdout:
            say(text)
        else:
            write_text(f"{clean(text)}\n")

    def print_figures(self, figures: Answer) -> None:
        """One figure a line."""
        width = max(map(len, figures))
        for name, value in figures.items():
            self.print(f"{name:<{width}}  {_figure(value)}")


def _figure(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


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
        names = ", ".join(f"--{name}" for name in _ACTIONS)
        raise click.UsageError(f"name exactly one of {names}; see --help")
    with _telling(verbose):
        engine = _make_engine(config, log)
        try:
            answer, succeeded = _ACTIONS[actions[0]](_Task(engine, force, max_age, output == "-"))
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


# What each option does: the answer for programs, and whether it succeeded.


def _recover(task: _Task) -> tuple[Answer, bool]:
    engine, state = task.engine, task.engine.current_state
    if state is None:
        task.print(_no_state(engine))
        return {"recovered": False, "session": None, "state": None}, False
    task.print_figures(asdict(state))
    with redirect_stdout(sys.stderr) if task.to_stdout else nullcontext():
        recovered = engine.prompt_recovery() and engine.recover_session()
    engine.stop_auto_save()
    task.print("recovered" if recovered else "not recovered")
    return {
        "recovered": recovered,
        "session": engine.session_key,
        "state": asdict(state),
    }, recovered


def _save(task: _Task) -> tuple[Answer, bool]:
    engine = task.engine
    _keep_tasks(engine)
    saved = engine.save_session_state(force=task.force)
    if saved:
        task.print(f"saved to {engine.state_file}")
    elif not engine.recovery_enabled and not task.force:
        task.print("not saved: recovery is disabled; --force saves all the same")
    return engine.get_session_statistics() if saved else {}, saved


def _stats(task: _Task) -> tuple[Answer, bool]:
    statistics = task.engine.get_session_statistics()
    if statistics:
        task.print_figures(statistics)
    else:
        task.print(_no_state(task.engine))
    return statistics, bool(statistics)


def _auto_save(task: _Task) -> tuple[Answer, bool]:
    engine = task.engine
    _keep_tasks(engine)

    def saving() -> Iterator[float]:
        engine.start_auto_save()
        every = f"{engine.save_interval:g} s"
        task.print(f"saving to {engine.state_file} every {every}; Ctrl-C stops")
        while True:
            yield 3600.0

    _until_interrupted(saving())
    engine.close()
    task.print("stopped")
    return engine.get_session_statistics(), True


def _detect(task: _Task) -> tuple[Answer, bool]:
    crashes = task.engine.detect_crashes()
    recovered = _handle(task, crashes)
    return {"crashes": [asdict(one) for one in crashes], "recovered": recovered}, recovered


def _watch(task: _Task) -> tuple[Answer, bool]:
    engine = task.engine
    engine.manual = lambda crashes: False  # a question would keep us from watching
    interval = float(engine.config["crash_detection"]["check_interval"])

    def watching() -> Iterator[float]:
        task.print(f"looking for crashes every {interval:g} s; Ctrl-C stops")
        while True:
            if crashes := engine.detect_crashes():
                _handle(task, crashes)
            yield interval

    _until_interrupted(watching())
    return {"crashes": [asdict(one) for one in engine.crash_history]}, True


def _handle(task: _Task, crashes: Sequence[CrashInfo]) -> bool:
    for crash in crashes:
        task.print(f"{crash.error_type}: {crash.error_message}")
    if not crashes:
        task.print("no crashes")
        return True
    recovered = task.engine.handle_crash_recovery()
    task.print("recovered" if recovered else "not recovered: it needs help by hand")
    return recovered


def _cleanup(task: _Task) -> tuple[Answer, bool]:
    removed = task.engine.cleanup_old_states(max_age_hours=task.max_age)
    task.print(f"{count(removed, 'file')} deleted")
    return {"removed": removed}, True


def _restart(task: _Task) -> tuple[Answer, bool]:
    return _attempted(task, "restart", task.engine.attempt_restart())


def _relog(task: _Task) -> tuple[Answer, bool]:
    return _attempted(task, "relog", task.engine.attempt_relog())


def _attempted(task: _Task, name: str, successful: bool) -> tuple[Answer, bool]:
    task.print(f"{name}: {'done' if successful else 'failed'}")
    return {"action": name, "successful": successful}, successful


def _keep_tasks(engine: SessionRecoveryEngine) -> None:
    """What this process saves has the tasks that the last state had: it knows no others."""
    if engine.current_state is not None:
        engine.task_queue = list(engine.current_state.task_queue)
        engine.active_modes = list(engine.current_state.active_modes)


def _no_state(engine: SessionRecoveryEngine) -> str:
    return (
        f"no saved session in {engine.state_file}: --save writes one, --config names another file"
    )


def _until_interrupted(work: Iterator[float]) -> None:
    """Go on with the work after the seconds that it gives; Ctrl-C and SIGTERM end it in order."""
    before = signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    try:
        for seconds in work:
            sys.stdout.flush()
            time.sleep(seconds)
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


_ACTIONS: dict[str, Callable[[_Task], tuple[Answer, bool]]] = {
    "recover": _recover,
    "save": _save,
    "stats": _stats,
    "auto-save": _auto_save,
    "detect-crashes": _detect,
    "watch": _watch,
    "cleanup": _cleanup,
    "restart": _restart,
    "relog": _relog,
}
