"""The history of a farming bot's sessions, and the statistics of the one that runs.

:class:`SessionLogger` keeps a record of every finished session, in the log and in a JSON file that
people may edit. :class:`StatisticsTracker` counts what happens live, and gives the numbers for it.

Example::

    tracker = StatisticsTracker("Farmer_")
    session_logger = SessionLogger("Farmer_")

    tracker.enter_area("Orc Fort")
    tracker.add_gold(120)
    tracker.add_kill("orc")

    session_logger.save_session(tracker.get_session_stats())
    print(session_logger.get_best_areas())
"""

from sessions.farming._logger import SessionLogger
from sessions.farming._tracker import StatisticsTracker

__all__ = ["SessionLogger", "StatisticsTracker"]
