"""Running a function within a context, be it sync or async; and what it raised."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, TypeVar

from sessions._texts import plain_text

_LONGEST = 2_000

Function = TypeVar("Function", bound=Callable[..., Any])


def within(context: Callable[[], AbstractContextManager[Any]], function: Function) -> Function:
    """The function, each call of it in a context of its own; TypeError for a generator."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator, and calling it only makes it: "
            "use 'with logger.task(...)' inside"
        )

    @wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with context():
            return await function(*args, **kwargs)

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        with context():
            return function(*args, **kwargs)

    wrapper: Any = awaited if inspect.iscoroutinefunction(function) else called
    typed: Function = wrapper
    return typed


def message_of(error: BaseException) -> str:
    """What the error says, if it can say it."""
    try:
        return plain_text(str(error))[:_LONGEST]
    except Exception as failed:  # a __str__ of somebody's own
        return f"its text could not be made: {type(failed).__name__}"
