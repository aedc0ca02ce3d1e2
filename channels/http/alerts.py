"""Alerts over HTTP: which are open, and how one is taken up."""

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path, Query

from channels.http.access import BEARER, Ports, api_problems, care_of
from channels.http.care_models import Acknowledgement, AlertList, AlertOut
from domain.alert import AlertState

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["alerts"], dependencies=[BEARER])

AlertPath = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{32}$",
        description="32 hexadecimal digits.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    ),
]
OpenState = Literal[AlertState.RISEN, AlertState.ACKNOWLEDGED]


@router.get(
    "/api/v1/alerts",
    summary="List the open alerts",
    response_description="Every alert that is not cleared.",
    responses=api_problems("unavailable"),
)
async def list_alerts(
    ports: Ports,
    queue_id: Annotated[
        str | None,
        Query(max_length=63, description="Only alerts of this queue.", examples=["support"]),
    ] = None,
    state: Annotated[
        OpenState | None,
        Query(description="Only alerts in this state.", examples=["risen"]),
    ] = None,
) -> AlertList:
    """Every alert that is not cleared, the oldest first.

    Follow the events AlertRaised, AlertAcknowledged and AlertCleared to learn what comes; those
    that are over stand in the stored events alone.
    """
    return AlertList(
        alerts=[
            AlertOut.of(view)
            for view in care_of(ports).alerts()
            if (queue_id is None or view.queue_id == queue_id)
            and (state is None or view.state is state)
        ]
    )


@router.post(
    "/api/v1/alerts/{alert_id}/acknowledge",
    summary="Take up an alert",
    response_description="The alert as it stands now.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def acknowledge_alert(
    ports: Ports, alert_id: AlertPath, acknowledgement: Acknowledgement
) -> AlertOut:
    """Say that somebody looks after the customer, so that others need not.

    The alert stays open while its level lasts, unless its rule clears on acknowledgement. One
    that was taken up already is answered with 409, one that is over with 404.
    """
    view = care_of(ports).acknowledge(alert_id, acknowledgement.by)
    _log.info(
        "alert acknowledged over HTTP",
        alert_id=alert_id,
        contact_id=view.contact_id,
        by=acknowledgement.by,
    )
    return AlertOut.of(view)
