"""Fields to events: the last step before the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from attrs import field, frozen
from msgspec import Struct

from eventlog._new_event import NewEvent
from eventlog.importing._bad_line import BadLineError, quoted
from eventlog.importing._errors import ImportOptionError
from eventlog.importing._fields import check_target, detail_name, is_present, split_entry
from eventlog.importing._texts import source_of, text_of
from eventlog.importing._times import Moment, time_reader

Extensions = dict[str, str | int | bool]


class Draft(Struct, frozen=True):
    """An event to be, and what of it is no more than the circumstances of this import."""

    event: NewEvent
    untimed: bool
    """No time was given, and none was asked to stand in."""
    has_time: bool
    """Its time is not that of the import."""
    has_source: bool
    """Its source is not the name of the input."""


@frozen
class Defaults:
    """What fills the gaps of a line. ``time`` is a time as text, or ``now``."""

    type: str | None = None
    subject: str | None = None
    source: str | None = None
    time: str | None = None
    data: Mapping[str, str] = field(factory=dict)


def parse_defaults(entries: Iterable[str]) -> Defaults:
    """The defaults that entries like ``type=activity.noted`` spell; a later one replaces."""
    attributes: dict[str, str] = {}
    data: dict[str, str] = {}
    for entry in entries:
        target, value = split_entry(entry, "--default NAME=VALUE")
        if check_target(target, ("type", "subject", "source", "time")).startswith("data."):
            data[detail_name(target)] = value
        else:
            attributes[target] = value
    return Defaults(**attributes, data=data)


def parse_renames(entries: Iterable[str]) -> dict[str, str]:
    """The new names of types that entries like ``task_start=task.started`` spell."""
    renames: dict[str, str] = {}
    for entry in entries:
        old, new = split_entry(entry, "--rename OLD=NEW")
        if renames.setdefault(old, new) != new:
            raise ImportOptionError(f"{quoted(old)} is renamed twice, to different names")
    return renames


class Drafter:
    """Makes events of attributes and data, under the options of one import."""

    def __init__(
        self, defaults: Defaults, renames: Mapping[str, str], zone: tzinfo, source: str
    ) -> None:
        self._read_time = time_reader(zone)
        self._renames = renames
        try:
            for name in renames.values():
                text_of("type", name)
            self._type = _text(defaults.type, "type")
            self._subject = _text(defaults.subject, "subject")
            self._source = source_of(defaults.source or source)
            self._default_time = self._time_of(defaults.time)
            self._is_untimed = defaults.time is None
            self._has_default_time = defaults.time not in (None, "now")
            self._has_default_source = defaults.source is not None
        except BadLineError as error:
            raise ImportOptionError(
                f"a default or a new name cannot be used: {error.reason}"
            ) from None
        self._data = defaults.data

    def draft(
        self, attributes: dict[str, Any], data: dict[str, Any], extensions: Extensions | None = None
    ) -> Draft:
        """The event; BadLineError when a part is missing or not what it must be."""
        get = attributes.get
        type_ = self._type_of(get("type"))
        subject, source, id_ = get("subject"), get("source"), get("id")
        given = get("time")
        moment, original = self._default_time() if given is None else self._read_time(given)
        untimed = given is None and self._is_untimed
        if self._data:
            self._fill(data)
        if original is not None or untimed:
            extensions = _marked(extensions, original, untimed=untimed)
        event = NewEvent(
            type_,
            data,
            self._subject if subject is None else text_of("subject", subject),
            self._source if source is None else source_of(source),
            None if id_ is None else text_of("id", id_),
            moment,
            extensions,
        )
        has_time = given is not None or self._has_default_time
        return Draft(event, untimed, has_time, source is not None or self._has_default_source)

    def _type_of(self, value: object) -> str:
        if value is None:
            if self._type is None:
                raise BadLineError(
                    "no type: name its field with --map type=, or use --default type="
                )
            return self._type
        name = text_of("type", value)
        return self._renames.get(name, name)

    def _time_of(self, default: str | None) -> Callable[[], Moment]:
        if default is None or default == "now":
            return lambda: (datetime.now(UTC), None)
        moment = self._read_time(default)
        return lambda: moment

    def _fill(self, data: dict[str, Any]) -> None:
        for name, value in self._data.items():
            if not is_present(data.get(name)):
                data[name] = value


def _text(value: str | None, name: str) -> str | None:
    return None if value is None else text_of(name, value)


def _marked(extensions: Extensions | None, original: str | None, *, untimed: bool) -> Extensions:
    marked = dict(extensions or {})
    if original is not None:
        marked["originaltime"] = original
    if untimed:
        marked["timeassumed"] = True
    return marked
