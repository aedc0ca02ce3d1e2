"""`customers` goes on: who is who, what was between a customer and us, and all of it for him.

A node that runs beside sees at once what is changed here: it looks at every contact anew.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.table import Table

from channels.http.models import mask
from config.schema import Configuration
from customers.telephone import Numbers, masked
from domain.customer import Identifier, IdentifierKind
from domain.customer_ports import CustomerView
from domain.errors import WarmlineError
from domain.identity_ports import MergeRecord
from domain.proof import Proof
from domain.timeline import PAGE_MAX, EntryKind, TimelineEntry
from server.clock import SystemClock
from server.commands.console import (
    EXIT_WRONG_INPUT,
    ConfigurationOption,
    console,
    fail,
    load_or_exit,
)
from store.customer_directory import CustomerDirectory
from store.opening import open_directory

BY: Final = "command line"
"""Who has merged, as the trail says."""
TEXT_SHOWN_MAX: Final = 60
_ID: Final = re.compile(r"[0-9a-f]{32}")

Answer = TypeVar("Answer")
CustomerArgument = Annotated[
    str, typer.Argument(metavar="ID|NUMBER", help="Your customer number, or our id.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept sealed.")]


def register(customers: typer.Typer) -> None:
    """Add the commands to the group `customers`."""
    for command in (link, merge, unmerge, merges, timeline, export):
        customers.command(command.__name__)(command)


def link(
    customer: CustomerArgument,
    kind: Annotated[IdentifierKind, typer.Argument(help="What the address is.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As it is written.")],
    config: ConfigurationOption,
    proved: Annotated[
        bool, typer.Option("--proved", help="He has shown that it is his, and his alone.")
    ] = False,
) -> None:
    """Let an address belong to a customer."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    try:
        numbers = Numbers(configuration.customers.region)
    except WarmlineError as error:
        fail(str(error))
    if kind is IdentifierKind.PHONE and not numbers.is_possible(address):
        fail(
            f"{address!r} is no telephone number; allowed: one with country code"
            ", or a national one of customers.region",
            EXIT_WRONG_INPUT,
        )
    identifier = numbers.canonical(Identifier(kind, address))

    async def work(directory: CustomerDirectory) -> str:
        view = await _find(directory, customer)
        proof = Proof.PROVED if proved else Proof.PRESENTED
        await directory.identities.link(view.customer.customer_id, identifier, proof, BY)
        return view.customer.customer_id

    customer_id = _run(configuration, work)
    shown = masked(identifier.value) if kind is IdentifierKind.PHONE else mask(identifier.value)
    typer.echo(f"{kind} {shown} is an address of customer {customer_id}")


def merge(
    customer: CustomerArgument,
    member: Annotated[
        str, typer.Argument(metavar="MEMBER", help="Who is to be part of him, named likewise.")
    ],
    config: ConfigurationOption,
    reason: ReasonOption = "",
) -> None:
    """Let two customers be one; everything of both is then found under the first."""

    async def work(directory: CustomerDirectory) -> MergeRecord:
        left, gone = await _find(directory, customer), await _find(directory, member)
        return await directory.identities.merge(
            left.customer.customer_id, gone.customer.customer_id, BY, reason
        )

    made = _run(load_or_exit(config, look_up_secrets=False).configuration, work)
    typer.echo(f"merge {made.merge_id}: {made.member_id} is part of {made.customer_id}")


def unmerge(
    merge_id: Annotated[str, typer.Argument(metavar="MERGE", help="As `merges` shows it.")],
    config: ConfigurationOption,
    reason: ReasonOption = "",
) -> None:
    """Undo a merge: each has again what was his."""

    async def work(directory: CustomerDirectory) -> MergeRecord:
        return await directory.identities.unmerge(merge_id, BY, reason)

    undone = _run(load_or_exit(config, look_up_secrets=False).configuration, work)
    typer.echo(f"merge {undone.merge_id} undone: {undone.member_id}, {undone.customer_id}")


