"""One customer over all channels, end to end: chat, mail, messenger and calls on a real node."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
import pytest
import pytest_asyncio

from channels.webhooks.signature import signed_headers
from tests.node_rig import Lane, NodeRig, lanes, running_node, until
from tests.programs import require_program
from tests.sipp_party import all_done, caller, telephone
from tests.unit.channels.mail.smarthost import Double, serve
from tests.unit.channels.webhooks.receiver import KEY, Receiver
from tests.written_rig import (
    ENVIRON,
    ChatCustomer,
    Desk,
    Ports,
    hand_over,
    mail,
    written_configuration,
)

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="module")]

LANES = ("app", "picture", "follow", "merge", "load", "complaint", "messenger", "outreach")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff5c2b3f0e0000000049454e44ae426082"
)

NODE: dict[str, Any] = {}
"""What stands beside the node: `ports`, `smarthost` and `receiver`."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeRig]:
    """A node with all channels, a mail server that takes its mail, and a messenger's adapter."""
    require_program("sipp")
    made = lanes({name: {} for name in LANES})
    ports, smarthost = Ports(), Double()
    async with AsyncExitStack() as exits:
        receiver = await exits.enter_async_context(Receiver())
        server, port = await serve(smarthost)
        exits.callback(server.close)
        NODE.update(ports=ports, smarthost=smarthost, receiver=receiver)
        wanted = written_configuration(
            made,
            ports,
            smarthost=port,
            messenger=(receiver.url, made["messenger"]),
            over={
                "router": {"decline_pause_s": 0, "exclusions": []},
                "tickets": {"rules": [{"id": "complaints", "when": "complaint"}]},
                "outreach": {
                    "templates": [
                        {
                            "id": "parcel-late",
                            "queue_id": "outreach",
                            "variables": ["order"],
                            "subject": {"en": "Order {order}", "zh": "订单 {order}"},
                            "text": {
                                "en": "Hello {name}, order {order} comes tomorrow.",
                                "zh": "{name}您好，订单 {order} 明天送达。",
                            },
                        }
                    ]
                },
            },
        )
        folder = tmp_path_factory.mktemp("node")
        yield await exits.enter_async_context(running_node(folder, made, wanted, environ=ENVIRON))


async def enter(rig: NodeRig, number: str, **fields: Any) -> str:
    """Enter a customer under a number; return our id of him."""
    told = await rig.ask("PUT", f"/api/v1/customers/{number}", fields)
    return str(told["customer_id"])


async def timeline(rig: NodeRig, customer: str) -> list[dict[str, Any]]:
    """Return a customer's timeline, the oldest first."""
    page = await rig.ask("GET", f"/api/v1/customers/{customer}/timeline")
    return list(reversed(page["entries"]))


def texts(entries: list[dict[str, Any]]) -> list[str]:
    """Return what the customer has written on a timeline."""
    messages = [entry["message"] for entry in entries if entry["kind"] == "message"]
    return [one["text"].strip() for one in messages if one["author"] == "customer"]


async def calls(rig: NodeRig, lane: Lane, number: str) -> dict[str, Any]:
    """Let a customer call and be served; return the event of his recognition."""
    since = rig.events.last
    await rig.state(lane.agent, "ready")
    async with (
        telephone(rig, lane, talk_ms=500) as agent,
        caller(rig, lane, shown=number) as customer,
    ):
        connected = await rig.events.next("ContactConnected", since=since, queue_id=lane.name)
        contact_id = connected["contact_id"]
        recognised = await rig.events.next("CustomerRecognised", contact_id=contact_id)
        await all_done(agent, customer)
    await rig.closed(contact_id)
    return recognised


async def on_timeline(rig: NodeRig, customer: str, contact_id: str) -> dict[str, Any]:
    """Return a contact's entry of a timeline, as soon as it is there and over."""

    async def found() -> dict[str, Any] | None:
        for entry in await timeline(rig, customer):
            if entry["kind"] == "contact" and entry["contact"]["contact_id"] == contact_id:
                return entry if entry["contact"]["disposition"] else None
        return None

    return await until(found, f"contact {contact_id} on the timeline")


