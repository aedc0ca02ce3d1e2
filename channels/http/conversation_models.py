"""What the API answers about conversations and messages; agents' desks tell them the same way."""

from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import Field

from channels.http.attachments import AttachmentOut
from channels.http.models import Answer, mask
from domain.contact import Channel
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import OfferShown, Standing
from domain.customer import IdentifierKind
from domain.message import Author, Delivery, Message
from domain.proof import Proof

EXAMPLE_CONVERSATION: Final = "0192f0c1a6b87d3e9c41d2a35b6e7f81"
EXAMPLE_MESSAGE: Final = "0192f0c1a6b87d3e9c41d2a35b6e7f82"
ConversationId = Annotated[
    str, Field(description="32 hexadecimal digits.", examples=[EXAMPLE_CONVERSATION])
]


class ConversationOut(Answer):
    """A conversation as it stands."""

    conversation_id: ConversationId
    source: str = Field(
        description='Where it takes place: "chat", "mail", or the id of a messenger.',
        examples=["chat"],
    )
    channel: Channel = Field(description="How the customer reaches us there.", examples=["chat"])
    queue_id: str = Field(description="From the configuration.", examples=["support"])
    state: ConversationState = Field(description="Where it stands.", examples=["served"])
    contact_id: str | None = Field(
        description="Its open contact; null while it is idle.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )
    agent_id: str | None = Field(
        description="Who has it, or had it last; null: nobody yet.", examples=["alice"]
    )
    customer_id: str | None = Field(
        description="Whose it is; null while nobody can say.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )
    proof: Proof = Field(description="What speaks for it.", examples=["proved"])
    name: str = Field(description='As he calls himself; "": not known.', examples=["Ana Müller"])
    address_kind: IdentifierKind = Field(description="Of his address there.", examples=["app"])
    address: str = Field(description="Masked unless it was asked for in full.", examples=["ana…rg"])
    language: str = Field(description="BCP 47 tag in which it is served.", examples=["en"])
    subject: str = Field(description='Of a mail; "" without.', examples=["My order"])
    topic: str = Field(description='"" while nobody has said.', examples=["refund"])
    opened_at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:14:40Z"])
    last_at: datetime = Field(
        description="Of its newest message, UTC.", examples=["2027-03-01T09:16:40Z"]
    )
    last_sequence: int = Field(
        description="Of its newest message; 0 before the first.", examples=[12]
    )
    customer_got: int = Field(description="Up to which message his device has it.", examples=[12])
    customer_read: int = Field(description="Up to which he has read it.", examples=[11])
    agent_read: int = Field(description="Up to which an agent has read it.", examples=[12])
    parked_until: datetime | None = Field(
        description="When it is taken up again by itself; null: when he writes.",
        examples=["2027-03-01T12:00:00Z"],
    )
    due_at: datetime | None = Field(
        description="When it shall be answered; null: as soon as can be.",
        examples=["2027-03-01T17:00:00Z"],
    )

    @classmethod
    def of(cls, conversation: Conversation, *, in_full: bool = False) -> Self:
        """Return the answer for one conversation.

        Args:
            conversation: As it stands.
            in_full: Whether the customer's address is shown unmasked.
        """
        one = conversation
        return cls(
            conversation_id=one.conversation_id,
            source=one.source,
            channel=one.channel,
            queue_id=one.queue_id,
            state=one.state,
            contact_id=one.contact_id,
            agent_id=one.agent_id,
            customer_id=one.customer_id,
            proof=one.proof,
            name=one.name,
            address_kind=one.address.kind,
            address=one.address.value if in_full else mask(one.address.value),
            language=one.language,
            subject=one.subject,
            topic=one.topic,
            opened_at=one.opened_at,
            last_at=one.last_at,
            last_sequence=one.last_sequence,
            customer_got=one.customer_got,
            customer_read=one.customer_read,
            agent_read=one.agent_read,
            parked_until=one.parked_until,
            due_at=one.due_at,
        )


class MessageOut(Answer):
    """One message, on any channel."""

    message_id: str = Field(description="32 hexadecimal digits.", examples=[EXAMPLE_MESSAGE])
    conversation_id: ConversationId
    sequence: int = Field(
        description="Its place in the conversation, from 1, without a gap.", examples=[12]
    )
    channel: Channel = Field(description="Where it was written.", examples=["chat"])
    author: Author = Field(description="Which side has written it.", examples=["customer"])
    agent_id: str | None = Field(
        description="The agent who has; null for others.", examples=["alice"]
    )
    contact_id: str | None = Field(
        description="The contact that it belongs to; null for none.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )
    client_id: str = Field(
        description='As its sender calls it; "" when he does not.', examples=["a-17"]
    )
    at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:16:40Z"])
    text: str = Field(description="Plain text.", examples=["Where is my order?"])
    html: str = Field(
        description='Of a mail, cleaned: it has no scripts, but show it in a sandbox. "" without.',
        examples=["<p>Where is my order?</p>"],
    )
    quoted: str = Field(
        description='What a mail quotes, and its signature; "" without.', examples=["> Hello"]
    )
    subject: str = Field(description='Of a mail; "" without.', examples=["My order"])
    language: str = Field(description='BCP 47 tag; "": not known.', examples=["en"])
    attachments: list[AttachmentOut] = Field(description="Files that came with it, in order.")
    delivery: Delivery = Field(
        description="How far it has come to the customer.", examples=["read"]
    )
    failure: str = Field(description='Why it could not be delivered; "" otherwise.', examples=[""])
    automatic: bool = Field(description="Written by a machine.", examples=[False])
    internal: bool = Field(
        description="A note among agents, which never goes to the customer.", examples=[False]
    )

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return the answer for one message."""
        one = message
        return cls(
            message_id=one.message_id,
            conversation_id=one.conversation_id,
            sequence=one.sequence,
            channel=one.channel,
            author=one.author,
            agent_id=one.agent_id,
            contact_id=one.contact_id,
            client_id=one.client_id,
            at=one.at,
            text=one.text,
            html=one.html,
            quoted=one.quoted,
            subject=one.subject,
            language=one.language,
            attachments=[AttachmentOut.of(file) for file in one.attachments],
            delivery=one.delivery,
            failure=one.failure,
            automatic=one.automatic,
            internal=one.internal,
        )


class ConversationList(Answer):
    """Some conversations."""

    conversations: list[ConversationOut] = Field(description="In order.")


class ConversationPage(Answer):
    """Some conversations, the newest first."""

    conversations: list[ConversationOut] = Field(description="The newest first.")
    next_before: str | None = Field(
        description="Ask for the next page with it as `before`; null: there is none.",
        examples=["2027-03-01T09:14:40.120000+00:00_0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )


class MessagePage(Answer):
    """Some messages, in order."""

    messages: list[MessageOut] = Field(description="In order of `sequence`.")
    next_after: int | None = Field(
        description="Ask for the next page with it as `after`; null: there is none.",
        examples=[212],
    )


class StandingOut(Answer):
    """A conversation as an agent's desk shows it."""

    conversation: ConversationOut = Field(description="As it stands.")
    position: int | None = Field(
        description="Place in the queue, from 1; null while it does not wait.", examples=[2]
    )
    expected_wait_s: float | None = Field(
        description="Null when nothing can be said.", examples=[40.0]
    )
    agent_name: str = Field(
        description='Of who serves, as the customer sees it; "": nobody.', examples=["Alice"]
    )
    present: bool = Field(description="The customer is connected now.", examples=[True])

    @classmethod
    def of(cls, standing: Standing, *, in_full: bool = False) -> Self:
        """Return the form of one standing; see `ConversationOut.of`."""
        return cls(
            conversation=ConversationOut.of(standing.conversation, in_full=in_full),
            position=standing.position,
            expected_wait_s=standing.expected_wait_s,
            agent_name=standing.agent_name,
            present=standing.present,
        )


class OfferOut(Answer):
    """An offer as an agent's desk shows it."""

    offer_id: str = Field(
        description="32 hexadecimal digits.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f83"]
    )
    contact_id: str = Field(
        description="What is offered.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    conversation: ConversationOut = Field(description="As it stands.")
    expires_s: float = Field(description="Seconds until it lapses.", examples=[20.0])
    preview: str = Field(
        description="Beginning of the newest message.", examples=["Where is my order?"]
    )

    @classmethod
    def of(cls, offer: OfferShown) -> Self:
        """Return the form of one offer."""
        return cls(
            offer_id=offer.offer_id,
            contact_id=offer.contact_id,
            conversation=ConversationOut.of(offer.conversation),
            expires_s=round(offer.expires_s, 1),
            preview=offer.preview,
        )
