"""How an agent serves a conversation: words, notes, marks, laying aside, handing on, the end."""

from datetime import timedelta

import pytest

from conversations.lines import LINES
from domain.contact import Disposition
from domain.conversation import ConversationState
from domain.conversation_events import DeliveryChanged
from domain.conversation_ports import Marked, NewMessage, Standing, Typing
from domain.errors import (
    IllegalTransition,
    LimitExceeded,
    NobodyServes,
    NotKnown,
    NotServing,
    StoreError,
)
from domain.events import ContactQueued, ContactTransferred
from domain.message import Author, Delivery
from domain.skill import SkillRequirement
from tests.unit.conversations.scene import House, Out, agent, inbound, mail, note, queue, told


async def served(house: House, message=None, agent_id: str = "ann") -> str:
    if agent_id not in house.desks:
        await house.at_desk(agent_id)
    received = await house.talk.receive(message or inbound())
    house.talk.presence(received.conversation.conversation_id, True)
    await house.accepts(agent_id)
    return received.conversation.conversation_id


async def test_a_word_said_again_is_said_once_even_after_a_restart() -> None:
    async with House() as house:
        name = await served(house)
        first = await house.talk.say(name, note("Yes", number="d1"))
        assert await house.talk.say(name, note("Yes", number="d1")) == first
    async with await house.killed() as house:
        await house.at_desk()
        await house.accepts()
        assert (await house.talk.say(name, note("Yes", number="d1"))).sequence == first.sequence
        assert house.texts(name, Author.AGENT) == ["Yes"]


async def test_only_who_has_it_speaks_and_everybody_may_note() -> None:
    async with House() as house:
        name = await served(house)
        window = house.talk.follow(name)
        with pytest.raises(NotServing):
            await house.talk.say(name, note("Hello", "bob"))
        await house.talk.say(name, note("A good customer", "bob", internal=True))
        assert not told(window, NewMessage), "notes are not for the customer"
        assert [one.message.text for one in told(house.desks["ann"], NewMessage)][-1] == (
            "A good customer"
        )
        read = await house.talk.messages(name)
        assert "A good customer" not in [message.text for message in read]
        read = await house.talk.messages(name, internal=True)
        assert read[-1].internal


async def test_a_mail_goes_out_after_it_is_committed() -> None:
    out = Out()
    async with House(outlets={"mail": out}) as house:
        name = await served(house, mail("My bill is wrong", subject="Bill"))
        said = await house.talk.say(name, note("We look into it"))
        assert (out.delivered, house.records.outgoing) == (["We look into it"], [said.message_id])
        assert said.subject == "Bill"
        assert house.records.conversations[name].due_at is None
        out.error = OSError("no route")
        await house.talk.say(name, note("And again", number="d2"))
        assert len(house.records.outgoing) == 2, "it is sent from the store later"
        await house.talk.say(name, note("Hm", number="d3", internal=True))
        assert len(house.records.outgoing) == 2


async def test_a_chat_is_pushed_only_to_who_is_not_there() -> None:
    out = Out()
    async with House(outlets={"chat": out}) as house:
        name = await served(house)
        await house.talk.say(name, note("One"))
        house.talk.presence(name, False)
        await house.settled()
        await house.talk.say(name, note("Two", number="d2"))
        # Whether he has seen the first is found out by who pushes.
        assert (out.delivered, len(house.records.outgoing)) == (["Two"], 2)


async def test_what_is_not_committed_is_not_said() -> None:
    async with House() as house:
        name = await served(house)
        window = house.talk.follow(name)
        house.records.failing = True
        with pytest.raises(StoreError):
            await house.talk.say(name, note("Lost"))
        house.records.failing = False
        assert not told(window, NewMessage)
        assert (await house.talk.say(name, note("Lost"))).text == "Lost"


async def test_marks_grow_and_are_written_soon() -> None:
    async with House() as house:
        name = await served(house)
        said = await house.talk.say(name, note("One"))
        told(house.desks["ann"], Marked)
        for delivery in (Delivery.DELIVERED, Delivery.DELIVERED, Delivery.READ):
            await house.talk.mark(name, Author.CUSTOMER, delivery, said.sequence)
        marks = told(house.desks["ann"], Marked)
        assert [one.delivery for one in marks] == [Delivery.DELIVERED, Delivery.READ]
        assert [one.delivery for one in house.journal.of(DeliveryChanged)] == [
            Delivery.DELIVERED,
            Delivery.READ,
        ]
        await house.talk.mark(name, Author.AGENT, Delivery.READ, 1)
        await house.passes(1.5)
        await house.talk.records.settle()
        written = house.records.conversations[name]
        assert (written.customer_got, written.customer_read, written.agent_read) == (
            said.sequence,
            said.sequence,
            1,
        )
        with pytest.raises(NotKnown, match="message '99'"):
            await house.talk.mark(name, Author.CUSTOMER, Delivery.READ, 99)
        await house.talk.failed(name, said.sequence, "mailbox full")
        failed = house.journal.of(DeliveryChanged)[-1]
        assert (failed.delivery, failed.reason) == (Delivery.FAILED, "mailbox full")


