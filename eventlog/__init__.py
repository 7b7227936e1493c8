"""An append-only log of events: immutable JSON lines in rotated, sealed segments.

Start with :class:`EventLog`. The format on disk is described in docs/log-format.md.
"""

from eventlog._errors import (
    ClosedLogError,
    ConflictError,
    DamagedLogError,
    EventLogError,
    InvalidEventError,
    LockTimeoutError,
    LogNotFoundError,
    NotALogError,
    ReadOnlyError,
    UnsupportedFormatError,
    WriterFailedError,
)
from eventlog._event import Event
from eventlog._info import LogInfo
from eventlog._log import EventLog
from eventlog._new_event import NewEvent
from eventlog._query import Query
from eventlog._recovery import Torn
from eventlog._repair import RepairReport, repair
from eventlog._standard import (
    STANDARD_TYPES,
    AreaVisited,
    CrashDetected,
    FileRead,
    FileWritten,
    MetricRecorded,
    RecoveryCompleted,
    SessionAnnotated,
    SessionEnded,
    SessionStarted,
    SessionSummarized,
    StateSaved,
    TaskCompleted,
    TaskStarted,
    ToolCalled,
)
from eventlog._types import EventTypes, UnknownTypeError, rest_field
from eventlog._verify import Fault, VerifyReport, verify

__all__ = [
    "STANDARD_TYPES",
    "AreaVisited",
    "ClosedLogError",
    "ConflictError",
    "CrashDetected",
    "DamagedLogError",
    "Event",
    "EventLog",
    "EventLogError",
    "EventTypes",
    "Fault",
    "FileRead",
    "FileWritten",
    "InvalidEventError",
    "LockTimeoutError",
    "LogInfo",
    "LogNotFoundError",
    "MetricRecorded",
    "NewEvent",
    "NotALogError",
    "Query",
    "ReadOnlyError",
    "RecoveryCompleted",
    "RepairReport",
    "SessionAnnotated",
    "SessionEnded",
    "SessionStarted",
    "SessionSummarized",
    "StateSaved",
    "TaskCompleted",
    "TaskStarted",
    "ToolCalled",
    "Torn",
    "UnknownTypeError",
    "UnsupportedFormatError",
    "VerifyReport",
    "WriterFailedError",
    "repair",
    "rest_field",
    "verify",
]
