"""Folds over a log: the engine, and the read models.

A projection is a fold with an associative merge; see :class:`Projection` for its one law.
"""

from projections._diff import Change, diff
from projections._documents import canonical_json, to_document
from projections._engine import AsOf, project, state_of
from projections._exact import ExactSum
from projections._fold import fold
from projections._keyed import Key, KeyedProjection
from projections._live import LiveView
from projections._protocol import Projection
from projections.summaries import SessionSummaries, SessionSummary

__all__ = [
    "AsOf",
    "Change",
    "ExactSum",
    "Key",
    "KeyedProjection",
    "LiveView",
    "Projection",
    "SessionSummaries",
    "SessionSummary",
    "canonical_json",
    "diff",
    "fold",
    "project",
    "state_of",
    "to_document",
]
