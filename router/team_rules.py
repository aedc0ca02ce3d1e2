"""Rules about teams: how many agents of one may serve some queues at once."""

from collections.abc import Iterator, Sequence

import numpy as np

from config.routing import TeamRule as ConfiguredRule
from router.assignment.problem import TeamRule
from router.roster import Roster
from router.standing import Standing
from router.waiting import WaitingContact


def rules_of(
    configured: Sequence[ConfiguredRule],
    contacts: Sequence[WaitingContact],
    agents: Sequence[Standing],
    roster: Roster,
) -> list[TeamRule]:
    """Return the rules that could be broken by pairs of these contacts and agents."""
    rules = []
    for rule in configured:
        asking = np.array([one.queue_id in rule.queues for one in contacts])
        # Whoever serves these queues already is one of those who may.
        fresh = {one.agent_id for one in _idle_members(rule, roster)}
        members = np.array([one.agent_id in fresh for one in agents])
        if not asking.any() or not members.any():
            continue
        left = _room(rule, roster)
        if left < min(int(asking.sum()), int(members.sum())):
            rules.append(TeamRule(asking, members, left))
    return rules


def barred(
    configured: Sequence[ConfiguredRule], contact: WaitingContact, agent: Standing, roster: Roster
) -> bool:
    """Tell whether a rule about his team keeps an agent from a contact for now."""
    return any(
        contact.queue_id in rule.queues
        and agent.policy.agent.team == rule.team
        and not _serves(agent, rule)
        and _room(rule, roster) == 0
        for rule in configured
    )


def _serves(agent: Standing, rule: ConfiguredRule) -> bool:
    return any(serving.queue_id in rule.queues for serving in agent.work.values())


def _members(rule: ConfiguredRule, roster: Roster) -> Iterator[Standing]:
    return (one for one in roster if one.policy.agent.team == rule.team)


def _idle_members(rule: ConfiguredRule, roster: Roster) -> Iterator[Standing]:
    return (one for one in _members(rule, roster) if not _serves(one, rule))


def _room(rule: ConfiguredRule, roster: Roster) -> int:
    """Return how many more agents of the team may serve the queues."""
    busy = sum(_serves(one, rule) for one in _members(rule, roster))
    return max(0, rule.serving_max - busy)
