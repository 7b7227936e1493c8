"""Foreign activity logs into the event log: JSON lines, CloudEvents, CSV.

:func:`import_files` does it all; the other names are its options and what it answers::

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

How each is kept is said in the modules: ``_rejects``, ``_marks``, ``_fields``, ``_times``,
``_cloudevent``, ``_cells``. One process at a time may import into a log; the log's writer lock
sees to that.
"""

from eventlog.importing._drafts import Defaults, parse_defaults, parse_renames
from eventlog.importing._errors import ImportInputError, ImportOptionError
from eventlog.importing._fields import FieldMap, parse_map
from eventlog.importing._options import FileResult, ImportOptions, ImportResult
from eventlog.importing._reject import Reject
from eventlog.importing._run import import_files
from eventlog.importing._sources import total_bytes

__all__ = [
    "Defaults",
    "FieldMap",
    "FileResult",
    "ImportInputError",
    "ImportOptionError",
    "ImportOptions",
    "ImportResult",
    "Reject",
    "import_files",
    "parse_defaults",
    "parse_map",
    "parse_renames",
    "total_bytes",
]
