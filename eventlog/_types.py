"""Typed events: which class stands for which stored type, and how old data becomes new data.

The log stores type names and versions, never Python paths, so classes may move and be renamed.
``dump`` and ``load`` are inverses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import frozen

from eventlog._errors import EventLogError, InvalidEventError
from eventlog._event import Event

if TYPE_CHECKING:
    from cattrs import Converter

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure step from the data of one version to the data of the next."""

T = TypeVar("T")

_REST = "eventlog_rest"


def rest_field() -> Any:
    """An attrs field that takes all keys of ``data`` that no other field takes.

    In the class it is a mapping; in the stored data its keys stand beside the others.
    """
    return attrs.field(factory=dict, metadata={_REST: True})


class UnknownTypeError(EventLogError, LookupError):
    """No class is registered for this type, or no type for this class."""


@frozen
class EventType:
    """One registered type: its name, its current version and its class."""

    name: str
    version: int
    cls: type


class EventTypes:
    """A set of registered event classes and upcasters.

    Example::

        types = EventTypes(STANDARD_TYPES)

        @types.register("deploy.finished", version=2)
        @attrs.frozen
        class DeployFinished:
            service: str
            seconds: float

        @types.upcaster("deploy.finished", from_version=1)
        def minutes_to_seconds(data):
            return {**data, "seconds": data.pop("minutes") * 60}
    """

    def __init__(self, base: EventTypes | None = None) -> None:
        self._by_class: dict[type, EventType] = dict(base._by_class) if base else {}
        self._by_name: dict[str, EventType] = dict(base._by_name) if base else {}
        self._upcasters: dict[tuple[str, int], Upcaster] = dict(base._upcasters) if base else {}

    def register(self, name: str, *, version: int = 1) -> Callable[[type[T]], type[T]]:
        """Class decorator: instances of this attrs class are stored under ``name``."""

        def decorate(cls: type[T]) -> type[T]:
            self._add(EventType(name, version, cls))
            return cls

        return decorate

    def _add(self, entry: EventType) -> None:
        if not attrs.has(entry.cls):
            raise TypeError(
                f"{entry.cls.__name__} is no attrs class: decorate it with attrs.frozen"
            )
        if entry.name in self._by_name:
            raise ValueError(f"type {entry.name!r} is registered already")
        self._by_name[entry.name] = self._by_class[entry.cls] = entry

    def upcaster(self, name: str, *, from_version: int) -> Callable[[Upcaster], Upcaster]:
        """Function decorator: turns data of ``from_version`` into data of the next version."""

        def decorate(step: Upcaster) -> Upcaster:
            self._upcasters[name, from_version] = step
            return step

        return decorate

    @property
    def has_upcasters(self) -> bool:
        """Whether reading has anything to upcast."""
        return bool(self._upcasters)

    def upcast(self, event: Event) -> Event:
        """The event with its data brought to the newest version that the steps lead to."""
        data, version = event.data, event.schemaversion
        while (step := self._upcasters.get((event.type, version))) is not None:
            data, version = _step(step, event, data), version + 1
        if version == event.schemaversion:
            return event
        return Event(
            id=event.id,
            source=event.source,
            type=event.type,
            time=event.time,
            subject=event.subject,
            data=data,
            schemaversion=version,
            extensions=event.extensions,
            digits=event.digits,
            commit=event.commit,
            crc32=event.crc32,
        )

    def dump(self, instance: object) -> tuple[str, int, dict[str, Any]]:
        """``(type, version, data)`` of a typed event. Fields at their default are left out."""
        entry = self._by_class.get(type(instance))
        if entry is None:
            raise UnknownTypeError(
                f"{type(instance).__name__} is no registered event class: register it, "
                "or append a type name with data"
            )
        return entry.name, entry.version, self._converter.unstructure(instance)

    def load(self, event: Event) -> Any:
        """The typed event; UnknownTypeError for an unregistered type, InvalidEventError for data
        that does not fit its class."""
        event = self.upcast(event)
        entry = self._by_name.get(event.type)
        if entry is None:
            raise UnknownTypeError(
                f"no class is registered for type {event.type!r}", sequence=event.sequence
            )
        from cattrs import transform_error
        from cattrs.errors import ClassValidationError

        try:
            return self._converter.structure(event.data, entry.cls)
        except ClassValidationError as error:
            problems = "; ".join(transform_error(error, path="data"))
            raise InvalidEventError(
                f"data of type {event.type!r} does not fit {entry.cls.__name__}: {problems}",
                sequence=event.sequence,
            ) from None

    @cached_property
    def _converter(self) -> Converter:
        return _make_converter()


def _step(step: Upcaster, event: Event, data: dict[str, Any]) -> dict[str, Any]:
    try:
        return step(dict(data))
    except Exception as error:  # the step is the user's code, and may fail in any way
        raise InvalidEventError(
            f"an upcaster of type {event.type!r} failed: {type(error).__name__}: {error}",
            sequence=event.sequence,
        ) from error


def _make_converter() -> Converter:
    # Imported here: an untyped log never needs cattrs, and its import costs as much as ours.
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
    from cattrs.preconf.msgspec import make_converter

    converter = make_converter()

    def unstructure_hook(cls: type) -> Callable[[Any], dict[str, Any]]:
        plain: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(
            cls, converter, _cattrs_omit_if_default=True
        )
        rest = _rest_name(cls)
        if rest is None:
            return plain
        own = {field.name for field in attrs.fields(cls)} - {rest}

        def unstructure(instance: Any) -> dict[str, Any]:
            data = plain(instance)
            return {**_checked_rest(data.pop(rest, {}), own, cls), **data}

        return unstructure

    def structure_hook(cls: type) -> Callable[[Mapping[str, Any], Any], Any]:
        plain: Callable[[Mapping[str, Any], Any], Any] = make_dict_structure_fn(cls, converter)
        rest = _rest_name(cls)
        if rest is None:
            return plain
        own = {field.name for field in attrs.fields(cls)} - {rest}

        def structure(data: Mapping[str, Any], cls_: Any) -> Any:
            known = {name: value for name, value in data.items() if name in own}
            known[rest] = {name: value for name, value in data.items() if name not in own}
            return plain(known, cls_)

        return structure

    for primitive in (str, int, float, bool):
        converter.register_structure_hook(primitive, _strictly)
    converter.register_unstructure_hook_factory(attrs.has, unstructure_hook)
    converter.register_structure_hook_factory(attrs.has, structure_hook)
    return converter


def _strictly(value: Any, cls: type) -> Any:
    """cattrs would turn 12 into "12" and 1.5 into 1: data that does not fit is an error here."""
    if type(value) is cls or (cls is float and type(value) is int):
        return value
    raise TypeError(f"expected {cls.__name__}, not {type(value).__name__}")


def _rest_name(cls: type) -> str | None:
    names = [field.name for field in attrs.fields(cls) if field.metadata.get(_REST)]
    return names[0] if names else None


def _checked_rest(rest: dict[str, Any], own: set[str], cls: type) -> dict[str, Any]:
    shadowed = sorted(own.intersection(rest))
    if shadowed:
        raise InvalidEventError(
            f"{cls.__name__} has a field {shadowed[0]!r} of its own: give it there, not in the rest"
        )
    return rest
