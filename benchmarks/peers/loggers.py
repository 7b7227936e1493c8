"""Loggers that write a line of JSON per event and flush it, as they do by default."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from benchmarks._workload import Plain
from benchmarks._writers import Loop

_FILES = 1000
_NOT_SHOWN = ("logThreads", "logProcesses", "logMultiprocessing")
"""What its documentation advises to switch off for speed where no record shows it."""


class _Json(logging.Formatter):
    """The fields of an event, and when it was logged."""

    def format(self, record: logging.LogRecord) -> str:
        event = record.__dict__
        return json.dumps(
            {
                "time": record.created,
                "type": record.msg,
                "subject": event["subject"],
                "source": event["source"],
                "data": event["data"],
            }
        )


@contextmanager
def standard(target: Path, events: list[Plain], size: int) -> Iterator[Loop]:
    """The standard library's logging with its rotating handler, and without what is not shown."""
    shown = {name: getattr(logging, name) for name in _NOT_SHOWN}
    for name in _NOT_SHOWN:
        setattr(logging, name, False)
    handler = RotatingFileHandler(target / "log", maxBytes=size, backupCount=_FILES)
    handler.setFormatter(_Json())
    logger = logging.getLogger("benchmarks.events")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)

    def loop() -> None:
        for one in events:
            logger.info(
                one.type, extra={"subject": one.subject, "source": one.source, "data": one.data}
            )

    try:
        yield loop
    finally:
        logger.removeHandler(handler)
        handler.close()
        for name, before in shown.items():
            setattr(logging, name, before)


@contextmanager
def loguru(target: Path, events: list[Plain], size: int) -> Iterator[Loop]:
    """loguru: serialized, rotating and compressing; without the formatting of tracebacks."""
    from loguru import logger

    logger.remove()
    handler = logger.add(
        target / "log.jsonl", serialize=True, format="{message}", rotation=size, compression="gz",
        backtrace=False, diagnose=False, catch=False,
    )  # fmt: skip

    def loop() -> None:
        for one in events:
            logger.bind(subject=one.subject, source=one.source, data=one.data).info(one.type)

    try:
        yield loop
    finally:
        logger.remove(handler)


@contextmanager
def structlog(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """structlog as its page on performance says: orjson, bytes, a filtering logger, cached."""
    import orjson
    import structlog as library

    with (target / "log.jsonl").open("wb") as file:
        library.configure(
            processors=[
                library.processors.TimeStamper(fmt="iso", utc=True),
                library.processors.JSONRenderer(serializer=orjson.dumps),
            ],
            wrapper_class=library.make_filtering_bound_logger(logging.INFO),
            logger_factory=library.BytesLoggerFactory(file),
            cache_logger_on_first_use=True,
        )
        logger = library.get_logger()

        def loop() -> None:
            for one in events:
                logger.info(one.type, subject=one.subject, source=one.source, data=one.data)

        try:
            yield loop
        finally:
            library.reset_defaults()
