"""Decisions over HTTP: why a contact was offered to whom, and who can be offered it now."""

from fastapi import APIRouter

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.contacts import ContactPath
from channels.http.decision_models import (
    DecisionOut,
    DecisionTrail,
    EligibilityList,
    EligibilityOut,
)
from channels.http.language import Spoken
from channels.http.problem import ProblemFound
from config.values import Language
from domain.decision_text import Teller, teller
from domain.decision_trail import trail
from domain.errors import NotKnown

router = APIRouter(tags=["decisions"], dependencies=[BEARER])


@router.get(
    "/api/v1/contacts/{contact_id}/decisions",
    summary="Why a contact was offered to whom",
    response_description="Every decision about it, as numbers and in words.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_decisions(ports: Ports, contact_id: ContactPath, language: Spoken) -> DecisionTrail:
    """The trail of a contact: each offer with its reasons and with what became of it.

    Who else could have been offered the contact is told with how much worse they were. All costs
    are points; a point is one second of waiting. A decision is stored a fraction of a second after
    it was made, and its end when the agent's part is over.
    """
    if ports.decisions is None:
        raise ProblemFound("unavailable", "no part of this node keeps decisions")
    record = await ports.contacts.get(contact_id)
    if record is None:
        raise NotKnown("contact", contact_id)
    decisions = await ports.decisions.of_contact(contact_id)
    tell = _teller(ports, language)
    steps = trail(decisions, record.interactions)
    return DecisionTrail(
        contact_id=contact_id,
        language=language,
        decisions=[DecisionOut.of(step, tell) for step in steps],
    )


@router.get(
    "/api/v1/contacts/{contact_id}/eligibility",
    summary="Who can be offered a waiting contact now",
    response_description="Every agent, eligible or with what stands in the way.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_eligibility(
    ports: Ports, contact_id: ContactPath, language: Spoken
) -> EligibilityList:
    """Every agent for a contact that waits: at what cost he can be offered it now, or why not.

    The first obstacle is told in words. A contact that does not wait is answered with 404.
    """
    if ports.eligibility is None:
        raise ProblemFound("unavailable", "the router of this node does not tell who is eligible")
    views = ports.eligibility.eligibility(contact_id)
    tell = _teller(ports, language)
    return EligibilityList(
        contact_id=contact_id,
        language=language,
        agents=[EligibilityOut.of(view, tell) for view in views],
    )


def _teller(ports: ApiPorts, language: Language) -> Teller:
    """Return who tells decisions, and calls agents by their names."""
    names = {view.agent.agent_id: view.agent.name for view in ports.agents.agents()}
    return teller(language, names)
