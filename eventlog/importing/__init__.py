"""Foreign activity logs into the event log: JSON lines, CloudEvents, CSV.

:func:`import_files` does it all; most other names are its options and what it answers::

    options = ImportOptions(
        map=parse_map(["type=event,event_type", "time=ts", "data.task=task,task_id"]),
        defaults=parse_defaults(["type=activity.noted"]),
        rename=parse_renames(["task_done=task.completed"]),
    )
    with EventLog.open("activity.eventlog") as log:
        result = import_files(log, ["agent.jsonl"], options)
    print(result.imported, result.skipped, result.rejected, result.rejects_file)

Three promises:

- No line stops an import. One that cannot become an event is kept, byte for byte, with file, line
  and reason.
- No line is imported twice. An input that was imported before adds only what is new in it, under
  whatever name it comes, and what better options now accept. It is known by its bytes, so one that
  was *changed* in its middle is another input.
- No value is lost. What the log cannot hold as it was (digits of a time, a foreign sequence) is
  kept beside the event as an extension: ``originaltime``, ``originsequence``, ``timeassumed``.

:func:`check_readable` and :func:`total_bytes` look at inputs beforehand, :func:`decode_object` is
the strict reading of one line, for whoever takes single objects.

How each is kept is said in the modules: ``_rejects``, ``_marks``, ``_told``, ``_fields``,
``_times``, ``_cloudevent``, ``_cells``. One process at a time may import into a log; the log's
writer lock sees to that.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventlog.importing._bad_line import BadLineError
    from eventlog.importing._drafts import Defaults, parse_defaults, parse_renames
    from eventlog.importing._errors import ImportInputError, ImportOptionError
    from eventlog.importing._fields import FieldMap, parse_map
    from eventlog.importing._json_line import decode_object
    from eventlog.importing._options import FileResult, ImportOptions, ImportResult
    from eventlog.importing._reject import Reject
    from eventlog.importing._run import import_files
    from eventlog.importing._sources import check_readable, total_bytes

__all__ = [
    "BadLineError",
    "Defaults",
    "FieldMap",
    "FileResult",
    "ImportInputError",
    "ImportOptionError",
    "ImportOptions",
    "ImportResult",
    "Reject",
    "check_readable",
    "decode_object",
    "import_files",
    "parse_defaults",
    "parse_map",
    "parse_renames",
    "total_bytes",
]

# Loaded on first use: who only decodes one object needs none of the rest.
_LATER = {
    "_bad_line": ("BadLineError",),
    "_drafts": ("Defaults", "parse_defaults", "parse_renames"),
    "_errors": ("ImportInputError", "ImportOptionError"),
    "_fields": ("FieldMap", "parse_map"),
    "_json_line": ("decode_object",),
    "_options": ("FileResult", "ImportOptions", "ImportResult"),
    "_reject": ("Reject",),
    "_run": ("import_files",),
    "_sources": ("check_readable", "total_bytes"),
}
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'eventlog.importing' has no attribute {name!r}")
    value = getattr(import_module(f"eventlog.importing.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
