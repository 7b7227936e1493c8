"""What each option of ``eventlog session-recovery`` does.

Each gives the answer for programs, and whether it succeeded.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import asdict, frozen

from cli._output import say, write_text
from cli._text import clean, count

if TYPE_CHECKING:
    from sessions.recovery import CrashInfo, SessionRecoveryEngine

Answer = Mapping[str, Any]


@frozen
class Task:
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


def _recover(task: Task) -> tuple[Answer, bool]:
    engine, state = task.engine, task.engine.current_state
    if state is None:
        task.print(_no_state(engine))
        return {"recovered": False, "session": None, "state": None}, False
    task.print_figures(asdict(state))
    with redirect_stdout(sys.stderr) if task.to_stdout else nullcontext():
        recovered = engine.prompt_recovery() and engine.recover_session()
    engine.stop_auto_save()
    if engine.is_finished(state):
        task.print("not recovered: the session has ended, and no task is left")
    else:
        task.print("recovered" if recovered else "not recovered")
    return {
        "recovered": recovered,
        "session": engine.session_key,
        "state": asdict(state),
    }, recovered


def _save(task: Task) -> tuple[Answer, bool]:
    engine = task.engine
    engine.continue_session()
    saved = engine.save_session_state(force=task.force)
    if saved:
        task.print(f"saved to {engine.state_file}")
    elif not engine.recovery_enabled and not task.force:
        task.print("not saved: recovery is disabled; --force saves all the same")
    return engine.get_session_statistics() if saved else {}, saved


def _stats(task: Task) -> tuple[Answer, bool]:
    statistics = task.engine.get_session_statistics()
    if statistics:
        task.print_figures(statistics)
    else:
        task.print(_no_state(task.engine))
    return statistics, bool(statistics)


def _auto_save(task: Task) -> tuple[Answer, bool]:
    engine = task.engine
    engine.continue_session()

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


def _detect(task: Task) -> tuple[Answer, bool]:
    crashes = task.engine.detect_crashes()
    recovered = _handle(task, crashes)
    return {"crashes": [asdict(one) for one in crashes], "recovered": recovered}, recovered


def _watch(task: Task) -> tuple[Answer, bool]:
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


def _handle(task: Task, crashes: Sequence[CrashInfo]) -> bool:
    for crash in crashes:
        task.print(f"{crash.error_type}: {crash.error_message}")
    if not crashes:
        task.print("no crashes")
        return True
    recovered = task.engine.handle_crash_recovery()
    task.print("recovered" if recovered else "not recovered: it needs help by hand")
    return recovered


def _cleanup(task: Task) -> tuple[Answer, bool]:
    removed = task.engine.cleanup_old_states(max_age_hours=task.max_age)
    task.print(f"{count(removed, 'file')} deleted")
    return {"removed": removed}, True


def _restart(task: Task) -> tuple[Answer, bool]:
    return _attempted(task, "restart", task.engine.attempt_restart())


def _relog(task: Task) -> tuple[Answer, bool]:
    return _attempted(task, "relog", task.engine.attempt_relog())


def _attempted(task: Task, name: str, successful: bool) -> tuple[Answer, bool]:
    task.print(f"{name}: {'done' if successful else 'failed'}")
    return {"action": name, "successful": successful}, successful


def _no_state(engine: SessionRecoveryEngine) -> str:
    return (
        f"no saved session in {engine.state_file}: --save writes one, --config names another file"
    )


def _until_interrupted(work: Iterator[float]) -> None:
    """Go on with the work after the seconds that it gives; Ctrl-C and SIGTERM end it in order.

    SIGTERM does so also where Ctrl-C is ignored, as shells have it for what runs in the background.
    """

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one does not wait
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, interrupt)
        for seconds in work:
            sys.stdout.flush()
            time.sleep(seconds)
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


ACTIONS: dict[str, Callable[[Task], tuple[Answer, bool]]] = {
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
