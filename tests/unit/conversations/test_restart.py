"""A node that is killed finds its conversations again."""

from datetime import timedelta

import pytest

from conversations.lines import LINES
from domain.contact import Channel, ContactState, Disposition
from domain.conversation import ConversationState
from domain.events import ContactArrived, ContactClosed, ContactQueued
from domain.message import Author
from tests.unit.conversations.scene import House, agent, inbound, mail, note, queue


async def test_who_waited_waits_on_with_what_he_has_waited() -> None:
    async with House() as house:
        received = await house.talk.receive(inbound())
        await house.settled()
        house.clock.advance(100)
    async with await house.killed() as house:
        (queued,) = house.journal.of(ContactQueued)
        assert queued.contact_id == received.message.contact_id
        assert queued.waited_s == pytest.approx(100)
        assert queued.channel is Channel.CHAT
        assert not house.journal.of(ContactArrived)
        await house.passes(121)
        assert house.journal.of(ContactQueued)[-1].channel is Channel.MESSAGE, (
            "he has not come back"
        )
        name = received.conversation.conversation_id
        assert house.texts(name, Author.SYSTEM)[-1] == LINES["offline"].en


async def test_who_was_served_waits_first_for_the_same_agent() -> None:
    agents = (agent("ann"), agent("bob"))
    async with House(agents=agents) as house:
        await house.at_desk("ann")
        received = await house.talk.receive(inbound())
        await house.accepts("ann")
        name = received.conversation.conversation_id
        await house.talk.say(name, note("One"))
        await house.settled()
        house.clock.advance(300)
    async with await house.killed(agents=agents) as house:
        house.talk.presence(name, True)
        await house.settled()
        assert house.records.conversations[name].state is ConversationState.WAITING
        for who in ("bob", "ann"):
            await house.at_desk(who)
        (queued,) = house.journal.of(ContactQueued)
        assert (queued.preferred_agent_id, queued.priority) == ("ann", 1)
        await house.passes(1)
        conversation = await house.accepts("bob" if house.offer("bob") else "ann")
        assert conversation.state is ConversationState.SERVED
        again = await house.talk.say(name, note("Two", conversation.agent_id, "d2"))
        assert again.sequence == len(house.texts(name))
        contact = house.records.contacts[received.message.contact_id]
        assert contact.state is ContactState.CONNECTED


async def test_what_was_laid_aside_stays_so_until_its_time() -> None:
    async with House() as house:
        await house.at_desk()
        received = await house.talk.receive(mail())
        await house.accepts()
        name = received.conversation.conversation_id
        await house.talk.park(name, "ann", house.clock.utc() + timedelta(seconds=500))
        await house.settled()
        house.clock.advance(400)
    async with await house.killed() as house:
        await house.at_desk()
        assert [one.conversation_id for one in await house.talk.agent_has("ann")] == [name]
        assert house.offer() is None
        await house.passes(101)
        assert house.offer() is not None


async def test_what_waited_outside_waits_outside() -> None:
    queues = (queue(waiting_max=1), queue("mails"))
    async with House(queues=queues) as house:
        for number in ("m1", "m2", "m3"):
            await house.talk.receive(mail(number=number))
        await house.settled()
    async with await house.killed(queues=queues) as house:
        assert house.router.figures().waiting == 1
        await house.at_desk()
        for _ in range(3):
            await house.accepts()
            await house.passes(2.5)
        served = [one.state for one in house.records.conversations.values()]
        assert served == [ConversationState.SERVED] * 3


async def test_a_contact_whose_row_was_never_written_is_written_now() -> None:
    async with House() as house:
        received = await house.talk.receive(inbound())
        house.records.contacts.clear()
        house.talk.records._inbox.clear()
    house.records.contacts.clear()
    async with await house.killed() as house:
        await house.settled()
        (contact,) = house.records.contacts.values()
        assert contact.contact_id == received.message.contact_id
        assert contact.conversation_id == received.conversation.conversation_id
        assert house.router.figures().waiting == 1


async def test_a_contact_that_was_closed_leaves_its_conversation_idle() -> None:
    async with House() as house:
        received = await house.talk.receive(inbound())
        await house.settled()
    contact = house.records.contacts[received.message.contact_id]
    contact.state, contact.disposition = ContactState.CLOSED, Disposition.ABANDONED
    async with await house.killed() as house:
        name = received.conversation.conversation_id
        assert house.records.conversations[name].state is ConversationState.IDLE
        assert not house.router.figures().waiting
        assert not house.journal.of(ContactClosed), "it was told before"
        again = await house.talk.receive(inbound("Hello?", "2"))
        assert again.conversation.state is ConversationState.WAITING


async def test_a_store_that_fails_for_a_while_is_caught_up_with() -> None:
    async with House() as house:
        await house.at_desk()
        received = await house.talk.receive(inbound())
        await house.settled()
        house.records.failing = True
        offer = house.offer()
        served = await house.talk.accept("ann", offer.offer_id)
        assert served is not None
        assert served.state is ConversationState.SERVED
        house.records.failing = False
        await house.talk.records.settle()
        name = received.conversation.conversation_id
        assert house.records.conversations[name].state is ConversationState.SERVED


async def test_what_is_forgotten_in_the_store_is_begun_anew() -> None:
    async with House() as house:
        await house.at_desk()
        first = await house.talk.receive(inbound("Hello", number="1"))
        name = first.conversation.conversation_id
        await house.accepts()
        await house.talk.close(name, agent_id="ann", disposition=Disposition.HANDLED)
        house.talk.forgotten(house.clock.utc())
        again = await house.talk.receive(inbound("There?", number="2"))
        assert again.conversation.conversation_id == name, "it is not old yet"
        await house.talk.close(name, agent_id=None, disposition=Disposition.HANDLED)
        house.clock.advance(10)
        del house.records.conversations[name]
        house.talk.forgotten(house.clock.utc())
        new = await house.talk.receive(inbound("Hello again", number="3"))
        assert new.conversation.conversation_id != name