def merges(customer: CustomerArgument, config: ConfigurationOption) -> None:
    """Show with whom a customer was made one, and what of it was undone."""

    async def work(directory: CustomerDirectory) -> list[MergeRecord]:
        view = await _find(directory, customer)
        return list(await directory.identities.merges(view.customer.customer_id))

    found = _run(load_or_exit(config, look_up_secrets=False).configuration, work)
    table = Table("merge", "customer", "member", "when", "by", "reason", "undone")
    for one in found:
        undone = ""
        if one.undone_at is not None:
            undone = f"{one.undone_at:%Y-%m-%d %H:%M} {one.undone_by} {one.undone_reason}".strip()
        when = f"{one.merged_at:%Y-%m-%d %H:%M}"
        table.add_row(
            one.merge_id, one.customer_id, one.member_id, when, one.by, one.reason, undone
        )
    console().print(table)


def timeline(
    customer: CustomerArgument,
    config: ConfigurationOption,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=PAGE_MAX, help="Entries, the newest.")
    ] = 50,
) -> None:
    """Show what was between a customer and us, over all channels, the newest first."""

    async def work(directory: CustomerDirectory) -> tuple[TimelineEntry, ...]:
        view = await _find(directory, customer)
        if directory.timelines is None:
            fail("this store keeps no timelines")
        page = await directory.timelines.timeline(view.customer.customer_id, limit=limit)
        return page.entries

    found = _run(load_or_exit(config, look_up_secrets=False).configuration, work)
    table = Table("when", "channel", "what", "proof", "id")
    for one in found:
        what = _told(one)
        table.add_row(
            f"{one.at:%Y-%m-%d %H:%M:%S}", one.channel or "", what, one.proof, one.entry_id
        )
    console().print(table)


def export(customer: CustomerArgument, config: ConfigurationOption) -> None:
    """Write everything that is stored of a customer to standard output, one JSON object a line.

    The last line is of kind `end`; without it the export was cut short.
    """

    async def work(directory: CustomerDirectory) -> None:
        view = await _find(directory, customer)
        if directory.exporter is None:
            fail("this store exports nobody")
        async for piece in directory.exporter.export(view.customer.customer_id):
            _write(piece)
        _write({"kind": "end"})

    _run(load_or_exit(config, look_up_secrets=False).configuration, work)


def _write(piece: Any) -> None:
    text = json.dumps(piece, ensure_ascii=False, separators=(",", ":"), default=str)
    sys.stdout.write(text + "\n")


def _told(entry: TimelineEntry) -> str:
    """Return an entry in a few words."""
    if entry.kind is EntryKind.MESSAGE and entry.message is not None:
        text = " ".join(entry.message.text.split())
        if len(text) > TEXT_SHOWN_MAX:
            text = text[: TEXT_SHOWN_MAX - 1] + "…"
        files = len(entry.message.attachments)
        return f"{entry.message.author}: {text}" + (f" (+{files} files)" if files else "")
    if entry.kind is EntryKind.CONTACT and entry.contact is not None:
        contact = entry.contact
        ended = contact.disposition or "runs"
        return f"{contact.queue_id} {contact.agent_id or '-'} {contact.talk_s:.0f} s {ended}"
    if entry.kind is EntryKind.TICKET and entry.ticket is not None:
        return f"ticket {entry.ticket.number} {entry.ticket.state}: {entry.ticket.subject}"
    return f"{entry.kind} {entry.note}".strip()


def _run(
    configuration: Configuration,
    work: Callable[[CustomerDirectory], Coroutine[Any, Any, Answer]],
) -> Answer:
    """Return what comes of work on the customers of a configuration; an error ends the command."""

    async def opened() -> Answer:
        async with opened_directory(configuration) as directory:
            return await work(directory)

    try:
        return asyncio.run(opened())
    except WarmlineError as error:
        fail(str(error))


async def _find(directory: CustomerDirectory, customer: str) -> CustomerView:
    view = await find_customer(directory, customer)
    if view is None:
        fail(f"no customer {customer!r}")
    return view


async def find_customer(directory: CustomerDirectory, customer: str) -> CustomerView | None:
    """Return the customer with the operator's number, else with our id; None: there is none."""
    view = await directory.by_number(customer)
    if view is None and _ID.fullmatch(customer):
        view = await directory.by_id(customer)
    return view


@asynccontextmanager
async def opened_directory(configuration: Configuration) -> AsyncIterator[CustomerDirectory]:
    """Open the customers of a configuration, beside a node that runs or without."""
    async with open_directory(
        configuration.node.data_folder,
        SystemClock(),
        url=configuration.store.url,
        history_days=configuration.customers.history_days,
        addressing=Numbers(configuration.customers.region),
    ) as directory:
        yield directory
