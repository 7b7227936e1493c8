"""From errors to exit codes and one clear line: the only place that does it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from enum import IntEnum
from typing import NoReturn

import click

from cli import _interrupts
from cli._streams import let_go, prepare_streams


class Exit(IntEnum):
    """Exit codes of the command; documented in ``eventlog --help``."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    DATA = 3
    CONFLICT = 4
    LOCKED = 5
    INTERRUPTED = _interrupts.CODE


class Failure(click.ClickException):
    """Ends a command with a message and an exit code."""

    def __init__(self, message: str, code: Exit = Exit.ERROR) -> None:
        super().__init__(message)
        self.code = code


def run(command: click.Command) -> NoReturn:
    """Run a command; every way it can end becomes an exit code, and never a traceback."""
    prepare_streams()
    logging.basicConfig(handlers=[_OneLineHandler()], level=logging.WARNING)
    try:
        code = _call(command)
        sys.stdout.flush()
        _exit(code)
    except Failure as error:
        _fail(error.message, error.code)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        _exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _leave_interrupted()
    except BrokenPipeError:
        _leave_quietly()
    except RecursionError:
        _fail("the data nests too deep", Exit.DATA)
    except OSError as error:
        _fail(_describe_os_error(error), Exit.ERROR)
    except Exception as error:
        _fail_otherwise(error)


def _call(command: click.Command) -> int:
    """Like ``command.main``, which would end a closed pipe with 1 without telling us."""
    if "_EVENTLOG_COMPLETE" in os.environ:
        command.main(prog_name="eventlog")  # a shell asks for completions
    try:
        with command.make_context("eventlog", sys.argv[1:]) as context:
            code = command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    finally:
        _interrupts.leave_at_once()
    return code if isinstance(code, int) else Exit.DONE


class _OneLineHandler(logging.Handler):
    """What the log tells while it recovers, in the manner of all other messages."""

    def emit(self, record: logging.LogRecord) -> None:
        _say(record.getMessage())


def _fail_otherwise(error: Exception) -> NoReturn:
    # Imported late: 'eventlog --help' does not need the log.
    from eventlog import DamagedLogError, EventLogError

    if not isinstance(error, EventLogError):
        if os.environ.get("EVENTLOG_TRACEBACK"):
            raise error
        what = f"{type(error).__name__}: {error}"
        _fail(f"this is a bug, please report it with what EVENTLOG_TRACEBACK=1 adds: {what}")
    says_what_to_do = "'eventlog " in error.message or "restore" in error.message
    is_plain = isinstance(error, DamagedLogError) and not says_what_to_do
    hint = "; 'eventlog verify' shows all damage" if is_plain else ""
    _fail(f"{error}{hint}", _code_of(error))


def _code_of(error: Exception) -> Exit:
    from eventlog import (
        ConflictError,
        DamagedLogError,
        InvalidEventError,
        InvalidProofError,
        LockTimeoutError,
    )

    codes = {
        DamagedLogError: Exit.DATA,
        InvalidEventError: Exit.DATA,
        InvalidProofError: Exit.DATA,
        ConflictError: Exit.CONFLICT,
        LockTimeoutError: Exit.LOCKED,
    }
    return next((code for cls, code in codes.items() if isinstance(error, cls)), Exit.ERROR)


def _describe_os_error(error: OSError) -> str:
    what = error.strerror or str(error)
    hints = {
        "No such file or directory": "check the path",
        "Permission denied": "check the permissions",
        "Read-only file system": "it can only be read here; nothing was changed",
        "No space left on device": "free some space; what was acknowledged before is safe",
    }
    hint = f": {hints[what]}" if what in hints else ""
    named = isinstance(error.filename, str | bytes)
    place = f" ({os.fsdecode(error.filename)})" if named else ""
    return f"{what}{hint}{place}"


def _fail(message: str, code: Exit = Exit.ERROR) -> NoReturn:
    _say(message)
    _exit(code)


def _say(message: str) -> None:
    from cli._text import clean

    with suppress(OSError):
        click.echo(f"eventlog: {clean(message)}", err=True)


def _leave_interrupted() -> NoReturn:
    _interrupts.acknowledge()
    if sys.stderr.isatty():
        click.echo(err=True)  # the terminal shows ^C on this line
    _say("interrupted")
    _exit(Exit.INTERRUPTED)


def _exit(code: int) -> NoReturn:
    let_go()
    sys.exit(code)


def _leave_quietly() -> NoReturn:
    """The reader of our output has gone, as 'head' does: end like any other Unix tool."""
    let_go()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    sys.exit(Exit.ERROR)
