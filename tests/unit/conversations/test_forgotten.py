"""A customer who is forgotten is remembered by nobody, whatever he was about."""

from typing import Any

import pytest

from domain.contact import Disposition
from domain.conversation import ConversationState
from domain.errors import NotKnown
from domain.events import ContactClosed
from tests.unit.conversations.scene import House, inbound


def forget(house: House, conversation_id: str) -> None:
    """Delete what is stored, and tell it, as the store does."""
    del house.records.conversations[conversation_id]
    house.records.in_order.pop(conversation_id)
    house.records.keys.clear()
    house.talk.customer_forgotten([conversation_id])


async def begun(house: House, stands: ConversationState) -> str:
    received = await house.talk.receive(inbound())
    name = received.conversation.conversation_id
    house.talk.presence(name, True)
    if stands is not ConversationState.WAITING:
        await house.at_desk()
        await house.accepts()
    if stands is ConversationState.IDLE:
        await house.talk.close(name, agent_id="ann", disposition=Disposition.AGENT_ENDED)
        await house.settled()
    return name


@pytest.mark.parametrize(
    "stands", [ConversationState.IDLE, ConversationState.WAITING, ConversationState.SERVED]
)
async def test_nobody_goes_on_with_what_was_forgotten(stands: ConversationState) -> None:
    async with House() as house:
        name = await begun(house, stands)
        window = house.talk.follow(name)
        forget(house, name)
        await house.settled()
        with pytest.raises(NotKnown):
            await house.talk.conversation(name)
        assert house.talk._entries.get(name) is None
        assert not await house.talk.agent_has("ann")
        assert len(house.journal.of(ContactClosed)) == 1, "its contact is over, once"
        updates: list[Any] = [update async for update in window]
        assert updates or stands is ConversationState.IDLE, "told to the end"
        await house.talk.records.settle()
        assert not len(house.talk.records), "nothing is tried for ever"
        again = await house.talk.receive(inbound())
        assert not again.duplicate
        assert again.conversation.conversation_id != name
        assert again.message.sequence == 1


async def test_the_agent_who_served_him_is_free_again() -> None:
    async with House() as house:
        name = await begun(house, ConversationState.SERVED)
        forget(house, name)
        await house.settled()
        other = inbound("Next", "2", sender=inbound().sender)
        await house.talk.receive(other)
        await house.accepts()
        assert [one.state for one in await house.talk.agent_has("ann")] == [
            ConversationState.SERVED
        ]
