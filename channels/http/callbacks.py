"""Callbacks over HTTP: who waits to be called back, and how one is cancelled."""

from datetime import datetime
from typing import Annotated, Literal, Self

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.contacts import ContactPath
from channels.http.models import Answer, ContactId, QueueId
from domain.ports import CallbackView

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["callbacks"], dependencies=[BEARER])


class CallbackWish(BaseModel):
    """What shall become of a callback."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"cancel": True}]})

    cancel: Annotated[
        Literal[True],
        Field(description="True: the customer is not called back.", examples=[True]),
    ]


class CallbackOut(Answer):
    """A customer who waits to be called back."""

    contact_id: ContactId
    queue_id: QueueId
    requested_at: datetime = Field(
        description="When he asked for it, UTC.", examples=["2027-03-01T09:15:02Z"]
    )
    expires_at: datetime = Field(
        description="When the contact is closed if he was not called by then, UTC.",
        examples=["2027-03-01T13:15:02Z"],
    )
    waited_s: float = Field(description="Seconds since he joined the queue.", examples=[312.5])
    attempts: int = Field(description="Calls to him that came to nothing.", examples=[1])
    in_call: bool = Field(
        description="He is still on the line, or an agent or he himself is being called.",
        examples=[False],
    )
    retry_at: datetime | None = Field(
        description="When he joins the line again after a call that was not answered, UTC; null: "
        "he waits in it.",
        examples=["2027-03-01T09:25:02Z"],
    )

    @classmethod
    def of(cls, view: CallbackView) -> Self:
        """Return the answer for one callback."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class CallbackList(Answer):
    """Who waits to be called back, the oldest contact first."""

    callbacks: list[CallbackOut] = Field(description="The oldest contact first.")


@router.get(
    "/api/v1/callbacks",
    summary="List the callbacks",
    response_description="Everybody who waits to be called back.",
    responses=api_problems(),
)
async def list_callbacks(
    ports: Ports,
    queue_id: Annotated[
        str | None,
        Query(max_length=63, description="Only callbacks of this queue.", examples=["support"]),
    ] = None,
) -> CallbackList:
    """Everybody who waits to be called back at this moment, the oldest contact first.

    Who pauses after a call that was not answered stands here and not among those who wait in the
    queue.
    """
    return CallbackList(
        callbacks=[
            CallbackOut.of(view)
            for view in ports.calls.callbacks()
            if queue_id is None or view.queue_id == queue_id
        ]
    )


@router.post(
    "/api/v1/contacts/{contact_id}/callback",
    status_code=204,
    summary="Cancel a callback",
    response_description="The customer is not called back.",
    responses=api_problems("not-known"),
)
async def cancel_callback(ports: Ports, contact_id: ContactPath, wanted: CallbackWish) -> None:
    """Close a contact that waits for its callback.

    If a telephone rings for it that stops, and the agent is free. The event ContactClosed tells
    when it is done, with the disposition `callback_cancelled`. 404: the contact waits for no
    callback, or its customer has been reached; then end the call instead.
    """
    ports.calls.cancel_callback(contact_id)
    _log.info("callback cancelled over HTTP", contact_id=contact_id)
