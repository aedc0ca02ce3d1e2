"""Tickets kept up to date: real events, a real database, and a restart."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from domain.contact import Channel, Disposition
from domain.conversation_events import MessageStored
from domain.errors import EventsGone, StoreError
from domain.events import ContactClosed, ContactConnected, MoodChanged, OutcomeReported
from domain.message import Author
from domain.mood import Mood
from domain.ticket import LinkKind, TicketLink, TicketState, TicketTrigger
from server.stream_keeper import StreamKeeper
from tests.store_support import START, arrived, contact_id
from tests.unit.channels.http.fakes import FakeStream
from tests.unit.tickets.scene import Heard, Messages, add_conversation, add_message, policy, wish
from tickets.attendant import Attendant
from tickets.clerk import CURSOR, GATHER_S, Clerk
from tickets.service import TicketService
from tickets.tracker import Matter, Tracker

RULES = """\
{id: bad-mail, when: complaint, priority: 3, owner: anna}
{id: open, when: unresolved}
{id: anger, when: angry, priority: 4}
{id: missed, when: unanswered}"""


@dataclass
class Cursors:
    kept: dict[str, int] = field(default_factory=dict)
    saved: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self) -> dict[str, int]:
        return dict(self.kept)

    def save(self, reader: str, sequence: int) -> None:
        self.kept[reader] = sequence
        self.saved.set()

    async def forget(self, reader: str) -> None:
        raise AssertionError


class Scene:
    def __init__(self, store: Any, clock: Any, rules: str = RULES) -> None:
        self.store, self.clock = store, clock
        self.heard, self.messages, self.cursors = Heard(), Messages(), Cursors()
        self.stream = FakeStream()
        self.service = TicketService(store.tickets, policy(rules), events=self.heard, clock=clock)
        self.attendant = Attendant(self.service, store.tickets, messages=self.messages, clock=clock)
        self.slept: list[float] = []
        self.rounds = asyncio.Event()
        self.gathered = asyncio.Event()
        self.gathered.set()

    def keeper(self) -> StreamKeeper[Matter]:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            if seconds == GATHER_S:
                await self.gathered.wait()
            if seconds == 30:
                self.rounds.set()
                await asyncio.Event().wait()
            await asyncio.sleep(0)

        clerk = Clerk(self.attendant, self.service.figures, sleep=sleep)
        return StreamKeeper(
            CURSOR,
            Tracker(),
            clerk,
            stream=self.stream,
            cursors=self.cursors,
            gather_s=GATHER_S,
            beside=(clerk.go_round,),
            sleep=sleep,
        )

    async def run(self, *events: Any) -> None:
        """Have events happen, and return when all about them is done."""
        async with self.keeper(), asyncio.timeout(10):
            for event in events:
                if isinstance(event, MessageStored) and event.message_id in self.messages.kept:
                    await add_message(self.store, self.messages.kept[event.message_id])
                self.stream.publish(event)
            # The end of a contact that nobody knows: when it is done, all before is.
            last = self.stream.publish(over(999))
            while self.cursors.kept.get(CURSOR) != last:
                self.cursors.saved.clear()
                await self.cursors.saved.wait()

    def wrote(self, number: int, text: str = "", **more: Any) -> MessageStored:
        """Return the event of a message; the stream's clock gives it a time of its own."""
        message = self.messages.add(number, text, subject=more.pop("subject", ""))
        fields: dict[str, Any] = {
            "message_id": message.message_id,
            "conversation_id": message.conversation_id,
            "sequence": number,
            "contact_id": None,
            "queue_id": "service",
            "channel": Channel.MAIL,
            "author": Author.CUSTOMER,
            "agent_id": None,
        }
        return MessageStored(**{**fields, **more})


@pytest.fixture
def scene(store, clock):
    return Scene(store, clock)


def over(
    number: int = 1,
    disposition: Disposition = Disposition.AGENT_ENDED,
    wait_s: float | None = 5.0,
) -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id(number),
        queue_id="service",
        disposition=disposition,
        agent_id=None,
        wait_s=wait_s,
        talk_s=0.0,
    )


def felt(mood: Mood, number: int = 1) -> MoodChanged:
    return MoodChanged(
        contact_id=contact_id(number),
        at_s=1.0,
        before=Mood.CALM,
        after=mood,
        intensity=0.9,
        trend_per_min=0.0,
        confidence=1.0,
    )


