"""Over real sockets: the node's own HTTP server and a client of another make."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from channels.desk.session import LAST_MESSAGES
from channels.http.app import build_app
from channels.http.figures import HttpFigures
from channels.http.server import HttpServer
from domain.agent import AgentState
from domain.contact import Channel
from domain.conversation_ports import Typing
from domain.errors import StoreError
from domain.events import AgentStateChanged
from domain.message import Author
from tests.unit.channels.conversation_fakes import FakeConversations, conversation, hex_id
from tests.unit.channels.escalation_fakes import FakeEscalations
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings


@dataclass
class Setup:
    node: Node = field(default_factory=Node)
    fake: FakeConversations = field(default_factory=FakeConversations)
    escalations: FakeEscalations = field(default_factory=FakeEscalations)
    server: HttpServer | None = None
    app: Any = None
    figures: HttpFigures = field(default_factory=HttpFigures)

    @asynccontextmanager
    async def desk(self, agent_id: str = "alice", **more: Any) -> AsyncIterator["Desk"]:
        assert self.server is not None
        url = self.server.url.replace("http", "ws", 1) + f"/api/v1/agents/{agent_id}/desk"
        given = {"additional_headers": BEARER, "proxy": None, **more}
        async with connect(url, **given) as socket:
            yield Desk(socket)


@dataclass
class Desk:
    socket: ClientConnection
    told: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, kind: str | None = None) -> dict[str, Any]:
        """Return the next message, of that type."""
        async with asyncio.timeout(20):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                self.told.append(message)
                if kind is None or message["type"] == kind:
                    return message

    async def ask(self, kind: str, ref: str = "r", **more: Any) -> dict[str, Any]:
        """Ask, and return the answer."""
        await self.socket.send(json.dumps({"type": kind, "ref": ref, **more}))
        while True:
            answer = await self.next()
            if answer["type"] in {"done", "error"}:
                assert answer["ref"] == ref
                return answer

    async def closing(self) -> int | None:
        async with asyncio.timeout(20):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as closed:
                return None if closed.rcvd is None else closed.rcvd.code


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    made = Setup()
    settings = http_settings(desks_max=2, event_send_s_max=0.3)
    ports = replace(
        made.node.ports(),
        conversations=made.fake,
        escalations=made.escalations,
        figures=made.figures,
    )
    made.app = build_app(settings, ports, token=TOKEN)
    async with HttpServer(made.app, settings) as server:
        made.server = server
        yield made


async def test_hello_tells_how_everything_stands(setup: Setup) -> None:
    setup.fake.add(conversation(1), conversation(2, agent_id="bob"), conversation(3, None))
    for number in range(LAST_MESSAGES + 5):
        setup.fake.customer_says(hex_id(1), f"line {number}", internal=number == 20)
    async with setup.desk() as desk:
        hello = await desk.next()
    assert (hello["type"], hello["v"], hello["agent_id"]) == ("hello", 1, "alice")
    assert (hello["name"], hello["state"]) == ("Alice", "ready")
    (one,) = hello["conversations"]
    assert one["conversation"]["conversation_id"] == hex_id(1)
    assert [said["sequence"] for said in one["messages"]] == list(range(6, LAST_MESSAGES + 6))
    assert one["earlier"] is True
    assert one["conversation"]["address"] == "user-000001", "he serves him"


async def test_an_offer_is_taken_and_answered(setup: Setup) -> None:
    async with setup.desk() as desk:
        await desk.next("hello")
        setup.fake.offer(7)
        offer = await desk.next()
        assert (offer["type"], offer["preview"]) == ("offer", "Where is my order?")
        assert offer["conversation"]["name"] == "Ana Müller"
        assert offer["conversation"]["address"] == "use…07", "nobody serves him yet"
        taken = await desk.ask("accept", offer_id=offer["offer_id"])
        assert taken["conversation"]["conversation"]["state"] == "served"
        which = offer["conversation"]["conversation_id"]
        wish = {"conversation_id": which, "client_id": "a-1", "text": "Hello"}
        first = await desk.ask("say", **wish)
        again = await desk.ask("say", **wish)
        assert first["message"] == again["message"], "sent again, it is said once"
        assert len(setup.fake.said[which]) == 1
        setup.fake.customer_says(which, "Thanks!")
        told = await desk.next("message")
        assert (told["message"]["text"], told["message"]["author"]) == ("Thanks!", "customer")
        assert (await desk.ask("accept", offer_id=offer["offer_id"]))["problem"] == "conflict"
    assert {"offer_gone", "standing", "message"} <= {one["type"] for one in desk.told}


async def test_everything_an_agent_does(setup: Setup) -> None:
    setup.fake.add(conversation(1), conversation(2, channel=Channel.MAIL), conversation(3))
    setup.fake.customer_says(hex_id(1), "hello")
    async with setup.desk() as desk:
        one, mail, three = ({"conversation_id": hex_id(number)} for number in (1, 2, 3))
        noted = await desk.ask("note", **one, client_id="n-1", text="careful")
        assert noted["message"]["internal"] is True
        assert (await desk.ask("mark", **one, sequence=1))["type"] == "done"
        assert setup.fake.kept[hex_id(1)].agent_read == 1
        assert (await desk.ask("typing", **one, typing=True))["type"] == "done"
        assert setup.fake.typed == [(hex_id(1), Author.AGENT, True)]
        refused = await desk.ask("park", **one)
        assert refused["problem"] == "conflict"
        assert (await desk.ask("park", **mail, until="2027-03-01T12:00:00Z"))["type"] == "done"
        assert (await desk.ask("resume", **mail))["type"] == "done"
        assert (await desk.ask("transfer", **three, to_queue="billing"))["type"] == "done"
        assert setup.fake.transfers == [(hex_id(3), None, "billing", None)]
        assert (await desk.ask("close", **one))["type"] == "done"
        assert (await desk.ask("close", **one))["problem"] == "conflict"
        page = await desk.ask("read", **one, after=1)
        assert [said["sequence"] for said in page["messages"]] == [2]
        assert (await desk.ask("read", conversation_id=hex_id(9)))["problem"] == "not-known"
        setup.fake.offer(8)
        offer = await desk.next("offer")
        assert (await desk.ask("decline", offer_id=offer["offer_id"]))["type"] == "done"
        answer = await desk.ask("state", state="not_ready", reason="lunch")
        assert answer["state"] == "ready", "what is in force need not be what was asked for"
        assert setup.node.agents.asked == [("alice", AgentState.NOT_READY, "lunch")]


async def test_typing_without_a_ref_is_not_answered(setup: Setup) -> None:
    setup.fake.add(conversation(1))
    async with setup.desk() as desk:
        await desk.next("hello")
        typing = {"type": "typing", "conversation_id": hex_id(1), "typing": True}
        await desk.socket.send(json.dumps(typing))
        setup.fake.tell(
            "alice", Typing(conversation_id=hex_id(1), author=Author.CUSTOMER, typing=True)
        )
        assert await desk.next() == {**typing, "author": "customer"}


async def test_a_mistake_is_answered_and_the_desk_stays(setup: Setup) -> None:
    async with setup.desk() as desk:
        await desk.next("hello")
        await desk.socket.send("hello?")
        assert (await desk.next())["problem"] == "unprocessable"
        assert (await desk.ask("accept", offer_id="gone"))["problem"] == "conflict"
        await desk.socket.send(b"bytes")
        assert await desk.closing() == 1003


async def test_a_store_that_fails_is_told(setup: Setup) -> None:
    setup.fake.add(conversation(1))
    async with setup.desk() as desk:
        await desk.next("hello")
        setup.fake.error = StoreError("disk full")
        answer = await desk.ask("read", conversation_id=hex_id(1))
        assert (answer["problem"], answer["detail"]) == ("unavailable", "disk full")
    async with setup.desk() as desk:
        assert await desk.closing() == 1013


async def test_a_state_that_changes_elsewhere_is_told_to_his_desks_alone(setup: Setup) -> None:
    async with setup.desk() as one, setup.desk("bob") as other:
        await one.next("hello")
        await other.next("hello")
        for agent_id, after in (("bob", AgentState.READY), ("alice", AgentState.BUSY)):
            setup.node.stream.publish(
                AgentStateChanged(
                    agent_id=agent_id, before=AgentState.NOT_READY, after=after, reason=""
                )
            )
        assert await one.next() == {"type": "agent", "state": "busy", "reason": ""}
        assert (await other.next())["state"] == "ready"


async def test_being_connected_is_following(setup: Setup) -> None:
    async with setup.desk() as desk:
        await desk.next("hello")
        (follower,) = setup.fake.followers
        assert follower.agent_id == "alice"
    async with asyncio.timeout(20):
        while setup.fake.followers:  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0)
    assert follower.closed


async def test_nothing_is_missed_while_a_desk_comes_back(setup: Setup) -> None:
    setup.fake.add(conversation(1))
    async with setup.desk() as desk:
        await desk.next("hello")
        setup.fake.customer_says(hex_id(1), "one")
        assert (await desk.next("message"))["message"]["sequence"] == 1
    setup.fake.customer_says(hex_id(1), "two")
    async with setup.desk() as desk:
        hello = await desk.next("hello")
        setup.fake.customer_says(hex_id(1), "three")
        seen = [said["sequence"] for said in hello["conversations"][0]["messages"]]
        seen.append((await desk.next("message"))["message"]["sequence"])
        assert seen == [1, 2, 3]


async def test_who_may_not(setup: Setup) -> None:
    for agent_id, headers, status in (
        ("alice", {}, 401),
        ("alice", {"Authorization": "Bearer wrong"}, 401),
        ("carol", BEARER, 404),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with setup.desk(agent_id, additional_headers=headers):
                pass
        assert refused.value.response.status_code == status


async def test_a_browser_says_its_token_as_a_subprotocol(setup: Setup) -> None:
    offered = ["warmline.desk.v1", f"bearer.{TOKEN}"]
    async with setup.desk(additional_headers={}, subprotocols=offered) as desk:
        assert desk.socket.subprotocol == "warmline.desk.v1"
        assert (await desk.next())["type"] == "hello"


async def test_one_desk_too_many(setup: Setup) -> None:
    async with setup.desk() as one, setup.desk() as two:
        await one.next("hello")
        await two.next("hello")
        with pytest.raises(InvalidStatus) as refused:
            async with setup.desk():
                pass
        assert refused.value.response.status_code == 503
        assert setup.figures.desks_refused == 1


async def test_a_desk_that_takes_nothing_is_closed(setup: Setup) -> None:
    setup.fake.add(conversation(1))
    async with setup.desk(max_queue=1) as desk:
        await desk.next("hello")
        desk.socket.transport.pause_reading()
        text = "x" * 100_000
        for _ in range(900):
            setup.fake.customer_says(hex_id(1), text)
        async with asyncio.timeout(20):
            while setup.figures.desks_slow == 0:  # noqa: ASYNC110 - time is the matter here
                await asyncio.sleep(0.01)
        desk.socket.transport.resume_reading()
        assert await desk.closing() in {4008, None}


async def test_a_desk_with_too_much_waiting_is_closed(setup: Setup) -> None:
    setup.fake.add(conversation(1))
    async with setup.desk() as desk:
        await desk.next("hello")
        for _ in range(1_200):
            setup.fake.customer_says(hex_id(1), "x")
        assert await desk.closing() == 4008


async def test_a_node_that_stops_says_so(setup: Setup) -> None:
    async with setup.desk() as desk:
        await desk.next("hello")
        await setup.app.state.desks.stop(5)
        assert await desk.closing() == 1001
        with pytest.raises(InvalidStatus) as refused:
            async with setup.desk():
                pass
        assert refused.value.response.status_code == 503


async def test_an_agent_calls_his_customer(setup: Setup) -> None:
    setup.fake.add(conversation(1))
    async with setup.desk() as desk:
        wish = {"conversation_id": hex_id(1), "number": "+4930123456"}
        assert (await desk.ask("call", **wish))["contact_id"] == hex_id(77)
        assert setup.escalations.called == [(hex_id(1), "alice", "+4930123456")]
        refused = await desk.ask("call", conversation_id=hex_id(1), number="110")
        assert refused["problem"] == "unprocessable"
        nobody = await desk.ask("call", conversation_id=hex_id(1))
        assert (nobody["problem"], nobody["detail"][-9:]) == ("unprocessable", "no_number")
