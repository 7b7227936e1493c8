"""A symbolic link at any place of a log: nothing that it leads to is ever written or deleted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eventlog import EventLog, EventLogError, prune, repair, verify
from eventlog.importing import import_files
from projections import SessionSummaries, project
from tests.hostile.clock import ends_within
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, batch

ACTIVE = f"segments/{5:019}.jsonl"
FILES = (
    "log.json", "log.json.tmp", "manifest.jsonl", "writer.lock", "rejects.jsonl",
    f"segments/{1:019}.jsonl.zst", ACTIVE, f"{ACTIVE}.zst", f"{ACTIVE}.zst.tmp",
    "cache/ids.sqlite", "cache/ids.sqlite.sha256", "cache/ids.sqlite-journal",
    "cache/streams.sqlite", "cache/streams.sqlite.sha256",
    f"cache/partials/session-summaries-1/{1:019}", "cache/partials/session-summaries-1/merged",
)  # fmt: skip
DIRECTORIES = (
    "segments", "quarantine", "cache", "cache/partials", "cache/partials/session-summaries-1",
)  # fmt: skip


def opened(path: Path) -> EventLog:
    return EventLog.open(path, files=UnsyncedFiles(), lock_timeout=1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a log can have, and a torn end."""
    root = tmp_path_factory.mktemp("links")
    (root / "in").write_bytes(b"bad\n")
    with opened(root / "log") as log:
        log.extend(batch(1, 3))
        log.append("test.given", {"n": 4}, id="four", subject="s", expected_stream_sequence=0)
        log.seal()
        import_files(log, [root / "in"])
        project(log, SessionSummaries())
        log.append("test.numbered", {"n": 5})
    tear(root / "log")
    opened(root / "log").close()
    tear(root / "log")
    for place in (ACTIVE, *FILES[-2:], *DIRECTORIES):
        assert (root / "log" / place).exists(), place
    return root / "log"


def tear(path: Path) -> None:
    with active_file(path).open("ab") as file:
        file.write(b"torn")


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    (tmp_path / "in").write_bytes(b'also bad\n{"type":"a.b"}\n')
    return Path(shutil.copytree(whole, tmp_path / "log"))


def appending(path: Path) -> None:
    with opened(path) as log:
        log.append("test.given", {}, id="six", subject="s", expected_stream_sequence=4)


def importing(path: Path) -> None:
    with opened(path) as log:
        import_files(log, [path.with_name("in")])


def asking(path: Path) -> None:
    with EventLog.open(path, readonly=True) as log:
        project(log, SessionSummaries())


def sealing(path: Path) -> None:
    with opened(path) as log:
        log.rotate()
        log.seal()


def pruning(path: Path) -> None:
    prune(path, keep_events=1, files=UnsyncedFiles(), lock_timeout=1)


USES: tuple[Callable[[Path], object], ...] = (
    appending, importing, sealing, asking, verify, pruning, repair, appending,
)  # fmt: skip


def use(log: Path) -> None:
    """All that changes a log or its cache; a refusal is an answer, too."""
    for action in USES:
        with ends_within(30):
            try:
                action(log)
            except (EventLogError, OSError):
                continue


def everything(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """All names with mode, time of the last change, and content."""
    return {
        str(path.relative_to(directory)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [directory, *directory.rglob("*")]
    }


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.mark.parametrize("place", [*FILES, *DIRECTORIES])
def test_what_a_link_leads_to_is_never_changed(place: str, log: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    if (log / place).exists():
        shutil.move(log / place, tmp_path / "outside" / "it")
    else:
        (tmp_path / "outside" / "it").write_bytes(b"somebody's")
    (log / place).symlink_to(tmp_path / "outside" / "it")
    before = everything(tmp_path / "outside")
    use(log)
    assert everything(tmp_path / "outside") == before


@pytest.mark.parametrize("place", [*FILES, *DIRECTORIES])
def test_what_a_link_leads_to_is_never_made(place: str, log: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    remove(log / place)
    (log / place).symlink_to(tmp_path / "outside" / "it")
    use(log)
    assert not list((tmp_path / "outside").iterdir())


HOSTILE_NAMES = (
    "../../escaped",
    "/escaped",
    "..",
    ".",
    "a/../../escaped",
    "~/escaped",
    "C:/x",
    "a/b",
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_in_an_event_becomes_a_path(name: str, log: Path, tmp_path: Path) -> None:
    """Neither as a type, subject, source or id, nor in a line that is imported."""
    (tmp_path / "in").write_text(
        f'{{"type":"{name}","id":"{name}","file":"{name}"}}\n'.replace("\\", "/")
    )
    with opened(log) as writer:
        writer.append(name, {name: name}, subject=name, id=name, expected_stream_sequence=0)
        writer.append("session.started", {}, subject=name, source=name)
        import_files(writer, [tmp_path / "in"])
        writer.seal()
    asking(log)
    repair(log)
    assert {path.name for path in tmp_path.iterdir()} == {"log", "in"}
    known = {"log.json", "manifest.jsonl", "segments", "quarantine", "cache", "rejects.jsonl",
             "writer.lock"}  # fmt: skip
    assert {path.name for path in log.iterdir()} == known
    assert not [path for path in log.rglob("*") if "escaped" in path.name]
