"""Keep the history of a farming bot: count a session live, save it, and look back.

Run it: python examples/farming.py
"""

import os
import tempfile

from sessions.farming import SessionLogger, StatisticsTracker


def main() -> None:
    session_logger = SessionLogger("Farmer_")
    stats_tracker = StatisticsTracker("Farmer_")

    # While the bot runs:
    stats_tracker.enter_area("Orc Fort")
    stats_tracker.add_kill("orc", 3)
    stats_tracker.add_gold(450)
    stats_tracker.use_supply("bandages", 2)
    stats_tracker.add_flee("ettin nearby")
    stats_tracker.enter_area("Dragon Lair")
    stats_tracker.add_pet_death()

    # At its end:
    session_stats = stats_tracker.get_session_stats()
    session_logger.save_session(session_stats)

    # Later:
    for session in session_logger.load_sessions(10):
        print(session["total_gold"], session["kills"], session["deaths"], session["notes"])
    gold_trend = session_logger.get_trend_data("gold_per_hour", 10)
    best_areas = session_logger.get_best_areas(10)
    dangerous_areas = session_logger.get_most_dangerous_areas(10)
    print(len(gold_trend), best_areas[0]["area"], len(dangerous_areas))
    print(session_logger.export_sessions_csv(10))
    session_logger.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        main()
        os.chdir("/")  # so that it can be removed
