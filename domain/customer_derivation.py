"""From what is remembered of a customer to what may decide who serves him. Pure.

| of the profile | comes from |
| --- | --- |
| topic | a matter that is not settled, else what he mostly comes for, else the queue |
| repeat | a matter with that topic that somebody called unsettled, or that came again soon |
| frustration, familiar | the summary, faded by their half-lives |
| preferred agent | whom he or the operator has chosen, else one whom he knows well |
| segment | value tier and product: never name, language, region, or anything of the person |
"""

from datetime import datetime, timedelta
from typing import Final

from domain.customer import Customer
from domain.customer_history import Matter, Summary
from domain.customer_profile import CustomerProfile, Familiar

REPEAT_DAYS: Final = 30.0
"""How long a matter that is known to be unsettled counts as the same: the longest of the usual
windows of first-contact resolution (7 to 30 days)."""
UNTOLD_DAYS: Final = 3.0
"""How long one counts of which nobody has said how it came out. A queue is a coarse topic, so
only a contact that follows soon is taken for the same matter."""
TOPIC_SHARE_MIN: Final = 0.5
TOPIC_CONTACTS_MIN: Final = 3
"""A topic is expected without other evidence when at least half of three contacts had it."""
FAMILIAR_MAX: Final = 3
STRENGTH_MIN: Final = 0.05
"""Below this an agent is as good as a stranger: four half-lives after one settled matter."""
PREFERRED_STRENGTH_MIN: Final = 0.5
"""At this an agent is preferred though nobody has chosen him: he has settled a matter lately."""


def profile_of(
    summary: Summary | None,
    customer: Customer,
    now: datetime,
    *,
    queue_id: str | None = None,
) -> CustomerProfile:
    """Return what may decide who serves a customer.

    Args:
        summary: Of his contacts until now; None: there were none.
        customer: What else is known of him.
        now: Wall time, UTC.
        queue_id: Where he has come to now; None: not known yet.
    """
    if not customer.profiling:
        known = CustomerProfile(customer_id=customer.customer_id, language=customer.language)
        return known.unprofiled()
    past = Summary() if summary is None else summary
    topic, repeat = _expected(past, now, queue_id)
    familiar = _familiar(past, now)
    preferred = customer.preferred_agent_id
    if preferred is None and familiar and familiar[0].strength >= PREFERRED_STRENGTH_MIN:
        preferred = familiar[0].agent_id
    days_since = None
    if past.last_at is not None:
        days_since = max(0.0, (now - past.last_at) / timedelta(days=1))
    return CustomerProfile(
        customer_id=customer.customer_id,
        value=customer.value,
        language=customer.language,
        region=customer.region,
        product=customer.product,
        version=customer.version,
        topic=topic,
        repeat=repeat,
        days_since=days_since,
        frustration=past.frustration_now(now),
        familiar=familiar,
        preferred_agent_id=preferred,
        segment=segment_of(customer),
    )


def segment_of(customer: Customer) -> str:
    """Return the group of customers that the outcome model learns for, such as "3/router".

    Made of the value tier and the product alone. Region and language can stand for origin,
    which is protected (EU Charter of Fundamental Rights, article 21), so they have no part.
    """
    return f"{customer.value}/{customer.product or '-'}"


def _expected(past: Summary, now: datetime, queue_id: str | None) -> tuple[str | None, bool]:
    """Return the topic he most likely comes for, and whether that is a repeat."""
    open_matters = [
        one
        for one in past.matters
        if _fresh(one, now) and (queue_id is None or one.queue_id == queue_id)
    ]
    if open_matters:
        return open_matters[0].topic, True
    if queue_id is not None:
        return queue_id, False
    if past.contacts >= TOPIC_CONTACTS_MIN and past.topics:
        # Of two that are equal the name decides, so that the same history says the same.
        topic = min(past.topics, key=lambda name: (-past.topics[name], name))
        if past.topics[topic] >= TOPIC_SHARE_MIN * past.contacts:
            return topic, False
    return None, False


def _fresh(matter: Matter, now: datetime) -> bool:
    return now - matter.at <= timedelta(days=REPEAT_DAYS if matter.told else UNTOLD_DAYS)


def _familiar(past: Summary, now: datetime) -> tuple[Familiar, ...]:
    known = (
        Familiar(agent_id=agent_id, strength=bond.strength_at(now))
        for agent_id, bond in past.bonds.items()
    )
    strong = [one for one in known if one.strength >= STRENGTH_MIN]
    return tuple(sorted(strong, key=lambda one: (-one.strength, one.agent_id))[:FAMILIAR_MAX])
