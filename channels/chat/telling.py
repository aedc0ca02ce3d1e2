"""Stored things as the protocol tells them to the customer: never more than he may see."""

from typing import Final

from channels.chat.protocol import File, Marked, Status, Told
from domain.attachment import Attachment
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import Marked as MarkedUpdate
from domain.conversation_ports import Standing as StandingUpdate
from domain.message import Author, Delivery, Message

FILES_PATH: Final = "/chat/v1/attachments"
_STATES: Final = {
    ConversationState.IDLE: "closed",
    ConversationState.WAITING: "waiting",
    ConversationState.SERVED: "served",
    ConversationState.PARKED: "parked",
}


def told(message: Message) -> Told:
    """Return a message as it is sent; notes among agents never come here."""
    assert not message.internal, "notes are for agents alone"
    return Told(
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        author=message.author.value,
        at=message.at.isoformat(timespec="milliseconds"),
        text=message.text,
        # An agent's own ids are no business of the customer's.
        client_id=message.client_id if message.author is Author.CUSTOMER else "",
        attachments=[_file(one, message.sequence) for one in message.attachments],
    )


def status(standing: StandingUpdate) -> Status:
    """Return how a conversation stands."""
    seconds = standing.expected_wait_s
    return Status(
        state=_STATES[standing.conversation.state],  # type: ignore[arg-type]
        position=standing.position,
        expected_wait_s=None if seconds is None else float(round(seconds)),
        agent=standing.agent_name,
    )


def first_status(conversation: Conversation) -> Status:
    """Return what can be said before anything was told: no place, no name."""
    return Status(state=_STATES[conversation.state])  # type: ignore[arg-type]


def marked(update: MarkedUpdate) -> Marked | None:
    """Return a mark; None for one that means nothing to the customer."""
    if update.by is Author.SYSTEM or update.delivery not in (Delivery.DELIVERED, Delivery.READ):
        return None
    return Marked(
        by="agent" if update.by is Author.AGENT else "customer",
        what="read" if update.delivery is Delivery.READ else "delivered",
        sequence=update.sequence,
    )


def _file(attachment: Attachment, sequence: int) -> File:
    return File(
        attachment_id=attachment.attachment_id,
        name=attachment.name,
        media_type=attachment.media_type,
        bytes=attachment.bytes,
        url=f"{FILES_PATH}/{sequence}/{attachment.attachment_id}",
        opens=attachment.opens,
    )
