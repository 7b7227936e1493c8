"""The eventsourcing package (pyeventsourcing) on SQLite: an aggregate per session, saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._workload import BATCH, Plain
from benchmarks._writers import Loop


@contextmanager
def _application(target: Path, events: list[Plain]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """An application, and its aggregates by subject. SQLite's default is synchronous=FULL."""
    from eventsourcing.application import Application

    from benchmarks.peers._aggregate import Session

    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(target / "events.db"),
    }
    application: Any = Application(env=environment)
    sessions = {one.subject: Session() for one in events}
    application.save(*sessions.values())
    try:
        yield application, sessions
    finally:
        application.close()


@contextmanager
def save_each(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """One ``save`` per event, of aggregates that live on."""
    with _application(target, events) as (application, sessions):

        def loop() -> None:
            for one in events:
                session = sessions[one.subject]
                session.record(type=one.type, source=one.source, data=one.data)
                application.save(session)

        yield loop


@contextmanager
def save_batches(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """One ``save`` per thousand events, of all aggregates that they belong to."""
    with _application(target, events) as (application, sessions):

        def loop() -> None:
            for start in range(0, len(events), BATCH):
                touched = {}
                for one in events[start : start + BATCH]:
                    session = touched[one.subject] = sessions[one.subject]
                    session.record(type=one.type, source=one.source, data=one.data)
                application.save(*touched.values())

        yield loop
