"""A match told as a decision: what spoke for the agent, and what against the others."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from domain.decision import CANDIDATES_MAX, Candidate, Decision, Obstacle, Reason
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
    shown = np.concatenate([np.array([match.column], dtype=np.int64), nearest])
    chosen, *rest = [
        _candidate(asked.agents[column].agent_id, terms, given.get(column))
        for column, terms in zip(shown.tolist(), asked.terms(match.row, shown), strict=True)
    ]
    return Decision(
        offer_id=offer_id,
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        chosen=replace(chosen, offered_other=None),
        others=tuple(rest),
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


def _candidate(agent_id: str, costs_s: Mapping[Reason, float], given: str | None) -> Candidate:
    terms = {reason: round(cost_s, 3) for reason, cost_s in costs_s.items()}
    return Candidate(
        agent_id=agent_id,
        cost_s=round(sum(terms.values()), 3),
        terms=terms,
        offered_other=given,
    )
