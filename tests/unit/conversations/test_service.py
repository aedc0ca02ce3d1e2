"""A conversation from the customer's first word to its end, with a real router."""

from conversations.lines import LINES
from domain.contact import ContactState, Disposition
from domain.conversation import ConversationState
from domain.conversation_events import ConversationChanged, MessageStored
from domain.conversation_ports import NewMessage, OfferShown
from domain.events import ContactArrived, ContactClosed, ContactConnected, ContactQueued
from domain.message import Author
from tests.unit.conversations.scene import House, inbound, note, told

SYSTEM = Author.SYSTEM


async def test_a_chat_from_hello_to_goodbye() -> None:
    async with House() as house:
        desk = await house.at_desk()
        receipt = await house.talk.receive(inbound("Hello"))
        name = receipt.conversation.conversation_id
        await house.settled()
        (shown,) = told(desk, OfferShown)
        assert (shown.preview, shown.expires_s) == ("Hello", 20.0)
        served = await house.accepts()
        assert served.state is ConversationState.SERVED
        customer = house.talk.follow(name)
        said = await house.talk.say(name, note("Good morning"))
        assert [one.message.text for one in told(customer, NewMessage)] == ["Good morning"]
        assert (said.agent_id, said.sequence) == ("ann", 4)
        figures = house.talk.figures()
        assert (figures.waiting, figures.served, figures.followers, figures.desks) == (0, 1, 1, 1)
        await house.talk.close(name, agent_id="ann", disposition=Disposition.HANDLED)
        await house.settled()
    order = [type(event) for event in house.journal.events]
    kinds = (MessageStored, ContactArrived, ContactQueued, ContactConnected, ContactClosed)
    assert sorted(kinds, key=order.index) == list(kinds)
    assert house.texts(name) == [
        "Hello",
        LINES["queued"].en,
        "Ann is here for you now.",
        "Good morning",
        LINES["closed"].en,
    ]
    states = [event.after for event in house.journal.of(ConversationChanged)]
    assert states == [ConversationState.WAITING, ConversationState.SERVED, ConversationState.IDLE]
    (contact,) = house.records.contacts.values()
    assert (contact.state, contact.conversation_id) == (ContactState.CLOSED, name)
    (part,) = house.records.interactions
    assert (part.agent_id, part.outcome) == ("ann", "answered")
