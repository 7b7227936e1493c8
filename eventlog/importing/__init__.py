"""Foreign activity logs into the event log: JSON lines, CloudEvents, CSV.

:func:`import_files` does it all; the other names are its options and what it answers.
"""

from eventlog.importing._drafts import Defaults, parse_defaults, parse_renames
from eventlog.importing._errors import ImportInputError, ImportOptionError
from eventlog.importing._fields import FieldMap, parse_map
from eventlog.importing._options import FileResult, ImportOptions, ImportResult
from eventlog.importing._rejects import Reject
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
