"""From a conversation to a call: which number is called, asked over HTTP or at a desk."""

from collections.abc import Sequence
from typing import Final

from domain.conversation_ports import Conversations
from domain.customer import Identifier, IdentifierKind
from domain.errors import CallRefused, NotKnown
from domain.escalation_ports import Escalations
from domain.identity_ports import Identities
from domain.proof import Proof

NO_NUMBER: Final = "no_number"
"""None is given, and none is proved to be the customer's."""
SEVERAL_NUMBERS: Final = "several_numbers"
"""None is given, and several are proved to be his."""


class CustomerCaller:
    """Calls customers out of their conversations."""

    def __init__(
        self,
        escalations: Escalations,
        conversations: Conversations,
        identities: Identities | None,
    ) -> None:
        """Join who calls, what is written and who is who; None: nobody is known."""
        self._escalations = escalations
        self._conversations = conversations
        self._identities = identities

    async def call(self, conversation_id: str, agent_id: str, number: str | None) -> str:
        """Ring an agent and then the customer of his conversation; return the call's contact_id.

        Args:
            conversation_id: Served by that agent.
            agent_id: Who is rung first.
            number: Where the customer is called; None: at the one that is proved to be his.

        Raises:
            CallRefused: No number, or several, or one that may not be called.
            NotServing: That agent does not have the conversation.
            NotKnown: No such conversation, or no calls go out.
            StoreError: It is not committed.
        """
        if number is None:
            conversation = await self._conversations.conversation(conversation_id)
            customer_id = conversation.customer_id
            known = await proved(self._identities, customer_id, IdentifierKind.PHONE)
            if len(known) != 1:
                reason = SEVERAL_NUMBERS if known else NO_NUMBER
                raise CallRefused(conversation.queue_id, reason)
            number = known[0].value
        return await self._escalations.escalate_to_call(conversation_id, agent_id, number)


async def proved(
    identities: Identities | None, customer_id: str | None, kind: IdentifierKind
) -> Sequence[Identifier]:
    """Return a customer's addresses of a kind that are proved to be his; none of nobody's."""
    if identities is None or customer_id is None:
        return []
    try:
        known = await identities.identifiers(customer_id)
    except NotKnown:
        return []
    found = [one.identifier for one in known if one.proof is Proof.PROVED]
    # A merge can give the same address twice.
    return list(dict.fromkeys(one for one in found if one.kind is kind))
