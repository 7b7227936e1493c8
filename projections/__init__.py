"""Folds over a log: the engine, and the read models.

A projection is a fold with an associative merge; see :class:`Projection` for its one law.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projections._diff import Change, changes, diff
    from projections._documents import canonical_json, to_document
    from projections._engine import AsOf, fold_sealed, project, state_of
    from projections._errors import ProjectionError
    from projections._exact import ExactSum
    from projections._fold import fold
    from projections._iter_rows import fold_rows, iter_rows
    from projections._keyed import Key, KeyedProjection
    from projections._live import LiveView
    from projections._models import READ_MODELS
    from projections._protocol import Projection
    from projections._workers import workers
    from projections.analysis import SessionAnalyses, SessionAnalysis
    from projections.areas import AreaDanger, AreaGold, Areas, AreaStatistics
    from projections.audit import AuditRow, audit_trail
    from projections.practice import (
        MetricStatistics,
        PracticeMetrics,
        PracticeStatistics,
        SessionPractice,
        UserPractice,
    )
    from projections.recovery import RecoverySnapshot, RecoverySnapshots
    from projections.summaries import SessionSummaries, SessionSummary
    from projections.trends import (
        SessionMetrics,
        SessionTrends,
        TrendPoint,
        UnknownMetricError,
        trend,
    )

__all__ = [
    "READ_MODELS",
    "AreaDanger",
    "AreaGold",
    "AreaStatistics",
    "Areas",
    "AsOf",
    "AuditRow",
    "Change",
    "ExactSum",
    "Key",
    "KeyedProjection",
    "LiveView",
    "MetricStatistics",
    "PracticeMetrics",
    "PracticeStatistics",
    "Projection",
    "ProjectionError",
    "RecoverySnapshot",
    "RecoverySnapshots",
    "SessionAnalyses",
    "SessionAnalysis",
    "SessionMetrics",
    "SessionPractice",
    "SessionSummaries",
    "SessionSummary",
    "SessionTrends",
    "TrendPoint",
    "UnknownMetricError",
    "UserPractice",
    "audit_trail",
    "canonical_json",
    "changes",
    "diff",
    "fold",
    "fold_rows",
    "fold_sealed",
    "iter_rows",
    "project",
    "state_of",
    "to_document",
    "trend",
    "workers",
]

# Loaded on first use: a question needs one read model, and not the other five.
_LATER = {
    "_diff": ("Change", "changes", "diff"),
    "_documents": ("canonical_json", "to_document"),
    "_engine": ("AsOf", "fold_sealed", "project", "state_of"),
    "_errors": ("ProjectionError",),
    "_exact": ("ExactSum",),
    "_fold": ("fold",),
    "_iter_rows": ("fold_rows", "iter_rows"),
    "_keyed": ("Key", "KeyedProjection"),
    "_live": ("LiveView",),
    "_models": ("READ_MODELS",),
    "_protocol": ("Projection",),
    "_workers": ("workers",),
    "analysis": ("SessionAnalyses", "SessionAnalysis"),
    "areas": ("AreaDanger", "AreaGold", "AreaStatistics", "Areas"),
    "audit": ("AuditRow", "audit_trail"),
    "practice": (
        "MetricStatistics", "PracticeMetrics", "PracticeStatistics", "SessionPractice",
        "UserPractice",
    ),
    "recovery": ("RecoverySnapshot", "RecoverySnapshots"),
    "summaries": ("SessionSummaries", "SessionSummary"),
    "trends": ("SessionMetrics", "SessionTrends", "TrendPoint", "UnknownMetricError", "trend"),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'projections' has no attribute {name!r}")
    value = getattr(import_module(f"projections.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
