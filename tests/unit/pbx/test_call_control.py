"""Call control, with cells that do as they are told."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from config.schema import QueueEntry
from domain.agent import Agent, AgentState, AgentView
from domain.commands import WithdrawReason
from domain.contact import ContactState, Disposition
from domain.errors import NotKnown
from domain.leg import LegRole, LegState
from domain.offer import DeclineReason, Offer
from domain.ports import AgentDesk
from pbx import call_control, overload
from pbx.call_control import RETRY_AFTER_S, CallControl
from pbx.cell import wire
from pbx.cells import Cell, CellPool, CellState
from pbx.edge.call import InboundCall, Placement, Refusal
from pbx.keypad import NO_KEYS
from tests.call_rig import Events, FakeCell, FakeLedger, FakePool, invite, leg_ended, played, turn
from tests.flow_scene import AGENT, CUSTOMER, HandClock, Notes, Shelf

SUPPORT = QueueEntry(id="support", name="Support", numbers=["800"], language="en", priority=3)
SALES = QueueEntry(id="sales", name="Sales", numbers=["801"])


class Desk:
    """The agents' side of the router."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, AgentState]] = []
        self.languages = {"en": 2, "zh": 5}

    def request_state(self, agent_id: str, state: AgentState, reason: str) -> AgentState:
        self.asked.append((agent_id, state))
        return state

    def agents(self) -> list[AgentView]:
        agent = Agent(agent_id="anna", name="Anna", extension="21", languages=self.languages)
        return [
            AgentView(
                agent=agent,
                state=AgentState.NOT_READY,
                reason="",
                in_state_s=0.0,
                wished=None,
                contact_id=None,
                reachable=True,
                answered=0,
                missed=0,
            )
        ]


class Hearing:
    def tap_path(self, contact_id: str) -> str | None:
        return f"/tap/{contact_id}"


class Node:
    """Call control with everything around it."""

    def __init__(self, *, cells: int = 3) -> None:
        self.clock = HandClock()
        self.pool = FakePool()
        self.cells = [FakeCell(number) for number in range(1, cells + 1)]
        self.pool.cells = list(self.cells)
        self.routing = Notes()
        self.desk = Desk()
        self.ledger = FakeLedger()
        self.events = Events()
        self.gone: list[tuple[str, int]] = []
        self.released: list[tuple[str, int]] = []
        self.control = CallControl(
            pool=cast("CellPool", self.pool),
            prompts=Shelf(),
            routing=self.routing,
            agents=cast("AgentDesk", self.desk),
            ledger=self.ledger.port,
            hearing=Hearing(),
            events=self.events,
            clock=self.clock,
            queues=[SUPPORT],
            sip_domain="pbx.example",
            call_s_max=3_600,
            on_cell_gone=self.gone.append,
            on_cell_released=self.released.append,
        )

    async def to_queue(self, number: int = 1) -> str:
        """Bring a caller into the queue; return his contact's id."""
        cell = self.cells[number - 1]
        assert await self.control.place(inbound()) == Placement(address=cell.address)
        for event in (invite(), wire.LegAnswered(leg=CUSTOMER), played(1), played(2)):
            cell.tell(event)
        await cell.until("tap")
        return cell.contact_id

    def offer(self, contact_id: str, number: int = 1) -> Offer:
        return Offer(
            offer_id=f"o{number}",
            contact_id=contact_id,
            agent_id="anna",
            queue_id="support",
            made_at_s=self.clock.now_s,
            expires_at_s=self.clock.now_s + 20,
        )


def inbound(dialled: str = "800", *, agent_id: str | None = None) -> InboundCall:
    return InboundCall(
        sip_call_id="abc@carrier",
        origin="trunk" if agent_id is None else "agent",
        trunk_id="carrier" if agent_id is None else None,
        agent_id=agent_id,
        dialled=dialled,
        caller="+14155550101",
        display_name="",
    )


