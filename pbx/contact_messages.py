"""What others are told of a contact: the router when it waits, every reader when it ends."""

from config.schema import QueueEntry
from domain.contact import Contact
from domain.events import ContactArrived, ContactClosed, ContactQueued
from domain.skill import SkillRequirement


def arrival(contact: Contact) -> ContactArrived:
    """Return the event that tells of a new contact."""
    return ContactArrived(
        contact_id=contact.contact_id,
        channel=contact.channel,
        queue_id=contact.queue_id,
        language=contact.language,
    )


def queue_request(contact: Contact, queue: QueueEntry, *, waited_s: float) -> ContactQueued:
    """Return the request: the queue's skills, the contact's language and priority."""
    return ContactQueued(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        language=contact.language,
        priority=contact.priority,
        requirements=tuple(
            SkillRequirement(skill=skill, proficiency_min=proficiency)
            for skill, proficiency in queue.skills.items()
        ),
        waited_s=waited_s,
    )


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
