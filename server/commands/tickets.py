"""`tickets`: list, show, open, assign, move on, note and merge them.

The commands write into the database of the configuration, beside a node that runs or without. A
node's readers of events are not told of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Final, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from config.schema import Configuration
from domain.errors import WarmlineError
from domain.events import Event
from domain.ticket import LinkKind, Ticket, TicketLink, TicketReason, TicketState, TicketTrigger
from domain.ticket_ports import TicketDesk, TicketWish, TrailEntry
from server.clock import SystemClock
from server.commands.console import (
    ConfigurationOption,
    console,
    fail,
    load_or_exit,
)
from store.opening import open_tickets
from tickets.policy import TicketPolicy
from tickets.service import TicketService

OPERATOR: Final = "operator"
LISTED_MAX: Final = 200
Result = TypeVar("Result")

TicketArgument = Annotated[
    str, typer.Argument(metavar="TICKET", help="Its number, or its id of 32 digits.")
]
ByOption = Annotated[str, typer.Option("--by", metavar="AGENT", help="Who does it, for the trail.")]


def register(app: typer.Typer) -> None:
    """Add the group `tickets` to the application."""
    tickets = typer.Typer(
        help="List, open and settle tickets; docs/tickets.md.", no_args_is_help=True
    )
    tickets.command("list")(list_tickets)
    tickets.command("show")(show)
    tickets.command("open")(open_ticket)
    tickets.command("assign")(assign)
    tickets.command("step")(step)
    tickets.command("note")(note)
    tickets.command("merge")(merge)
    app.add_typer(tickets, name="tickets")


def list_tickets(
    config: ConfigurationOption,
    state: Annotated[
        list[TicketState] | None,
        typer.Option("--state", help="Only in this state; may stand more than once."),
    ] = None,
    queue: Annotated[str | None, typer.Option("--queue", help="Only of this queue.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only of this agent.")] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Only of the customer with this id.")
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those whose due time has passed.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=LISTED_MAX, help="How many, the newest.")
    ] = 50,
) -> None:
    """List tickets, the newest first; without filters those that are not settled."""
    states: Sequence[TicketState] = state or ()
    if not states and not any((queue, owner, customer, overdue)):
        states = (TicketState.NEW, TicketState.OPEN, TicketState.PENDING)
    found = _run(
        config,
        lambda desk: desk.find(
            states=states,
            queue_id=queue,
            owner_id=owner,
            customer_id=customer,
            overdue=overdue,
            limit=limit,
        ),
    )
    if not found:
        typer.echo("no tickets", err=True)
        return
    console().print(_table(found))


def show(ticket: TicketArgument, config: ConfigurationOption) -> None:
    """Show a ticket with its trail."""

    async def read(desk: TicketDesk) -> tuple[Ticket, Sequence[TrailEntry]]:
        return await desk.get(ticket), await desk.trail(ticket)

    found, trail = _run(config, read)
    console().print(_details(found))
    console().print(_trail(trail))


def open_ticket(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="What it is about.")],
    config: ConfigurationOption,
    queue: Annotated[str, typer.Option("--queue", help="The queue that it belongs to.")],
    priority: Annotated[
        int, typer.Option("--priority", min=1, max=4, help="1 low, 2 ordinary, 3 high, 4 urgent.")
    ] = 2,
    owner: Annotated[str | None, typer.Option("--owner", help="The agent who has it.")] = None,
    contact: Annotated[
        list[str] | None,
        typer.Option("--contact", help="A contact that it is about; may stand more than once."),
    ] = None,
    text: Annotated[str, typer.Option("--note", help="The first note among agents.")] = "",
    by: ByOption = OPERATOR,
) -> None:
    """Open a ticket; its number is written on standard output."""
    wish = TicketWish(
        queue_id=queue,
        reason=TicketReason.BY_HAND,
        subject=subject,
        by=by,
        priority=priority,
        owner_id=owner,
        links=tuple(TicketLink(LinkKind.CONTACT, one) for one in contact or ()),
        note=text,
    )
    typer.echo(_run(config, lambda desk: desk.open(wish)).number)


def assign(
    ticket: TicketArgument,
    config: ConfigurationOption,
    agent: Annotated[
        str | None, typer.Argument(metavar="[AGENT]", help="Left out: nobody has it.")
    ] = None,
    by: ByOption = OPERATOR,
) -> None:
    """Give a ticket to an agent, or take it from whoever has it."""
    found = _run(config, lambda desk: desk.assign(ticket, agent, by))
    typer.echo(f"ticket {found.number}: {found.owner_id or 'nobody'}")


def step(
    ticket: TicketArgument,
    trigger: Annotated[TicketTrigger, typer.Argument(metavar="STEP", help="What moves it on.")],
    config: ConfigurationOption,
    by: ByOption = OPERATOR,
) -> None:
    """Move a ticket on: take, ask_customer, answered, solve, reopen or close."""
    found = _run(config, lambda desk: desk.step(ticket, trigger, by))
    typer.echo(f"ticket {found.number}: {found.state}")


def note(
    ticket: TicketArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="For colleagues.")],
    config: ConfigurationOption,
    by: ByOption = OPERATOR,
) -> None:
    """Add a note to a ticket's trail."""
    _run(config, lambda desk: desk.note(ticket, text, by))
    typer.echo(f"ticket {ticket}: noted", err=True)


