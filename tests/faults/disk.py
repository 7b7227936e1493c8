"""A model of a disk that keeps what was synced, and of the rest whatever it likes.

A file has bytes that are safe, and changes since. A directory has names that are safe, and changes
since. What a name stands for and whether the name is there are two things: a new file whose bytes
were synced is lost all the same when its directory was not.
"""

from __future__ import annotations

from pathlib import Path

from attrs import define, field, frozen

from tests.faults.tracing import Step


@frozen
class Write:
    """Bytes that were written at an offset."""

    offset: int
    data: bytes

    def over(self, content: bytes) -> bytes:
        """The content after this; a gap is zeros."""
        head = content[: self.offset].ljust(self.offset, b"\0")
        return head + self.data + content[self.offset + len(self.data) :]


@frozen
class Cut:
    """The file was cut to a size."""

    size: int

    def over(self, content: bytes) -> bytes:
        """The content after this."""
        return content[: self.size]


@define(eq=False)
class File:
    """What is safe, and what was changed since, in order."""

    safe: bytes = b""
    pending: list[Write | Cut] = field(factory=list)

    @property
    def current(self) -> bytes:
        """What a program reads."""
        return replay(self.safe, self.pending)

    def sync(self) -> None:
        """All that was written is safe."""
        self.safe, self.pending = self.current, []


def replay(content: bytes, changes: list[Write | Cut]) -> bytes:
    """The content after these changes."""
    for change in changes:
        content = change.over(content)
    return content


@frozen
class Naming:
    """A name got something (``node``), was given up for another (``new``), or went."""

    name: str
    node: File | Directory | None = None
    new: str | None = None

    def apply(self, names: dict[str, File | Directory]) -> None:
        """Change the names."""
        if self.node is not None:
            names[self.name] = self.node
        elif self.new is not None:
            names[self.new] = names.pop(self.name)
        else:
            names.pop(self.name, None)


@define(eq=False)
class Directory:
    """What is safe, and the changes of names since, in order."""

    safe: dict[str, File | Directory] = field(factory=dict)
    pending: list[Naming] = field(factory=list)

    @property
    def names(self) -> dict[str, File | Directory]:
        """What a program sees."""
        names = dict(self.safe)
        for naming in self.pending:
            naming.apply(names)
        return names

    def sync(self) -> None:
        """All names are safe."""
        self.safe, self.pending = self.names, []

    def content(self, prefix: str = "") -> dict[str, bytes]:
        """All files by path, as a program sees them."""
        found: dict[str, bytes] = {}
        for name, node in self.names.items():
            if isinstance(node, File):
                found[prefix + name] = node.current
            else:
                found |= node.content(f"{prefix}{name}/")
        return found

    def file(self, path: Path) -> tuple[Directory, str]:
        """Where a path's name is kept."""
        directory = self
        for part in path.parts[:-1]:
            found = directory.names[part]
            assert isinstance(found, Directory)
            directory = found
        return directory, path.name


def disk_with(root: Path) -> Directory:
    """A disk that holds this directory, all of it safe."""
    disk = Directory()
    for path in root.iterdir():
        disk.safe[path.name] = disk_with(path) if path.is_dir() else File(path.read_bytes())
    return disk


def apply(disk: Directory, step: Step) -> None:
    """Do to the model what the step did to the disk."""
    directory, name = disk.file(Path(step.path))
    match step.operation:
        case "create":
            directory.pending.append(Naming(name, File()))
        case "make":
            directory.pending.append(Naming(name, Directory()))
        case "rename":
            directory.pending.append(Naming(name, new=Path(step.target).name))
        case "unlink":
            directory.pending.append(Naming(name))
        case "sync":
            (directory.names[name] if name else disk).sync()
        case "write":
            file = _file(directory, name)
            file.pending.append(Write(len(file.current), step.data))
        case "truncate":
            _file(directory, name).pending.append(Cut(step.size))
        case unknown:
            raise ValueError(unknown)


def _file(directory: Directory, name: str) -> File:
    found = directory.names[name]
    assert isinstance(found, File)
    return found
