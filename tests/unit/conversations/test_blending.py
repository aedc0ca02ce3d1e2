"""One agent with capacity for 1 call, 3 chats and 5 mails is loaded as configured."""

from collections import Counter

from domain.contact import Channel, Disposition
from domain.conversation import ConversationState
from domain.customer import Identifier, IdentifierKind
from domain.events import ContactQueued
from tests.unit.conversations.scene import House, agent, inbound, mail

CAPACITY = {"voice": 1, "chat": 3, "message": 2, "mail": 5}


async def takes_all(house: House) -> None:
    while (offer := house.offer()) is not None:
        assert await house.talk.accept("ann", offer.offer_id) is not None
        await house.settled()


async def served(house: House) -> Counter:
    return Counter(one.channel.value for one in await house.talk.agent_has("ann"))


async def test_one_agent_is_loaded_as_configured() -> None:
    async with House(agents=(agent(capacity=CAPACITY),)) as house:
        await house.at_desk()
        for number in range(7):
            visitor = Identifier(IdentifierKind.VISITOR, f"v{number}")
            await house.talk.receive(inbound(number=f"c{number}", sender=visitor))
            await house.talk.receive(mail(number=f"m{number}"))
            app = Identifier(IdentifierKind.APP, f"a{number}")
            await house.talk.receive(
                inbound(
                    number=f"a{number}",
                    source="messenger",
                    channel=Channel.MESSAGE,
                    sender=app,
                    present=False,
                )
            )
        await takes_all(house)
        assert await served(house) == {"chat": 3, "message": 2, "mail": 5}
        # Chats keep calls away, and mails do not.
        house.router.set_reachable("ann", True)
        call = ContactQueued(contact_id="call", queue_id="sales", language="en", priority=0)
        house.router.enqueue(call)
        await house.settled()
        assert house.router.position("call") is not None
        chats = [one for one in await house.talk.agent_has("ann") if one.channel is Channel.CHAT]
        done = chats[0].conversation_id
        await house.talk.close(done, agent_id="ann", disposition=Disposition.HANDLED)
        await house.settled()
        await takes_all(house)
        assert await served(house) == {"chat": 3, "message": 2, "mail": 5}, "the next one came"
        states = Counter(one.state for one in house.records.conversations.values())
        assert states[ConversationState.SERVED] == 10
        assert house.router.figures().waiting == 7 + 7 + 7 - 11 + 1
