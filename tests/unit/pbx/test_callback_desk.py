"""Callbacks from the key to the customer's ear, with cells that do as they are told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TypeVar, cast

import pytest

from config.callback import Outbound
from config.schema import QueueEntry, Trunk
from domain.callback import CallbackRefusal, KeptCallback
from domain.callback_events import CallbackAttempted, CallbackRefused, CallbackRequested
from domain.commands import WithdrawReason
from domain.contact import Contact, ContactState, Disposition
from domain.errors import LimitExceeded, NotKnown, StoreError
from domain.events import ContactClosed
from domain.offer import Offer
from domain.ports import AgentDesk
from pbx import call_control
from pbx.call_control import CallControl
from pbx.cell import wire
from pbx.cells import CellPool
from pbx.edge.call import InboundCall, Placement
from pbx.keypad import NO_KEYS
from tests.call_rig import Events, FakeCell, FakeLedger, FakePool, invite, leg_ended, played, turn
from tests.flow_scene import CUSTOMER, HandClock, Notes, Shelf
from tests.unit.pbx.test_call_control import Desk, Hearing

QUEUE = QueueEntry.model_validate(
    {
        "id": "support",
        "name": "Support",
        "numbers": ["800"],
        "announce_position": False,
        "prompts": {"greeting": None, "disclosure": None},
        "callback": {
            "enabled": True,
            "offer_after_s": 0,
            "expected_wait_s": 0,
            "attempts": 2,
            "retry_s": 300,
            "hours_max": 1,
            "calls_per_min": 2,
        },
    }
)
Kind = TypeVar("Kind")
TRUNK = Trunk(id="carrier", outbound=Outbound(uri="sip:{number}@192.0.2.1", caller="4930800"))


class FakeStore:
    """Keeps callbacks as the store does."""

    def __init__(self) -> None:
        self.rows: dict[str, KeptCallback] = {}
        self.is_broken = False

    async def keep(self, callback: KeptCallback) -> None:
        await asyncio.sleep(0)
        if self.is_broken:
            raise StoreError("callback: the disk is full")
        self.rows[callback.contact.contact_id] = callback

    def save(self, callback: KeptCallback) -> None:
        self.rows[callback.contact.contact_id] = callback

    def forget(self, contact_id: str) -> None:
        self.rows.pop(contact_id, None)

    async def load(self) -> list[KeptCallback]:
        return list(self.rows.values())


class FakeEdge:
    """Notes what is announced to it."""

    def __init__(self) -> None:
        self.known: list[tuple[str, int]] = []
        self.expected: list[tuple[tuple[str, int], str, str]] = []
        self.refuses: Exception | None = None

    def cell_known(self, address: tuple[str, int]) -> None:
        self.known.append(address)

    def expect_call(self, cell: tuple[str, int], trunk_id: str, number: str) -> str:
        if self.refuses is not None:
            raise self.refuses
        self.expected.append((cell, trunk_id, number))
        return "a-word"


class Node:
    """Call control with everything around it."""

    def __init__(self, store: FakeStore | None = None, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.pool = FakePool()
        self.cells = [FakeCell(number) for number in range(1, 5)]
        self.pool.cells = list(self.cells)
        self.routing = Notes()
        self.store = store or FakeStore()
        self.ledger = FakeLedger()
        self.events = Events()
        self.edge = FakeEdge()
        self.control = CallControl(
            pool=cast("CellPool", self.pool),
            prompts=Shelf(),
            routing=self.routing,
            agents=cast("AgentDesk", Desk()),
            ledger=self.ledger.port,
            hearing=Hearing(),
            events=self.events,
            clock=self.clock,
            queues=[QUEUE],
            trunks=[TRUNK],
            callbacks=self.store,
            calls_out=self.edge,
            sip_domain="pbx.example",
            call_s_max=3_600,
            on_cell_gone=lambda _: None,
            on_cell_released=lambda _: None,
        )

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events.past if isinstance(event, kind)]

    async def asks(self, caller: str = "+4930123456", number: int = 1, **more: object) -> str:
        """Bring a caller into the queue who presses the key; return his contact's id."""
        cell = self.cells[number - 1]
        call = InboundCall(
            sip_call_id="abc",
            origin="trunk",
            trunk_id="carrier",
            agent_id=None,
            dialled="800",
            caller=caller,
            display_name="",
            **more,  # type: ignore[arg-type]
        )
        assert isinstance(await self.control.place(call), Placement)
        for event in (invite(), wire.LegAnswered(leg=CUSTOMER)):
            cell.tell(event)
        await cell.until("tap")
        await turn()
        cell.tell(wire.DigitPressed(leg=CUSTOMER, digit="1"))
        await turn()
        return cell.contact_id

    async def leaves(self, number: int = 1) -> None:
        cell = self.cells[number - 1]
        cell.tell(leg_ended())
        await cell.until_released()
        await turn()

    async def waits(self) -> str:
        contact_id = await self.asks()
        await self.leaves()
        return contact_id

    def offer(self, contact_id: str, number: int = 1) -> Offer:
        made = Offer(
            offer_id=f"o{number}",
            contact_id=contact_id,
            agent_id="anna",
            queue_id="support",
            made_at_s=self.clock.now_s,
            expires_at_s=self.clock.now_s + 20,
        )
        self.control.offer_contact(made)
        return made

    async def agent_answers(self, contact_id: str, number: int = 2) -> FakeCell:
        """Offer the contact to an agent, who answers; return the cell."""
        cell = self.cells[number - 1]
        self.offer(contact_id, number)
        await cell.until("connect")
        await turn()
        cell.tell(wire.LegAnswered(leg=2))
        await turn()
        return cell

    async def later(self, seconds: float) -> None:
        """Let time pass, and what is due be done."""
        self.clock.now_s += seconds
        assert self.control.callback_desk is not None
        self.control.callback_desk._meet()
        await turn()


