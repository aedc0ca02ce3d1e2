#!/usr/bin/env python3
"""Warmline's command line."""

from typing import Final

import typer

from server.commands.lazy import Place, group_of

COMMANDS: Final = {
    "serve": Place("server.commands.serve", "Run the contact centre until Ctrl-C or SIGTERM."),
    "demo": Place(
        "demo.command", "Place calls with real SIP, RTP and speech, and show what happens."
    ),
    "check": Place("server.commands.check", "Check a configuration file."),
    "users": Place("server.commands.users", "Set, list and remove the passwords of softphones."),
    "customers": Place("server.commands.customers", "Enter, show, merge and forget customers."),
    "tickets": Place("server.commands.tickets", "List, open and settle tickets; docs/tickets.md."),
    "mail": Place("server.commands.mail", "Mail that comes in; docs/mail.md."),
    "analyse": Place(
        "server.commands.analyse",
        "Show the emotional course of recordings, score many files, or follow a running call.",
    ),
    "sim": Place(
        "server.commands.sim",
        "Play days of a contact centre in virtual time and compare ways of routing.",
    ),
    "bench": Place("bench.command", "Measure on this machine and print tables."),
}
"""In the order in which `--help` lists them."""

app = typer.Typer(
    name="warmline",
    cls=group_of(COMMANDS),
    help="A self-hosted contact centre: answers SIP calls, listens, and routes them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


@app.callback()
def warmline() -> None:
    """Take a command."""


if __name__ == "__main__":
    app()