async def test_who_wrote_in_the_app_and_calls_is_known_with_his_chat(rig: NodeRig) -> None:
    lane = rig.lanes["app"]
    number = "+4930901820001"
    customer_id = await enter(rig, "C-app", name="Maria", phones=[number], app_ids=["user-4711"])
    async with ChatCustomer(NODE["ports"], lane, user="user-4711") as customer:
        accepted = await customer.say("Where is my parcel?")
    conversation_id = accepted["conversation_id"]
    chat = await rig.events.next("CustomerRecognised", conversation_id=conversation_id)
    assert (chat["customer_id"], chat["proof"]) == (customer_id, "proved")

    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane, shown=number) as phone:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        contact_id = connected["contact_id"]
        await rig.events.next("CustomerRecognised", contact_id=contact_id)
        # What the agent's screen shows while the call runs.
        view = await rig.ask("GET", f"/api/v1/contacts/{contact_id}/customer")
        assert view["customer_id"] == customer_id
        entries = await timeline(rig, customer_id)
        await phone.cue()
        await all_done(agent, phone)
    assert texts(entries) == ["Where is my parcel?"]
    calls_there = [one for one in entries if one["kind"] == "contact" and one["channel"] == "voice"]
    assert [one["contact"]["contact_id"] for one in calls_there] == [contact_id]
    found = await rig.ask("GET", "/api/v1/search?words=parcel&customer=C-app")
    assert [one["conversation_id"] for one in found["messages"]] == [conversation_id]


