"""Hypothesis strategies for all that a log can hold."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

RESERVED = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "data", "sequence"}
    | {"commit", "crc32", "schemaversion", "datacontenttype", "dataschema"}
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Any text, control characters and quotes included."""

attributes = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.sampled_from(['"', "\\", '","subject":"', "a" * 512, "\U0001f600", "\u2028", "ü/ß"]),
)
"""Text that ``id``, ``type``, ``subject`` and text extensions may hold."""

sources = st.one_of(
    st.sampled_from(["eventlog", "agent/AGENT-004", "//host:80/a?b#c", "urn:x:y", "/", "#f", "?q"]),
    st.text(string.ascii_letters + string.digits + "-._~!$&'()*+,;=@", min_size=1, max_size=20),
)
"""URI references."""

integers = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, -1, 2**53, 2**63 - 1, 2**63, -(2**63), 2**64 - 1]),
)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.none(), st.booleans(), integers, floats, texts)


def _nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(values, max_size=4), st.dictionaries(texts, values, max_size=4))


values = st.recursive(scalars, _nested, max_leaves=12)
datas: st.SearchStrategy[dict[str, Any]] = st.dictionaries(texts, values, max_size=5)
"""What ``data`` may hold."""

extension_names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20).filter(
    lambda name: name not in RESERVED
)
extensions = st.dictionaries(
    extension_names,
    st.one_of(attributes, st.integers(-(2**31), 2**31 - 1), st.booleans()),
    max_size=3,
)

zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
times = st.datetimes(
    min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC) | zones
)
"""Aware times whose UTC lies in the years 1 to 9999."""
