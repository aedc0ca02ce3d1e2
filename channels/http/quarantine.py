"""Quarantine over HTTP: mails that were laid aside unread, released or dropped by an operator."""

from datetime import datetime
from typing import Annotated, Final, Self

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import Field

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.contacts import CallerShown
from channels.http.models import Answer, mask
from channels.http.problem import ProblemFound
from domain.quarantine import QuarantineDesk, QuarantinedMail

PAGE_MAX: Final = 200
"""Mails of one answer."""
EXAMPLE: Final = "5f1c0a3be8d94b7c9a0d2e64f7b81c35"

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["mail"], dependencies=[BEARER])

MailPath = Annotated[
    str,
    Path(pattern=r"^[0-9a-f]{32}$", description="32 hexadecimal digits.", examples=[EXAMPLE]),
]
Shown = Annotated[
    CallerShown, Query(description="Whether addresses are masked.", examples=["full"])
]


class QuarantinedOut(Answer):
    """A mail in quarantine; nothing that it says."""

    quarantine_id: str = Field(description="Its id.", examples=[EXAMPLE])
    received_at: datetime = Field(
        description="When it came, UTC.", examples=["2027-03-01T09:15:02Z"]
    )
    reason: str = Field(
        description="The rule that stopped it, and the limit.",
        examples=["parts: 90000 parts are over the limit of 500"],
    )
    bytes: int = Field(description="Its size.", examples=[1204511])
    content_hash: str = Field(
        description="SHA-256: the name of its file in `data_folder/quarantine`.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    sender: str = Field(
        description='Of the envelope, masked; "" when unknown.', examples=["ana…ez"]
    )
    recipients: list[str] = Field(
        description="Our mailboxes that it was for.", examples=[["service@example.org"]]
    )
    verdict: str | None = Field(
        description="`released`; null: nobody has looked at it.", examples=["released"]
    )

    @classmethod
    def of(cls, mail: QuarantinedMail, *, in_full: bool = False) -> Self:
        """Return the answer for one mail."""
        return cls(
            quarantine_id=mail.quarantine_id,
            received_at=mail.received_at,
            reason=mail.reason,
            bytes=mail.bytes,
            content_hash=mail.content_hash,
            sender=mail.sender if in_full else mask(mail.sender),
            recipients=list(mail.recipients),
            verdict=mail.verdict,
        )


class QuarantineOut(Answer):
    """Mails in quarantine."""

    mails: list[QuarantinedOut] = Field(description="The oldest first.")


def _desk_of(ports: ApiPorts) -> QuarantineDesk:
    if ports.quarantine is None:
        raise ProblemFound("unavailable", "no part of this node takes mail")
    return ports.quarantine


@router.get(
    "/api/v1/mail/quarantine",
    summary="List mails in quarantine",
    response_description="Those that nobody has judged, the oldest first.",
    responses=api_problems("unavailable"),
)
async def list_quarantine(
    ports: Ports,
    limit: Annotated[
        int, Query(ge=1, le=PAGE_MAX, description="At most so many.", examples=[50])
    ] = 50,
) -> QuarantineOut:
    """Mails that were laid aside unread and wait for an operator; the sender is masked."""
    found = await _desk_of(ports).waiting(limit)
    return QuarantineOut(mails=[QuarantinedOut.of(one) for one in found])


@router.get(
    "/api/v1/mail/quarantine/{quarantine_id}",
    summary="Get a mail in quarantine",
    response_description="What is known of it.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_quarantined(
    ports: Ports, quarantine_id: MailPath, caller: Shown = CallerShown.MASKED
) -> QuarantinedOut:
    """Why, when and for whom it came, and how large it is; its content is not handed out."""
    in_full = caller is CallerShown.FULL
    mail = await _desk_of(ports).get(quarantine_id)
    if in_full:
        _log.info("customer address shown over HTTP", quarantine_id=quarantine_id)
    return QuarantinedOut.of(mail, in_full=in_full)


@router.post(
    "/api/v1/mail/quarantine/{quarantine_id}/release",
    summary="Release a mail",
    response_description="The mail, which is a message of a conversation now.",
    responses=api_problems("not-known", "conflict", "limit", "unavailable"),
)
async def release_quarantined(ports: Ports, quarantine_id: MailPath) -> QuarantinedOut:
    """Read a mail again under the limits of today, and take it in.

    A mail whose field From names nobody counts as from the sender of its envelope. 409: it is
    stopped again by the rule that `detail` names, or was released before; it stays where it is.
    """
    return QuarantinedOut.of(await _desk_of(ports).release(quarantine_id))


@router.delete(
    "/api/v1/mail/quarantine/{quarantine_id}",
    status_code=204,
    summary="Drop a mail",
    response_description="It is deleted.",
    responses=api_problems("not-known", "unavailable"),
)
async def drop_quarantined(ports: Ports, quarantine_id: MailPath) -> None:
    """Delete a mail and its file for good."""
    await _desk_of(ports).drop(quarantine_id)
