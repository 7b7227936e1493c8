"""The command reference as Markdown, made of the commands' own help. ``make docs`` writes it."""

from __future__ import annotations

import click

from cli._group import group

_HEAD = """# Commands

This page is made of the commands' own help by `make docs`; a test fails when it is out of date.
"""


def reference() -> str:
    """The whole page."""
    # The widths keep the page the same on every terminal.
    settings = {**group.context_settings, "terminal_width": 100}
    context = click.Context(group, info_name="eventlog", **settings)
    parts = [_HEAD, _section("eventlog", group, context)]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None  # noqa: S101 - listed a line above
        inner = click.Context(command, info_name=name, parent=context)
        parts.append(_section(f"eventlog {name}", command, inner))
    return "\n".join(parts)


def _section(title: str, command: click.Command, context: click.Context) -> str:
    return f"## {title}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
