"""How a conversation waits: its place, full queues, customers who go and come back, its limit."""

import pytest

from conversations.lines import LINES
from domain.contact import Channel, Disposition
from domain.conversation import ConversationState
from domain.conversation_ports import OfferGone, OfferShown, Standing
from domain.customer import Identifier, IdentifierKind
from domain.errors import LimitExceeded, NotKnown, StoreError
from domain.events import ContactArrived, ContactClosed, ContactQueued
from domain.message import ATTACHMENTS_MAX, TEXT_CHARACTERS_MAX, Author
from tests.unit.conversations.scene import (
    House,
    agent,
    attachment,
    inbound,
    mail,
    queue,
    told,
)


def visitor(number: int) -> Identifier:
    return Identifier(IdentifierKind.VISITOR, f"v{number}")


async def test_the_same_message_is_stored_once_and_told_again() -> None:
    async with House() as house:
        first = await house.talk.receive(inbound("Hello", "1"))
        again = await house.talk.receive(inbound("Hello", "1"))
        assert again.duplicate
        assert not first.duplicate
        assert again.message == first.message
        other = await house.talk.receive(inbound("Are you there?", "2"))
        assert other.conversation.conversation_id == first.conversation.conversation_id
        assert house.records.lookups == 0, "everything he ever sent was sent in this run"
        assert len(house.journal.of(ContactArrived)) == 1
    async with await house.killed() as house:
        again = await house.talk.receive(inbound("Hello", "1"))
        assert again.duplicate
        assert again.message == first.message


async def test_what_cannot_be_taken_is_refused_by_name_and_leaves_nothing() -> None:
    async with House() as house:
        with pytest.raises(NotKnown, match="queue 'nowhere'"):
            await house.talk.receive(inbound(queue_id="nowhere"))
        with pytest.raises(LimitExceeded, match="characters of a message"):
            await house.talk.receive(inbound("x" * (TEXT_CHARACTERS_MAX + 1)))
        with pytest.raises(LimitExceeded, match="client id"):
            await house.talk.receive(inbound(number="n" * 129))
        with pytest.raises(LimitExceeded, match="attachments"):
            await house.talk.receive(inbound(attachments=("a",) * (ATTACHMENTS_MAX + 1)))
        with pytest.raises(NotKnown, match="attachment 'a'"):
            await house.talk.receive(inbound(attachments=("a",)))
        with pytest.raises(NotKnown, match="conversation 'c'"):
            await house.talk.receive(inbound(conversation_id="c"))
        house.records.failing = True
        with pytest.raises(StoreError):
            await house.talk.receive(inbound())
        house.records.failing = False
        assert not house.records.conversations
        assert not house.journal.events
        assert not house.router.figures().waiting
        received = await house.talk.receive(inbound())
        assert received.message.sequence == 1


async def test_attachments_come_with_the_message() -> None:
    async with House() as house:
        picture = attachment()
        house.records.attachments[picture.attachment_id] = picture
        received = await house.talk.receive(inbound(attachments=(picture.attachment_id,)))
        assert received.message.attachments == (picture,)


async def test_a_full_queue_refuses_who_is_there_and_keeps_who_has_gone() -> None:
    async with House(queues=(queue(waiting_max=1), queue("mails")), backlog_max=1) as house:
        await house.talk.receive(inbound(sender=visitor(1)))
        with pytest.raises(LimitExceeded, match="waiting_max"):
            await house.talk.receive(inbound(sender=visitor(2)))
        kept = await house.talk.receive(mail())
        assert kept.conversation.state is ConversationState.WAITING
        with pytest.raises(LimitExceeded, match="backlog_max"):
            await house.talk.receive(mail(number="m2"))
        assert len(house.records.conversations) == 2
        assert house.router.figures().waiting == 1
        await house.at_desk()
        await house.accepts()
        await house.passes(2.5)
        offer = house.offer()
        assert offer is not None
        assert offer.contact_id == kept.conversation.contact_id


