"""Which fields of a foreign line become which parts of an event.

An entry ``TARGET=FIELD,FIELD`` takes the first of its fields that is present: that has a value
other than null and the empty text. All entries look at the same line, so one field may serve two
targets; what no entry took is left for ``data`` under its own name.

``data=FIELD`` makes the first of its fields that holds an object the base of ``data``. When that
would give two values one name, the object stays whole under the name of its field.

``data.NAME=FIELD`` names a value of ``data``. When another field that is left over has that name,
it gives way if it is null or empty, and is kept as ``NAME_2`` (or the next free number) if not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from eventlog.importing._bad_line import quoted
from eventlog.importing._errors import ImportOptionError

ATTRIBUTES = ("type", "time", "subject", "source", "id")
DATA = "data"

Rule = tuple[str, tuple[str, ...]]


@frozen
class FieldMap:
    """A mapping as :func:`parse_map` read it: names of fields, in order of preference."""

    rules: tuple[Rule, ...]
    """For the attributes and for each ``data.NAME``: the target, and its fields."""
    base: tuple[str, ...] = ()
    """For ``data``: the fields that may hold the whole object."""
    details: tuple[Rule, ...] = field(init=False)

    @details.default
    def _details_of_rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule[0] not in ATTRIBUTES)


DEFAULT_MAP = FieldMap(tuple((name, (name,)) for name in ATTRIBUTES), base=(DATA,))
"""What applies when no mapping is given: every part by its own name."""


def parse_map(entries: Iterable[str]) -> FieldMap:
    """The mapping that entries like ``type=event,event_type`` spell.

    Entries for the same target add up, in order. Without any entry it is ``DEFAULT_MAP``.
    ImportOptionError for an entry that cannot be read.
    """
    fields: dict[str, list[str]] = {}
    for entry in entries:
        target, names = split_entry(entry, "--map TARGET=FIELD[,FIELD...]")
        fields.setdefault(check_target(target, (*ATTRIBUTES, DATA)), []).extend(
            _names(entry, names)
        )
    if not fields:
        return DEFAULT_MAP
    base = tuple(fields.pop(DATA, ()))
    return FieldMap(tuple((target, tuple(names)) for target, names in fields.items()), base)


def split_entry(entry: str, shape: str) -> tuple[str, str]:
    """Both sides of ``LEFT=RIGHT``; ``shape`` says in an error what was expected."""
    left, equals, right = entry.partition("=")
    if not (left and equals and right):
        raise ImportOptionError(f"{quoted(entry)} does not have the form {shape}")
    if any("\ud800" <= character <= "\udfff" for character in entry):
        raise ImportOptionError(f"{quoted(entry)} is not valid UTF-8")
    return left, right


def check_target(target: str, known: tuple[str, ...]) -> str:
    """``target`` when it is one of ``known`` or ``data.NAME``."""
    if target in known:
        return target
    name = detail_name(target)
    if not target.startswith("data.") or not name:
        raise ImportOptionError(
            f"{quoted(target)} is no part of an event: use {', '.join(known)} or data.NAME"
        )
    if "." in name:
        raise ImportOptionError(
            f"{quoted(target)}: a field of data cannot be nested (one dot only)"
        )
    return target


def detail_name(target: str) -> str:
    """The NAME of ``data.NAME``."""
    return target.removeprefix("data.")


def _names(entry: str, names: str) -> list[str]:
    found = names.split(",")
    if not all(found):
        raise ImportOptionError(f"{quoted(entry)} has an empty field name")
    return found


def is_present(value: object) -> bool:
    """Whether a value says anything: null and the empty text do not."""
    return value is not None and value != ""


def place(fields: dict[str, Any], rules: FieldMap) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes and the data of one line. ``fields`` is used up."""
    found: dict[str, Any] = {}
    taken = []
    for target, names in rules.rules:
        for name in names:
            value = fields.get(name)
            if value is not None and value != "":
                found[target] = value
                taken.append(name)
                break
    for name in taken:
        fields.pop(name, None)
    details = {detail_name(t): found.pop(t) for t, _ in rules.details if t in found}
    data = _unfold(fields, rules.base, details) if rules.base else fields
    return found, _with_details(data, details) if details else data


def _unfold(
    fields: dict[str, Any], names: Iterable[str], details: Mapping[str, Any]
) -> dict[str, Any]:
    name = next((name for name in names if type(fields.get(name)) is dict), None)
    if name is None:
        return fields
    base: dict[str, Any] = fields[name]
    rest = {other: value for other, value in fields.items() if other != name}
    if base.keys() & rest.keys() or base.keys() & details.keys():
        return fields
    return base | rest


def _with_details(data: dict[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in details.items():
        displaced = data.get(name)
        if is_present(displaced):
            data[free_name(name, data.keys() | details.keys(), "_")] = displaced
        data[name] = value
    return data


def free_name(name: str, used: Iterable[str], separator: str = "") -> str:
    """``name`` with the first number behind it that makes it none of ``used``."""
    number = 2
    while f"{name}{separator}{number}" in used:
        number += 1
    return f"{name}{separator}{number}"
