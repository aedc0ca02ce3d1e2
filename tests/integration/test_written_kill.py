"""A node is killed while chats and mails come in: what it has answered is there, once."""

import asyncio
import smtplib
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from tests.node_rig import Lane, NodeRig, lanes, running_node, until
from tests.written_rig import (
    ENVIRON,
    ChatCustomer,
    Desk,
    Ports,
    hand_over,
    mail,
    written_configuration,
)

CHATS = 6
MESSAGES = 25
"""Of each chat."""
SENDERS = 3
MAILS = 20
"""Of each sender."""
KILLS = (60, 130)
"""How much was answered when the node is killed, of 210 in all."""
LOST = (OSError, httpx.HTTPError, WebSocketException, smtplib.SMTPException)
"""What a client meets whose server is gone."""


class Runs:
    """A node that is killed and started again; whoever writes waits for it."""

    def __init__(self, rig: NodeRig) -> None:
        self.rig = rig
        self.answered = 0
        self.up = asyncio.Event()
        self.up.set()

    async def insist(self, once: Callable[[], Any], again: Callable[[], Any] | None = None) -> None:
        """Do something until it is answered, over as many runs of the node as it takes."""
        while True:
            try:
                await once()
            except LOST:
                await self.up.wait()
            else:
                self.answered += 1
                return
            if again is not None:
                try:
                    await again()
                except LOST:
                    await self.up.wait()

    async def kill_at(self, answered: int) -> None:
        """Kill the node when so much was answered, and start it again."""

        async def reached() -> bool:
            return self.answered >= answered

        await until(reached, f"{answered} are answered", timeout_s=120)
        self.up.clear()
        await self.rig.node.kill()
        await self.rig.node.start()
        self.up.set()


async def chats(runs: Runs, customer: ChatCustomer, number: int) -> None:
    """Say what a customer has to say, each until it is accepted."""
    for place in range(MESSAGES):
        client_id = f"chat-{number}-{place}"
        await runs.insist(partial(customer.say, f"message {place}", client_id), customer.enter)


async def mails(runs: Runs, ports: Ports, lane: Lane, sender: int) -> None:
    """Hand over mails, each until it is answered with 250."""
    for place in range(MAILS):
        number = sender * MAILS + place
        one = mail(
            lane,
            f"c{number}@example.com",
            f"Shipment {number}",
            f"shipment {number} " + "and many words " * 100,
            mail_id=f"<{number}@example.com>",
        )
        await runs.insist(partial(hand_over, ports, one))


async def found(rig: NodeRig, word: str) -> list[dict[str, Any]]:
    """Return every message in which a word stands."""
    messages: list[dict[str, Any]] = []
    before = ""
    while True:
        page = await rig.ask("GET", f"/api/v1/search?words={word}&limit=100{before}")
        messages += page["messages"]
        if page["next_before"] is None:
            return messages
        before = f"&before={page['next_before']}"


async def test_what_was_answered_is_there_once_and_waits_again(tmp_path) -> None:
    made = lanes({"desk": {"waiting_max": 500}})
    lane, ports = made["desk"], Ports()
    wanted = written_configuration(made, ports)
    customers = [ChatCustomer(ports, lane) for _ in range(CHATS)]
    async with running_node(tmp_path, made, wanted, environ=ENVIRON) as rig:
        runs = Runs(rig)
        for customer in customers:
            await customer.enter()
        async with asyncio.TaskGroup() as group:
            for number, customer in enumerate(customers):
                group.create_task(chats(runs, customer, number))
            for sender in range(SENDERS):
                group.create_task(mails(runs, ports, lane, sender))
            for answered in KILLS:
                await runs.kill_at(answered)
        assert runs.answered == CHATS * MESSAGES + SENDERS * MAILS

        conversations = set()
        for customer in customers:
            [conversation_id] = {told["conversation_id"] for told in customer.accepted.values()}
            conversations.add(conversation_id)
            path = f"/api/v1/conversations/{conversation_id}/messages?limit=200"
            page = (await rig.ask("GET", path))["messages"]
            said = [one for one in page if one["author"] == "customer"]
            assert [one["text"] for one in said] == [f"message {n}" for n in range(MESSAGES)]
            places = [told["sequence"] for told in customer.accepted.values()]
            assert [one["sequence"] for one in said] == places, "where it was said to be"
        assert len(conversations) == CHATS

        stored = await found(rig, "shipment")
        numbers = sorted(int(one["excerpt"].split()[1]) for one in stored)
        assert numbers == list(range(SENDERS * MAILS)), "every mail, none twice"
        queue = await rig.ask("GET", f"/api/v1/queues/{lane.name}")
        assert queue["waiting"] == CHATS + SENDERS * MAILS

        # Whom the agent has when the node dies, he has again after it.
        async with Desk(rig, lane.agent) as desk:
            await desk.ask("state", state="ready")
            before = await loaded(desk)
            await rig.node.kill()
        await rig.node.start()
        queue = await rig.ask("GET", f"/api/v1/queues/{lane.name}")
        assert queue["waiting"] == CHATS + SENDERS * MAILS
        async with Desk(rig, lane.agent) as desk:
            await desk.ask("state", state="ready")
            assert await loaded(desk) == before
        for customer in customers:
            await customer.close()


async def loaded(desk: Desk) -> set[str]:
    """Return the conversations of an agent, as soon as he has three chats and five mails."""

    async def full() -> bool:
        return len(desk.taken) == 3 + 5

    await until(full, "the agent has what he may have", timeout_s=60)
    channels = sorted(one["channel"] for one in desk.taken)
    assert channels == ["chat"] * 3 + ["mail"] * 5
    return {one["conversation_id"] for one in desk.taken}
