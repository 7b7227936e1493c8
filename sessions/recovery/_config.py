"""The YAML configuration: the file's values over the defaults, one by one.

A value that cannot be used is replaced by its default, and a warning says so. Unknown names are
ignored. A file that is no configuration at all gives the defaults.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.recovery._files import read_bounded

if TYPE_CHECKING:
    import yaml

logger = logging.getLogger("sessions.recovery")

DEFAULTS: dict[str, Any] = {
    "save_interval": 300,
    "state_file": "tmp/session_state.json",
    "recovery_enabled": True,
    "auto_restart": False,
    "auto_relog": False,
    "crash_detection": {
        "enabled": True,
        "check_interval": 30,
        "error_patterns": [
            "connection lost",
            "server disconnected",
            "game crashed",
            "memory error",
            "graphics error",
        ],
    },
    "session_tracking": {
        "enabled": True,
        "track_quests": True,
        "track_xp": True,
        "track_location": True,
        "track_equipment": True,
    },
}

MOST_BYTES = 64 << 10
MOST_ALIASES = 10
"""An alias repeats a part of the document; a few dozen of them can make it astronomically large."""


def load_config(path: str | os.PathLike[str] | None) -> dict[str, Any]:
    """The configuration in that file, or the defaults; never an error."""
    if path is None:
        return deepcopy(DEFAULTS)
    try:
        given = _parse(read_bounded(Path(path), MOST_BYTES).decode("utf-8-sig"))
    # Beside its own errors, YAML lets those of int(), date() and of deep nesting through.
    except (OSError, ValueError, RecursionError, OverflowError, _yaml_error()) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        logger.warning("%s: not used, the defaults are: %s", path, reason)
        return deepcopy(DEFAULTS)
    return _merge(DEFAULTS, given, f"{path}: ", _OPTIONAL)


def _yaml_error() -> type[Exception]:
    import yaml

    return yaml.YAMLError


def _parse(text: str) -> Mapping[Any, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        aliases = 0

        def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                self.aliases += 1
                if self.aliases > MOST_ALIASES:
                    raise ValueError(f"more than {MOST_ALIASES} aliases: write the values out")
            return super().compose_node(parent, index)

    given = yaml.load(text, Loader)  # noqa: S506 - a safe loader, and a stricter one
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError(f"it must hold names with values, not a {type(given).__name__}")
    return given


def _merge(
    defaults: Mapping[str, Any],
    given: Mapping[Any, Any],
    place: str,
    optional: Mapping[str, Callable[[object], bool]],
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, default in defaults.items():
        value = given.get(name, default)
        if isinstance(default, dict):
            within = value if isinstance(value, dict) else {}
            merged[name] = _merge(default, within, f"{place}{name}.", _OPTIONAL_WITHIN)
            fits = within is value
        else:
            fits = _FITS[name](value) if name in _FITS else isinstance(value, bool)
            merged[name] = deepcopy(value if fits else default)
        if not fits:
            logger.warning("%s%s: %.60r is of no use, the default is used", place, name, value)
    for name, usable in optional.items():
        if name in given and usable(given[name]):
            merged[name] = deepcopy(given[name])
        elif name in given:
            logger.warning("%s%s: %.60r is of no use, and left out", place, name, given[name])
    return merged


def is_interval(value: object) -> bool:
    """Whether it is a number of seconds that one can wait for."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and isfinite(value) and 0 < value <= 1e9  # type: ignore[arg-type, operator]


def _is_path(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _is_command(value: object) -> bool:
    """A program, then its arguments, which may be empty."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and any(value[:1])


_FITS: dict[str, Callable[[object], bool]] = {
    "save_interval": is_interval,
    "check_interval": is_interval,
    "state_file": _is_path,
    "error_patterns": _are_texts,
}
_OPTIONAL = {"restart_command": _is_command, "relog_command": _is_command}
_OPTIONAL_WITHIN = {"message_file": _is_path}
