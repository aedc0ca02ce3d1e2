"""What the API answers about timelines and found messages."""

from datetime import datetime
from typing import Self

from pydantic import Field

from channels.http.models import Answer, ContactId
from domain.attachment import Attachment, Scan
from domain.contact import Channel, Disposition
from domain.conversation_ports import Found
from domain.message import Author, Delivery, Message
from domain.mood import Mood
from domain.proof import Proof
from domain.ticket import TicketReason, TicketState
from domain.timeline import ContactOutline, EntryKind, TicketOutline, TimelineEntry, TimelinePage

ATTACHMENTS_PATH = "/api/v1/attachments/"


class TimelineAttachment(Answer):
    """A file that came with a message."""

    attachment_id: str = Field(
        description="32 hexadecimal digits.", examples=["77aa0c1f2b3d4e5f8899aabbccddeeff"]
    )
    name: str = Field(description="As the sender called it.", examples=["screenshot.png"])
    media_type: str = Field(description="What its bytes say it is.", examples=["image/png"])
    bytes: int = Field(description="Its size.", examples=[48_213])
    scan: Scan = Field(description="What is known of its harmlessness.", examples=["clean"])
    url: str = Field(
        description="What is known of it; its content is under `/content`.",
        examples=["/api/v1/attachments/77aa0c1f2b3d4e5f8899aabbccddeeff"],
    )
    opens: bool = Field(description="Whether its content is handed out.", examples=[True])

    @classmethod
    def of(cls, one: Attachment) -> Self:
        """Return the answer for one file."""
        return cls(
            attachment_id=one.attachment_id,
            name=one.name,
            media_type=one.media_type,
            bytes=one.bytes,
            scan=one.scan,
            url=ATTACHMENTS_PATH + one.attachment_id,
            opens=one.opens,
        )


class TimelineMessage(Answer):
    """A message with its words."""

    message_id: str = Field(
        description="32 hexadecimal digits.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f81"]
    )
    sequence: int = Field(description="Its place in the conversation, from 1.", examples=[3])
    author: Author = Field(description="Who has written it.", examples=["customer"])
    agent_id: str | None = Field(description="The agent who has; null: none.", examples=["alice"])
    text: str = Field(description="Plain text.", examples=["My invoice is wrong."])
    subject: str = Field(description='Of a mail; "" without.', examples=["Invoice 4711"])
    delivery: Delivery = Field(description="How far it has come.", examples=["stored"])
    automatic: bool = Field(description="Written by a machine.", examples=[False])
    internal: bool = Field(
        description="A note among agents, never shown to the customer.", examples=[False]
    )
    attachments: list[TimelineAttachment] = Field(description="Files that came with it.")

    @classmethod
    def of(cls, one: Message) -> Self:
        """Return the answer for one message."""
        return cls(
            message_id=one.message_id,
            sequence=one.sequence,
            author=one.author,
            agent_id=one.agent_id,
            text=one.text,
            subject=one.subject,
            delivery=one.delivery,
            automatic=one.automatic,
            internal=one.internal,
            attachments=[TimelineAttachment.of(each) for each in one.attachments],
        )


class TimelineContact(Answer):
    """A contact in a few words."""

    contact_id: ContactId
    queue_id: str = Field(description="Where it came to.", examples=["support"])
    disposition: Disposition | None = Field(
        description="How it ended; null: it runs.", examples=["caller_ended"]
    )
    agent_id: str | None = Field(description="Who served it last.", examples=["alice"])
    agents: list[str] = Field(
        description="Who served it, in order, at most 5.", examples=[["bob", "alice"]]
    )
    wait_s: float | None = Field(description="Seconds waited; null until known.", examples=[22.4])
    talk_s: float = Field(description="Seconds talked.", examples=[181.0])
    closed_at: datetime | None = Field(
        description="Time of the end, UTC.", examples=["2027-03-01T09:18:40Z"]
    )
    mood: Mood | None = Field(
        description="The worst that was read; null: none was, or may be told.", examples=["upset"]
    )
    segments: int = Field(description="Segments of his speech that were heard.", examples=[14])

    @classmethod
    def of(cls, one: ContactOutline) -> Self:
        """Return the answer for one contact."""
        return cls(
            **{name: getattr(one, name) for name in cls.model_fields if name != "agents"},
            agents=list(one.agents),
        )


