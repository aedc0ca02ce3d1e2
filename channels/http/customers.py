"""Customers over HTTP: entered, shown, forgotten; whose contact it is; how it came out."""

import asyncio
import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Path, Query, Request

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.contacts import CallerShown, ContactPath
from channels.http.customer_models import CustomerIn, CustomerOut, ImportOut, OutcomeIn
from channels.http.problem import ProblemFound
from domain.customer import NUMBER_CHARACTERS_MAX, CustomerChange
from domain.customer_form import read_change
from domain.customer_ports import ContactOutcome, CustomerDirectory, CustomerView, PutCounts
from domain.customer_table import Row, TableMistake, lines_of, read_csv, read_json_lines
from domain.disclosure_rules import Part, shown_to_agent
from domain.errors import CustomerMistake, NotKnown
from domain.proof import Proof

IMPORT_PATH: Final = "/api/v1/customers/import"
BATCH_ROWS: Final = 50
"""Rows of one write: some 5 ms of the event loop, which carries calls meanwhile."""
MISTAKES_MAX: Final = 100
"""Named in one answer; whoever has more begins with these."""
CHUNK_BYTES: Final = 65_536

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["customers"], dependencies=[BEARER])

NumberPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=NUMBER_CHARACTERS_MAX,
        description="Your customer number; to read, our id too.",
        examples=["C-1042"],
    ),
]
CUSTOMER_ID: Final = re.compile(r"[0-9a-f]{32}")
Shown = Annotated[
    CallerShown,
    Query(
        description="`full` shows the customer's addresses; that they were shown is logged.",
        examples=["masked"],
    ),
]


def directory_of(ports: ApiPorts) -> CustomerDirectory:
    """Return where customers are kept.

    Raises:
        ProblemFound: Nowhere on this node.
    """
    if ports.customers is None:
        raise ProblemFound("unavailable", "no part of this node knows customers")
    return ports.customers


async def find_customer(ports: ApiPorts, name: str) -> CustomerView:
    """Return the customer with your number, else with our id.

    Raises:
        ProblemFound: There is none; it is not named, for the name would stand in logs of the
            client's side.
    """
    directory = directory_of(ports)
    view = await directory.by_number(name)
    if view is None and CUSTOMER_ID.fullmatch(name):
        view = await directory.by_id(name)
    if view is None:
        raise ProblemFound("not-known", "no customer has this number")
    return view


@router.get(
    "/api/v1/customers/{number}",
    summary="Get a customer",
    response_description="What was entered, and what follows from his contacts.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_customer(
    ports: Ports, number: NumberPath, identifiers: Shown = CallerShown.MASKED
) -> CustomerOut:
    """One customer by your number or our id: record, profile of this moment, last contacts.

    Of merged customers profile and contacts are those of all; who is left of them shows what all
    of them have, and who is part of another is shown as he was entered.
    """
    view = await find_customer(ports, number)
    in_full = identifiers is CallerShown.FULL
    if in_full:
        _log.info("customer shown in full over HTTP", customer_id=view.customer.customer_id)
    return CustomerOut.of(view, in_full=in_full)


@router.put(
    "/api/v1/customers/{number}",
    summary="Enter or change a customer",
    response_description="The customer as he now is.",
    responses=api_problems("not-known", "unavailable"),
)
async def put_customer(ports: Ports, number: NumberPath, told: CustomerIn) -> CustomerOut:
    """Enter a customer under your number, or change him.

    A field that is left out stays as it is, null sets it back. A caller whom nobody had entered
    and who came under one of these addresses becomes this customer, with his contacts. With
    `profiling` false everything that was learnt of him is deleted.
    """
    fields = told.model_dump(mode="json", exclude_unset=True)
    try:
        change = read_change({**fields, "number": number})
    except CustomerMistake as mistake:
        # The value is left out: it is personal data, and the client knows it.
        what = f"allowed: {mistake.allowed}"
        where = f"body.{mistake.field}"
        raise ProblemFound(
            "unprocessable",
            f"{where}: {what}",
            more={"errors": [{"where": where, "what": what}]},
        ) from None
    directory = directory_of(ports)
    await directory.put([change])
    view = await directory.by_number(change.number)
    if view is None:
        raise ProblemFound("not-known", "the customer was forgotten at the same moment")
    return CustomerOut.of(view, in_full=False)


@router.delete(
    "/api/v1/customers/{number}",
    status_code=204,
    summary="Forget a customer",
    response_description="He is forgotten.",
    responses=api_problems("not-known", "unavailable"),
)
async def forget_customer(ports: Ports, number: NumberPath) -> None:
    """Forget a customer: his record, addresses, summary, answers and outcomes.

    The records of his contacts stay, as those of a caller who is not known.
    """
    if not await directory_of(ports).forget(number):
        raise ProblemFound("not-known", "no customer has this number")
    _log.info("customer forgotten over HTTP")


