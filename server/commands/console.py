"""What commands say: configuration files read, mistakes written for people and for editors."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, NoReturn, TextIO

import typer
from rich.console import Console
from rich.text import Text

from config.load import Loaded, load
from config.mistake import ConfigurationMistakes, Mistake

EXIT_FAILED: Final = 1
EXIT_WRONG_INPUT: Final = 2

ConfigurationOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="WARMLINE_CONFIG",
        metavar="FILE",
        help="The YAML file; docs/configuration.md explains every key.",
    ),
]
"""The option that every command with a configuration has."""


def console(stream: TextIO | None = None) -> Console:
    """Return a console: coloured on a terminal, plain lines in a pipe."""
    return Console(file=stream or sys.stdout, highlight=False, soft_wrap=True, emoji=False)


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Say on standard error why the command ends, and end it."""
    complain(message)
    raise typer.Exit(code)


def complain(message: str) -> None:
    """Say on standard error what is wrong, and go on."""
    console(sys.stderr).print(Text.assemble(("error: ", "bold red"), message))


def warn(message: str) -> None:
    """Say on standard error what is odd, and go on."""
    console(sys.stderr).print(Text.assemble(("warning: ", "bold yellow"), message))


def load_or_exit(file: Path, *, look_up_secrets: bool = True) -> Loaded:
    """Return the configuration, or name every mistake on standard error and exit with 2."""
    try:
        return load(file, look_up_secrets=look_up_secrets)
    except ConfigurationMistakes as mistakes:
        print_mistakes(mistakes.mistakes, console(sys.stderr))
        raise typer.Exit(EXIT_WRONG_INPUT) from mistakes


def print_mistakes(mistakes: Iterable[Mistake], out: Console) -> None:
    """Write one line for each mistake, in the form that editors jump from, and a count."""
    count = 0
    for mistake in mistakes:
        count += 1
        out.print(_line(mistake, "error", "bold red", "allowed"))
    out.print(f"{count} mistake{'' if count == 1 else 's'}")


def print_warnings(warnings: Iterable[Mistake], out: Console) -> None:
    """Write one line for each warning."""
    for warning in warnings:
        out.print(_line(warning, "warning", "bold yellow", "expected"))


def _line(remark: Mistake, label: str, style: str, wanted: str) -> Text:
    where = f"{remark.file}:{remark.line}:{remark.column}: "
    text = Text.assemble((where, "dim"), (f"{label}: ", style))
    if remark.keys:
        text.append(f"{remark.path}: ", style="bold")
    text.append(f"found {remark.found}; {wanted}: {remark.allowed}")
    if remark.hint:
        text.append(f" ({remark.hint})", style="cyan")
    return text
