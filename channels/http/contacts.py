"""Contacts over HTTP: the record of who called, who served and what was heard."""

from enum import StrEnum
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query, Request, Response

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import ContactDetail, ContactOut, ContactPage
from domain.errors import NotKnown

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["contacts"], dependencies=[BEARER])

CONTACT_ID = r"^[0-9a-f]{32}$"
PAGE_CONTACTS_MAX = 200
"""A page of 200 contacts with their interactions is about 300 kB of JSON."""


class CallerShown(StrEnum):
    """How much of the customer's address is shown."""

    MASKED = "masked"
    FULL = "full"


ContactPath = Annotated[
    str,
    Path(
        pattern=CONTACT_ID,
        description="32 hexadecimal digits.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    ),
]


@router.get(
    "/api/v1/contacts",
    summary="List contacts",
    response_description="A page of contacts, the newest first.",
    responses=api_problems("unavailable"),
)
async def list_contacts(
    request: Request,
    response: Response,
    ports: Ports,
    *,
    limit: Annotated[
        int,
        Query(ge=1, le=PAGE_CONTACTS_MAX, description="Contacts on a page.", examples=[50]),
    ] = 50,
    before: Annotated[
        str | None,
        Query(
            pattern=CONTACT_ID,
            description="Only contacts that arrived before this one: `next_before` of the "
            "page before.",
            examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
        ),
    ] = None,
    queue_id: Annotated[
        str | None,
        Query(max_length=63, description="Only contacts of this queue.", examples=["support"]),
    ] = None,
) -> ContactPage:
    """Contacts of all times, running ones too, the newest first, page by page.

    Paging goes by contact and not by number of page, so that no contact is left out or
    comes twice while others arrive. The header `Link` (RFC 8288) holds the next page.
    """
    # One more than asked for tells whether there is a next page.
    records = await ports.contacts.recent(limit=limit + 1, before=before, queue_id=queue_id)
    page = list(records[:limit])
    next_before = page[-1].contact.contact_id if len(records) > limit else None
    if next_before is not None:
        url = request.url.include_query_params(before=next_before)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return ContactPage(contacts=[ContactOut.of(record) for record in page], next_before=next_before)


@router.get(
    "/api/v1/contacts/{contact_id}",
    summary="Get a contact",
    response_description="The contact with its interactions and speech.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_contact(
    ports: Ports,
    contact_id: ContactPath,
    caller: Annotated[
        CallerShown,
        Query(
            description="`full` shows the customer's address; that it was shown is logged.",
            examples=["masked"],
        ),
    ] = CallerShown.MASKED,
) -> ContactDetail:
    """One contact with each agent's part in it and what was heard: segments, pauses, turns."""
    record = await ports.contacts.get(contact_id)
    if record is None:
        raise NotKnown("contact", contact_id)
    spans = list(await ports.contacts.speech(contact_id))
    in_full = caller is CallerShown.FULL
    if in_full:
        _log.info("customer address shown in full over HTTP", contact_id=contact_id)
    return ContactDetail.with_speech(record, spans, caller_in_full=in_full)
