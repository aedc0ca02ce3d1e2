"""Queues over HTTP: how each stands, and who waits in it."""

from typing import Annotated

from fastapi import APIRouter, Path

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import QueueList, QueueOut, WaitingList, WaitingOut
from domain.errors import NotKnown

router = APIRouter(tags=["queues"], dependencies=[BEARER])

QueuePath = Annotated[
    str,
    Path(min_length=1, max_length=63, description="From the configuration.", examples=["support"]),
]


@router.get(
    "/api/v1/queues",
    summary="List the queues",
    response_description="Every queue as it stands.",
    responses=api_problems(),
)
async def list_queues(ports: Ports) -> QueueList:
    """Every queue of the configuration as it stands at this moment, in order of queue_id."""
    views = sorted(ports.agents.queues(), key=lambda view: view.queue_id)
    return QueueList(queues=[QueueOut.of(view) for view in views])


@router.get(
    "/api/v1/queues/{queue_id}",
    summary="Get a queue",
    response_description="The queue as it stands.",
    responses=api_problems("not-known"),
)
async def get_queue(ports: Ports, queue_id: QueuePath) -> QueueOut:
    """One queue as it stands at this moment."""
    for view in ports.agents.queues():
        if view.queue_id == queue_id:
            return QueueOut.of(view)
    raise NotKnown("queue", queue_id)


@router.get(
    "/api/v1/queues/{queue_id}/waiting",
    summary="List who waits in a queue",
    response_description="The waiting contacts, the next first.",
    responses=api_problems("not-known"),
)
async def list_waiting(ports: Ports, queue_id: QueuePath) -> WaitingList:
    """The contacts that wait or for which a telephone rings, with their positions."""
    views = ports.waiting.waiting(queue_id)
    called_back = {view.contact_id for view in ports.calls.callbacks()}
    return WaitingList(
        queue_id=queue_id,
        waiting=[WaitingOut.of(view, callback=view.contact_id in called_back) for view in views],
    )