async def test_a_waiting_customer_is_told_his_place_when_it_changes() -> None:
    async with House() as house:
        first = await house.talk.receive(inbound(sender=visitor(1)))
        await house.passes(1)
        second = await house.talk.receive(inbound(sender=visitor(2)))
        window = house.talk.follow(second.conversation.conversation_id)
        await house.passes(6)
        assert [one.position for one in told(window, Standing)] == [2]
        await house.talk.close(
            first.conversation.conversation_id,
            agent_id=None,
            disposition=Disposition.CALLER_ENDED,
        )
        await house.passes(6)
        assert [one.position for one in told(window, Standing)] == [1]
        (closed,) = house.journal.of(ContactClosed)
        assert closed.disposition is Disposition.ABANDONED
        await house.passes(6)
        assert not told(window, Standing)


async def test_who_is_away_for_long_is_answered_in_time_and_takes_his_place_again() -> None:
    async with House(away_s=60) as house:
        received = await house.talk.receive(inbound())
        name = received.conversation.conversation_id
        house.talk.presence(name, True)
        await house.passes(100)
        house.talk.presence(name, False)
        await house.passes(59)
        assert house.journal.of(ContactQueued)[-1].channel is Channel.CHAT
        await house.passes(2)
        queued = house.journal.of(ContactQueued)[-1]
        assert queued.channel is Channel.MESSAGE
        assert queued.waited_s == pytest.approx(161)
        assert house.texts(name, Author.SYSTEM)[-1] == LINES["offline"].en
        house.talk.presence(name, True)
        await house.settled()
        queued = house.journal.of(ContactQueued)[-1]
        assert (queued.channel, queued.contact_id) == (Channel.CHAT, received.message.contact_id)
        assert queued.waited_s == pytest.approx(161)
        assert house.router.figures().waiting == 1


async def test_a_page_that_is_loaded_again_changes_nothing() -> None:
    async with House(away_s=60) as house:
        received = await house.talk.receive(inbound())
        name = received.conversation.conversation_id
        for _ in range(5):
            house.talk.presence(name, True)
            await house.passes(50)
            house.talk.presence(name, False)
            await house.passes(5)
        assert len(house.journal.of(ContactQueued)) == 1


async def test_the_longest_wait_makes_a_chat_a_message_and_loses_nothing() -> None:
    async with House(queues=(queue(wait_s_max=30),)) as house:
        received = await house.talk.receive(inbound())
        name = received.conversation.conversation_id
        house.talk.presence(name, True)
        await house.passes(31)
        assert house.texts(name, Author.SYSTEM)[-1] == LINES["offline"].en
        await house.passes(100)
        assert not house.journal.of(ContactClosed)
        assert house.router.figures().waiting == 1
        await house.at_desk()
        assert (await house.accepts()).state is ConversationState.SERVED


async def test_a_mail_waits_beyond_the_longest_wait_and_has_a_due_time() -> None:
    async with House(queues=(queue(wait_s_max=30),), answer_s={"mail": 7200}) as house:
        received = await house.talk.receive(mail(priority=3))
        conversation = received.conversation
        assert conversation.due_at is not None
        assert (conversation.due_at - received.message.at).total_seconds() == 7200
        await house.passes(4000)
        assert house.router.figures().waiting == 1
        (queued,) = house.journal.of(ContactQueued)
        assert (queued.channel, queued.priority) == (Channel.MAIL, 3)
        assert not house.texts(conversation.conversation_id, Author.SYSTEM)


async def test_a_chat_is_due_by_the_service_level_of_its_queue() -> None:
    async with House(queues=(queue(service_level={"target_s": 40}),)) as house:
        received = await house.talk.receive(inbound())
        due_at = received.conversation.due_at
        assert due_at is not None
        assert (due_at - received.message.at).total_seconds() == 40


async def test_an_automatic_mail_asks_nobody() -> None:
    async with House() as house:
        received = await house.talk.receive(mail(automatic=True))
        assert received.conversation.state is ConversationState.IDLE
        assert not house.router.figures().waiting
        received = await house.talk.receive(
            mail(number="m2", conversation_id=received.conversation.conversation_id)
        )
        assert received.conversation.state is ConversationState.WAITING


