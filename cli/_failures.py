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


class Exit(IntEnum):
    """Exit codes of the command; documented in ``eventlog --help``."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    DATA = 3
    CONFLICT = 4
    LOCKED = 5
    INTERRUPTED = 130


class Failure(click.ClickException):
    """Ends a command with a message and an exit code."""

    def __init__(self, message: str, code: Exit = Exit.ERROR) -> None:
        super().__init__(message)
        self.code = code


def run(command: click.Command) -> NoReturn:
    """Run a command; every way it can end becomes an exit code, and never a traceback."""
    logging.basicConfig(format="eventlog: %(message)s", level=logging.WARNING)
    try:
        code = command.main(prog_name="eventlog", standalone_mode=False)
        _flush()
        sys.exit(code if isinstance(code, int) else Exit.DONE)
    except Failure as error:
        _fail(error.message, error.code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        _leave_quietly()
    except RecursionError:
        _fail("the data nests too deep", Exit.DATA)
    except OSError as error:
        _fail(_describe_os_error(error), Exit.ERROR)
    except Exception as error:
        _fail_known(error)


def _fail_known(error: Exception) -> NoReturn:
    # Imported late: 'eventlog --help' does not need the log.
    from eventlog import EventLogError

    if not isinstance(error, EventLogError):
        raise error
    _fail(str(error), _code_of(error))


def _code_of(error: Exception) -> Exit:
    from eventlog import ConflictError, DamagedLogError, InvalidEventError, LockTimeoutError

    codes = {
        DamagedLogError: Exit.DATA,
        InvalidEventError: Exit.DATA,
        ConflictError: Exit.CONFLICT,
        LockTimeoutError: Exit.LOCKED,
    }
    return next((code for cls, code in codes.items() if isinstance(error, cls)), Exit.ERROR)


def _describe_os_error(error: OSError) -> str:
    what = error.strerror or str(error)
    hints = {
        "Permission denied": "check the permissions",
        "Read-only file system": "the log can be read, but not written, here",
        "No space left on device": "free some space; what was acknowledged before is safe",
    }
    hint = f": {hints[what]}" if what in hints else ""
    place = f" ({error.filename})" if error.filename else ""
    return f"{what}{hint}{place}"


def _fail(message: str, code: Exit) -> NoReturn:
    _say(message)
    sys.exit(code)


def _say(message: str) -> None:
    from cli._text import clean

    with suppress(BrokenPipeError):
        click.echo(f"eventlog: {clean(message)}", err=True)


def _flush() -> None:
    sys.stdout.flush()


def _leave_quietly() -> NoReturn:
    """The reader of our output has gone, as 'head' does: end like any other Unix tool."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    sys.exit(Exit.ERROR)