async def test_a_complaint_by_mail_opens_a_ticket(scene, store):
    thread = await add_conversation(store, customer_id=contact_id(70), language="zh")
    await scene.run(scene.wrote(1, "我要投诉你们的路由器", subject="路由器"))
    ticket = await scene.service.get("1")
    assert (ticket.subject, ticket.priority, ticket.owner_id) == ("投诉：路由器", 3, "anna")
    assert (ticket.customer_id, ticket.language) == (contact_id(70), "zh")
    assert set(ticket.links) == {
        TicketLink(LinkKind.MESSAGE, contact_id(1)),
        TicketLink(LinkKind.CONVERSATION, thread),
    }
    assert [one.text for one in await scene.service.trail("1")] == ["complaint", "规则 bad-mail"]
    assert scene.heard.told == [("opened", None, "new", "rule")]


async def test_more_complaints_of_one_matter_are_one_ticket(scene, store):
    await add_conversation(store)
    await scene.run(scene.wrote(1, "I complain"), scene.wrote(2, "I still COMPLAIN!"))
    (ticket,) = await scene.service.find()
    assert TicketLink(LinkKind.MESSAGE, contact_id(2)) in ticket.links


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("thank you", {}),
        ("I complain", {"automatic": True}),
        ("I complain", {"internal": True}),
        ("I complain", {"author": Author.AGENT}),
    ],
)
async def test_what_is_no_complaint(scene, store, text, more):
    await add_conversation(store)
    await scene.run(scene.wrote(1, text, **more))
    assert await scene.service.find() == []


async def test_a_call_that_ended_in_anger(scene, store):
    await store.contacts.open(arrived(1))
    await scene.run(felt(Mood.UPSET), felt(Mood.ANGRY), over())
    ticket = await scene.service.get("1")
    assert (ticket.reason, ticket.priority, ticket.subject) == ("angry", 4, "客户情绪激动")
    # Read a second time, from the place that is kept while the mood is needed.
    scene.cursors.kept.clear()
    scene.cursors.kept[CURSOR] = 0
    await scene.run()
    assert len(await scene.service.find()) == 1


async def test_a_mood_is_kept_over_a_restart(scene, store):
    await store.contacts.open(arrived(1))
    async with scene.keeper():
        scene.stream.publish(felt(Mood.ANGRY))
        scene.stream.publish(over(2))
        async with asyncio.timeout(10):
            while scene.cursors.kept.get(CURSOR) != 0:
                scene.cursors.saved.clear()
                await scene.cursors.saved.wait()
    await scene.run(over(1))
    assert (await scene.service.get("1")).reason == "angry"


async def test_who_calmed_down_is_not_angry(scene, store):
    await store.contacts.open(arrived(1))
    await scene.run(felt(Mood.ANGRY), felt(Mood.CALM), over())
    assert await scene.service.find() == []


@pytest.mark.parametrize(
    ("disposition", "wait_s", "opens"),
    [
        (Disposition.ABANDONED, 31.0, True),
        (Disposition.ABANDONED, 29.0, False),
        (Disposition.ABANDONED_EARLY, None, False),
        (Disposition.QUEUE_FULL, None, True),
        (Disposition.NODE_DIED, 1.0, True),
        (Disposition.CALLED_AGAIN, 100.0, False),
        (Disposition.HANDLED, 100.0, False),
    ],
)
async def test_who_was_not_served(scene, store, disposition, wait_s, opens):
    await store.contacts.open(arrived(1))
    await scene.run(over(1, disposition, wait_s))
    assert [one.reason for one in await scene.service.find()] == ["unanswered"] * opens


async def test_a_matter_that_is_not_settled(scene, store):
    await store.contacts.open(arrived(1, queue_id="service"))
    settled = OutcomeReported(contact_id=contact_id(1), resolved=True)
    unsettled = OutcomeReported(contact_id=contact_id(1), resolved=False)
    await scene.run(settled, OutcomeReported(contact_id=contact_id(1), topic="refund"))
    assert await scene.service.find() == []
    await scene.run(unsettled, unsettled)
    (ticket,) = await scene.service.find()
    assert ticket.links == (TicketLink(LinkKind.CONTACT, contact_id(1)),)


async def test_the_customer_writes_and_what_waits_opens(scene, store, clock):
    thread = await add_conversation(store)
    await scene.service.open(wish(links=(TicketLink(LinkKind.CONVERSATION, thread),)))
    clock.now = START - timedelta(days=1)
    await scene.service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    # FakeStream's events are of 2027.
    await scene.run(scene.wrote(1, "here is the photo"))
    assert (await scene.service.get("1")).state is TicketState.OPEN
    assert scene.heard.told[-1] == ("state", "pending", "open", "customer")


