"""The chat over real sockets: messages, rejoining, several tabs, marks, typing, leaving."""

import asyncio

from domain.conversation import ConversationState
from domain.errors import LimitExceeded, StoreError
from domain.message import Author, Delivery
from domain.proof import Proof
from tests.chat_support import chat_rig, until


async def test_a_message_is_accepted_and_the_answer_comes() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter(language="zh-CN")
        assert client.welcome["conversation"] is None
        assert client.welcome["notice"] == "聊天会被保存。"
        await client.say("你好\r\n在吗", "a1")
        accepted = await client.next("accepted")
        assert accepted["client_id"] == "a1"
        assert accepted["sequence"] == 1
        own = await client.next("message")
        assert (own["author"], own["client_id"], own["text"]) == ("customer", "a1", "你好\n在吗")
        conversation_id = accepted["conversation_id"]
        rig.conversations.agent_says(conversation_id, "在的")
        answer = await client.next("message")
        assert (answer["author"], answer["sequence"], answer["text"]) == ("agent", 2, "在的")
        inbound = rig.conversations.inbounds[0]
        assert inbound.proof is Proof.NONE
        assert inbound.queue_id == "sales"
        assert inbound.language == "zh-CN"
        assert inbound.present
        assert rig.conversations.presences == [(conversation_id, True)]


async def test_a_message_that_is_sent_again_is_stored_once() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        for _ in range(2):
            await client.say("hello", "same")
        first, second = await client.next("accepted"), await client.next("accepted")
        assert (first["sequence"], second["sequence"]) == (1, 1)
        assert (first["duplicate"], second["duplicate"]) == (False, True)
        assert [len(each) for each in rig.conversations.stored.values()] == [1]


async def test_what_was_missed_comes_once_and_in_order_before_live() -> None:
    async with chat_rig() as rig:
        client, visitor = await rig.enter()
        await client.say("hello", "a1")
        accepted = await client.next("accepted")
        conversation_id = accepted["conversation_id"]
        await client.next("message")
        await client.socket.close()
        for number in range(250):
            rig.conversations.agent_says(conversation_id, f"m{number}", internal=number % 7 == 3)
        resume = {"conversation_id": conversation_id, "after": 1}
        again, _ = await rig.enter(visitor, resume=resume)
        assert again.welcome["resumed"]
        texts = []
        while (message := await again.next())["type"] != "live":
            if message["type"] == "message":
                texts.append(message["text"])
        assert texts == [f"m{number}" for number in range(250) if number % 7 != 3]
        rig.conversations.agent_says(conversation_id, "now")
        assert (await again.next("message"))["text"] == "now"


async def test_who_comes_without_anything_is_sent_the_newest() -> None:
    async with chat_rig(history_max=10) as rig:
        client, visitor = await rig.enter()
        await client.say("hello", "a1")
        conversation_id = (await client.next("accepted"))["conversation_id"]
        for number in range(30):
            rig.conversations.agent_says(conversation_id, f"m{number}")
            # Who reads nothing could not even be taken leave of.
            await client.next("message")
        tab, _ = await rig.enter(visitor)
        assert not tab.welcome["resumed"]
        assert [(await tab.next("message"))["text"] for _ in range(10)] == [
            f"m{number}" for number in range(20, 30)
        ]
        assert (await tab.next())["type"] == "status"
        assert (await tab.next())["type"] == "live"


async def test_another_visitors_conversation_is_not_resumed() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        await client.say("my secret", "a1")
        conversation_id = (await client.next("accepted"))["conversation_id"]
        other, _ = await rig.enter(resume={"conversation_id": conversation_id, "after": 0})
        assert other.welcome["conversation"] is None
        assert (await other.next())["type"] == "live"


