"""Where damaged logs are laid down and judged, by ``verify`` and by the second verifier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import define, field

from eventlog import NotALogError, verify
from tests.damage.corruptions import Case
from tests.damage.reference import LOG_JSON, MANIFEST, Files, Reference
from tests.second_verifier import Log


@define
class Count:
    """Of the cases of one kind of damage to one kind of file."""

    seen: int = 0
    by_nature_unseen: int = 0
    """The log is one that it was before, byte for byte."""


Tally = dict[tuple[str, str], Count]
"""By kind of damage and kind of file."""


@define
class Bed:
    """A directory that holds one log at a time, and is changed in place."""

    path: Path
    lies: Files = field(factory=dict)
    """What is in the directory."""

    def lay(self, files: Files) -> Path:
        """Make the directory hold this log."""
        for name in self.lies.keys() - files.keys():
            (self.path / name).unlink()
        for name, content in files.items():
            if self.lies.get(name) is not content:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                (self.path / name).write_bytes(content)
        self.lies = files
        return self.path

    def is_sound(self, files: Files) -> tuple[bool, bool]:
        """What ``verify`` says, and what the second verifier."""
        path = self.lay(files)
        return _is_sound(path), next(Log(path).faults(), None) is None


def _is_sound(path: Path) -> bool:
    try:
        return verify(path).ok
    except NotALogError:  # nothing but a manifest is left: refused as well
        return False


def examine(
    bed: Bed, kind: str, reference: Reference, cases: Iterator[Case], tally: Tally
) -> list[str]:
    """Judge each case; what was judged wrongly, by either. Earlier states have to pass."""
    mistakes = []
    for what, files in cases:
        if files == reference.files:
            continue  # such as two equal lines, swapped
        earlier = files in reference.earlier
        judged = bed.is_sound(files)
        if judged != (earlier, earlier):
            mistakes.append(f"{what}: sound to verify: {judged[0]}, to the second: {judged[1]}")
        count = tally.setdefault((kind, _files_of(reference, files)), Count())
        count.seen += not earlier and judged == (False, False)
        count.by_nature_unseen += earlier
    return mistakes


def _files_of(reference: Reference, files: Files) -> str:
    """Which kind of file was changed."""
    pairs = reference.files.items() ^ files.items()
    names = {name for name, _ in pairs}
    if len(names) > 1:
        return "several files"
    name = names.pop()
    known = {LOG_JSON: "log.json", MANIFEST: "manifest", reference.segments[-1]: "active segment"}
    return known.get(name) or ("sealed segment" if name.endswith(".zst") else "raw segment")