async def test_a_mail_without_a_thread_begins_one() -> None:
    async with House() as house:
        one = await house.talk.receive(mail(number="m1"))
        two = await house.talk.receive(mail(number="m2"))
        assert one.conversation.conversation_id != two.conversation.conversation_id


async def test_an_offer_that_nobody_takes_goes_to_the_next_agent() -> None:
    agents = (agent("ann"), agent("bob"))
    async with House(agents=agents, offer_s={"chat": 10}) as house:
        desks = {name: await house.at_desk(name) for name in ("ann", "bob")}
        await house.talk.receive(inbound())
        await house.settled()
        first = house.offer("ann") or house.offer("bob")
        await house.passes(11)
        (gone,) = told(desks[first.agent_id], OfferGone)
        assert (gone.offer_id, gone.reason) == (first.offer_id, "expired")
        other = {"ann": "bob", "bob": "ann"}[first.agent_id]
        assert house.offer(other) is not None
        assert [part.outcome for part in house.records.interactions] == ["ring_no_answer"]
        assert await house.talk.accept(first.agent_id, first.offer_id) is None


async def test_an_offer_that_is_refused_goes_to_the_next_agent() -> None:
    agents = (agent("ann"), agent("bob"))
    async with House(agents=agents) as house:
        for name in ("ann", "bob"):
            await house.at_desk(name)
        await house.talk.receive(inbound())
        await house.settled()
        first = house.offer("ann") or house.offer("bob")
        other = {"ann": "bob", "bob": "ann"}[first.agent_id]
        await house.talk.decline(other, first.offer_id)
        assert house.offer(first.agent_id) is first, "another's refusal counts for nothing"
        await house.talk.decline(first.agent_id, first.offer_id)
        await house.talk.decline(first.agent_id, first.offer_id)
        await house.settled()
        assert house.offer(other) is not None
        assert [part.outcome for part in house.records.interactions] == ["declined"]


async def test_a_customer_who_leaves_takes_his_offer_with_him() -> None:
    async with House() as house:
        desk = await house.at_desk()
        received = await house.talk.receive(inbound())
        await house.settled()
        offer = house.offer()
        told(desk, OfferShown)
        await house.talk.close(
            received.conversation.conversation_id,
            agent_id=None,
            disposition=Disposition.ABANDONED,
        )
        await house.settled()
        assert house.offer() is None
        assert await house.talk.accept("ann", offer.offer_id) is None
        assert not house.router.figures().offers_pending
        assert house.router.agents()[0].state.value == "ready", "he keeps his turn"


async def test_a_desk_that_comes_back_sees_the_offer_again() -> None:
    async with House() as house:
        desk = await house.at_desk()
        await house.talk.receive(inbound())
        await house.settled()
        await desk.aclose()
        await house.passes(5)
        (shown,) = told(house.talk.follow_agent("ann"), OfferShown)
        assert shown.expires_s == pytest.approx(15)


async def test_nobody_without_a_desk_is_offered_anything() -> None:
    async with House() as house:
        house.router.set_reachable("ann", True)
        await house.at_desk(ready=True)
        await house.desks["ann"].aclose()
        await house.passes(61)
        await house.talk.receive(inbound())
        await house.settled()
        assert house.offer() is None
        assert house.router.agents()[0].state.value == "ready", "calls are still for him"


async def test_a_queue_that_is_configured_no_longer_ends_what_waited_outside() -> None:
    async with House(queues=(queue(waiting_max=1), queue("mails"))) as house:
        await house.talk.receive(inbound(sender=visitor(1)))
        kept = await house.talk.receive(mail())
        house.rules.reload((queue("mails"),), (agent(),))
        await house.passes(2.5)
        name = kept.conversation.conversation_id
        assert house.records.conversations[name].state is ConversationState.IDLE
        (closed,) = house.journal.of(ContactClosed)
        assert closed.disposition is Disposition.FAILED
