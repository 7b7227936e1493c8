"""Which directories a crash may leave behind, at every moment of a trace.

Deterministic: the same trace gives the same states in the same order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import product
from math import prod
from pathlib import Path
from random import Random
from typing import TypeVar

from attrs import frozen

from tests.faults.contents import Content, details, extremes
from tests.faults.disk import Directory, File, Naming, apply
from tests.faults.tracing import Promise, Step, Trace
from tests.support import DEEP

MANY = 48
"""Of more ways than this for names and whole files to be there or not, a spread is taken."""

_KEPT_AT = re.compile(r"\.\d{8}T\d{12}Z(-\d+)?$")

T = TypeVar("T")


@frozen
class CrashState:
    """Everything below the directory that holds the log, after a crash."""

    files: dict[str, bytes]
    directories: frozenset[str]
    promise: Promise
    after: int
    """How many entries of the trace came before the crash."""
    as_it_is: bool = False
    """Whether only the process died: then what was promised against a kill counts, too."""
    reordered: bool = False
    """Whether a later batch is there and an earlier one, unsynced as well, is not."""

    @property
    def events_promised(self) -> int:
        """How many events must be there."""
        return self.promise.kept if self.as_it_is else self.promise.durable

    def digest(self) -> bytes:
        """Of all names and bytes. When a quarantined file was made makes no difference."""
        hashing = hashlib.blake2b(digest_size=16)
        for name in sorted(self.directories):
            hashing.update(f"{name}/\n".encode())
        for name, data in sorted(
            (_KEPT_AT.sub("", name), data) for name, data in self.files.items()
        ):
            hashing.update(f"{name} {len(data)}\n".encode())
            hashing.update(data)
        return hashing.digest()

    def put(self, root: Path) -> None:
        """Make it so, in an empty directory."""
        for name in sorted(self.directories):
            (root / name).mkdir(mode=0o700)
        for name, data in self.files.items():
            (root / name).write_bytes(data)


def crash_states(
    trace: Trace, disk: Directory, start: int = 0, every_byte: bool = DEEP
) -> Iterator[CrashState]:
    """Each distinct one with its strongest promise. The trace began on this disk.

    With ``start``, those of the moments from that entry of the trace on.
    """
    met: set[tuple[bytes, int]] = set()
    for after in range(len(trace), start - 1, -1):  # promises only grow
        for state in _states_after(trace, disk, after, every_byte):
            key = state.digest(), state.events_promised
            if key not in met:
                met.add(key)
                yield state


def _states_after(
    trace: Trace, disk: Directory, after: int, every_byte: bool
) -> Iterator[CrashState]:
    disk, promise = deepcopy(disk), Promise()
    for entry in trace[:after]:
        if isinstance(entry, Step):
            apply(disk, entry)
        else:
            promise = entry
    files, directories = _tree(disk, None)
    now = {path: file.current for path, file in files.items()}
    yield CrashState(now, directories, promise, after, as_it_is=True)
    for kept in _name_choices(disk):
        files, directories = _tree(disk, kept)
        for contents in _content_choices(files, every_byte):
            data = {path: content.data for path, content in contents.items()}
            reordered = any(
                content.reordered and _takes_events(path) for path, content in contents.items()
            )
            yield CrashState(data, directories, promise, after, reordered=reordered)


def _takes_events(path: str) -> bool:
    return path.startswith("log/segments/") and path.endswith(".jsonl")


# Names: each reaches the disk by itself, but what happens to one name happens in its order.

_Kept = dict[int, list[Naming]]
"""By directory (its id): the changes of names that reached the disk."""


def _tree(
    directory: Directory, kept: _Kept | None, prefix: str = ""
) -> tuple[dict[str, File], frozenset[str]]:
    """Files and directories by path; those that a program sees when ``kept`` is None."""
    names = directory.names if kept is None else dict(directory.safe)
    for naming in kept.get(id(directory), []) if kept else []:
        naming.apply(names)
    files: dict[str, File] = {}
    directories = set[str]()
    for name, node in names.items():
        if isinstance(node, File):
            files[prefix + name] = node
        else:
            more_files, more_directories = _tree(node, kept, f"{prefix}{name}/")
            files |= more_files
            directories |= {prefix + name} | more_directories
    return files, frozenset(directories)


def _name_choices(disk: Directory) -> list[_Kept]:
    chains = [
        (id(directory), chain) for directory in _directories(disk) for chain in _chains(directory)
    ]
    choices = _spread([range(len(chain), -1, -1) for _, chain in chains])
    return [_keep(chains, counts) for counts in choices]


def _directories(disk: Directory) -> Iterator[Directory]:
    yield disk
    for node in disk.names.values():
        if isinstance(node, Directory):
            yield from _directories(node)


def _chains(directory: Directory) -> list[list[Naming]]:
    """The pending changes, those of the same name together; a rename joins two names."""
    chains: list[tuple[set[str], list[Naming]]] = []
    for naming in directory.pending:
        touched, chain = {naming.name} | ({naming.new} if naming.new else set()), [naming]
        for other in [other for other in chains if other[0] & touched]:
            chains.remove(other)
            touched |= other[0]
            chain = other[1] + chain
        chains.append((touched, chain))
    return [chain for _, chain in chains]


def _keep(chains: list[tuple[int, list[Naming]]], counts: Sequence[int]) -> _Kept:
    kept: _Kept = {}
    for (directory, chain), count in zip(chains, counts, strict=True):
        kept.setdefault(directory, []).extend(chain[:count])
    return kept


# Contents: all files at an extreme, in every combination; then one of them in every detail.


def _content_choices(files: dict[str, File], every_byte: bool) -> Iterator[dict[str, Content]]:
    settled = {path: Content(file.safe) for path, file in files.items() if not file.pending}
    pending = {path: file for path, file in files.items() if file.pending}
    for contents in _spread([extremes(file) for file in pending.values()]):
        yield settled | dict(zip(pending, contents, strict=True))
    current = settled | {path: Content(file.current) for path, file in pending.items()}
    nothing = settled | {path: Content(file.safe) for path, file in pending.items()}
    for path, file in pending.items():
        for content in details(file, every_byte):
            for others in (current, nothing):
                yield others | {path: content}


def _spread(choices: Sequence[Sequence[T]]) -> list[tuple[T, ...]]:
    """All combinations; when they are too many, each choice alone against all first, and a draw."""
    if prod(map(len, choices)) <= MANY:
        return list(product(*choices))
    firsts, lasts = [one[0] for one in choices], [one[-1] for one in choices]
    found = [tuple(firsts), tuple(lasts)]
    for index, options in enumerate(choices):
        for base in (firsts, lasts):
            found += [(*base[:index], option, *base[index + 1 :]) for option in options]
    random = Random(len(choices))
    found += [tuple(random.choice(options) for options in choices) for _ in range(MANY)]
    return found
