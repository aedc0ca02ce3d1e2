"""Webhooks over HTTP: what receivers were not told of, and how it is sent again."""

from datetime import datetime
from typing import Annotated, Final, Self

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import Answer
from channels.http.problem import ProblemFound
from domain.webhook_ports import DeadLetter, WebhookDesk

LETTERS_MAX: Final = 200
"""Letters of one answer."""

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["webhooks"], dependencies=[BEARER])

HookPath = Annotated[
    str,
    Path(
        max_length=63,
        description="The webhook, by its id in the configuration.",
        examples=["desk"],
    ),
]
LetterPath = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{32}$",
        description="The letter, 32 hexadecimal digits.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    ),
]


class DeadLetterOut(Answer):
    """An event that a receiver was not told of."""

    letter_id: str = Field(description="The letter.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"])
    sequence: int = Field(
        description="Of the event: read it from `/api/v1/events` after the number before it.",
        examples=[1212],
    )
    contact_id: str | None = Field(
        description="The contact, conversation, ticket or agent that it is about.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )
    given_up_at: datetime = Field(
        description="When it was given up, UTC.", examples=["2027-03-01T09:25:02Z"]
    )
    attempts: int = Field(
        description="How often it was sent in vain; 0: there was no room for it.", examples=[10]
    )
    error: str = Field(description="What came of the last attempt.", examples=["answered 500"])

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        """Return the answer for one letter."""
        return cls(**{name: getattr(letter, name) for name in cls.model_fields})


class DeadLetterList(Answer):
    """What a receiver was not told of."""

    letters: list[DeadLetterOut] = Field(description="The newest event first.")


@router.get(
    "/api/v1/webhooks/{webhook_id}/dead-letters",
    summary="List the dead letters of a webhook",
    response_description="What its receiver was not told of.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_dead_letters(
    ports: Ports,
    webhook_id: HookPath,
    limit: Annotated[
        int, Query(ge=1, le=LETTERS_MAX, description="At most so many.", examples=[50])
    ] = 50,
    before: Annotated[
        int | None,
        Query(ge=1, description="Only events before this sequence number.", examples=[1212]),
    ] = None,
) -> DeadLetterList:
    """Events that were given up after all attempts, or for which there was no room."""
    letters = await _desk(ports).dead_letters(webhook_id, limit=limit, before=before)
    return DeadLetterList(letters=[DeadLetterOut.of(letter) for letter in letters])


@router.post(
    "/api/v1/dead-letters/{letter_id}/send",
    status_code=204,
    summary="Send a dead letter again",
    response_description="It is sent again as any message is.",
    responses=api_problems("not-known", "events-gone", "limit", "unavailable"),
)
async def send_dead_letter(ports: Ports, letter_id: LetterPath) -> None:
    """Try an event again, with the same id as before.

    When the receiver takes it the letter is gone; when not, it stands there anew.
    """
    await _desk(ports).send_again(letter_id)
    _log.info("dead letter sent again over HTTP", letter_id=letter_id)


@router.delete(
    "/api/v1/dead-letters/{letter_id}",
    status_code=204,
    summary="Drop a dead letter",
    response_description="It is gone.",
    responses=api_problems("not-known", "unavailable"),
)
async def drop_dead_letter(ports: Ports, letter_id: LetterPath) -> None:
    """Forget that a receiver was not told of an event."""
    await _desk(ports).drop(letter_id)
    _log.info("dead letter dropped over HTTP", letter_id=letter_id)


def _desk(ports: Ports) -> WebhookDesk:
    if ports.webhooks is None:
        raise ProblemFound("unavailable", "no part of this node sends webhooks")
    return ports.webhooks
