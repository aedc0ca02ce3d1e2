"""Agents over HTTP: how each stands, and his wish to be ready or not."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import AgentList, AgentOut
from domain.agent import AgentState
from domain.errors import NotKnown

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["agents"], dependencies=[BEARER])

AgentPath = Annotated[
    str,
    Path(min_length=1, max_length=63, description="From the configuration.", examples=["alice"]),
]


class StateWish(BaseModel):
    """The state that an agent asks for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"state": "not_ready", "reason": "lunch"}]}
    )

    state: AgentState = Field(
        description="ready, not_ready or logged_out; the others follow from contacts.",
        examples=["not_ready"],
    )
    reason: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="A word or two for reports; never anything about a customer.",
        examples=["lunch"],
    )


@router.get(
    "/api/v1/agents",
    summary="List the agents",
    response_description="Every agent as he stands.",
    responses=api_problems(),
)
async def list_agents(
    ports: Ports,
    state: Annotated[
        AgentState | None,
        Query(description="Only agents in this state.", examples=["ready"]),
    ] = None,
) -> AgentList:
    """Every agent of the configuration as he stands at this moment, in order of agent_id."""
    views = sorted(ports.agents.agents(), key=lambda view: view.agent.agent_id)
    return AgentList(
        agents=[AgentOut.of(view) for view in views if state is None or view.state is state]
    )


@router.get(
    "/api/v1/agents/{agent_id}",
    summary="Get an agent",
    response_description="The agent as he stands.",
    responses=api_problems("not-known"),
)
async def get_agent(ports: Ports, agent_id: AgentPath) -> AgentOut:
    """One agent as he stands at this moment."""
    return _agent(ports, agent_id)


@router.post(
    "/api/v1/agents/{agent_id}/state",
    summary="Ask for a state",
    response_description="The agent as he stands now; `wished` is set if he is busy.",
    responses=api_problems("not-known", "conflict"),
)
async def ask_for_state(ports: Ports, agent_id: AgentPath, wish: StateWish) -> AgentOut:
    """Ask for ready, not_ready or logged_out on the agent's behalf.

    While the agent is busy the wish is kept and taken when the contact has ended. The
    answer tells the state in force, which need not be the one asked for.
    """
    in_force = ports.agents.request_state(agent_id, wish.state, wish.reason)
    _log.info(
        "agent state asked for over HTTP",
        agent_id=agent_id,
        asked=wish.state.value,
        in_force=in_force.value,
    )
    return _agent(ports, agent_id)


def _agent(ports: Ports, agent_id: str) -> AgentOut:
    for view in ports.agents.agents():
        if view.agent.agent_id == agent_id:
            return AgentOut.of(view)
    raise NotKnown("agent", agent_id)