async def test_typing_is_shown_and_ends_by_itself() -> None:
    async with House() as house:
        name = await served(house)
        for _ in range(3):
            house.talk.typing(name, Author.CUSTOMER, True)
        assert [one.typing for one in told(house.desks["ann"], Typing)] == [True]
        await house.passes(9)
        house.talk.typing(name, Author.CUSTOMER, True)
        await house.passes(9)
        assert not told(house.desks["ann"], Typing)
        await house.passes(2)
        assert [one.typing for one in told(house.desks["ann"], Typing)] == [False]
        house.talk.typing("nobody follows this", Author.CUSTOMER, True)


async def test_a_quiet_chat_is_warned_and_closed() -> None:
    async with House(idle_close_s=300, idle_warn_s=60) as house:
        name = await served(house)
        await house.passes(200)
        await house.talk.receive(inbound("Wait", "2"))
        await house.passes(239)
        assert house.texts(name, Author.SYSTEM)[-1] != LINES["idle_warning"].en
        await house.passes(2)
        assert house.texts(name, Author.SYSTEM)[-1] == LINES["idle_warning"].en
        await house.passes(60)
        assert house.texts(name, Author.SYSTEM)[-1] == LINES["closed"].en
        (contact,) = house.records.contacts.values()
        assert contact.disposition is Disposition.IDLE
        again = await house.talk.receive(inbound("Hello again", "3"))
        assert again.conversation.conversation_id == name
        assert again.conversation.state is ConversationState.WAITING
        assert again.message.contact_id != contact.contact_id


async def test_who_goes_after_the_answer_is_let_go() -> None:
    async with House(away_s=60) as house:
        name = await served(house)
        await house.talk.say(name, note("Done"))
        house.talk.presence(name, False)
        await house.passes(61)
        assert house.records.conversations[name].state is ConversationState.IDLE
        assert not await house.talk.agent_has("ann")


async def test_who_goes_before_the_answer_keeps_his_agent() -> None:
    async with House(away_s=60) as house:
        name = await served(house)
        house.talk.presence(name, False)
        await house.passes(61)
        assert [one.conversation_id for one in await house.talk.agent_has("ann")] == [name]


async def test_a_mail_is_laid_aside_and_comes_back_to_the_same_agent() -> None:
    agents = (agent("ann"), agent("bob"))
    async with House(agents=agents) as house:
        name = await served(house, mail())
        await house.at_desk("bob")
        until = house.clock.utc() + timedelta(hours=1)
        await house.talk.park(name, "ann", until)
        await house.settled()
        parked = house.records.conversations[name]
        assert (parked.state, parked.parked_until) == (ConversationState.PARKED, until)
        assert [one.conversation_id for one in await house.talk.agent_has("ann")] == [name]
        assert not house.router.agents()[0].contact_ids, "it takes no slot"
        await house.passes(3599)
        assert house.offer("ann") is None
        await house.passes(2)
        assert house.offer("ann") is not None
        assert house.journal.of(ContactQueued)[-1].preferred_agent_id == "ann"
        await house.accepts("ann")
        await house.talk.park(name, "ann", None)
        await house.talk.receive(mail("One thing more", "m2", conversation_id=name))
        await house.settled()
        assert house.offer("ann") is not None
        await house.accepts("ann")
        await house.talk.park(name, "ann", None)
        await house.talk.resume(name)
        await house.settled()
        assert house.offer("ann") is not None
        outcomes = [part.outcome for part in house.records.interactions]
        assert outcomes == ["parked", "parked", "parked"]


async def test_what_cannot_be_laid_aside() -> None:
    async with House(parked_max=1) as house:
        name = await served(house)
        with pytest.raises(IllegalTransition, match="present"):
            await house.talk.park(name, "ann", None)
        with pytest.raises(NotServing):
            await house.talk.park(name, "bob", None)
        for number in ("m1", "m2"):
            received = await house.talk.receive(mail(number=number))
            await house.accepts()
            if number == "m1":
                await house.talk.park(received.conversation.conversation_id, "ann", None)
        with pytest.raises(LimitExceeded, match="parked_max"):
            await house.talk.park(received.conversation.conversation_id, "ann", None)
        with pytest.raises(IllegalTransition):
            await house.talk.resume(name)


