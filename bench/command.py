"""`bench`: measure, print tables."""

from importlib import import_module
from typing import Annotated, Final

import typer

NAMES: Final = {
    "calls": "calls under SIPp load: answer, ring, rates, calls at once, their cost",
    "hostile": "torture messages, random datagrams and spoiled INVITEs at a running node",
    "mail_hostile": "mails that are built to harm, each beside half a second of CPU",
    "alerts": "from the end of speech to the alert, and what emotion costs, under calls",
    "moods": "alerts about calm and angry callers, in calls made of clips (DATA=FOLDER)",
    "chat_idle": "what an idle chat connection costs in memory, beside bare servers",
    "chat_messages": "1,000 chats at once: from who writes through the commit to who reads",
    "properties": "what must hold of the router, with 2,000 examples each",
    "profiles": "who calls: profiles loaded from 100,000 customers, tables imported",
    "router": "one assignment, from costs to pairs, beside scipy's and lap's dense solvers",
    "decisions": "the running router: from an event to the offer, and how long it holds the loop",
    "learning": "what a pair costs the outcome model, what it recovers, what its interval holds",
    "prediction": "the likely next need against the most popular, on structure and on none",
    "records": "contacts and events written, against plain sqlite3",
    "timeline": "a page of a customer's timeline among a million entries, beside a bare look-up",
    "emotion": "the cost of hearing a customer's emotion, beside openSMILE and Silero VAD",
    "mail_receive": "mails received, read and committed, beside bare aiosmtpd",
    "hearing": "the analysis worker, and voice activity against an energy threshold",
}
"""Each is a module of this folder with a function `run(json: bool)`."""


def register(app: typer.Typer) -> None:
    """Add `bench` to the application."""
    app.command(help=bench.__doc__, epilog=_epilog())(bench)


def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"{', '.join(NAMES)} or all.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures as one JSON object as well.")
    ] = False,
) -> None:
    """Measure on this machine and print tables.

    Figures stand beside a peer or a limit of the same run; those that were kept are in
    docs/measure/.
    """
    if name != "all" and name not in NAMES:
        raise typer.BadParameter(f"no bench {name!r}; there are: {', '.join(NAMES)}, all")
    for each in NAMES if name == "all" else [name]:
        import_module(f"bench.{each}").run(json=as_json)


def _epilog() -> str:
    return "  ".join(f"[bold]{name}[/bold]: {what}." for name, what in NAMES.items())