@pytest.fixture
async def node(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    # Nobody here sends a BYE to a call that is cut.
    monkeypatch.setattr(call_control, "CUT_S_MAX", 0)
    made = Node()
    async with made.control:
        yield made
        await turn()


def refused(status: int, reason: str, retry_after_s: int | None = None) -> Refusal:
    return Refusal(status=status, reason=reason, retry_after_s=retry_after_s)


UNAVAILABLE = refused(503, "Service Unavailable", RETRY_AFTER_S)


# The edge asks.


async def test_a_number_that_leads_nowhere_gets_404_and_no_cell(node: Node) -> None:
    assert await node.control.place(inbound("999")) == refused(404, "Not Found")
    assert await node.control.place(inbound("*60")) == refused(404, "Not Found")
    assert len(node.pool.cells) == 3


async def test_without_a_free_cell_a_call_is_told_to_come_again(node: Node) -> None:
    node.pool.cells.clear()
    assert await node.control.place(inbound()) == UNAVAILABLE
    assert node.control.calls() == []


async def test_with_too_many_calls_on_their_way_the_next_is_refused_at_once(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overload, "SETTING_UP_MAX", 1)
    assert isinstance(await node.control.place(inbound()), Placement)
    assert await node.control.place(inbound()) == UNAVAILABLE
    assert node.control.overloads == 1
    node.cells[0].tell(invite())
    await turn()
    assert isinstance(await node.control.place(inbound()), Placement)


async def test_calls_that_their_cells_refuse_are_no_contacts_and_keep_nobody_out(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overload, "SETTING_UP_MAX", 1)
    assert isinstance(await node.control.place(inbound()), Placement)
    node.control.declined(node.cells[0].address)
    await node.cells[0].until_released()
    assert node.events.past == []
    assert node.control.calls() == []
    assert isinstance(await node.control.place(inbound()), Placement)
    node.control.declined(("127.0.0.1", 9))


async def test_a_call_that_its_cell_has_told_of_is_not_forgotten_when_it_is_refused(
    node: Node,
) -> None:
    await node.control.place(inbound())
    node.cells[0].tell(invite())
    node.control.declined(node.cells[0].address)
    await node.cells[0].until("answer")
    assert len(node.control.calls()) == 1


async def test_a_draining_node_takes_no_call(node: Node) -> None:
    await node.control.drain(0)
    assert await node.control.place(inbound()) == UNAVAILABLE
    assert len(node.pool.cells) == 3


async def test_a_node_that_drains_while_a_cell_is_waited_for_gives_it_back(node: Node) -> None:
    gate = node.pool.gate = asyncio.Event()
    placing = asyncio.create_task(node.control.place(inbound()))
    await turn()
    await node.control.drain(0)
    gate.set()
    assert await placing == UNAVAILABLE
    assert node.cells[0].released.is_set()
    assert node.control.calls() == []


async def test_a_cell_that_died_as_it_was_taken_serves_nobody(node: Node) -> None:
    node.cells[0].state = CellState.GONE
    assert await node.control.place(inbound()) == UNAVAILABLE
    assert node.control.calls() == []


async def test_a_call_to_a_queue_becomes_a_contact(node: Node) -> None:
    contact_id = await node.to_queue()
    cell = node.cells[0]
    assert cell.tap_path == f"/tap/{contact_id}"
    (queued,) = node.routing.queued
    assert (queued.contact_id, queued.queue_id, queued.priority) == (contact_id, "support", 3)
    assert node.ledger.written[0] == f"open {contact_id}"
    contact = node.control.contact_of(contact_id)
    assert contact is not None
    assert contact.caller == "+14155550101"
    (view,) = node.control.calls()
    assert (view.contact_id, view.cell_id, view.queue_id) == (contact_id, "cell-1", "support")
    assert view.state is ContactState.QUEUED
    assert [(leg.role, leg.state) for leg in view.legs] == [(LegRole.CUSTOMER, LegState.ANSWERED)]
    node.clock.now_s += 12
    assert node.control.calls()[0].seconds == 12


async def test_calls_are_shown_the_oldest_first(node: Node) -> None:
    first = await node.to_queue(1)
    node.clock.now_s += 1
    second = await node.to_queue(2)
    assert [view.contact_id for view in node.control.calls()] == [first, second]


@pytest.mark.parametrize(
    ("code", "state"), [("*60", AgentState.READY), ("*62", AgentState.LOGGED_OUT)]
)
async def test_a_feature_code_changes_the_agents_state(
    node: Node, code: str, state: AgentState
) -> None:
    cell = node.cells[0]
    assert await node.control.place(inbound(code, agent_id="anna")) == Placement(
        address=cell.address
    )
    assert cell.tap_path is None, "an agent's own call is not heard"
    cell.tell(invite())
    cell.tell(wire.LegAnswered(leg=CUSTOMER))
    await cell.until("play")
    assert node.desk.asked == [("anna", state)]
    (files,) = [asked[2] for asked in cell.asked if asked[0] == "play"]
    assert str(files).count("zh/") == 1, "in the language that the agent speaks best"
    assert node.control.calls() == []
    assert node.control.contact_of(cell.contact_id) is None
    with pytest.raises(NotKnown):
        await node.control.hang_up(cell.contact_id)
    cell.tell(leg_ended())
    await cell.until_released()
    assert node.released == [cell.address]
    assert node.ledger.written == []


@pytest.mark.parametrize("languages", [{}, {"en": 5}])
async def test_an_agent_without_a_language_is_told_in_english(
    node: Node, languages: dict[str, int]
) -> None:
    node.desk.languages = languages
    await node.control.place(inbound("*61", agent_id="anna" if languages else "ben"))
    node.cells[0].tell(invite())
    node.cells[0].tell(wire.LegAnswered(leg=CUSTOMER))
    await node.cells[0].until("play")
    assert "en/not-ready.wav" in str(node.cells[0].asked[-1])


async def test_reload_changes_what_comes_and_not_what_runs(node: Node) -> None:
    await node.to_queue()
    node.control.reload([SALES], Shelf("greeting", "disclosure", "music"), NO_KEYS)
    assert await node.control.place(inbound("800")) == refused(404, "Not Found")
    assert isinstance(await node.control.place(inbound("801")), Placement)
    second = node.cells[1]
    second.tell(invite())
    second.tell(wire.LegAnswered(leg=CUSTOMER))
    await second.until("tap")
    assert "play" not in second.names
    node.cells[0].tell(played(3))
    await node.cells[0].until("play", 4)


# The router asks.


async def test_an_offer_rings_the_agent_with_the_contact_in_its_headers(node: Node) -> None:
    contact_id = await node.to_queue()
    node.control.offer_contact(node.offer(contact_id))
    cell = node.cells[0]
    await cell.until("connect")
    assert cell.asked[-1] == (
        "connect",
        "sip:anna@pbx.example",
        {"X-Warmline-Contact": contact_id, "X-Warmline-Queue": "support"},
        "support",
        "+14155550101",
    )
    cell.tell(wire.LegAnswered(leg=AGENT))
    await cell.until("bridge")
    assert node.control.calls()[0].agent_id == "anna"


async def test_an_offer_for_a_call_that_has_ended_is_declined(node: Node) -> None:
    node.control.offer_contact(node.offer("nobody"))
    assert node.routing.declined == [("o1", DeclineReason.UNREACHABLE)]
    node.control.withdraw_offer(node.offer("nobody"), WithdrawReason.EXPIRED)
    node.control.release_contact("nobody", Disposition.WAIT_EXCEEDED)


async def test_a_withdrawn_offer_silences_the_telephone(node: Node) -> None:
    contact_id = await node.to_queue()
    offer = node.offer(contact_id)
    node.control.offer_contact(offer)
    await node.cells[0].until("connect")
    node.control.withdraw_offer(offer, WithdrawReason.EXPIRED)
    await node.cells[0].until("hangup")
    assert node.cells[0].asked[-1] == ("hangup", AGENT, 0)


async def test_a_contact_that_may_wait_no_longer_is_told_and_hung_up(node: Node) -> None:
    contact_id = await node.to_queue()
    node.control.release_contact(contact_id, Disposition.WAIT_EXCEEDED)
    await node.cells[0].until("play", 4)
    node.cells[0].tell(played(4))
    await node.cells[0].until("hangup")
    node.cells[0].tell(leg_ended())
    await node.cells[0].until_released()
    assert node.events.closed.disposition is Disposition.WAIT_EXCEEDED


# The pool tells.


async def test_a_dead_cell_ends_its_dialogs_and_its_contact(node: Node) -> None:
    contact_id = await node.to_queue()
    node.control.cell_gone(cast("Cell", node.cells[0]), "signal 6")
    assert node.gone == [node.cells[0].address]
    await turn()
    assert node.control.calls() == []
    assert node.events.closed.disposition is Disposition.CELL_DIED
    assert node.ledger.written[-1] == f"close {contact_id} cell_died"


async def test_a_cell_that_dies_in_reserve_is_the_edges_business_alone(node: Node) -> None:
    node.control.cell_gone(cast("Cell", node.cells[0]), "memory")
    assert node.gone == [node.cells[0].address]


# The API asks.


async def test_hang_up_ends_the_call(node: Node) -> None:
    contact_id = await node.to_queue()
    await node.control.hang_up(contact_id)
    await node.cells[0].until("hangup")
    node.cells[0].tell(leg_ended())
    await node.cells[0].until_released()
    assert node.events.closed.disposition is Disposition.HUNG_UP
    assert node.released == [node.cells[0].address]
    with pytest.raises(NotKnown):
        await node.control.hang_up(contact_id)
    assert node.control.contact_of(contact_id) is None


# The node stops.


async def test_an_idle_node_is_drained_at_once(node: Node) -> None:
    assert await node.control.drain(3_600) == 0


async def test_calls_that_end_within_the_grace_are_not_cut(node: Node) -> None:
    await node.to_queue()
    draining = asyncio.create_task(node.control.drain(3_600))
    await turn()
    assert not draining.done()
    node.cells[0].tell(leg_ended())
    assert await draining == 0
    assert node.events.closed.disposition is Disposition.ABANDONED


async def test_what_is_left_after_the_grace_is_cut(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_control, "CUT_S_MAX", 3_600)
    await node.to_queue(1)
    await node.to_queue(2)
    draining = asyncio.create_task(node.control.drain(0))
    for cell in node.cells[:2]:
        await cell.until("hangup")
        cell.tell(leg_ended())
    assert await draining == 2
    closed = [row for row in node.ledger.written if row.startswith("close")]
    assert [row.split()[2] for row in closed] == ["drained", "drained"]


async def test_a_call_whose_telephone_does_not_answer_the_bye_is_closed_too(node: Node) -> None:
    await node.to_queue()
    assert await node.control.drain(0) == 1
    await node.cells[0].until_released()
    assert node.events.closed.disposition is Disposition.DRAINED
    assert node.control.calls() == []


async def test_a_feature_call_and_a_call_without_its_invite_are_cut_too(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_control, "CUT_S_MAX", 3_600)
    await node.control.place(inbound())
    await node.control.place(inbound("*60", agent_id="anna"))
    feature = node.cells[1]
    feature.tell(invite())
    await feature.until("answer")
    draining = asyncio.create_task(node.control.drain(0))
    await feature.until("hangup")
    feature.tell(leg_ended())
    assert await draining == 2
    contact_id = node.cells[0].contact_id
    assert node.ledger.written == [f"open {contact_id}", f"close {contact_id} drained"]


async def test_leaving_writes_every_record(node: Node) -> None:
    other = Node()
    async with other.control:
        contact_id = await other.to_queue()
    assert other.ledger.written[-1] == f"close {contact_id} drained"
    assert other.control.records_dropped == 0
