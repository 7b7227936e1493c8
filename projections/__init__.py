"""Folds over a log: the engine, and the read models.

A projection is a fold with an associative merge; see :class:`Projection` for its one law.
"""

from projections._diff import Change, changes, diff
from projections._documents import canonical_json, to_document
from projections._engine import AsOf, project, state_of
from projections._errors import ProjectionError
from projections._exact import ExactSum
from projections._fold import fold
from projections._keyed import Key, KeyedProjection
from projections._live import LiveView
from projections._models import READ_MODELS
from projections._protocol import Projection
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
    "project",
    "state_of",
    "to_document",
    "trend",
]