async def test_tabs_of_one_visitor_share_a_conversation() -> None:
    async with chat_rig() as rig:
        first, visitor = await rig.enter()
        second, _ = await rig.enter(visitor)
        await first.say("from the first", "a1")
        assert (await second.next("message"))["text"] == "from the first"
        await second.say("from the second", "b1")
        assert (await first.next("message"))["sequence"] == 1
        assert (await first.next("message"))["text"] == "from the second"
        assert len(rig.conversations.conversations) == 1
        conversation_id = next(iter(rig.conversations.conversations))
        await first.socket.close()
        await second.socket.close()
        await until(lambda: (conversation_id, False) in rig.conversations.presences)
        assert rig.conversations.presences == [(conversation_id, True), (conversation_id, False)]
        assert not rig.service.rooms.all
        await until(lambda: rig.service.figures.connections == 0)


async def test_marks_typing_and_status_pass_both_ways() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        await client.say("hello", "a1")
        conversation_id = (await client.next("accepted"))["conversation_id"]
        rig.conversations.typing(conversation_id, Author.AGENT, True)
        assert await client.next("typing") == {"type": "typing", "typing": True}
        rig.conversations.stand(
            conversation_id, ConversationState.SERVED, agent="Ann", position=None
        )
        status = await client.next("status")
        while status["state"] != "served":
            status = await client.next("status")
        assert status["agent"] == "Ann"
        await client.send({"type": "typing", "typing": True})
        await client.send({"type": "mark", "what": "read", "sequence": 1})
        mark = await client.next("mark")
        assert (mark["by"], mark["what"], mark["sequence"]) == ("customer", "read", 1)
        assert rig.conversations.typed == [(conversation_id, True)]
        assert rig.conversations.marks == [(conversation_id, Author.CUSTOMER, Delivery.READ, 1)]
        await client.send({"type": "mark", "what": "read", "sequence": 99})
        await rig.conversations.mark(conversation_id, Author.AGENT, Delivery.READ, 1)
        assert (await client.next("mark"))["by"] == "agent"


async def test_who_leaves_closes_his_request() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        await client.say("hello", "a1")
        await client.next("accepted")
        await client.send({"type": "leave"})
        assert await client.close_code() == 1000
        assert [each[1] for each in rig.conversations.closed] == ["abandoned"]


async def test_what_is_not_committed_is_refused_and_can_be_sent_again() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        rig.conversations.fail = StoreError("the disk is full")
        await client.say("hello", "a1")
        error = await client.next("error")
        assert (error["code"], error["client_id"]) == ("unavailable", "a1")
        assert "disk" not in error["what"]
        rig.conversations.fail = LimitExceeded("queues.sales.waiting_max", 201, 200)
        await client.say("hello", "a1")
        assert (await client.next("error"))["code"] == "queue-full"
        await client.say("hello", "a1")
        assert (await client.next("accepted"))["sequence"] == 1


async def test_a_room_that_falls_behind_lets_its_clients_come_again() -> None:
    async with chat_rig() as rig:
        client, visitor = await rig.enter()
        await client.say("hello", "a1")
        conversation_id = (await client.next("accepted"))["conversation_id"]
        await client.next("message")
        rig.conversations.tell(conversation_id, LimitExceeded("follower", 1_001, 1_000))
        assert await client.close_code() == 1013
        rig.conversations.agent_says(conversation_id, "missed")
        resume = {"conversation_id": conversation_id, "after": 1}
        again, _ = await rig.enter(visitor, resume=resume)
        assert (await again.next("message"))["text"] == "missed"


async def test_who_goes_while_his_message_is_committed_is_not_taken_for_present() -> None:
    async with chat_rig() as rig:
        client, visitor = await rig.enter()
        rig.conversations.slow = asyncio.Event()
        await client.say("hello", "a1")
        await until(lambda: rig.conversations.receiving == 1)
        await client.socket.close()
        await until(lambda: not rig.service.rooms.all)
        rig.conversations.slow.set()
        await until(lambda: bool(rig.conversations.presences))
        assert [present for _, present in rig.conversations.presences] == [False]
        again, _ = await rig.enter(visitor)
        assert (await again.next("message"))["text"] == "hello"