def merge(
    ticket: TicketArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The one that is left.")],
    config: ConfigurationOption,
    by: ByOption = OPERATOR,
) -> None:
    """Let another ticket hold the matter of this one, which is closed."""
    found = _run(config, lambda desk: desk.merge(ticket, into, by))
    typer.echo(f"ticket {found.number}: {len(found.links)} links, due {_time(found.due_at)}")


class _Untold:
    """Where the events of the command line go: the readers are in another process."""

    def publish(self, event: Event) -> int:
        """Drop it."""
        return 0


def _run(config: ConfigurationOption, work: Callable[[TicketDesk], Awaitable[Result]]) -> Result:
    """Do something with the tickets of a configuration, or say why not and exit."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration

    async def run() -> Result:
        async with _opened(configuration) as desk:
            return await work(desk)

    try:
        return asyncio.run(run())
    except WarmlineError as error:
        fail(str(error))


@asynccontextmanager
async def _opened(configuration: Configuration) -> AsyncIterator[TicketDesk]:
    clock = SystemClock()
    async with open_tickets(
        configuration.node.data_folder,
        clock,
        url=configuration.store.url,
        history_days=configuration.customers.history_days,
    ) as store:
        yield TicketService(store, TicketPolicy.of(configuration), events=_Untold(), clock=clock)


def _table(tickets: Sequence[Ticket]) -> Table:
    table = Table("number", "state", "priority", "queue", "owner", "due", "reason", "subject")
    now = SystemClock().utc()
    for ticket in tickets:
        late = ticket.due_at is not None and ticket.due_at < now
        table.add_row(
            str(ticket.number),
            ticket.state.value,
            str(ticket.priority),
            ticket.queue_id,
            ticket.owner_id or "",
            Text(_time(ticket.due_at), style="bold red" if late else ""),
            ticket.reason.value,
            Text(ticket.subject),
        )
    return table


def _details(ticket: Ticket) -> Table:
    table = Table(show_header=False)
    rows = {
        "number": str(ticket.number),
        "id": ticket.ticket_id,
        "subject": ticket.subject,
        "state": ticket.state.value,
        "priority": str(ticket.priority),
        "queue": ticket.queue_id,
        "owner": ticket.owner_id or "",
        "customer": ticket.customer_id or "",
        "reason": ticket.reason.value,
        "language": ticket.language,
        "topic": ticket.topic,
        "opened": _time(ticket.opened_at),
        "due": _time(ticket.due_at),
        "time left": "" if ticket.left_s is None else f"{ticket.left_s:.0f} s",
        "solved": _time(ticket.solved_at),
        "merged into": ticket.merged_into or "",
        "links": "\n".join(f"{link.kind} {link.target_id}" for link in ticket.links),
    }
    for name, text in rows.items():
        table.add_row(name, Text(text))
    return table


def _trail(trail: Sequence[TrailEntry]) -> Table:
    table = Table("at", "by", "change", "text")
    for entry in trail:
        table.add_row(_time(entry.at), entry.by, entry.change, Text(entry.text))
    return table


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}Z"
