"""UmaDB: a server of its own on the loopback interface, and its client."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks._workload import BATCH, Plain
from benchmarks._writers import Loop

_PATIENCE_SECONDS = 30
_encode = msgspec.json.Encoder().encode


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


@contextmanager
def server(target: Path) -> Iterator[Any]:
    """A client of a new server, which ends with the block."""
    import umadb

    port = _free_port()
    command = [str(Path(sys.executable).with_name("umadb"))]
    command += ["--listen", f"127.0.0.1:{port}", "--db-path", str(target / "uma.db")]
    with (target / "server.txt").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield _client(umadb, server, f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        try:
            server.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _client(umadb: Any, server: subprocess.Popen[bytes], url: str) -> Any:
    """As soon as the server answers."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            client = umadb.Client(url)
            client.head()
            return client
        except (umadb.TransportError, OSError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _event(umadb: Any, one: Plain) -> Any:
    metadata = {"source": one.source, "time": str(time.time_ns())}
    return umadb.Event(one.type, _encode(one.data), tags=[one.subject], metadata=metadata)


@contextmanager
def append_each(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """One call per event. The server answers when the event is on the disk."""
    with server(target) as client:
        import umadb

        def loop() -> None:
            for one in events:
                client.append([_event(umadb, one)])

        yield loop


@contextmanager
def append_batches(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """One call per thousand events."""
    with server(target) as client:
        import umadb

        def loop() -> None:
            for start in range(0, len(events), BATCH):
                client.append([_event(umadb, one) for one in events[start : start + BATCH]])

        yield loop