async def test_read_again_it_moves_nothing_that_was_moved_since(scene, store, clock):
    thread = await add_conversation(store)
    await scene.service.open(wish(links=(TicketLink(LinkKind.CONVERSATION, thread),)))
    await scene.service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    await scene.run(scene.wrote(1, "here is the photo"))
    clock.now = START + timedelta(days=400)
    await scene.service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    scene.cursors.kept[CURSOR] = 0
    await scene.run()
    assert (await scene.service.get("1")).state is TicketState.PENDING


async def test_the_customer_calls_and_what_waits_for_him_opens(scene, store):
    from tests.customer_support import told

    await store.contacts.open(arrived(1))
    await store.directory.put([told(phones="+4930123456")])
    view = await store.directory.of_contact(contact_id(1))
    await scene.service.open(wish(customer_id=view.customer.customer_id))
    await scene.service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    connected = ContactConnected(
        contact_id=contact_id(1), queue_id="service", agent_id="anna", wait_s=1.0
    )
    await scene.run(connected)
    assert (await scene.service.get("1")).state is TicketState.OPEN


async def test_what_is_overdue_is_told_once(scene, clock):
    await scene.service.open(wish(priority=4))
    await scene.attendant.go_round()
    assert scene.heard.told[1:] == []
    clock.now = START + timedelta(days=2)
    await scene.attendant.go_round()
    await scene.attendant.go_round()
    assert scene.heard.told[1:] == [("due", "new", "new", "rule")]
    (count,) = scene.service.figures.standing
    assert (count.state, count.queue_id, count.tickets, count.overdue) == ("new", "service", 1, 1)
    # It is due anew, and overdue anew.
    await scene.service.step("1", TicketTrigger.SOLVE, "anna")
    await scene.service.step("1", TicketTrigger.REOPEN, "anna")
    await scene.attendant.go_round()
    clock.now = START + timedelta(days=6)
    await scene.attendant.go_round()
    assert [one[0] for one in scene.heard.told[1:]] == ["due", "state", "state", "due"]


async def test_what_was_solved_is_closed(scene, clock):
    await scene.service.open(wish())
    await scene.service.step("1", TicketTrigger.SOLVE, "anna")
    clock.now = START + timedelta(days=6)
    await scene.attendant.go_round()
    assert (await scene.service.get("1")).state is TicketState.SOLVED
    clock.now = START + timedelta(days=8)
    async with scene.keeper():
        await scene.rounds.wait()
    assert (await scene.service.get("1")).state is TicketState.CLOSED
    assert scene.heard.told[-1] == ("state", "solved", "closed", "rule")


async def test_switched_off_nothing_happens(store, clock):
    scene = Scene(store, clock)
    scene.service.reload(policy(more="  enabled: false\n"))
    await add_conversation(store)
    await scene.run(scene.wrote(1, "I complain"))
    assert await scene.service.find() == []


async def test_a_store_that_fails_is_asked_again(scene, store, monkeypatch):
    await store.contacts.open(arrived(1))
    errors = [StoreError("full"), StoreError("full")]
    real = scene.attendant.attend

    async def failing(matter, concerned):
        if errors:
            raise errors.pop()
        await real(matter, concerned)

    monkeypatch.setattr(scene.attendant, "attend", failing)
    await scene.run(over(1, Disposition.QUEUE_FULL))
    assert scene.slept.count(5.0) == 2
    assert scene.service.figures.undone == 2
    assert len(await scene.service.find()) == 1


@pytest.mark.parametrize("error", [KeyError("x"), EventsGone(1, 2, 3)])
async def test_a_mistake_does_not_stand_in_the_way(scene, store, monkeypatch, error):
    await store.contacts.open(arrived(1))
    errors = [error]
    real = scene.attendant.attend

    async def failing(matter, concerned):
        if errors:
            raise errors.pop()
        await real(matter, concerned)

    monkeypatch.setattr(scene.attendant, "attend", failing)
    await scene.run(over(2, Disposition.QUEUE_FULL), over(1, Disposition.QUEUE_FULL))
    assert scene.service.figures.broken == 1
    assert len(await scene.service.find()) == 1


async def test_what_happens_at_a_time_is_asked_for_at_once(scene, monkeypatch):
    asked = []
    concerned = scene.attendant.concerned

    async def counted(matters):
        asked.append(len(matters))
        return await concerned(matters)

    monkeypatch.setattr(scene.attendant, "concerned", counted)
    scene.gathered.clear()
    async with scene.keeper() as keeper, asyncio.timeout(10):
        for number in range(20):
            last = scene.stream.publish(over(number))
        for _ in range(100):
            await asyncio.sleep(0)
        assert keeper._waiting.qsize() == 19
        scene.gathered.set()
        while scene.cursors.kept.get(CURSOR) != last:
            scene.cursors.saved.clear()
            await scene.cursors.saved.wait()
    assert asked == [20]
