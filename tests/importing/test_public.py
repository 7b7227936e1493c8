"""What is public, and that each part is loaded only when it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from eventlog import importing
from eventlog.importing import BadLineError, decode_object


def test_every_public_name_is_there_and_listed() -> None:
    assert all(getattr(importing, name) for name in importing.__all__)
    assert set(importing.__all__) <= set(dir(importing))
    assert importing.__all__ == sorted(importing.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = importing.nothing


def test_one_object_is_decoded_as_strictly_as_a_line() -> None:
    assert decode_object(b'{"a": 1}') == {"a": 1}
    with pytest.raises(BadLineError, match="stands twice"):
        decode_object(b'{"a": 1, "a": 2}')


def test_decoding_one_object_loads_nothing_of_the_import() -> None:
    program = (
        "import sys; from eventlog.importing import decode_object;"
        "print(*(name for name in sys.modules if name.startswith('eventlog.importing.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert set(done.stdout.split()) == {
        "eventlog.importing._bad_line",
        "eventlog.importing._json_line",
    }