async def test_mail_with_a_picture_and_a_call_are_one_customers(rig: NodeRig) -> None:
    lane = rig.lanes["picture"]
    sent = mail(lane, "ana@example.com", "Broken", "The screen looks like this.")
    sent.add_attachment(PNG, maintype="image", subtype="png", filename="屏幕.png")
    await hand_over(NODE["ports"], sent)
    stored = await rig.events.next("MessageStored", queue_id=lane.name, author="customer")
    assert stored["attachments"] == 1
    conversation_id = stored["conversation_id"]
    mailed = await rig.events.next("CustomerRecognised", conversation_id=conversation_id)
    customer_id = mailed["customer_id"]
    assert customer_id is not None

    number = "+4930901820002"
    told = {"kind": "phone", "value": number, "proof": "proved", "by": lane.agent}
    path = f"/api/v1/customers/{customer_id}/identifiers"
    await rig.ask("POST", path, told, status=204)
    called = await calls(rig, lane, number)
    assert called["customer_id"] == customer_id
    call = await on_timeline(rig, customer_id, called["contact_id"])
    assert call["channel"] == "voice"
    entries = await timeline(rig, customer_id)
    [message] = [one for one in entries if one["kind"] == "message"]
    assert message["channel"] == "mail"
    assert message["message"]["subject"] == "Broken"
    [file] = message["message"]["attachments"]
    assert (file["name"], file["media_type"], file["opens"]) == ("屏幕.png", "image/png", True)

    content = f"{rig.node.http}{file['url']}/content"
    bearer = {"Authorization": f"Bearer {rig.token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        whole = await client.get(content, headers=bearer)
        part = await client.get(content, headers={**bearer, "Range": "bytes=1-3"})
    assert (whole.status_code, whole.content) == (200, PNG)
    assert (part.status_code, part.content) == (206, b"PNG")
    assert part.headers["Content-Range"] == f"bytes 1-3/{len(PNG)}"


async def test_a_mail_after_a_call_and_its_follow_up_are_one_conversation(rig: NodeRig) -> None:
    lane = rig.lanes["follow"]
    number, address = "+4930901820003", "bo@example.com"
    customer_id = await enter(rig, "C-follow", phones=[number], mails=[address])
    called = await calls(rig, lane, number)
    assert called["customer_id"] == customer_id

    first = mail(lane, address, "As I said", "My contract, as I said on the telephone.")
    await hand_over(NODE["ports"], first)
    stored = await rig.events.next("MessageStored", queue_id=lane.name, author="customer")
    conversation_id = stored["conversation_id"]
    async with Desk(rig, lane.agent) as desk:
        await desk.ask("state", state="ready")
        opened = await desk.has(conversation_id)
        assert opened["conversation"]["subject"] == "As I said"
        await desk.ask(
            "say", conversation_id=conversation_id, client_id="a-1", text="Thank you, I have it."
        )
        smarthost: Double = NODE["smarthost"]

        async def answered() -> bytes | None:
            return next((raw for _, to, raw in smarthost.mails if to == [address]), None)

        answer = await until(answered, "the answer goes out")
        assert b"Thank you, I have it." in answer
        assert str(first["Message-ID"]).encode() in answer
        [answer_id] = [
            line.split(b" ", 1)[1].strip().decode()
            for line in answer.splitlines()
            if line.lower().startswith(b"message-id:")
        ]
        again = mail(lane, address, "Re: As I said", "Great.", answers=answer_id)
        await hand_over(NODE["ports"], again)
        await rig.events.next(
            "MessageStored", conversation_id=conversation_id, author="customer", nth=2
        )
        await desk.ask("close", conversation_id=conversation_id)
    entries = await timeline(rig, customer_id)
    assert texts(entries) == ["My contract, as I said on the telephone.", "Great."]
    written = {one["conversation_id"] for one in entries if one["kind"] == "message"}
    assert written == {conversation_id}
    channels = {one["channel"] for one in entries if one["kind"] == "contact"}
    assert channels == {"voice", "mail"}


async def test_merged_timelines_join_and_part_again(rig: NodeRig) -> None:
    lane = rig.lanes["merge"]
    one = await enter(rig, "C-one", name="Li", app_ids=["user-one"])
    other = await enter(rig, "C-other", name="Li", mails=["li@example.com"])
    async with ChatCustomer(NODE["ports"], lane, user="user-one") as customer:
        await customer.say("Hello from the app")
    await hand_over(NODE["ports"], mail(lane, "li@example.com", "Hello", "Hello by mail"))
    await rig.events.next("CustomerRecognised", customer_id=one)
    await rig.events.next("CustomerRecognised", customer_id=other)
    assert texts(await timeline(rig, one)) == ["Hello from the app"]
    assert texts(await timeline(rig, other)) == ["Hello by mail"]

    told = {"member_id": "C-other", "reason": "same person", "by": lane.agent}
    merge = await rig.ask("POST", "/api/v1/customers/C-one/merges", told, status=201)
    assert texts(await timeline(rig, one)) == ["Hello from the app", "Hello by mail"]
    await hand_over(NODE["ports"], mail(lane, "li@example.com", "More", "More by mail"))
    await rig.events.next("MessageStored", queue_id=lane.name, channel="mail", nth=2)

    async def joined() -> bool:
        return "More by mail" in texts(await timeline(rig, one))

    await until(joined, "what comes while they are one is his")
    await rig.ask("POST", f"/api/v1/merges/{merge['merge_id']}/undo", {"reason": "brothers"})
    assert texts(await timeline(rig, one)) == ["Hello from the app"]
    assert texts(await timeline(rig, other)) == ["Hello by mail", "More by mail"]


async def test_an_agent_is_loaded_as_configured(rig: NodeRig) -> None:
    """One call, three chats, five mails: one more of each waits."""
    lane = rig.lanes["load"]
    async with AsyncExitStack() as exits:
        desk = await exits.enter_async_context(Desk(rig, lane.agent))
        await desk.ask("state", state="ready")
        chats = [
            await exits.enter_async_context(ChatCustomer(NODE["ports"], lane)) for _ in range(4)
        ]
        for number, chat in enumerate(chats):
            await chat.say(f"chat {number}")
        mails = [mail(lane, f"c{n}@example.com", f"mail {n}", "Please.") for n in range(6)]
        await hand_over(NODE["ports"], *mails)
        agent = await exits.enter_async_context(telephone(rig, lane))
        phone = await exits.enter_async_context(caller(rig, lane))
        second = await exits.enter_async_context(caller(rig, lane))
        await agent.logged("rung")

        async def loaded() -> bool:
            stands = await rig.agent(lane.agent)
            return len(desk.taken) == 3 + 5 and len(stands["contact_ids"]) == 1 + 3 + 5

        await until(loaded, "the agent has what he may have")
        channels = sorted(one["channel"] for one in desk.taken)
        assert channels == ["chat"] * 3 + ["mail"] * 5
        path = f"/api/v1/agents/{lane.agent}/conversations"
        has = (await rig.ask("GET", path))["conversations"]
        assert sorted(one["channel"] for one in has) == channels
        assert {one["state"] for one in has} == {"served"}
        stands = await rig.agent(lane.agent)
        assert (stands["state"], sorted(stands["media"])) == ("busy", ["desk", "telephone"])
        at_desk = {one["contact_id"] for one in desk.taken}
        [call_id] = set(stands["contact_ids"]) - at_desk
        assert call_id in {call["contact_id"] for call in await rig.calls(lane)}
        queue = await rig.ask("GET", f"/api/v1/queues/{lane.name}")
        assert queue["waiting"] == 3, "a chat, a mail and a call wait"

        # What is done makes room for the next of its kind.
        done = next(one for one in desk.taken if one["channel"] == "mail")
        await desk.ask("close", conversation_id=done["conversation_id"])

        async def next_mail() -> bool:
            return len(desk.taken) == 9

        await until(next_mail, "the sixth mail comes")
        assert desk.taken[-1]["channel"] == "mail"
        for party in (phone, second):
            await party.cue()
        await agent.done()
        await all_done(phone, second)


async def test_a_complaint_opens_a_ticket_that_opens_again(rig: NodeRig) -> None:
    lane = rig.lanes["complaint"]
    address = "chen@example.com"
    first = mail(lane, address, "Complaint", "I want to complain: 我要投诉。")
    await hand_over(NODE["ports"], first)
    opened = await rig.events.next("TicketChanged", queue_id=lane.name, change="opened")
    assert opened["reason"] == "complaint"
    path = f"/api/v1/tickets/{opened['ticket_id']}"
    for trigger in ("take", "solve"):
        await rig.ask("POST", f"{path}/steps", {"trigger": trigger, "by": lane.agent})
    assert (await rig.ask("GET", path))["state"] == "solved"

    again = mail(lane, address, "Re: Complaint", "Still.", answers=str(first["Message-ID"]))
    await hand_over(NODE["ports"], again)
    await rig.events.next("TicketChanged", ticket_id=opened["ticket_id"], before="solved")
    ticket = await rig.ask("GET", path)
    assert ticket["state"] == "open"
    assert ticket["customer_id"] is not None
    entries = await timeline(rig, ticket["customer_id"])
    [shown] = [one["ticket"] for one in entries if one["kind"] == "ticket"]
    assert (shown["number"], shown["state"]) == (ticket["number"], "open")


async def test_a_messenger_brings_a_message_in_and_the_answer_out(rig: NodeRig) -> None:
    lane, receiver = rig.lanes["messenger"], NODE["receiver"]
    told = {"message_id": "m-1", "user_id": "77", "language": "zh", "text": "包裹在哪里？"}
    first, second = await post(rig, told), await post(rig, told)
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    conversation_id = first["conversation_id"]
    async with Desk(rig, lane.agent) as desk:
        await desk.ask("state", state="ready")
        opened = await desk.has(conversation_id)
        assert [one["text"] for one in opened["messages"]] == ["包裹在哪里？"]
        await desk.ask("say", conversation_id=conversation_id, client_id="a-1", text="明天到。")
        [posted] = await receiver.got(1)
        assert posted.is_signed()
        assert (posted.told["user_id"], posted.told["text"]) == ("77", "明天到。")
        assert posted.told["author"] == "agent"
        await desk.ask("close", conversation_id=conversation_id)


async def post(rig: NodeRig, told: dict[str, Any]) -> Any:
    """Post what a messenger's customer has written, signed as its adapter signs."""
    body = json.dumps(told).encode()
    headers = signed_headers(KEY, uuid.uuid4().hex, datetime.now(UTC), body)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        url = f"{rig.node.http}/messengers/v1/chatty/messages"
        answer = await client.post(url, content=body, headers=dict(headers))
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_outreach_reaches_the_customer_by_mail_once(rig: NodeRig) -> None:
    address = "wang@example.com"
    customer_id = await enter(rig, "C-out", name="Wang", mails=[address], language="zh")
    wish = {
        "key": "order-9-late",
        "template_id": "parcel-late",
        "customer_id": customer_id,
        "variables": {"order": "9"},
    }
    first, second = await asyncio.gather(
        rig.ask("POST", "/api/v1/outreach", wish), rig.ask("POST", "/api/v1/outreach", wish)
    )
    assert first == second
    assert (first["channel"], first["refused"]) == ("mail", None)
    smarthost: Double = NODE["smarthost"]

    async def arrived() -> list[bytes]:
        return [raw for _, to, raw in smarthost.mails if to == [address]]

    [raw] = await until(arrived, "the mail goes out")
    entries = await timeline(rig, customer_id)
    [message] = [one["message"] for one in entries if one["kind"] == "message"]
    assert message["text"] == "Wang您好，订单 9 明天送达。"
    assert message["subject"] == "订单 9"

    # His answer belongs to it, and is the first that asks for somebody.
    sent = message_from_bytes(raw, policy=default)
    answer = mail(rig.lanes["outreach"], address, "Re: 订单 9", "谢谢", answers=sent["Message-ID"])
    await hand_over(NODE["ports"], answer)
    stored = await rig.events.next("MessageStored", queue_id="outreach", author="customer")
    assert stored["conversation_id"] == entries[-1]["conversation_id"]

    async def answered() -> list[str]:
        return texts(await timeline(rig, customer_id))

    assert await until(answered, "the answer is on his timeline") == ["谢谢"]
