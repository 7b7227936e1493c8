"""The command group. A command's module is imported when the command is called, not before."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import click

from cli import _interrupts

_COMMANDS = {
    "analyze": "Analyze the tasks of each session: time per task, bottlenecks, hourly rates.",
    "append": "Append one event and print its sequence.",
    "areas": "Rank areas: best by gold per hour, most dangerous by flees per hour.",
    "audit": "Show who did what, and when: one line per event.",
    "cat": "Print events; with --jsonl exactly as they are stored.",
    "checkpoint": "Sign what the log holds now: how many events, and the hash of all of them.",
    "demo": "Write a sample log, and show what can be asked of it.",
    "diff": "Show what changed in a read model between two moments of the log.",
    "export": "Write events or a read model to a file or a database.",
    "import": "Import JSON lines (CloudEvents or any other) or CSV.",
    "info": "Show what a log holds, and how much room it takes.",
    "init": "Create an empty log in the new or empty directory LOG.",
    "keygen": "Make a key that signs checkpoints, and print its public part.",
    "project": "Print any read model by its name.",
    "prove": "Prove that an event is in a signed log, or that the log only grew.",
    "prune": "Drop the oldest sealed segments, for good.",
    "recover": "Show what sessions need to go on: last saved state, crashes since, open tasks.",
    "repair": "Mend a damaged log from everything that is intact.",
    "seal": "Rotate, then compress, hash and record all but the new segment.",
    "session-recovery": "Save a session's state, notice crashes, and bring the session back.",
    "summary": "Summarize each session: status, duration, tasks, files, gold.",
    "tail": "Print the last events; with -f follow the log across rotations.",
    "trends": "Show a metric over the last sessions, such as gold per hour or session length.",
    "verify": "Check every line, batch, frame, hash, Merkle root and link.",
    "verify-proof": "Check a proof that 'eventlog prove' made.",
}
"""Command names with the first sentence of their help, so that ``--help`` imports none of them."""


class LazyGroup(click.Group):
    """Finds a command in the module of its name in ``cli.commands``, as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        module = import_module(f"cli.commands.{name.replace('-', '_')}")
        _interrupts.unwind()
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try 'eventlog demo' first. 'eventlog COMMAND --help' shows examples.",
)
@click.version_option(package_name="eventlog")
def group() -> None:
    """An append-only log of events in a directory.

    LOG is the log's directory. Data goes to stdout, everything else to stderr.

    \b
    Exit codes: 0 done, 1 error, 2 usage, 3 damaged or rejected data, 4 conflict,
    5 lock timeout, 130 interrupted.
    """
