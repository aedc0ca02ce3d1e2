"""A match told as a decision: what spoke for the agent, and what against the others."""

from collections.abc import Mapping

import numpy as np

from domain.decision import CANDIDATES_MAX, Candidate, Decision, Obstacle
from router.round import Match, Round


def explain(
    match: Match,
    asked: Round,
    given: Mapping[int, str],
    obstacles: Mapping[Obstacle, int],
    *,
    offer_id: str,
    waited_s: float,
) -> Decision:
    """Return why a contact was offered to an agent.

    Args:
        match: The two.
        asked: The round they come from.
        given: The contact that each agent of the round got in it, by his place.
        obstacles: How many agents could not be offered the contact, by reason.
        offer_id: The offer that was made.
        waited_s: Seconds that the contact had waited.
    """
    contact = match.contact
    costs_s = asked.costs_s(match.row)
    able = np.flatnonzero(np.isfinite(costs_s))
    others = able[able != match.column]
    few = min(len(others), CANDIDATES_MAX)
    if few < len(others):
        others = others[np.argpartition(costs_s[others], few - 1)[:few]]
    nearest = others[np.argsort(costs_s[others], kind="stable")]
    return Decision(
        offer_id=offer_id,
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        chosen=_candidate(asked, match.row, match.column, None),
        others=tuple(
            _candidate(asked, match.row, int(column), given.get(int(column))) for column in nearest
        ),
        others_count=max(0, len(able) - 1),
        obstacles=obstacles,
        waited_s=waited_s,
        urgency_s=float(asked.urgency_s[match.row]),
        waiting=asked.waiting,
        free=asked.free,
        scheme=contact.scheme,
        propensity=contact.propensity,
        relaxed=contact.relaxed,
        ring=contact.ring,
        language=contact.language,
        skills=tuple(requirement.skill for requirement in contact.requirements),
    )


def _candidate(asked: Round, row: int, column: int, given: str | None) -> Candidate:
    terms = {reason: round(cost_s, 3) for reason, cost_s in asked.terms(row, column).items()}
    return Candidate(
        agent_id=asked.agents[column].agent_id,
        cost_s=round(sum(terms.values()), 3),
        terms=terms,
        offered_other=given,
    )
