"""What others are told of a contact: the router when it waits, every reader when it ends."""

from collections.abc import Iterator, Sequence

from config.schema import QueueEntry
from domain.contact import Contact
from domain.events import ContactArrived, ContactClosed, ContactQueued, ContactTransferred
from domain.skill import SkillRequirement


def arrival(contact: Contact) -> ContactArrived:
    """Return the event that tells of a new contact."""
    return ContactArrived(
        contact_id=contact.contact_id,
        channel=contact.channel,
        queue_id=contact.queue_id,
        language=contact.language,
    )


def queue_request(
    contact: Contact,
    queue: QueueEntry,
    *,
    waited_s: float,
    more: Sequence[SkillRequirement] = (),
    prefers: str | None = None,
) -> ContactQueued:
    """Return the request: the queue's skills and more, the contact's language and priority."""
    return ContactQueued(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        language=contact.language,
        priority=contact.priority,
        requirements=tuple(_at_least({**queue.skills}, more)),
        waited_s=waited_s,
        preferred_agent_id=prefers,
    )


def handing_over(
    contact: Contact, requirement: SkillRequirement, *, now_s: float
) -> ContactTransferred:
    """Return the event that tells of a transfer from the agent who talks with a customer."""
    assert contact.agent_id is not None
    return ContactTransferred(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        agent_id=contact.agent_id,
        requirement=requirement,
        talk_s=now_s - (contact.connected_s or now_s),
    )


def _at_least(
    skills: dict[str, int], more: Sequence[SkillRequirement]
) -> Iterator[SkillRequirement]:
    """Yield one requirement for each skill, the higher one where two ask for it."""
    for each in more:
        skills[each.skill] = max(each.proficiency_min, skills.get(each.skill, 0))
    for skill, proficiency in skills.items():
        yield SkillRequirement(skill=skill, proficiency_min=proficiency)


def closing(contact: Contact, reason: str) -> ContactClosed:
    """Return the event that tells how a disposed contact ended."""
    assert contact.disposition is not None
    return ContactClosed(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        disposition=contact.disposition,
        agent_id=contact.agent_id,
        wait_s=contact.wait_s,
        talk_s=contact.talk_s,
        reason=reason,
    )
