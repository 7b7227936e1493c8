"""An agent's session: recorded as it happens, saved, and analyzed.

Run it: python examples/agent.py
"""

import asyncio
import tempfile
import time
from pathlib import Path

from sessions.agent import SessionLogger


def main(directory: Path) -> None:
    with SessionLogger("AGENT-004", session_id="sprint-1", log_dir=directory / "log") as logger:
        # Step by step, with times that were measured elsewhere.
        logger.log_task_start("integrate the health check", metadata={"priority": "P1"})
        logger.log_file_read("intake/health_check.txt", size_bytes=3200)
        logger.log_file_write("src/health_check.py", size_bytes=7700, lines=150)
        logger.log_tool_call("pytest", params={"path": "tests/unit"}, duration_ms=3500)
        logger.log_task_complete(
            "integrate the health check", duration_ms=7_200_000, metadata={"tests_passed": 28}
        )

        # The block is the task: it is timed, and completes even when it fails.
        with logger.task("review the tests", {"pull_request": 123}) as task:
            time.sleep(0.01)
            task.metadata["comments"] = 2

        # Each call of the function is a task.
        @logger.log_task("ask the model")
        async def ask() -> str:
            return "an answer"

        asyncio.run(ask())

        summary = logger.get_session_summary()
        print(f"{summary.tasks_completed} tasks, {summary.files_written} file written")

        logger.save_session(directory / "saved")
        saved = logger.analyze_session(directory / "saved" / "AGENT-004_sprint-1.jsonl")
        print("by the clock:", saved.bottlenecks)

        # The log has what the tasks reported, of this session and of all others.
        reported = logger.analyze_session(directory / "log")
        for name in reported.bottlenecks:
            print(f"as reported: {name}, {reported.task_breakdown[name] / 60_000:.0f} min")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch))
