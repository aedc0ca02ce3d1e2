"""Outreach over HTTP: a template is sent to a customer, and what he was sent is listed."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import Answer
from channels.http.problem import ProblemFound
from domain.contact import Channel
from domain.errors import OutreachMistake
from domain.outreach import (
    KEY_CHARACTERS_MAX,
    OutreachDesk,
    OutreachRecord,
    OutreachWish,
    Refused,
)

ID = "0192f0c1a6b87d3e9c41d2a35b6e7f80"

router = APIRouter(tags=["outreach"], dependencies=[BEARER])

CustomerPath = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{32}$",
        description="The customer, by our id of him.",
        examples=[ID],
    ),
]


class OutreachIn(BaseModel):
    """Whom to write what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "key": "order-4711-late",
                    "template_id": "parcel-late",
                    "customer_id": ID,
                    "variables": {"order": "4711"},
                }
            ]
        },
    )

    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=KEY_CHARACTERS_MAX,
            description="Your name of it; sent again under the same key, it goes out once.",
            examples=["order-4711-late"],
        ),
    ]
    template_id: Annotated[
        str,
        Field(
            max_length=63,
            description="The template, by its id in the configuration.",
            examples=["parcel-late"],
        ),
    ]
    customer_id: Annotated[
        str,
        Field(
            pattern=r"^[0-9a-f]{32}$",
            description="The customer, by our id of him.",
            examples=[ID],
        ),
    ]
    variables: Annotated[
        dict[Annotated[str, Field(max_length=63)], str],
        Field(
            max_length=50,
            description="A value for each variable of the template.",
            examples=[{"order": "4711"}],
        ),
    ] = {}
    channel: Annotated[
        Channel | None,
        Field(description="Only there; null: where the customer prefers.", examples=["mail"]),
    ] = None


class OutreachOut(Answer):
    """What became of it."""

    outreach_id: str = Field(description="Its id.", examples=[ID])
    template_id: str = Field(description="The template.", examples=["parcel-late"])
    customer_id: str = Field(description="The customer.", examples=[ID])
    at: datetime = Field(description="When, UTC.", examples=["2027-03-01T09:15:02Z"])
    channel: Channel | None = Field(
        description="Where it was sent; null: nowhere.", examples=["mail"]
    )
    message_id: str | None = Field(description="The message; null: none.", examples=[ID])
    refused: Refused | None = Field(
        description="Why it was not sent: `no_consent`, `not_wished` or `no_address`; null: it "
        "was.",
        examples=["no_consent"],
    )

    @classmethod
    def of(cls, record: OutreachRecord) -> Self:
        """Return the answer for one record."""
        return cls(**{name: getattr(record, name) for name in cls.model_fields})


class OutreachList(Answer):
    """What a customer was written."""

    outreach: list[OutreachOut] = Field(description="The newest first.")


@router.post(
    "/api/v1/outreach",
    summary="Write to a customer",
    response_description="It was sent, or why not.",
    responses=api_problems("not-known", "unavailable"),
)
async def send(ports: Ports, wanted: OutreachIn) -> OutreachOut:
    """Send a template to a customer, by the channel that he prefers and allows.

    Offers go only to who has agreed to them. The answer tells why nothing was sent; asked again
    under the same key it is the same, so that a program may repeat what it had no answer to.
    """
    try:
        record = await _desk(ports).send(OutreachWish(**dict(wanted)))
    except OutreachMistake as mistake:
        raise ProblemFound("unprocessable", str(mistake)) from None
    return OutreachOut.of(record)


@router.get(
    "/api/v1/customers/{customer_id}/outreach",
    summary="List what a customer was written",
    response_description="The newest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_outreach(
    ports: Ports,
    customer_id: CustomerPath,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many.", examples=[50])] = 50,
) -> OutreachList:
    """What this customer was written of our own accord, and what was refused."""
    records = await _desk(ports).of_customer(customer_id, limit=limit)
    return OutreachList(outreach=[OutreachOut.of(one) for one in records])


def _desk(ports: Ports) -> OutreachDesk:
    if ports.outreach is None:
        raise ProblemFound("unavailable", "no part of this node writes to customers")
    return ports.outreach
