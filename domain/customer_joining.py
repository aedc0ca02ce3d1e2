"""Several customers who are one, taken together: what the router and an agent see of them. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from domain.customer import IDENTIFIERS_MAX, PURCHASES_MAX, TICKETS_MAX, Customer
from domain.customer_history import AGENTS_MAX, MATTERS_MAX, TOPICS_MAX, Bond, Matter, Summary

_FIRST_KNOWN: Final = (
    *("number", "name", "address", "language", "region", "product", "version"),
    "preferred_agent_id",
)
"""Fields in which who is left comes first, and the others say what he does not."""


def joined_customer(customers: Sequence[Customer]) -> Customer:
    """Return one customer of several, who is left of them first.

    His value is the highest, his open tickets are those of all; if one of them does not want to
    be profiled, none is.
    """
    root = customers[0]
    known: dict[str, Any] = {
        name: next((value for one in customers if (value := getattr(one, name))), None)
        for name in _FIRST_KNOWN
    }
    known = {name: value for name, value in known.items() if value is not None}
    identifiers = dict.fromkeys(each for one in customers for each in one.identifiers)
    purchases = [each for one in customers for each in one.purchases]
    purchases.sort(key=lambda one: one.bought_on, reverse=True)
    preferences: dict[str, str] = {}
    for one in reversed(customers):
        preferences |= one.preferences
    return replace(
        root,
        **known,
        # Of each part twenty at most; all are his.
        identifiers=tuple(identifiers)[: IDENTIFIERS_MAX * len(customers)],
        value=max(one.value for one in customers),
        purchases=tuple(purchases[:PURCHASES_MAX]),
        preferences=preferences,
        profiling=all(one.profiling for one in customers),
        open_tickets=min(TICKETS_MAX, sum(one.open_tickets for one in customers)),
    )


def joined_summary(summaries: Sequence[Summary]) -> Summary | None:
    """Return the summary of all contacts of several customers; None without any.

    Counts are added, a matter of several is one, of frustration and familiarity the strongest
    counts: two halves of one person have not been annoyed twice by the same.
    """
    if len(summaries) <= 1:
        return summaries[0] if summaries else None
    latest = max(summaries, key=lambda one: (one.last_at is not None, one.last_at or 0))
    now = latest.last_at
    topics: dict[str, int] = {}
    bonds: dict[str, Bond] = {}
    matters: dict[str, Matter] = {}
    for one in summaries:
        for topic, count in one.topics.items():
            topics[topic] = topics.get(topic, 0) + count
        for agent_id, bond in one.bonds.items():
            bonds[agent_id] = _stronger(bonds.get(agent_id), bond)
        for matter in one.matters:
            matters[matter.topic] = _same(matters.get(matter.topic), matter)
    felt = [one for one in summaries if one.frustration_at is not None]
    at = max((one.frustration_at for one in felt if one.frustration_at), default=None)
    frequent = sorted(topics, key=lambda name: (-topics[name], name))[:TOPICS_MAX]
    close = bonds
    if now is not None:
        strongest = sorted(bonds, key=lambda who: (-bonds[who].strength_at(now), who))
        close = {who: bonds[who] for who in strongest[:AGENTS_MAX]}
    return Summary(
        contacts=sum(one.contacts for one in summaries),
        last_at=latest.last_at,
        last_topic=latest.last_topic,
        matters=tuple(sorted(matters.values(), key=lambda one: one.at, reverse=True)[:MATTERS_MAX]),
        frustration=0.0 if at is None else max(one.frustration_now(at) for one in felt),
        frustration_at=at,
        bonds=close,
        topics={name: topics[name] for name in frequent},
    )


def _stronger(before: Bond | None, bond: Bond) -> Bond:
    if before is None:
        return bond
    at = max(before.at, bond.at)
    return max(before, bond, key=lambda one: one.strength_at(at))


def _same(before: Matter | None, matter: Matter) -> Matter:
    if before is None:
        return matter
    later = max(before, matter, key=lambda one: one.at)
    return replace(
        later, told=before.told or matter.told, contacts=before.contacts + matter.contacts
    )
