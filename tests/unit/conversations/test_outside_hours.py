"""Who writes while nobody is there: told when somebody will be, answered then, or by others."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from config.conversations import Line
from conversations.lines import LINES
from domain.business_hours import BusinessHours, OpenSpan
from domain.contact import Channel, Disposition
from domain.conversation import ConversationState
from domain.events import ContactClosed, ContactQueued
from domain.message import Author
from domain.opening import ALWAYS_OPEN, Opening, OpeningHours
from tests.unit.conversations.scene import House, agent, inbound, mail, queue

BERLIN = BusinessHours(ZoneInfo("Europe/Berlin"), ((OpenSpan(540, 1020),),) * 5 + ((),) * 2)
"""Nine to five; the clock begins at midnight UTC of a Tuesday, eight hours before."""
CLOSED = OpeningHours({"sales": Opening(hours=BERLIN)})
UNTIL_OPEN_S = 8 * 3_600.0
TOLD = (
    "Nobody is here at this time. We will be back at 09:00 on Tuesday, 1 January and answer your"
    " message then; you need not wait, and will find the answer in this chat."
)


async def test_who_chats_is_told_when_somebody_will_be_there_and_is_answered_then() -> None:
    async with House(hours=CLOSED, queues=(queue(wait_s_max=60),)) as house:
        received = await house.talk.receive(inbound())
        name = received.conversation.conversation_id
        house.talk.presence(name, True)
        await house.passes(UNTIL_OPEN_S)
        assert house.texts(name, Author.SYSTEM) == [TOLD], "and of no longest wait"
        assert [one.channel for one in house.journal.of(ContactQueued)] == [Channel.MESSAGE]
        assert not house.journal.of(ContactClosed)
        await house.at_desk()
        assert (await house.accepts()).state is ConversationState.SERVED


async def test_who_comes_again_while_it_is_open_is_chatted_with() -> None:
    async with House(hours=CLOSED) as house:
        received = await house.talk.receive(inbound())
        name = received.conversation.conversation_id
        for present in (True, False, True):
            house.talk.presence(name, present)
            await house.settled()
        await house.passes(UNTIL_OPEN_S)
        assert [one.channel for one in house.journal.of(ContactQueued)] == [Channel.MESSAGE]
        for present in (False, True):
            house.talk.presence(name, present)
            await house.settled()
        assert house.journal.of(ContactQueued)[-1].channel is Channel.CHAT


async def test_who_begins_while_it_is_open_is_told_that_somebody_comes() -> None:
    async with House(hours=CLOSED) as house:
        await house.passes(UNTIL_OPEN_S)
        received = await house.talk.receive(inbound())
        await house.settled()
        name = received.conversation.conversation_id
        assert house.texts(name, Author.SYSTEM) == [LINES["queued"].en]
        assert house.journal.of(ContactQueued)[-1].channel is Channel.CHAT


async def test_the_operators_own_words_in_chinese() -> None:
    own = Line(en="Back at {opens}.", zh="我们{opens}回来。")
    async with House(hours=CLOSED, lines={"outside_hours": own}) as house:
        received = await house.talk.receive(inbound(language="zh"))
        await house.settled()
        name = received.conversation.conversation_id
        assert house.texts(name, Author.SYSTEM) == ["我们 1月1日星期二09:00 回来。"]


async def test_another_queue_that_is_open_takes_a_chat_and_not_a_mail() -> None:
    hours = OpeningHours({"sales": Opening(hours=BERLIN, other_queue="night")})
    queues = (queue(), queue("night"))
    async with House(hours=hours, queues=queues, agents=(agent(),)) as house:
        received = await house.talk.receive(inbound())
        written = await house.talk.receive(mail())
        await house.settled()
        assert received.conversation.queue_id == "night"
        assert written.conversation.queue_id == "sales"
        name = received.conversation.conversation_id
        assert house.texts(name, Author.SYSTEM) == [LINES["queued"].en]
        await house.talk.close(name, agent_id=None, disposition=Disposition.CALLER_ENDED)
        await house.passes(UNTIL_OPEN_S)
        again = await house.talk.receive(inbound("Good morning", "2"))
        assert again.conversation.conversation_id == name
        assert again.conversation.queue_id == "sales"


async def test_an_answer_is_due_in_the_hours_of_the_queue() -> None:
    async with House(hours=CLOSED, answer_s={"mail": 9 * 3_600.0}) as house:
        received = await house.talk.receive(mail())
        # Eight hours of Tuesday and one of Wednesday; nine o'clock in Berlin is eight.
        assert received.conversation.due_at == datetime(2030, 1, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("hours", [ALWAYS_OPEN, CLOSED])
async def test_hours_that_change_count_from_the_next_message_on(hours: OpeningHours) -> None:
    async with House(hours=hours) as house:
        other = CLOSED if hours is ALWAYS_OPEN else ALWAYS_OPEN
        house.rules.reload((queue(),), (agent(),), other)
        received = await house.talk.receive(inbound())
        await house.settled()
        name = received.conversation.conversation_id
        told = LINES["queued"].en if other is ALWAYS_OPEN else TOLD
        assert house.texts(name, Author.SYSTEM) == [told]
