"""A customer deleted from the store is gone from the conversations of a running node too."""

from pathlib import Path

import pytest

from bench.written_node import at_work, settings
from domain.contact import Channel
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown
from domain.message import Inbound
from domain.proof import Proof
from tests.customer_support import ANNA, told


def says(client_id: str) -> Inbound:
    return Inbound(
        source="sms",
        channel=Channel.MESSAGE,
        sender=Identifier(IdentifierKind.PHONE, ANNA),
        proof=Proof.PRESENTED,
        client_id=client_id,
        queue_id="sales",
        text="Where is my order?",
    )


async def test_a_deleted_customers_conversation_is_not_gone_on_with(tmp_path: Path) -> None:
    async with at_work(settings(tmp_path)) as node:
        talk = node.written.conversations
        await node.store.directory.put([told("C-1", phones=[ANNA])])
        first = await talk.receive(says("1"))
        name = first.conversation.conversation_id
        assert first.conversation.customer_id is not None
        assert await node.store.directory.forget("C-1")
        await talk.settled()
        with pytest.raises(NotKnown):
            await talk.conversation(name)
        again = await talk.receive(says("2"))
        assert again.conversation.conversation_id != name
        assert again.message.sequence == 1
        assert [one.text for one in await talk.messages(again.conversation.conversation_id)] == [
            "Where is my order?"
        ]
