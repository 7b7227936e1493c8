"""What can be imported at all, and what is said when it cannot."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from eventlog import EventLog
from eventlog.importing import ImportInputError, import_files, total_bytes
from tests.importing.helpers import counts, events, plain, run


def test_nothing_is_written_when_any_input_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1))
    with pytest.raises(ImportInputError, match=r"cannot read .*missing\)") as caught:
        run(tmp_path / "log", tmp_path / "a", tmp_path / "missing")
    assert caught.value.path == tmp_path / "missing"
    assert events(tmp_path / "log") == []


def test_a_directory_is_no_input(tmp_path: Path) -> None:
    with pytest.raises(ImportInputError, match="is a directory"):
        run(tmp_path / "log", tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1))
    (tmp_path / "a").chmod(0)
    with pytest.raises(ImportInputError, match="Permission denied"):
        run(tmp_path / "log", tmp_path / "a")


def test_standard_input_must_be_there_and_only_once(tmp_path: Path) -> None:
    with pytest.raises(ImportInputError, match="there is none"):
        run(tmp_path / "log", "-")
    with pytest.raises(ImportInputError, match="only once"):
        run(tmp_path / "log", "-", "-", stdin=io.BytesIO())


def test_the_file_of_rejects_cannot_be_imported_into_itself(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bad\n")
    result = run(tmp_path / "log", tmp_path / "a")
    assert result.rejects_file is not None
    with pytest.raises(ImportInputError, match="copy the file"):
        run(tmp_path / "log", result.rejects_file)


def test_a_file_that_grows_by_its_own_import_is_read_to_where_it_ended(tmp_path: Path) -> None:
    """The log's own segment, as input: its events are all there already."""
    (tmp_path / "a").write_bytes(plain(1) + plain(2))
    run(tmp_path / "log", tmp_path / "a")
    (segment,) = (tmp_path / "log" / "segments").iterdir()
    assert counts(run(tmp_path / "log", segment)) == (0, 2, 0)


def test_an_input_that_vanishes_meanwhile_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(plain(1))
    with (
        EventLog.open(tmp_path / "log") as log,
        pytest.raises(ImportInputError, match=r"cannot read .*b\)"),
    ):
        import_files(
            log,
            [tmp_path / "a", tmp_path / "b"],
            progress=lambda _: (tmp_path / "b").unlink(),
        )
    assert len(events(tmp_path / "log")) == 1


def test_results_are_given_per_file_and_in_sum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1) + b"bad\n")
    (tmp_path / "b").write_bytes(plain(2) + b'{"type":"t"}\n')
    result = run(tmp_path / "log", tmp_path / "a", tmp_path / "b")
    per_file = [(one.file, one.imported, one.rejected, one.untimed) for one in result.files]
    assert per_file == [(str(tmp_path / "a"), 1, 1, 0), (str(tmp_path / "b"), 2, 0, 1)]
    assert (*counts(result), result.untimed) == (3, 0, 1, 1)


def test_progress_adds_up_to_the_size_of_the_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"".join(map(plain, range(5000))) + b"bad")
    for _ in range(2):
        steps: list[int] = []
        with EventLog.open(tmp_path / "log", sync="never") as log:
            import_files(log, [tmp_path / "a"], progress=steps.append)
        assert sum(steps) == total_bytes([tmp_path / "a"])
        assert min(steps) > 0


def test_the_total_is_unknown_for_streams_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert total_bytes([tmp_path / "a", str(tmp_path / "a")]) == 10
    assert total_bytes(["-"]) is None
    assert total_bytes([tmp_path / "missing"]) is None
    assert total_bytes([tmp_path]) is None
