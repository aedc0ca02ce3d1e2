"""Tickets over HTTP: found, opened, moved on, merged."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.contacts import ContactPath
from channels.http.customers import NumberPath, directory_of
from channels.http.problem import ProblemFound
from channels.http.ticket_models import (
    EXAMPLE,
    ID,
    TICKET_ID,
    LinkIn,
    MergeIn,
    NoteIn,
    StepIn,
    TicketChange,
    TicketIn,
    TicketOut,
    TicketPage,
    TrailEntryOut,
    TrailOut,
)
from domain.ticket import LinkKind, TicketLink, TicketState
from domain.ticket_ports import TicketDesk

PAGE_TICKETS_MAX: Final = 100

router = APIRouter(tags=["tickets"], dependencies=[BEARER])

TicketPath = Annotated[
    str,
    Path(pattern=TICKET_ID, description="32 hexadecimal digits, or its number.", examples=["42"]),
]
Limit = Annotated[
    int, Query(ge=1, le=PAGE_TICKETS_MAX, description="Tickets on a page.", examples=[50])
]
Before = Annotated[
    str | None,
    Query(
        pattern=ID,
        description="Only older ones than this: `next_before` of the page before.",
        examples=[EXAMPLE],
    ),
]


def desk_of(ports: ApiPorts) -> TicketDesk:
    """Return who looks after tickets.

    Raises:
        ProblemFound: Nobody on this node.
    """
    if ports.tickets is None:
        raise ProblemFound("unavailable", "no part of this node looks after tickets")
    return ports.tickets


@router.get(
    "/api/v1/tickets",
    summary="List tickets",
    response_description="A page of tickets, the newest first.",
    responses=api_problems("unavailable"),
)
async def list_tickets(
    request: Request,
    response: Response,
    ports: Ports,
    *,
    state: Annotated[
        list[TicketState] | None,
        Query(max_length=5, description="Only in one of these states.", examples=[["open"]]),
    ] = None,
    queue_id: Annotated[
        str | None, Query(max_length=63, description="Only of this queue.", examples=["support"])
    ] = None,
    owner_id: Annotated[
        str | None, Query(max_length=63, description="Only of this agent.", examples=["alice"])
    ] = None,
    customer_id: Annotated[
        str | None, Query(pattern=ID, description="Only of this customer.", examples=[EXAMPLE])
    ] = None,
    conversation_id: Annotated[
        str | None,
        Query(pattern=ID, description="Only those linked to it.", examples=[EXAMPLE]),
    ] = None,
    overdue: Annotated[
        bool, Query(description="Only those whose due time has passed.", examples=[True])
    ] = False,
    limit: Limit = 50,
    before: Before = None,
) -> TicketPage:
    """Tickets of all times, the newest first, page by page; merged ones are left out.

    The header `Link` (RFC 8288) holds the next page.
    """
    link = None
    if conversation_id is not None:
        link = TicketLink(LinkKind.CONVERSATION, conversation_id)
    found = await desk_of(ports).find(
        customer_id=customer_id,
        owner_id=owner_id,
        queue_id=queue_id,
        states=state or (),
        overdue=overdue,
        link=link,
        limit=limit + 1,
        before=before,
    )
    page = TicketPage.of(found, limit)
    if page.next_before is not None:
        url = request.url.include_query_params(before=page.next_before)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return page


@router.post(
    "/api/v1/tickets",
    status_code=201,
    summary="Open a ticket",
    response_description="The ticket, which has a number now.",
    responses=api_problems("not-known", "unavailable"),
)
async def open_ticket(ports: Ports, told: TicketIn) -> TicketOut:
    """Open a ticket by hand; with a `key` that was sent before, the ticket of that time comes back.

    404 names the queue, the agent or the linked thing that there is not.
    """
    return TicketOut.of(await desk_of(ports).open(told.wish()))


@router.get(
    "/api/v1/tickets/{ticket}",
    summary="Get a ticket",
    response_description="The ticket as it stands.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_ticket(ports: Ports, ticket: TicketPath) -> TicketOut:
    """One ticket, by its id or by the number that people call it by; a merged one too."""
    return TicketOut.of(await desk_of(ports).get(ticket))


@router.patch(
    "/api/v1/tickets/{ticket}",
    summary="Change a ticket",
    response_description="The ticket as it stands now.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def change_ticket(ports: Ports, ticket: TicketPath, told: TicketChange) -> TicketOut:
    """Give it to an agent, or set its priority, from which its due time follows.

    Each is a change of its own: if the second is refused, the first holds.
    """
    desk = desk_of(ports)
    if "owner_id" in told.model_fields_set:
        await desk.assign(ticket, told.owner_id, told.by)
    if told.priority is not None:
        await desk.set_priority(ticket, told.priority, told.by)
    return TicketOut.of(await desk.get(ticket))


@router.post(
    "/api/v1/tickets/{ticket}/steps",
    summary="Move a ticket on",
    response_description="The ticket as it stands now.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def step_ticket(ports: Ports, ticket: TicketPath, told: StepIn) -> TicketOut:
    """Take it up, ask the customer, solve, reopen or close it; 409 for a step that there is not.

    An agent who takes up a ticket that nobody has becomes its owner.
    """
    return TicketOut.of(await desk_of(ports).step(ticket, told.trigger, told.by))


@router.post(
    "/api/v1/tickets/{ticket}/notes",
    status_code=204,
    summary="Note something about a ticket",
    response_description="It stands in the trail.",
    responses=api_problems("not-known", "unavailable"),
)
async def note_ticket(ports: Ports, ticket: TicketPath, told: NoteIn) -> None:
    """Add a note among agents, which never goes to the customer and is never taken out."""
    await desk_of(ports).note(ticket, told.text, told.by)


@router.post(
    "/api/v1/tickets/{ticket}/links",
    summary="Link something to a ticket",
    response_description="The ticket as it stands now.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def link_ticket(ports: Ports, ticket: TicketPath, told: LinkIn) -> TicketOut:
    """Add a contact, conversation, message or ticket; harmless when it is linked already.

    A ticket of nobody becomes that of the customer whose the linked thing is.
    """
    return TicketOut.of(await desk_of(ports).link(ticket, told.link(), told.by))


@router.post(
    "/api/v1/tickets/{ticket}/merge",
    summary="Merge a ticket into another",
    response_description="The ticket that is left.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def merge_ticket(ports: Ports, ticket: TicketPath, told: MergeIn) -> TicketOut:
    """Let another ticket hold its matter: the links move, this one is closed for good.

    The higher priority and the earlier due time count. 409: they are the same, one is merged
    already, or the other is closed.
    """
    return TicketOut.of(await desk_of(ports).merge(ticket, told.into, told.by))


@router.get(
    "/api/v1/tickets/{ticket}/trail",
    summary="Get a ticket's trail",
    response_description="Every change, in order.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_trail(ports: Ports, ticket: TicketPath) -> TrailOut:
    """Who has changed what, and when, with the notes; nothing of it is ever taken out."""
    entries = await desk_of(ports).trail(ticket)
    return TrailOut(entries=[TrailEntryOut.of(entry) for entry in entries])


@router.get(
    "/api/v1/customers/{number}/tickets",
    summary="List a customer's tickets",
    response_description="A page of tickets, the newest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_customer_tickets(
    ports: Ports, number: NumberPath, *, limit: Limit = 50, before: Before = None
) -> TicketPage:
    """Tickets of one customer and of whoever is part of him, by your number or by our id."""
    view = await directory_of(ports).by_number(number)
    if view is not None:
        customer_id = view.customer.customer_id
    elif re.fullmatch(ID, number):
        customer_id = number
    else:
        raise ProblemFound("not-known", "no customer has this number")
    found = await desk_of(ports).find(customer_id=customer_id, limit=limit + 1, before=before)
    return TicketPage.of(found, limit)


@router.get(
    "/api/v1/contacts/{contact_id}/tickets",
    summary="List a contact's tickets",
    response_description="The tickets that are linked to it, the newest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_contact_tickets(
    ports: Ports, contact_id: ContactPath, *, limit: Limit = 50, before: Before = None
) -> TicketPage:
    """Tickets of one contact, for the screen of the agent who serves it; empty: there are none."""
    link = TicketLink(LinkKind.CONTACT, contact_id)
    found = await desk_of(ports).find(link=link, limit=limit + 1, before=before)
    return TicketPage.of(found, limit)
