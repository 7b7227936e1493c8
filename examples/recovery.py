"""A worker that is killed in the middle of its work, is started again, and goes on where it was.

The worker takes tasks from a queue and saves its state after each. The supervisor starts it, sees
it die, and starts it again. A task that was done but not yet saved is done a second time, so the
work must bear that: here each task writes the same file again, and nothing is done twice to see.

Run it: python examples/recovery.py
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

from eventlog import EventLog
from projections import RecoverySnapshots, project
from sessions.recovery import SessionRecoveryEngine, Supervisor

TASKS = [f"parcel {number}" for number in range(1, 9)]
CONFIG = """
state_file: state.json
save_interval: 60
auto_restart: true
session_tracking:
  enabled: false  # no game: the queue is all that there is to save
"""


def work() -> None:
    """The worker: it recovers what there is to recover, and works through its queue."""
    with SessionRecoveryEngine("recovery.yaml") as engine:
        if not engine.recover_session():
            engine.task_queue = list(TASKS)
            engine.start_auto_save()
        while engine.task_queue:
            time.sleep(0.05)
            Path("done", engine.task_queue[0]).write_text("delivered")
            engine.task_queue.pop(0)
            engine.save_session_state()


def supervise() -> None:
    """Run the worker, and kill it once when it has done three tasks."""
    Path("recovery.yaml").write_text(CONFIG)
    Path("done").mkdir()
    with SessionRecoveryEngine("recovery.yaml") as engine:
        supervisor = Supervisor(engine, [sys.executable, __file__, "worker"], delay=0)
        Thread(target=kill_when_busy, args=(supervisor,)).start()
        print("the worker ended with", supervisor.run(), "after", supervisor.restarts, "restart")
        for crash in engine.crash_history:
            print(f"{crash.error_type}: {crash.error_message}, {crash.recovery_successful=}")
    print("delivered:", len(list(Path("done").iterdir())), "of", len(TASKS))


def kill_when_busy(supervisor: Supervisor) -> None:
    """As a crash would: without a warning, and while there is work left."""
    while len(list(Path("done").iterdir())) < 3:
        time.sleep(0.01)
    if supervisor.pid is not None:
        os.kill(supervisor.pid, signal.SIGKILL)


def main(directory: Path) -> None:
    os.chdir(directory)
    os.environ["EVENTLOG_DIR"] = str(directory / "activity.eventlog")
    supervise()
    with EventLog.open(os.environ["EVENTLOG_DIR"], readonly=True) as log:
        for session in project(log, RecoverySnapshots()):
            queue = None if session.state is None else session.state["task_queue"]
            print(f"{session.crashes_total} crash, {queue=}, {session.ended_cleanly=}")


if __name__ == "__main__":
    if "worker" in sys.argv:
        work()
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
