"""Running calls over HTTP: their legs, and how to end one."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.contacts import ContactPath
from channels.http.models import CallList, CallOut
from domain.errors import NotKnown
from domain.skill import SkillRequirement

_log = structlog.get_logger(__name__)


class TransferWish(BaseModel):
    """To whom a customer is to be handed over."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"skill": "complaints", "proficiency_min": 3}]},
    )

    skill: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
            description="What the colleague must be able to do.",
            examples=["complaints"],
        ),
    ]
    proficiency_min: Annotated[
        int, Field(ge=1, le=5, description="And at least how well, 1 to 5.", examples=[3])
    ] = 1


router = APIRouter(tags=["calls"], dependencies=[BEARER])


@router.get(
    "/api/v1/calls",
    summary="List the running calls",
    response_description="Every running call.",
    responses=api_problems(),
)
async def list_calls(
    ports: Ports,
    queue_id: Annotated[
        str | None,
        Query(max_length=63, description="Only calls of this queue.", examples=["support"]),
    ] = None,
) -> CallList:
    """Every call that runs at this moment with its legs and their figures, the oldest first."""
    return CallList(
        calls=[
            CallOut.of(view)
            for view in ports.calls.calls()
            if queue_id is None or view.queue_id == queue_id
        ]
    )


@router.get(
    "/api/v1/calls/{contact_id}",
    summary="Get a running call",
    response_description="The call as it stands.",
    responses=api_problems("not-known"),
)
async def get_call(ports: Ports, contact_id: ContactPath) -> CallOut:
    """One running call. When it has ended, look for the contact instead."""
    for view in ports.calls.calls():
        if view.contact_id == contact_id:
            return CallOut.of(view)
    raise NotKnown("call", contact_id)


@router.post(
    "/api/v1/calls/{contact_id}/hangup",
    status_code=204,
    summary="End a running call",
    response_description="Every leg has been told to end.",
    responses=api_problems("not-known", "conflict"),
)
async def hang_up(ports: Ports, contact_id: ContactPath) -> None:
    """End a running call, whoever is in it.

    The event ContactClosed tells when it has ended. A call that has ended meanwhile is
    answered with 404, so asking twice does no harm.
    """
    await ports.calls.hang_up(contact_id)
    _log.info("call ended over HTTP", contact_id=contact_id)


@router.post(
    "/api/v1/calls/{contact_id}/transfer",
    status_code=204,
    summary="Hand a customer over",
    response_description="The customer waits for a colleague.",
    responses=api_problems("not-known", "conflict"),
)
async def transfer(ports: Ports, contact_id: ContactPath, wanted: TransferWish) -> None:
    """Hand the customer over from the agent he talks with to a colleague with a skill.

    He hears that he is connected to a colleague and waits at the place that his first wait gave
    him; the agent's wrap-up begins. ContactTransferred and ContactQueued tell of it,
    ContactConnected that somebody serves him. 409: nobody talks with him, or no other agent who
    is logged in has the skill and his language.
    """
    requirement = SkillRequirement(skill=wanted.skill, proficiency_min=wanted.proficiency_min)
    ports.calls.transfer(contact_id, requirement)
    _log.info("call transferred over HTTP", contact_id=contact_id, skill=wanted.skill)
