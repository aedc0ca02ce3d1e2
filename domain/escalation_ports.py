"""Ports between conversations, the router and call control: from one channel to another."""

from typing import Protocol

from domain.contact import Channel
from domain.conversation import Conversation
from domain.customer import Identifier
from domain.message import Draft, Message
from domain.ports import Routing


class Escalations(Protocol):
    """From one channel to another, with one conversation."""

    async def escalate_to_call(self, conversation_id: str, agent_id: str, number: str) -> str:
        """Call the customer of a conversation; return the contact_id of the call.

        The conversation stays with its agent, who is rung first. The number is that which the
        customer has given.

        Raises:
            NotServing: That agent does not have the conversation.
            NotKnown: No calls go out, or not to that number.
            LimitExceeded: More calls than may be made now.
        """
        ...

    async def follow_up_by_mail(
        self, contact_id: str, address: Identifier, draft: Draft, *, queue_id: str, language: str
    ) -> Conversation:
        """Write a mail that follows a call, to an address that its customer has given.

        It begins a conversation with the source "mail" to which the call belongs from now on; the
        customer's answer to it is a contact of that conversation. The call may run or be over.

        Raises:
            NotKnown: There is no such contact or queue, or no mail goes out.
        """
        ...

    async def write_to(
        self,
        source: str,
        channel: Channel,
        address: Identifier,
        draft: Draft,
        *,
        queue_id: str,
        language: str,
    ) -> Message:
        """Write to a customer of our own accord: in his newest conversation there, or a new one.

        A mail begins a new one. It opens no contact; his answer does. Whoever calls this sees to
        it that the same is not written twice.

        Raises:
            NotKnown: There is no such queue, and no way out to that source.
            LimitExceeded: See `Inbound`.
        """
        ...


class CallMaker(Protocol):
    """Call control, as conversations ask it to call a customer."""

    async def call_back(
        self, *, number: str, queue_id: str, language: str, conversation_id: str, agent_id: str
    ) -> str:
        """Ring an agent and then a customer; return the contact_id of the call at once.

        Raises:
            NotKnown: No trunk of that queue dials out, or the number may not be called.
            LimitExceeded: More calls than the queue may make in a minute.
        """
        ...

    def belongs(self, contact_id: str, conversation_id: str) -> bool:
        """A running call belongs to a conversation from now on; False: no such call runs."""
        ...


class WrittenRouting(Routing, Protocol):
    """What conversations ask of the router beside what every channel does."""

    def has_room(self, queue_id: str) -> bool:
        """Tell whether one more contact may wait in a queue; False for one that is not there."""
        ...

    def set_at_desk(self, agent_id: str, at_desk: bool) -> None:
        """The agent's desk, where he reads and writes, is connected or no longer.

        Only an agent at his desk is offered chats, messages and mails.
        """
        ...
