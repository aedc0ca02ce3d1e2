"""`serve`: run the contact centre."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import WarmlineError
from server.commands.console import (
    ConfigurationOption,
    console,
    fail,
    load_or_exit,
    print_warnings,
)
from server.life import serve as serve_node
from server.logs import configure_logs


def register(app: typer.Typer) -> None:
    """Add `serve` to the application."""
    app.command()(serve)


def serve(
    config: ConfigurationOption,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the addresses to this file, as JSON, when calls are taken.",
        ),
    ] = None,
) -> None:
    """Run the contact centre until Ctrl-C or SIGTERM.

    Then no new calls are taken, running ones may end within node.drain_grace_s, and the exit
    code is 0. A second Ctrl-C cuts them at once. SIGHUP takes up a changed file.
    """
    loaded = load_or_exit(config)
    print_warnings(loaded.warnings, console(sys.stderr))
    node = loaded.configuration.node
    configure_logs(node.log_format, node.log_level)
    try:
        asyncio.run(serve_node(loaded, ready_file=ready_file))
    except WarmlineError as error:
        fail(str(error))
