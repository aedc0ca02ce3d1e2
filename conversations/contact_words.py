"""What others are told of a conversation's contact: the router, and every reader of events."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from domain.contact import Contact, Interaction
from domain.conversation import Conversation
from domain.conversation_events import ConversationChanged, MessageStored
from domain.events import ContactArrived, ContactClosed
from domain.message import Message
from domain.offer import Offer
from domain.skill import SkillRequirement


@dataclass(slots=True)
class AgentPart:
    """One agent's part in a contact, from the offer to his last word.

    Attributes:
        connected_s: When he accepted; None while he is asked.
    """

    offer: Offer
    started_at: datetime
    started_s: float
    connected_s: float | None = None

    def interaction(self, outcome: str, now_s: float) -> Interaction:
        """Return the record of this part, which ends now."""
        accepted_s = now_s if self.connected_s is None else self.connected_s
        return Interaction(
            interaction_id=uuid4().hex,
            contact_id=self.offer.contact_id,
            agent_id=self.offer.agent_id,
            started_at=self.started_at,
            ended_at=self.started_at + timedelta(seconds=now_s - self.started_s),
            outcome=outcome,
            ring_s=accepted_s - self.started_s,
            talk_s=now_s - accepted_s,
        )


def arrival(contact: Contact) -> ContactArrived:
    """Return the event that tells of a new contact."""
    return ContactArrived(
        contact_id=contact.contact_id,
        channel=contact.channel,
        queue_id=contact.queue_id,
        language=contact.language,
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


def stored(message: Message, queue_id: str) -> MessageStored:
    """Return the event that tells of a committed message."""
    return MessageStored(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        contact_id=message.contact_id,
        queue_id=queue_id,
        channel=message.channel,
        author=message.author,
        agent_id=message.agent_id,
        attachments=len(message.attachments),
        automatic=message.automatic,
        internal=message.internal,
    )


def changed(before: Conversation, after: Conversation) -> ConversationChanged:
    """Return the event that tells that a conversation stands elsewhere."""
    return ConversationChanged(
        conversation_id=after.conversation_id,
        channel=after.channel,
        queue_id=after.queue_id,
        before=before.state,
        after=after.state,
        contact_id=after.contact_id,
        agent_id=after.agent_id,
    )


def requirements(
    skills: Iterable[tuple[str, int]], more: Iterable[SkillRequirement]
) -> tuple[SkillRequirement, ...]:
    """Return one requirement for each skill, the higher one where two ask for it."""
    least = dict(skills)
    for each in more:
        least[each.skill] = max(each.proficiency_min, least.get(each.skill, 0))
    return tuple(
        SkillRequirement(skill=skill, proficiency_min=level) for skill, level in least.items()
    )
