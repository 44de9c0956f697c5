"""Help pages in groups and colour, written without rich: importing that would triple the time they take."""

from __future__ import annotations

import os
from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_OPTIONS = "Options"


class Command(TyperCommand):
    """A command whose options stand in the groups that their ``rich_help_panel`` names."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write how it is called."""
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options."""
        _write_options(self, ctx, formatter)


class Group(TyperGroup):
    """The same for a group of commands."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write how it is called."""
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, and then the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            panel = command.rich_help_panel
            section = panel if isinstance(panel, str) else "Commands"
            sections.setdefault(section, []).append((name, command.help.partition("\n")[0]))
        _write(formatter, sections)
        _write_options(self, ctx, formatter)


def reflowed(docstring: str | None) -> str:
    """A docstring whose paragraphs are lines, so that they are wrapped to the terminal's width."""
    paragraphs = cleandoc(docstring or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _write_usage(command: Any, ctx: Any, formatter: Any) -> None:
    pieces = " ".join(command.collect_usage_pieces(ctx))
    formatter.write_usage(_styled(ctx.command_path, bold=True), pieces, _styled("Usage: ", fg="yellow"))


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], _OPTIONS: []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            is_argument = parameter.param_type_name == "argument"
            panel = getattr(parameter, "rich_help_panel", None)
            section = "Arguments" if is_argument else panel if isinstance(panel, str) else _OPTIONS
            sections.setdefault(section, []).append(record)
    sections[_OPTIONS] = sections.pop(_OPTIONS)  # --help comes last
    _write(formatter, sections)


def _write(formatter: Any, sections: dict[str, list[tuple[str, str]]]) -> None:
    for name, rows in sections.items():
        if rows:
            with formatter.section(_styled(name, bold=True)):
                formatter.write_dl([(_styled(left, fg="cyan"), right) for left, right in rows])


def _styled(text: str, **style: Any) -> str:
    """``text`` in a style. What is no terminal gets none: typer takes it out again."""
    return text if "NO_COLOR" in os.environ else typer.style(text, **style)
