"""The tree over a log's lines, computed by reading them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from eventlog._catalog import Catalog
from eventlog._errors import DamagedLogError, InvalidProofError, PrunedError
from eventlog._manifest_lines import peaks_of
from eventlog._merkle import MerkleTree
from eventlog._query import Query
from eventlog._reader import line_blocks
from eventlog.checkpoints._checkpoint import Checkpoint
from eventlog.checkpoints._tree import Span, UnknownSpanError, roots_at, roots_of_spans

Progress = Callable[[int], None]
"""Told how many more bytes of lines were read."""


class LogTree:
    """Leaf ``i`` is the line of sequence ``i + 1``, without its LF.

    Of what was pruned, the manifest has the peaks.
    """

    def __init__(self, catalog: Catalog, progress: Progress | None = None) -> None:
        self.catalog = catalog
        self.head = _head_of(catalog)
        """How many leaves there are."""
        pruned = catalog.manifest.pruned
        self.pruned_to = 0 if pruned is None else pruned.last_sequence
        """How many of them are gone."""
        self._known = (
            MerkleTree() if pruned is None else MerkleTree(pruned.last_sequence, peaks_of(pruned))
        )
        self._progress = progress or (lambda size: None)

    def roots_at(self, sizes: Iterable[int]) -> list[bytes]:
        """The root at each of these sizes, which do not fall and are not above the head."""
        return self._look_up(roots_at(sizes, self._blocks(), self._known))

    def roots_of(self, spans: Iterable[Span]) -> list[bytes]:
        """The roots of spans that follow each other."""
        return self._look_up(roots_of_spans(spans, self._blocks(), self._known))

    def _look_up(self, roots: Iterator[bytes]) -> list[bytes]:
        try:
            return list(roots)
        except UnknownSpanError:
            raise PrunedError(
                f"the events up to sequence {self.pruned_to} were pruned, and a checkpoint that "
                "ends among them cannot be compared with what is left: take one that is not "
                "older than the pruning, or a copy of the log from before it",
                path=self.catalog.path,
                sequence=self.pruned_to,
            ) from None

    def _blocks(self) -> Iterator[list[bytes]]:
        next_sequence = self._known.size + 1
        for block in line_blocks(self.catalog, Query(after=self._known.size)):
            if block.first != next_sequence:
                raise PrunedError(
                    "events were pruned while they were read: try again", path=self.catalog.path
                )
            next_sequence = block.last + 1
            self._progress(sum(map(len, block.lines)) + len(block.lines))
            yield block.lines

    def check_covers(self, checkpoint: Checkpoint) -> None:
        """InvalidProofError or DamagedLogError when it cannot be a checkpoint of this log."""
        other = self.of_another_log(checkpoint)
        if other is not None:
            raise InvalidProofError(other, path=self.catalog.path)
        if checkpoint.size > self.head:
            raise DamagedLogError(self.rolled_back(checkpoint), path=self.catalog.path)

    def of_another_log(self, checkpoint: Checkpoint) -> str | None:
        """What to say of a checkpoint of another log."""
        log_id = self.catalog.identity.log_id
        if checkpoint.log_id == log_id:
            return None
        return f"the checkpoint is of the log {checkpoint.log_id}, and this is the log {log_id}"

    def rolled_back(self, checkpoint: Checkpoint) -> str:
        """What to say of a log that is shorter than its checkpoint."""
        return (
            f"the log ends at sequence {self.head}, and {checkpoint.size} events were signed: this "
            "is an older copy, or its end was cut off; restore the newer one"
        )


def rewritten(checkpoint: Checkpoint) -> str:
    """What to say of a log with another root than its checkpoint."""
    return (
        f"the first {checkpoint.size} events are not the ones that were signed: at least one was "
        "changed; restore a copy from before"
    )


def _head_of(catalog: Catalog) -> int:
    for block in line_blocks(catalog, Query(reverse=True)):
        return block.last
    return catalog.snapshot().sealed_to


def tree_of(path: str | Path, progress: Progress | None = None) -> LogTree:
    """The tree of the log at this path. LogNotFoundError when there is none."""
    return LogTree(Catalog(Path(path)), progress)