@router.post(
    IMPORT_PATH,
    summary="Import customers",
    response_description="How many are new and how many were changed.",
    responses=api_problems("limit", "unavailable"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "number,name,phones,value\nC-1042,Ana Müller,+4930123456,4\n",
                },
                "application/jsonl": {
                    "schema": {"type": "string"},
                    "example": '{"number":"C-1042","phones":["+4930123456"],"value":4}\n',
                },
            },
        }
    },
)
async def import_customers(
    request: Request,
    ports: Ports,
    *,
    check: Annotated[
        bool, Query(description="Only look for mistakes, write nothing.", examples=[True])
    ] = False,
) -> ImportOut:
    """Enter or change many customers: CSV, or JSON lines with `application/jsonl`.

    docs/customers.md describes the columns. With one mistake nothing is written, and the answer
    names the first 100 with line, column and what is allowed; the body may have
    `http.import_bytes_max` bytes. Rows are written some at a time: were the node to stop in the
    middle, the same import is sent again.
    """
    directory = directory_of(ports)
    body = await request.body()
    kind = request.headers.get("content-type", "text/csv").partition(";")[0].strip().lower()
    as_json = kind in {"application/jsonl", "application/x-ndjson", "application/json"}
    rows = 0
    mistakes: list[TableMistake] = []
    for batch in _batches(body, as_json=as_json):
        rows += len(batch)
        mistakes += [what for _, what in batch if isinstance(what, TableMistake)]
        if len(mistakes) >= MISTAKES_MAX:
            break
        await asyncio.sleep(0)
    if mistakes:
        raise _refusal(mistakes[:MISTAKES_MAX])
    counts = PutCounts()
    if not check:
        for batch in _batches(body, as_json=as_json):
            changes = [what for _, what in batch if isinstance(what, CustomerChange)]
            counts += await directory.put(changes)
        _log.info("customers imported over HTTP", rows=rows)
    return ImportOut(rows=rows, created=counts.created, changed=counts.changed)


@router.get(
    "/api/v1/contacts/{contact_id}/customer",
    summary="Get a contact's customer",
    response_description="Whose contact it is, for the agent's screen.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_contact_customer(
    ports: Ports, contact_id: ContactPath, identifiers: Shown = CallerShown.MASKED
) -> CustomerOut:
    """Who the customer of a contact is, as it may be shown to the agent who serves him.

    404: nobody knows, because he hides his address, has never come before, or shares his address
    with another customer: a guess would show one person's data to another. `/candidates` then
    says who could be asked for.
    """
    view = await directory_of(ports).of_contact(contact_id)
    if view is None or Part.RECORD not in shown_to_agent(view.proof or Proof.NONE):
        raise NotKnown("customer of contact", contact_id)
    in_full = identifiers is CallerShown.FULL
    if in_full:
        _log.info("customer shown in full over HTTP", customer_id=view.customer.customer_id)
    return CustomerOut.of(view, in_full=in_full)


@router.post(
    "/api/v1/contacts/{contact_id}/outcome",
    status_code=204,
    summary="Say what became of a contact",
    response_description="It is stored, and learnt from.",
    responses=api_problems("not-known", "unavailable"),
)
async def report_outcome(ports: Ports, contact_id: ContactPath, told: OutcomeIn) -> None:
    """Say whether the matter is settled, how satisfied the customer is, what it was about.

    By the agent's desk or by a survey, while the contact runs or after it; the last word counts.
    The event OutcomeReported tells of it; the customer's summary and the router learn from it.
    """
    if ports.outcomes is None:
        raise ProblemFound("unavailable", "no part of this node knows customers")
    outcome = ContactOutcome(
        contact_id=contact_id,
        resolved=told.resolved,
        satisfied=told.satisfied,
        topic=told.topic,
    )
    await ports.outcomes.report(outcome)


def _batches(body: bytes, *, as_json: bool) -> Iterator[list[Row]]:
    # Cut, so that the text of the body is never there a second time as a whole.
    chunks = (body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES))
    lines = lines_of(chunks)
    rows = read_json_lines(lines) if as_json else read_csv(lines)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _refusal(mistakes: list[TableMistake]) -> ProblemFound:
    # Places and what is allowed, never the values: they are personal data.
    errors: list[dict[str, Any]] = [
        {
            "where": f"line {one.line}" + (f", column {one.column}" if one.column else ""),
            "what": f"allowed: {one.allowed}",
        }
        for one in mistakes
    ]
    detail = "; ".join(f"{error['where']}: {error['what']}" for error in errors[:3])
    return ProblemFound("unprocessable", detail, more={"errors": errors})