async def test_a_conversation_is_handed_to_an_agent() -> None:
    agents = (agent("ann"), agent("bob"), agent("cleo"))
    async with House(agents=agents) as house:
        name = await served(house)
        for other in ("bob", "cleo"):
            await house.at_desk(other)
        await house.passes(400)
        told(house.desks["ann"], Standing)
        await house.talk.transfer(name, "ann", to_agent="cleo")
        await house.settled()
        assert house.offer("cleo") is not None, "the one it is for, whoever is free longer"
        (event,) = house.journal.of(ContactTransferred)
        assert (event.to_agent_id, event.requirement) == ("cleo", None)
        assert event.talk_s == pytest.approx(400)
        assert house.journal.of(ContactQueued)[-1].waited_s == pytest.approx(400)
        assert house.texts(name, Author.SYSTEM)[-1] == LINES["transferred"].en
        (lost,) = told(house.desks["ann"], Standing)
        assert lost.conversation.state is ConversationState.WAITING
        await house.accepts("cleo")
        assert not await house.talk.agent_has("ann")
        with pytest.raises(NotServing):
            await house.talk.say(name, note("Still me"))
        outcomes = [(part.agent_id, part.outcome) for part in house.records.interactions]
        assert outcomes == [("ann", "transferred")]


async def test_a_conversation_is_handed_to_a_queue_or_a_skill() -> None:
    agents = (agent("ann"), agent("bob", skills={"tax": 4, "bills": 3}))
    queues = (queue(), queue("bills", skills={"bills": 2}))
    async with House(agents=agents, queues=queues) as house:
        name = await served(house)
        await house.at_desk("bob")
        await house.talk.transfer(name, "ann", to_queue="bills")
        queued = house.journal.of(ContactQueued)[-1]
        assert queued.queue_id == "bills"
        assert queued.requirements == (SkillRequirement(skill="bills", proficiency_min=2),)
        assert queued.avoided_agent_id == "ann"
        assert house.records.conversations[name].queue_id == "bills"
        await house.accepts("bob")
        tax = SkillRequirement(skill="tax", proficiency_min=5)
        with pytest.raises(NobodyServes, match="tax at 5"):
            await house.talk.transfer(name, "bob", requirement=tax)
        with pytest.raises(NotKnown, match="agent 'zoe'"):
            await house.talk.transfer(name, "bob", to_agent="zoe")
        with pytest.raises(NotKnown, match="queue 'zoo'"):
            await house.talk.transfer(name, "bob", to_queue="zoo")
        with pytest.raises(ValueError, match="one of"):
            await house.talk.transfer(name, "bob")
        with pytest.raises(NotServing):
            await house.talk.transfer(name, "ann", to_queue="sales")
        assert house.records.conversations[name].state is ConversationState.SERVED


async def test_an_agent_who_is_gone_leaves_his_customers_to_others_soon() -> None:
    agents = (agent("ann"), agent("bob"))
    async with House(agents=agents, agent_away_s=30) as house:
        name = await served(house)
        await house.desks["ann"].aclose()
        await house.passes(29)
        house.desks["ann"] = house.talk.follow_agent("ann")
        await house.passes(29)
        assert house.records.conversations[name].state is ConversationState.SERVED
        await house.desks["ann"].aclose()
        await house.at_desk("bob")
        await house.passes(31)
        assert "Ann" in house.texts(name, Author.SYSTEM)[-1]
        queued = house.journal.of(ContactQueued)[-1]
        assert (queued.priority, queued.preferred_agent_id) == (1, "ann")
        assert house.offer("bob") is not None, "nobody waits for who is not there"
        assert [part.outcome for part in house.records.interactions] == ["lost"]


async def test_the_end_is_for_who_has_it() -> None:
    async with House() as house:
        name = await served(house)
        with pytest.raises(NotServing):
            await house.talk.close(name, agent_id="bob", disposition=Disposition.HANDLED)
        await house.talk.close(name, agent_id=None, disposition=Disposition.CALLER_ENDED)
        with pytest.raises(IllegalTransition):
            await house.talk.close(name, agent_id=None, disposition=Disposition.HANDLED)
        await house.settled()
        (contact,) = house.records.contacts.values()
        assert contact.disposition is Disposition.CALLER_ENDED


async def test_the_notice_comes_first_where_a_chat_may_be_analysed() -> None:
    async with House(analysed=True) as house:
        received = await house.talk.receive(inbound(language="zh-CN"))
        name = received.conversation.conversation_id
        assert house.texts(name, Author.SYSTEM) == [LINES["notice"].zh, LINES["queued"].zh]


async def test_a_reader_who_takes_nothing_is_ended() -> None:
    async with House(follower_updates_max=10) as house:
        name = await served(house)
        slow = house.talk.follow(name)
        for number in range(11):
            await house.talk.say(name, note("x", number=f"n{number}"))
        with pytest.raises(LimitExceeded, match="follower"):
            await anext(slow)
        assert name not in house.talk.followers
