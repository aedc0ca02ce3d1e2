#!/usr/bin/env python3
"""Warmline's command line."""

import typer

from bench import command as bench
from demo import command as demo
from server.commands import analyse, check, customers, mail, serve, sim, tickets, users

app = typer.Typer(
    name="warmline",
    help="A self-hosted contact centre: answers SIP calls, listens, and routes them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
for command in (serve, demo, check, users, customers, tickets, mail, analyse, sim, bench):
    command.register(app)

if __name__ == "__main__":
    app()
