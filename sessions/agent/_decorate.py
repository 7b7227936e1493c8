"""Running a function within a context, be it sync or async."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, TypeVar

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