class TimelineTicket(Answer):
    """A ticket in a few words."""

    ticket_id: str = Field(
        description="32 hexadecimal digits.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f82"]
    )
    number: int = Field(description="As people call it.", examples=[1042])
    state: TicketState = Field(description="Where it stands now.", examples=["open"])
    reason: TicketReason = Field(description="Why it was opened.", examples=["complaint"])
    subject: str = Field(description="What it is about.", examples=["Invoice 4711"])

    @classmethod
    def of(cls, one: TicketOutline) -> Self:
        """Return the answer for one ticket."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class TimelineEntryOut(Answer):
    """One line: of `contact`, `message` and `ticket` the one that `kind` names is there."""

    entry_id: str = Field(
        description="32 hexadecimal digits.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:14:40Z"])
    kind: EntryKind = Field(description="What it tells of.", examples=["message"])
    channel: Channel | None = Field(description="How; null: none has part.", examples=["chat"])
    conversation_id: str | None = Field(
        description="The conversation that it belongs to; null: to none.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f83"],
    )
    proof: Proof = Field(
        description="How sure it is that it is this customer's.", examples=["presented"]
    )
    contact: TimelineContact | None = Field(description="Of kind `contact`.")
    message: TimelineMessage | None = Field(description="Of kind `message`.")
    ticket: TimelineTicket | None = Field(description="Of kind `ticket`.")
    note: str = Field(
        description='Of an offer or an identity, what happened; "" otherwise.', examples=["merged"]
    )

    @classmethod
    def of(cls, one: TimelineEntry) -> Self:
        """Return the answer for one line."""
        return cls(
            entry_id=one.entry_id,
            at=one.at,
            kind=one.kind,
            channel=one.channel,
            conversation_id=one.conversation_id,
            proof=one.proof,
            contact=None if one.contact is None else TimelineContact.of(one.contact),
            message=None if one.message is None else TimelineMessage.of(one.message),
            ticket=None if one.ticket is None else TimelineTicket.of(one.ticket),
            note=one.note,
        )


class TimelineOut(Answer):
    """A page of a timeline."""

    entries: list[TimelineEntryOut] = Field(description="The newest first.")
    next_before: str | None = Field(
        description="Ask for the next page with `before`; null: there is none.",
        examples=["2027-03-01T09:14:40.000000Z.0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )

    @classmethod
    def of(cls, page: TimelinePage) -> Self:
        """Return the answer for one page."""
        return cls(
            entries=[TimelineEntryOut.of(one) for one in page.entries], next_before=page.before
        )


class FoundOut(Answer):
    """A message in which the words were found."""

    message_id: str = Field(
        description="32 hexadecimal digits; the next page is asked for with it.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f81"],
    )
    conversation_id: str = Field(
        description="Where it stands.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f83"]
    )
    customer_id: str | None = Field(
        description="Whose conversation it is; null: nobody can say.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )
    channel: Channel = Field(description="How it came or went.", examples=["mail"])
    at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:14:40Z"])
    excerpt: str = Field(
        description="Around the words, at most 300 characters.", examples=["…invoice is wrong…"]
    )

    @classmethod
    def of(cls, one: Found) -> Self:
        """Return the answer for one hit."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class SearchOut(Answer):
    """Messages with all the words."""

    messages: list[FoundOut] = Field(description="The newest first.")
    next_before: str | None = Field(
        description="Ask for the next page with `before`; null: there is none.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f81"],
    )
