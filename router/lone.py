"""The assignment when only one can be made: the contact is known, the cheapest agent is sought.

Mostly somebody free waits for every contact that comes, so it waits alone. Agents stand in
order of idleness, so what idleness costs only grows along them: the search ends as soon as
not even the best proficiency of all could make a later agent cheaper, mostly at the first.
The result is that of `solver.py`, whose ties the longest idle agent wins as well.
"""

from collections.abc import Sequence
from typing import NamedTuple

from config.routing import Routing
from router.cost import idleness_of_s, units_of
from router.eligibility import AgentTable
from router.offers import Pauses
from router.roster import Standing
from router.waiting import Group, WaitingContact


class Lone(NamedTuple):
    """The only contact that can be served now, and what it costs by whom.

    Attributes:
        agent: None when nobody who is free may serve it.
        cost: Milliseconds of waiting.
    """

    contact: WaitingContact
    agent: Standing | None
    cost: int


def lone_match(
    groups: Sequence[Group],
    free: Sequence[Standing],
    *,
    table: AgentTable,
    pauses: Pauses,
    weights: Routing,
    now_s: float,
) -> Lone | None:
    """Return the assignment; None when there may be more than one, which `solver.py` solves.

    Args:
        groups: Who waits.
        free: Agents who can be offered a contact, the longest idle first.
        table: The free agents among all, with their proficiencies.
        pauses: Pairs to be kept apart.
        weights: Of the cost.
        now_s: The injected clock's time.
    """
    if len(groups) != 1 or not free:
        return None
    (group,) = groups
    contact = group.contacts[0]
    apart = pauses.agents(contact.contact_id, now_s)
    # Of many contacts alike the first gets the one agent, unless the two are kept apart.
    if len(group.contacts) > 1 and (len(free) > 1 or apart):
        return None
    row = table.row(group.profile)
    best: Standing | None = None
    cost = 0
    for agent in free:
        idleness_s = idleness_of_s(now_s - agent.idle_since_s, weights.idle_weight_per_s)
        if best is not None and units_of(row.least_s + idleness_s) >= cost:
            break
        agent_id = agent.agent_id
        column = table.column[agent_id]
        if not row.eligible[column] or agent_id in apart:
            continue
        units = units_of(float(row.suitability_s[column]) + idleness_s)
        if best is None or units < cost:
            best, cost = agent, units
    return Lone(contact, best, cost)
