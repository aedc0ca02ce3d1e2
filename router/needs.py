"""What a waiting contact asks of an agent.

Less with every step of time, more when it is known who calls.
"""

from typing import Final

from config.schema import QueueEntry
from domain.customer_profile import CustomerProfile
from domain.decision import Scheme
from domain.mood import Mood
from domain.skill import PROFICIENCY_MAX, SkillRequirement
from router.cost import EMOTION_DEGREES, Needs
from router.waiting import WaitingContact

FRUSTRATED: Final = 0.5
"""Frustration carried over from which a customer counts as uneasy before he has said a word, and
from which somebody experienced should take him."""
FAMILIAR: Final = 0.5
"""Strength from which a familiar agent is waited for as a preferred one is."""
OVERFLOW_AGAIN_S: Final = 5.0
"""How often a contact that should have gone to another queue tries again; as long as a ring."""
_SOON_S: Final = 1e-6
"""Deadlines and waits are sums of floats: a step counts as taken so much before its time."""


def needs_of(contact: WaitingContact, queue: QueueEntry, now_s: float) -> Needs:
    """Return what a contact asks for by now.

    Its `relaxed` and `ring` are brought up to date.
    """
    waited_s = contact.waited_s(now_s) + _SOON_S
    asked = {one.skill: one.proficiency_min for one in contact.requirements}
    language_min = queue.routing.language_min
    contact.relaxed = 0
    for step in queue.routing.relax:
        if step.after_s > waited_s:
            break
        contact.relaxed += 1
        asked |= {skill: least for skill, least in step.skills.items() if skill in asked}
        if step.language_min is not None:
            language_min = step.language_min
    contact.ring = sum(ring.after_s <= waited_s for ring in queue.routing.rings)
    profile = contact.profile
    topic = queue.id if profile is None or profile.topic is None else profile.topic
    learned = contact.scheme is Scheme.LEARNED
    return Needs(
        queue_id=queue.id,
        requirements=tuple(
            SkillRequirement(skill=skill, proficiency_min=least)
            for skill, least in sorted(asked.items())
            if least > 0
        ),
        language=contact.language,
        language_min=language_min,
        spoken=contact.language if profile is None else profile.language or contact.language,
        region=None if profile is None else profile.region,
        product=None if profile is None else profile.product,
        topic=topic,
        seniority=_seniority(profile),
        distress=distress(contact.distress, profile),
        expected=(topic, "" if profile is None else profile.segment) if learned else None,
        ring=contact.ring,
    )


def next_step_s(contact: WaitingContact, queue: QueueEntry, now_s: float) -> float | None:
    """Return when time alone changes what a contact asks for; None: never again."""
    waited_s = contact.waited_s(now_s) + _SOON_S
    routing = queue.routing
    steps = [step.after_s for step in routing.relax]
    steps += [ring.after_s for ring in routing.rings]
    if preferred_agent(contact) is not None:
        steps.append(_held_until_s(contact, queue))
    if routing.overflow is not None:
        after_s = routing.overflow.after_s
        # Where the other queue was full, or a telephone rang, it is tried again.
        steps.append(after_s if after_s > waited_s else waited_s + OVERFLOW_AGAIN_S)
    later = [after_s for after_s in steps if after_s > waited_s]
    return contact.queued_at_s + min(later) if later else None


def overflows(contact: WaitingContact, queue: QueueEntry, now_s: float) -> bool:
    """Tell whether a contact has waited long enough to go to another queue."""
    overflow = queue.routing.overflow
    return overflow is not None and contact.waited_s(now_s) + _SOON_S >= overflow.after_s


def held_for(contact: WaitingContact, queue: QueueEntry, now_s: float) -> str | None:
    """Return the agent whom a contact is kept for if he is present; None: nobody."""
    if contact.waited_s(now_s) + _SOON_S >= _held_until_s(contact, queue):
        return None
    return preferred_agent(contact)


def _held_until_s(contact: WaitingContact, queue: QueueEntry) -> float:
    """Return for how many seconds of its wait a contact is kept for the agent it prefers.

    One that comes back to an agent is kept for him however long it has waited before.
    """
    named = contact.preferred_agent_id is not None
    before_s = contact.joined_at_s - contact.queued_at_s if named else 0.0
    return before_s + queue.routing.preferred_s


def preferred_agent(contact: WaitingContact) -> str | None:
    """Return the agent whom a contact is to reach first: the one named, else one well known."""
    profile = contact.profile
    if contact.preferred_agent_id is not None:
        return contact.preferred_agent_id
    if profile is None:
        return None
    if profile.preferred_agent_id is not None:
        return profile.preferred_agent_id
    if profile.familiar and profile.familiar[0].strength >= FAMILIAR:
        return profile.familiar[0].agent_id
    return None


def distress(observed: int, profile: CustomerProfile | None) -> int:
    """Return how upset a customer is, 0 to EMOTION_DEGREES: as observed, or as he left us."""
    carried = profile is not None and profile.frustration >= FRUSTRATED
    return min(max(observed, int(carried)), EMOTION_DEGREES)


def degree_of(mood: Mood) -> int:
    """Return the degree of distress of a mood, 0 for calm and unknown."""
    return max(0, mood.rank)


def _seniority(profile: CustomerProfile | None) -> int:
    """Return the experience that suits a customer: his value, and more when it goes wrong."""
    if profile is None:
        return 1
    level = profile.value + profile.repeat + (profile.frustration >= FRUSTRATED)
    return min(level, PROFICIENCY_MAX)
