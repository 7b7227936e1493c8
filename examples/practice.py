"""Practice a scale, look at what came of it, and query the tables.

Run it: python examples/practice.py. It works in a directory of its own. With ``DB_HOST`` and its
like in the environment, the tables are in PostgreSQL.
"""

import os
import sqlite3
import tempfile
from contextlib import closing

from sessions.practice import get_session_logger


def main() -> None:
    logger = get_session_logger()

    session_id = logger.start_session(
        scale_name="A Minor Pentatonic",
        strictness=0.7,
        sensitivity=0.5,
        user_id="user123",
        ambient_lighting=True,
    )

    # As often as the analysis has something to say; no call waits for a database.
    for hertz, midi in ((220.4, 57.03), (261.2, 59.97), (293.9, 62.01)):
        logger.log_metric(
            session_id=session_id,
            pitch_accuracy=0.85,
            scale_conformity=0.60,
            timing_stability=0.72,
            debug_info={
                "detected_hz": hertz,
                "detected_midi": midi,
                "pitch_class": round(midi) % 12,
                "in_scale": True,
                "note_detected": True,
            },
        )

    logger.end_session(
        session_id=session_id,
        final_pitch_accuracy=0.87,
        final_scale_conformity=0.75,
        final_timing_stability=0.80,
        notes_detected=45,
        unique_notes_used=4,
        notes_in_scale=42,
        notes_out_of_scale=3,
    )

    stats = logger.get_session_stats(session_id)
    if stats is not None:
        print(
            f"pitch {stats['pitch_accuracy'] * 100:.1f}%, {stats['notes_in_scale']} notes in scale"
        )

    for session in logger.get_user_sessions("user123", limit=10):
        print(f"{session['scale_name']}: {session['duration_seconds']:.3f} s")

    logger.flush()  # the tables now show all of this
    show_tables(logger.database, session_id)


def show_tables(database: str, session_id: str) -> None:
    """The same two queries, whatever the database is; only the marks differ."""
    if database.startswith("postgresql://"):
        import psycopg

        with psycopg.connect(database, password=os.environ.get("DB_PASSWORD")) as server:
            rows = server.execute(SESSIONS, ("user123",)).fetchall()
            metrics = server.execute(METRICS, (session_id,)).fetchall()
    else:
        with closing(sqlite3.connect(database)) as file:
            rows = file.execute(SESSIONS.replace("%s", "?"), ("user123",)).fetchall()
            metrics = file.execute(METRICS.replace("%s", "?"), (session_id,)).fetchall()
    print(len(rows), "session of", rows[0][0])
    print([row[1:] for row in metrics])


SESSIONS = """
    SELECT scale_name, duration_seconds, pitch_accuracy, scale_conformity, timing_stability
    FROM sessions
    WHERE user_id = %s
    ORDER BY start_time DESC
"""
METRICS = """
    SELECT timestamp, pitch_accuracy, scale_conformity, timing_stability
    FROM session_metrics
    WHERE session_id = %s
    ORDER BY timestamp
"""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.environ.setdefault("EVENTLOG_DIR", f"{directory}/activity.eventlog")
        main()
        get_session_logger().close()
