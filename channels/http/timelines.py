"""What was between a customer and us, over HTTP: his timeline, his data, words found in it."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from channels.http.access import BEARER, Ports, api_problems
from channels.http.customers import NumberPath, find_customer
from channels.http.problem import ProblemFound
from channels.http.timeline_models import FoundOut, SearchOut, TimelineOut
from domain.customer import NUMBER_CHARACTERS_MAX
from domain.timeline import PAGE_MAX

EXPORT_MEDIA_TYPE: Final = "application/jsonl"
FOUND_MAX: Final = 100
WORDS_CHARACTERS_MAX: Final = 200

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["customers"], dependencies=[BEARER])


@router.get(
    "/api/v1/customers/{number}/timeline",
    summary="Get a customer's timeline",
    response_description="A page, the newest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_timeline(
    request: Request,
    response: Response,
    ports: Ports,
    number: NumberPath,
    *,
    limit: Annotated[
        int, Query(ge=1, le=PAGE_MAX, description="Entries on a page.", examples=[50])
    ] = 50,
    before: Annotated[
        str | None,
        Query(
            max_length=200,
            description="`next_before` of the page before.",
            examples=["2027-03-01T09:14:40.000000Z.0192f0c1a6b87d3e9c41d2a35b6e7f80"],
        ),
    ] = None,
) -> TimelineOut:
    """Everything between a customer and you, over all channels, with what his parts have.

    Calls and contacts in writing, messages with their words and files, tickets, offers, and when
    he was recognised or merged. The header `Link` (RFC 8288) holds the next page.
    """
    if ports.timelines is None:
        raise ProblemFound("unavailable", "no part of this node keeps timelines")
    customer_id = (await find_customer(ports, number)).customer.customer_id
    page = await ports.timelines.timeline(customer_id, limit=limit, before=before)
    if page.before is not None:
        url = request.url.include_query_params(before=page.before)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return TimelineOut.of(page)


@router.get(
    "/api/v1/customers/{number}/export",
    summary="Export a customer's data",
    response_description="Everything that is known of him, one JSON object a line.",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                EXPORT_MEDIA_TYPE: {
                    "schema": {"type": "string"},
                    "example": '{"kind":"customer","number":"C-1042","name":"Ana Müller"}\n',
                }
            }
        },
        **api_problems("not-known", "unavailable"),
    },
)
async def export_customer(ports: Ports, number: NumberPath) -> StreamingResponse:
    """Everything that is stored of a customer and of his parts (GDPR articles 15 and 20).

    Each line has a `kind`, and the last line is of kind `end`: without it the answer was cut
    short. Contents of files are not among it; their descriptions say where to get them. That it
    was asked for is logged.
    """
    if ports.exporter is None:
        raise ProblemFound("unavailable", "no part of this node exports customers")
    customer_id = (await find_customer(ports, number)).customer.customer_id
    pieces = ports.exporter.export(customer_id)
    # What fails at once is answered as a problem; later the answer has begun.
    first = await anext(pieces, None)
    _log.info("customer exported over HTTP", customer_id=customer_id)
    return StreamingResponse(_lines(first, pieces), media_type=EXPORT_MEDIA_TYPE)


@router.get(
    "/api/v1/search",
    summary="Search in messages",
    response_description="Messages with all the words, the newest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def search(
    ports: Ports,
    *,
    words: Annotated[
        str,
        Query(
            min_length=1,
            max_length=WORDS_CHARACTERS_MAX,
            description="All of them must be there; Chinese is found by its characters.",
            examples=["invoice wrong"],
        ),
    ],
    customer: Annotated[
        str | None,
        Query(
            max_length=NUMBER_CHARACTERS_MAX,
            description="Only of this customer and his parts: your number, or our id.",
            examples=["C-1042"],
        ),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=FOUND_MAX, description="Messages on a page.", examples=[50])
    ] = 50,
    before: Annotated[
        str | None,
        Query(
            pattern=r"^[0-9a-f]{32}$",
            description="`next_before` of the page before.",
            examples=["0192f0c1a6b87d3e9c41d2a35b6e7f81"],
        ),
    ] = None,
) -> SearchOut:
    """Messages of all channels in which words stand: text, subjects and names of files."""
    if ports.messages is None:
        raise ProblemFound("unavailable", "no part of this node keeps messages")
    whose: tuple[str, ...] = ()
    if customer is not None:
        view = await find_customer(ports, customer)
        whose = (view.customer.customer_id, *view.members)
    found = await ports.messages.search(words, customer_ids=whose, limit=limit, before=before)
    return SearchOut(
        messages=[FoundOut.of(one) for one in found],
        next_before=found[-1].message_id if len(found) == limit else None,
    )


async def _lines(
    first: Mapping[str, Any] | None, rest: AsyncIterator[Mapping[str, Any]]
) -> AsyncIterator[bytes]:
    if first is not None:
        yield _line(first)
    async for piece in rest:
        yield _line(piece)
    yield _line({"kind": "end"})


def _line(piece: Mapping[str, Any]) -> bytes:
    text = json.dumps(piece, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode() + b"\n"
