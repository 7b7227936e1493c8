"""Where each stream stands: the sequence of the last event with a subject."""

from __future__ import annotations

from hashlib import blake2b

from eventlog._catalog import Catalog
from eventlog._codec import sequence_of, subject_in
from eventlog._errors import ConflictError
from eventlog._files import Files
from eventlog._index_file import Row
from eventlog._log_index import LogIndex


def _key(subject: str) -> bytes:
    # Lone surrogates are in no event, but may be asked for.
    return blake2b(subject.encode(errors="surrogatepass"), digest_size=16).digest()


class StreamHeads:
    """Looks up the last sequence of a subject. Used only under the writer's lock."""

    def __init__(self, catalog: Catalog, files: Files, head: int) -> None:
        self.index = LogIndex(catalog, files, "streams", _row_of, head)

    def head_of(self, subject: str) -> int:
        """The sequence of its last event, 0 when there is none, or none that was kept."""
        known = self.index.find(_key(subject))
        return 0 if known is None else known[0]

    def check(self, subject: str, expected: int) -> None:
        """ConflictError when the stream does not stand at ``expected``."""
        found = self.head_of(subject)
        if found != expected:
            raise ConflictError(
                f"the stream {subject!r} stands at sequence {found}, not at {expected}: read what "
                "was added, then decide again",
                path=self.index.catalog.path,
                sequence=found,
            )

    def add(self, subject: str, last: int) -> None:
        """Remember that events of one subject were just written, up to the sequence ``last``."""
        self.index.add(iter([(_key(subject), last, b"")]), last)


def _row_of(line: bytes) -> Row | None:
    subject = subject_in(line)
    return None if subject is None else (_key(subject), sequence_of(line), b"")
