"""The configuration over HTTP: read the file again."""

import structlog
from fastapi import APIRouter

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import Reloaded

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["configuration"], dependencies=[BEARER])


@router.post(
    "/api/v1/configuration/reload",
    summary="Read the configuration file again",
    response_description="What is now in force.",
    responses=api_problems("configuration"),
)
async def reload_configuration(ports: Ports) -> Reloaded:
    """Put the agents, queues and trunks of the file as it now stands in force.

    Running calls are not touched. With a mistake in the file nothing changes, and `detail`
    names every mistake.
    """
    reloaded = await ports.reload()
    _log.info("configuration reloaded over HTTP")
    return Reloaded(agents=reloaded.agents, queues=reloaded.queues, trunks=reloaded.trunks)
