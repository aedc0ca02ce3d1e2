"""A node that dies between a message and its record: the message is there once, on a real store."""

from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from channels.outreach.service import OutreachService
from conversations.service import ConversationService
from domain.contact import Channel
from domain.conversation import Conversation
from domain.customer import Customer
from domain.message import Message
from domain.outreach import OutreachRecord, OutreachWish
from store.conversation_schema import MESSAGES, OUTGOING
from store.opening import Store, open_store
from tests.store_support import HandClock
from tests.unit.channels.outreach.test_service import CUSTOMER, LATE, FakeAudience, Scene
from tests.unit.conversations.scene import House, queue

WISH = OutreachWish(
    key="order 4711",
    template_id="late",
    customer_id=CUSTOMER.customer_id,
    variables={"order": "4711"},
)


class Killed(BaseException):
    """The end of a node, which nothing catches."""


class Outlet:
    async def deliver(self, conversation: Conversation, message: Message) -> None:
        """Leave it in the store, as an outlet that is busy does."""


class Records:
    """The real records, up to the moment when the node dies."""

    def __init__(self, store: Store) -> None:
        self.find = store.outreach.find

    async def add(self, key: str, record: OutreachRecord) -> None:
        raise Killed


@asynccontextmanager
async def at_work(store: Store, clock: HandClock, customer: Customer, records: Any):
    parts: Any = House(queues=(queue("support"),))
    talk = ConversationService(
        store=store.conversations,
        vault=parts.talk._vault,
        ledger=parts.ledger,
        routing=parts.router,
        agents=parts.router,
        events=parts.journal,
        clock=clock,
        rules=parts.rules,
        outlets={"mail": Outlet(), "chatty": Outlet()},
    )
    numbers = count(1)
    async with talk:
        yield OutreachService(
            [LATE],
            store=records,
            audience=FakeAudience(customer),
            writer=talk,
            source_of=Scene.source_of,
            clock=clock,
            new_id=lambda: f"{next(numbers):032x}",
        )


@pytest.mark.parametrize(
    ("first", "then", "channel"),
    [
        ({}, {}, Channel.MESSAGE),
        ({}, {"preferences": {"channel": "mail"}}, Channel.MESSAGE),
        ({"preferences": {"channel": "mail"}}, {"preferences": {"channel": "mail"}}, Channel.MAIL),
        ({"preferences": {"channel": "mail"}}, {}, Channel.MAIL),
        ({}, {"preferences": {"channels": "none"}}, Channel.MESSAGE),
    ],
    ids=["again", "by mail now", "mail again", "no mail now", "nothing now"],
)
async def test_asked_again_after_a_kill_it_is_sent_once(
    tmp_path, first: dict[str, Any], then: dict[str, Any], channel: Channel
) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        with pytest.raises(Killed):
            async with at_work(store, clock, changed(first), Records(store)) as service:
                await service.send(WISH)
    clock.tick(60)
    async with open_store(tmp_path, clock) as store:
        async with at_work(store, clock, changed(then), store.outreach) as service:
            record = await service.send(WISH)
            assert await service.send(WISH) == record
        assert (record.channel, record.refused) == (channel, None)
        async with store.database.reading("messages") as connection:
            ids = (await connection.execute(MESSAGES.select())).all()
            on_the_way = (await connection.execute(OUTGOING.select())).all()
        assert [row.message_id for row in ids] == [record.message_id]
        assert [row.message_id for row in on_the_way] == [record.message_id]


def changed(changes: dict[str, Any]) -> Customer:
    return replace(CUSTOMER, **changes)
