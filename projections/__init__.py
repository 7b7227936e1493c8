"""Folds over a log: the engine, and the read models.

A projection is a fold with an associative merge; see :class:`Projection` for its one law.
"""

from projections._engine import AsOf, project, state_of
from projections._exact import ExactSum
from projections._fold import fold
from projections._keyed import Key, KeyedProjection
from projections._protocol import Projection
from projections.summaries import SessionSummaries, SessionSummary

__all__ = [
    "AsOf",
    "ExactSum",
    "Key",
    "KeyedProjection",
    "Projection",
    "SessionSummaries",
    "SessionSummary",
    "fold",
    "project",
    "state_of",
]