@pytest.fixture
async def node(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    monkeypatch.setattr(call_control, "CUT_S_MAX", 0)
    made = Node()
    async with made.control:
        yield made
        await turn()


async def test_it_is_committed_before_it_is_confirmed(node: Node) -> None:
    node.store.is_broken = True
    await node.asks()
    (refused,) = node.of(CallbackRefused)
    assert refused.reason is CallbackRefusal.NOT_STORED
    assert not node.of(CallbackRequested)
    assert node.control.callbacks() == []
    node.store.is_broken = False
    node.cells[0].tell(wire.DigitPressed(leg=CUSTOMER, digit="1"))
    await turn()
    assert node.of(CallbackRequested)
    (view,) = node.control.callbacks()
    assert view.in_call, "he is still on the line"


async def test_who_has_hung_up_goes_on_waiting(node: Node) -> None:
    contact_id = await node.waits()
    assert node.routing.left == []
    assert [one.contact_id for one in node.routing.queued] == [contact_id]
    assert not node.of(ContactClosed)
    assert list(node.store.rows) == [contact_id]
    assert node.control.calls() == []
    (view,) = node.control.callbacks()
    assert (view.contact_id, view.in_call, view.attempts) == (contact_id, False, 0)
    assert set(node.routing.places_kept) == {contact_id}


async def test_the_customer_is_called_by_his_trunk_at_his_number(node: Node) -> None:
    contact_id = await node.waits()
    cell = await node.agent_answers(contact_id)
    assert node.edge.known == [cell.address]
    assert node.edge.expected == [(cell.address, "carrier", "+4930123456")]
    agent, customer = [one for one in cell.asked if one[0] == "connect"]
    assert agent[1] == "sip:anna@pbx.example"
    assert customer[1:] == ("sip:a-word@pbx.example", {}, "", "4930800")
    cell.tell(wire.LegAnswered(leg=3))
    await turn()
    assert contact_id not in node.store.rows
    assert node.control.callbacks() == []
    cell.tell(played(2, leg=3))
    await cell.until("bridge")
    assert ("bridge", 3, 2) in cell.asked
    cell.tell(leg_ended(3))
    cell.tell(leg_ended(2))
    await cell.until_released()
    assert node.events.closed.disposition is Disposition.CALLER_ENDED


async def test_an_unanswered_call_is_tried_again_and_then_closed(node: Node) -> None:
    contact_id = await node.waits()
    cell = await node.agent_answers(contact_id)
    cell.tell(leg_ended(3, 486))
    await cell.until_released()
    await turn()
    assert node.routing.finished == [contact_id]
    (view,) = node.control.callbacks()
    assert (view.attempts, view.retry_at) == (1, node.clock.utc() + timedelta(seconds=300))
    assert len(node.routing.queued) == 1
    await node.later(299)
    assert len(node.routing.queued) == 1
    await node.later(1)
    assert node.routing.queued[-1].waited_s == 300.0, "his old place"
    cell = await node.agent_answers(contact_id, 3)
    cell.tell(leg_ended(3, 480))
    await cell.until_released()
    await turn()
    assert node.events.closed.disposition is Disposition.CALLBACK_UNANSWERED
    outcomes = list(node.of(CallbackAttempted))
    assert [(one.attempt, one.outcome) for one in outcomes] == [(1, "busy"), (2, "no_answer")]
    assert node.store.rows == {}
    assert f"close {contact_id} callback_unanswered" in node.ledger.written
    assert node.routing.left == [], "it was not in the line"


async def test_a_trunk_that_cannot_be_called_counts_as_an_attempt(node: Node) -> None:
    contact_id = await node.waits()
    node.edge.refuses = NotKnown("trunk that can dial out", "carrier")
    await node.agent_answers(contact_id)
    (view,) = node.control.callbacks()
    assert view.attempts == 1
    node.edge.refuses = LimitExceeded("calls announced", 2, 1)
    await node.later(300)
    await node.agent_answers(contact_id, 3)
    assert node.events.closed.disposition is Disposition.CALLBACK_UNANSWERED


async def test_no_more_calls_a_minute_than_allowed(node: Node) -> None:
    contact_id = await node.waits()
    for number in (2, 3):
        offer = node.offer(contact_id, number)
        await node.cells[number - 1].until("connect")
        node.control.withdraw_offer(offer, WithdrawReason.EXPIRED)
        await node.cells[number - 1].until_released()
        await turn()
    node.offer(contact_id, 4)
    await turn()
    assert node.routing.left == [contact_id], "the agent is free, and has refused nothing"
    assert node.routing.declined == []
    (attempt,) = node.of(CallbackAttempted)
    assert attempt.outcome == "postponed"
    await node.later(60)
    assert len(node.routing.queued) == 2
    (view,) = node.control.callbacks()
    assert view.attempts == 0


async def test_no_cell_is_free(node: Node) -> None:
    contact_id = await node.waits()
    node.pool.cells.clear()
    node.offer(contact_id)
    await turn()
    assert (node.routing.left, node.routing.declined) == ([contact_id], [])
    await node.later(60)
    assert node.routing.queued[-1].contact_id == contact_id


async def test_an_offer_that_is_withdrawn_while_a_cell_is_taken(node: Node) -> None:
    contact_id = await node.waits()
    node.pool.gate = asyncio.Event()
    offer = node.offer(contact_id)
    await turn()
    node.control.withdraw_offer(offer, WithdrawReason.EXPIRED)
    node.pool.gate.set()
    await turn()
    assert "connect" not in node.cells[1].names
    await node.cells[1].until_released()
    (view,) = node.control.callbacks()
    assert not view.in_call
    await node.agent_answers(contact_id, 3)


async def test_an_offer_that_crosses_the_caller_who_leaves(node: Node) -> None:
    contact_id = await node.asks()
    node.cells[0].tell(leg_ended())
    node.offer(contact_id)
    await node.cells[1].until("connect")
    assert node.routing.declined == []


async def test_who_calls_again_takes_up_his_place(node: Node) -> None:
    first = await node.waits()
    node.clock.now_s += 100
    second = await node.asks(number=2)
    assert node.routing.queued[-1].contact_id == second
    assert node.routing.queued[-1].waited_s == 100.0
    assert node.routing.left == [first]
    assert node.events.closed.contact_id == first
    assert node.events.closed.disposition is Disposition.CALLED_AGAIN
    assert [view.contact_id for view in node.control.callbacks()] == [second], "pressed again"


async def test_who_calls_again_while_he_is_called(node: Node) -> None:
    first = await node.waits()
    cell = await node.agent_answers(first)
    await node.asks(number=3)
    await turn()
    assert [("hangup", leg, 0) in cell.asked for leg in (2, 3)] == [True, True]
    for leg in (2, 3):
        cell.tell(leg_ended(leg))
    await cell.until_released()
    assert node.routing.finished == [first]
    assert node.events.closed.disposition is Disposition.CALLED_AGAIN


async def test_a_callback_is_cancelled(node: Node) -> None:
    contact_id = await node.waits()
    node.control.cancel_callback(contact_id)
    await turn()
    assert node.events.closed.disposition is Disposition.CALLBACK_CANCELLED
    assert node.routing.left == [contact_id]
    with pytest.raises(NotKnown, match="callback of contact"):
        node.control.cancel_callback(contact_id)


async def test_nobody_is_called_after_hours_max(node: Node) -> None:
    contact_id = await node.waits()
    await node.later(3_599)
    assert not node.of(ContactClosed)
    await node.later(1)
    assert node.events.closed.disposition is Disposition.CALLBACK_EXPIRED
    assert node.events.closed.wait_s == 3_600.0
    assert node.routing.left == [contact_id]


async def test_the_routers_longest_wait_does_not_end_it(node: Node) -> None:
    contact_id = await node.waits()
    node.control.release_contact(contact_id, Disposition.WAIT_EXCEEDED)
    await turn()
    assert [one.contact_id for one in node.routing.queued] == [contact_id] * 2
    assert not node.of(ContactClosed)


async def test_a_full_queue_is_tried_again(node: Node) -> None:
    contact_id = await node.waits()
    node.routing.full = True
    node.control.release_contact(contact_id, Disposition.WAIT_EXCEEDED)
    node.routing.full = False
    await node.later(29)
    assert len(node.routing.queued) == 1
    await node.later(1)
    assert len(node.routing.queued) == 2


async def test_a_hidden_caller(node: Node) -> None:
    await node.asks(is_hidden=True)
    (refused,) = node.of(CallbackRefused)
    assert refused.reason is CallbackRefusal.HIDDEN
    desk = node.control.callback_desk
    assert desk is not None
    assert desk.requests == {"hidden": 1}


async def test_a_restart(node: Node) -> None:
    contact_id = await node.waits()
    await node.control.drain(0.0)
    assert list(node.store.rows) == [contact_id], "a stop loses none"
    assert not node.of(ContactClosed)
    kept = node.store.rows[contact_id]
    assert isinstance(kept.contact, Contact)
    # As it is read: seconds since its arrival.
    kept.contact.arrived_s, kept.contact.queued_s = 0.0, 0.0
    later = Node(node.store, node.clock)
    later.clock.now_s += 50
    async with later.control:
        assert await later.control.restore() == 1
        assert later.routing.queued[-1].waited_s == 50.0
        assert kept.contact.state is ContactState.QUEUED
        await later.agent_answers(contact_id, 1)
        assert later.edge.expected[-1][2] == "+4930123456"


async def test_a_pause_goes_on_after_a_restart(node: Node) -> None:
    contact_id = await node.waits()
    cell = await node.agent_answers(contact_id)
    cell.tell(leg_ended(3, 486))
    await cell.until_released()
    await turn()
    contact = node.store.rows[contact_id].contact
    contact.arrived_s, contact.queued_s = 0.0, 0.0
    later = Node(node.store, node.clock)
    later.clock.now_s += 100
    async with later.control:
        await later.control.restore()
        assert later.routing.queued == []
        await later.later(200)
        assert later.routing.queued[-1].waited_s == 300.0


async def test_a_queue_that_is_no_more(node: Node) -> None:
    contact_id = await node.waits()
    node.control.reload([], Shelf(), NO_KEYS, [TRUNK])
    node.control.release_contact(contact_id, Disposition.WAIT_EXCEEDED)
    await turn()
    assert node.events.closed.disposition is Disposition.FAILED
    assert node.events.closed.reason == "queue support is no more"


async def test_rules_that_have_changed_hold_for_who_waits(node: Node) -> None:
    contact_id = await node.waits()
    numbers = QUEUE.callback.numbers.model_copy(update={"denied": ["+49"]})
    callback = QUEUE.callback.model_copy(update={"numbers": numbers})
    queue = QUEUE.model_copy(update={"callback": callback})
    node.control.reload([queue], Shelf(), NO_KEYS, [TRUNK])
    await node.agent_answers(contact_id)
    assert node.edge.expected == []
    (attempt,) = node.of(CallbackAttempted)
    assert attempt.outcome == "unreachable"
