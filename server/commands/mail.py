"""`mail quarantine`: list, show and drop mails that were laid aside unread.

The commands work beside a node that runs, or without; only the node itself can read such a mail
again (`POST /api/v1/mail/quarantine/{quarantine_id}/release`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from channels.http.models import mask
from channels.mail.quarantine import Quarantine
from channels.mail.service import FOLDER
from domain.errors import WarmlineError
from domain.quarantine import QuarantinedMail
from server.clock import SystemClock
from server.commands.console import ConfigurationOption, console, fail, load_or_exit
from store.opening import open_quarantine
from store.quarantine import PAGE_MAX, QuarantineList

REASON_CHARACTERS_MAX: Final = 80
Result = TypeVar("Result")

MailArgument = Annotated[
    str, typer.Argument(metavar="MAIL", help="Its id of 32 digits, as `list` shows it.")
]


def register(app: typer.Typer) -> None:
    """Add the group `mail` to the application."""
    quarantine = typer.Typer(
        help="Mails that were laid aside unread; docs/mail.md.", no_args_is_help=True
    )
    quarantine.command("list")(list_mails)
    quarantine.command("show")(show)
    quarantine.command("drop")(drop)
    mail = typer.Typer(help="Mail that comes in; docs/mail.md.", no_args_is_help=True)
    mail.add_typer(quarantine, name="quarantine")
    app.add_typer(mail, name="mail")


def list_mails(
    config: ConfigurationOption,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=PAGE_MAX, help="How many, the oldest.")
    ] = 50,
) -> None:
    """List the mails that nobody has judged, the oldest first; senders are masked."""
    found = _run(config, lambda shelf, _: shelf.waiting(limit))
    if not found:
        typer.echo("no mails in quarantine", err=True)
        return
    table = Table("mail", "received", "bytes", "sender", "reason")
    for one in found:
        reason = one.reason[:REASON_CHARACTERS_MAX]
        table.add_row(
            one.quarantine_id,
            f"{one.received_at:%Y-%m-%d %H:%M}Z",
            str(one.bytes),
            Text(mask(one.sender)),
            Text(reason),
        )
    console().print(table)


def show(mail: MailArgument, config: ConfigurationOption) -> None:
    """Show what is known of one: its envelope and its reason, nothing of its content."""
    found = _run(config, lambda shelf, _: shelf.get(mail))
    table = Table(show_header=False)
    for name, text in {
        "mail": found.quarantine_id,
        "received": f"{found.received_at:%Y-%m-%d %H:%M:%S}Z",
        "reason": found.reason,
        "bytes": str(found.bytes),
        "file": f"{FOLDER}/{found.content_hash[:2]}/{found.content_hash}",
        "sender": found.sender,
        "recipients": ", ".join(found.recipients),
        "verdict": found.verdict or "",
    }.items():
        table.add_row(name, Text(text))
    console().print(table)


def drop(mail: MailArgument, config: ConfigurationOption) -> None:
    """Delete one for good, with its file."""

    async def work(shelf: QuarantineList, quarantine: Quarantine) -> QuarantinedMail:
        found = await shelf.get(mail)
        await quarantine.drop(found)
        return found

    found = _run(config, work)
    typer.echo(f"mail {found.quarantine_id}: dropped", err=True)


def _run(
    config: ConfigurationOption,
    work: Callable[[QuarantineList, Quarantine], Awaitable[Result]],
) -> Result:
    """Do something with the quarantine of a configuration, or say why not and exit."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    folder = configuration.node.data_folder

    async def run() -> Result:
        async with open_quarantine(folder, url=configuration.store.url) as shelf:
            days = configuration.mail.quarantine_days
            return await work(shelf, Quarantine(folder / FOLDER, shelf, SystemClock(), days=days))

    try:
        return asyncio.run(run())
    except WarmlineError as error:
        fail(str(error))
