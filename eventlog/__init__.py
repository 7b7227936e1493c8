"""An append-only log of events: immutable JSON lines in rotated, sealed segments.

Start with :class:`EventLog`. The format on disk is described in docs/log-format.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventlog._errors import (
        ClosedLogError,
        ConflictError,
        DamagedLogError,
        EventLogError,
        InvalidEventError,
        InvalidKeyError,
        InvalidProofError,
        LockTimeoutError,
        LogNotFoundError,
        MissingExtraError,
        NotALogError,
        PrunedError,
        ReadOnlyError,
        UnsupportedFormatError,
        WriterFailedError,
    )
    from eventlog._event import Event
    from eventlog._info import LogInfo
    from eventlog._log import EventLog
    from eventlog._manifest_lines import SealedEntry
    from eventlog._new_event import NewEvent
    from eventlog._prune import PruneReport, prune
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
    from eventlog.checkpoints._checkpoint import Checkpoint
    from eventlog.checkpoints._keys import KeyPair, new_key
    from eventlog.checkpoints._proof import ProvenEvent, verify_consistency, verify_proof
    from eventlog.checkpoints._proving import prove, prove_consistency
    from eventlog.checkpoints._signing import checkpoint, verify_checkpoint

__all__ = [
    "STANDARD_TYPES",
    "AreaVisited",
    "Checkpoint",
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
    "InvalidKeyError",
    "InvalidProofError",
    "KeyPair",
    "LockTimeoutError",
    "LogInfo",
    "LogNotFoundError",
    "MetricRecorded",
    "MissingExtraError",
    "NewEvent",
    "NotALogError",
    "ProvenEvent",
    "PruneReport",
    "PrunedError",
    "Query",
    "ReadOnlyError",
    "RecoveryCompleted",
    "RepairReport",
    "SealedEntry",
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
    "checkpoint",
    "new_key",
    "prove",
    "prove_consistency",
    "prune",
    "repair",
    "rest_field",
    "verify",
    "verify_checkpoint",
    "verify_consistency",
    "verify_proof",
]

# Loaded on first use: hardly a program needs all of it, and importing may cost more than appending.
_LATER = {
    "_errors": (
        "ClosedLogError", "ConflictError", "DamagedLogError", "EventLogError",
        "InvalidEventError", "InvalidKeyError", "InvalidProofError", "LockTimeoutError",
        "LogNotFoundError", "MissingExtraError", "NotALogError", "PrunedError", "ReadOnlyError",
        "UnsupportedFormatError", "WriterFailedError",
    ),
    "_event": ("Event",),
    "_log": ("EventLog",),
    "_manifest_lines": ("SealedEntry",),
    "_new_event": ("NewEvent",),
    "_query": ("Query",),
    "checkpoints._checkpoint": ("Checkpoint",),
    "_info": ("LogInfo",),
    "checkpoints._keys": ("KeyPair", "new_key"),
    "checkpoints._proof": ("ProvenEvent", "verify_consistency", "verify_proof"),
    "checkpoints._proving": ("prove", "prove_consistency"),
    "_prune": ("PruneReport", "prune"),
    "_recovery": ("Torn",),
    "_repair": ("RepairReport", "repair"),
    "checkpoints._signing": ("checkpoint", "verify_checkpoint"),
    "_standard": (
        "STANDARD_TYPES", "AreaVisited", "CrashDetected", "FileRead", "FileWritten",
        "MetricRecorded", "RecoveryCompleted", "SessionAnnotated", "SessionEnded",
        "SessionStarted", "SessionSummarized", "StateSaved", "TaskCompleted", "TaskStarted",
        "ToolCalled",
    ),
    "_types": ("EventTypes", "UnknownTypeError", "rest_field"),
    "_verify": ("Fault", "VerifyReport", "verify"),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'eventlog' has no attribute {name!r}")
    value = getattr(import_module(f"eventlog.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
