"""The task of one call, with a cell that is told by the test what it refuses."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from structlog.testing import capture_logs

from domain.agent import AgentState
from domain.contact import Contact, ContactState, Disposition
from domain.errors import CellError, CellGone
from domain.offer import DeclineReason, Offer
from domain.ports import AgentDesk
from domain.speech import Speaker
from pbx import actions as do
from pbx.call_records import CallRecords
from pbx.call_task import INBOX_MAX, INVITE_S_MAX, CallTask, Flow
from pbx.cell import wire
from pbx.cells import Cell
from pbx.feature_call import FeatureCall
from pbx.flow import CallFlow
from pbx.flow_end import LEG_END_S_MAX, RELEASE_S_MAX
from tests.call_rig import Events, FakeCell, FakeLedger, invite, leg_ended, played, turn
from tests.flow_scene import AGENT, CUSTOMER, Scene, Shelf


class Call:
    """A task with everything around it. Its clock goes when told to, its timers never ring."""

    def __init__(self, *silent: str, feature: bool = False) -> None:
        self.scene = Scene(*silent, announce_position=False)
        self.cell = FakeCell()
        self.events = Events()
        self.ledger = FakeLedger()
        self.over: list[CallTask] = []
        flow: Flow = self.scene.flow
        if feature:
            flow = FeatureCall(
                "anna",
                AgentState.READY,
                language="en",
                prompts=Shelf(),
                desk=cast("AgentDesk", self),
                clock=self.scene.clock,
            )
        self.task = CallTask(
            "c1",
            flow,
            records=CallRecords(self.ledger.port),
            events=self.events,
            clock=self.scene.clock,
            dial=self.dial,
            on_over=self.over.append,
        )
        self.cell.tell = self.task.tell

    def request_state(self, agent_id: str, state: AgentState, reason: str) -> AgentState:
        return state

    async def dial(self, cell: Cell, offer: Offer, contact: Contact) -> int:
        return await cell.connect(offer.agent_id, headers={}, display="", caller="")

    def start(self, *events: wire.CellEvent) -> None:
        self.task.start(cast("Cell", self.cell))
        for event in events:
            self.task.tell(event)

    def wait(self, seconds: float) -> None:
        self.scene.clock.now_s += seconds
        self.task.post(lambda _: [])  # in the place of the timer

    async def to_queue(self) -> None:
        self.start(invite(), wire.LegAnswered(leg=CUSTOMER), played(1), played(2))
        await self.cell.until("play", 3)

    async def to_agent(self) -> None:
        await self.to_queue()
        offer = self.scene.offer()
        self.task.post(lambda flow: flow.offered(offer) if isinstance(flow, CallFlow) else [])
        await self.cell.until("connect")
        self.task.tell(wire.LegRinging(leg=AGENT, status=180))
        self.task.tell(wire.LegAnswered(leg=AGENT))
        await self.cell.until("tap", 2)

    @property
    def disposition(self) -> Disposition | None:
        return self.scene.contact.disposition


async def test_a_served_call_from_its_invite_to_its_release() -> None:
    call = Call()
    await call.to_agent()
    assert call.scene.contact.state is ContactState.CONNECTED
    call.task.tell(leg_ended(CUSTOMER))
    await call.cell.until("hangup")
    assert not call.over, "the agent's leg has not ended yet"
    call.task.tell(leg_ended(AGENT))
    await call.cell.until_released()
    assert [name for name in call.cell.names if name != "play"] == [
        "answer", "tap", "connect", "stop_play", "bridge", "tap", "hangup",
    ]  # fmt: skip
    assert call.cell.asked[0] == ("answer", CUSTOMER, 200)
    assert ("tap", AGENT, Speaker.AGENT) in call.cell.asked
    assert call.ledger.written[0] == "open c1"
    assert call.ledger.written[-1] == "close c1 caller_ended"
    assert call.events.closed.disposition is Disposition.CALLER_ENDED
    assert call.over == [call.task]


async def test_nobody_is_answered_before_his_contact_is_committed() -> None:
    call = Call()
    gate = call.ledger.gates["open"] = asyncio.Event()
    call.start(invite())
    await turn()
    assert (call.cell.asked, call.events.past) == ([], [])
    gate.set()
    await call.cell.until("answer")
    assert call.events.kinds == ["ContactArrived"]


async def test_a_call_that_cannot_be_recorded_is_refused_and_never_answered() -> None:
    call = Call()
    call.ledger.broken = {"open"}
    call.start(invite())
    await call.cell.until("hangup")
    assert call.cell.asked == [("hangup", CUSTOMER, 503)]
    call.task.tell(leg_ended(status=503))
    await call.cell.until_released()
    assert call.disposition is Disposition.FAILED
    assert call.events.kinds == ["ContactClosed"]
    assert "answer" not in call.cell.names


async def test_a_caller_who_cancels_before_the_answer_has_abandoned() -> None:
    call = Call()
    call.cell.refuses["answer"] = CellError("no leg '1'")
    call.cell.crosses["answer"] = leg_ended(status=487)
    call.start(invite())
    await call.cell.until_released()
    assert call.disposition is Disposition.ABANDONED_EARLY
    assert call.cell.names == ["answer"]


async def test_a_caller_who_goes_as_music_begins_is_not_played_to_without_end() -> None:
    call = Call()
    await call.to_queue()
    call.cell.refuses["play"] = CellError("no leg '1'")
    call.cell.crosses["play"] = leg_ended()
    call.task.tell(played(3))
    await call.cell.until_released()
    assert call.disposition is Disposition.ABANDONED
    assert call.cell.names.count("play") == 4


async def test_a_cell_that_cannot_answer_ends_the_contact_as_failed() -> None:
    call = Call()
    call.cell.refuses["answer"] = CellError("no")
    call.start(invite(), wire.MediaChanged(leg=CUSTOMER, active=False, codec=""))
    await call.cell.until("hangup")
    call.task.tell(leg_ended())
    await call.cell.until_released()
    assert call.events.closed.disposition is Disposition.FAILED
    assert call.events.closed.reason == "no"


async def test_a_cell_that_can_play_nothing_serves_all_the_same() -> None:
    call = Call()
    call.cell.refuses["play"] = CellError("no such file")
    call.start(invite(), wire.LegAnswered(leg=CUSTOMER))
    await call.cell.until("tap")
    await turn()
    assert call.cell.names.count("play") == 3, "greeting, disclosure, music"
    assert not call.scene.contact.disclosed
    call.task.tell(leg_ended())
    await call.cell.until_released()
    assert call.disposition is Disposition.ABANDONED


async def test_a_later_file_that_cannot_be_opened_discloses_nothing() -> None:
    call = Call("greeting")
    failed = wire.PlayFailed(leg=CUSTOMER, play=1, reason="no such file")
    call.start(invite(), wire.LegAnswered(leg=CUSTOMER), failed)
    await call.cell.until("tap")
    assert not call.scene.contact.disclosed


async def test_the_end_of_what_was_played_before_does_not_end_what_plays_now() -> None:
    call = Call()
    await call.to_queue()
    call.task.tell(played(2))
    await turn()
    assert call.cell.names.count("play") == 3, "music goes on"


async def test_a_cell_that_cannot_tap_serves_unheard() -> None:
    call = Call()
    call.cell.refuses["tap"] = CellError("the worker is gone")
    await call.to_agent()
    assert call.scene.contact.state is ContactState.CONNECTED


async def test_a_cell_that_cannot_bridge_ends_the_contact() -> None:
    call = Call()
    call.cell.refuses["bridge"] = CellError("no")
    await call.to_queue()
    offer = call.scene.offer()
    call.task.post(lambda flow: flow.offered(offer) if isinstance(flow, CallFlow) else [])
    await call.cell.until("connect")
    call.task.tell(wire.LegAnswered(leg=AGENT))
    await call.cell.until("hangup", 2)
    assert call.disposition is Disposition.FAILED
    assert call.scene.routing.finished == ["c1"]


async def test_an_agent_who_cannot_be_dialled_has_declined() -> None:
    call = Call()
    call.cell.refuses["connect"] = CellError("4 legs of a cell")
    await call.to_queue()
    offer = call.scene.offer()
    call.task.post(lambda flow: flow.offered(offer) if isinstance(flow, CallFlow) else [])
    await call.cell.until("connect")
    await turn()
    assert call.scene.routing.declined == [("o1", DeclineReason.UNREACHABLE)]
    assert call.scene.contact.state is ContactState.QUEUED


async def test_an_invite_that_never_comes_gives_the_cell_back_and_leaves_no_contact() -> None:
    call = Call()
    call.start()
    call.wait(INVITE_S_MAX - 0.1)
    await turn()
    assert not call.over
    call.wait(0.1)
    await call.cell.until_released()
    assert call.cell.asked == []
    await turn()
    assert (call.ledger.written, call.events.past) == (["open c1", "forget c1"], [])
    assert call.over == [call.task]


async def test_a_caller_who_cancels_before_his_cell_knows_him_has_abandoned() -> None:
    call = Call()
    call.start(leg_ended(status=487))
    await call.cell.until_released()
    assert call.disposition is Disposition.ABANDONED_EARLY
    assert call.events.kinds == ["ContactArrived", "ContactClosed"]


async def test_an_invite_that_came_is_not_missed_later() -> None:
    call = Call()
    call.start(invite())
    await call.cell.until("answer")
    call.wait(INVITE_S_MAX)
    await turn()
    assert not call.over


async def test_a_timer_tells_the_flow_of_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call()
    await call.to_agent()
    timers: list[tuple[float, Callable[[], None]]] = []

    def call_later(in_s: float, ring: Callable[[], None]) -> asyncio.TimerHandle:
        timers.append((in_s, ring))
        return asyncio.TimerHandle(in_s, ring, (), asyncio.get_running_loop())

    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", call_later)
    call.task.tell(leg_ended(AGENT))
    for expected_s in (LEG_END_S_MAX, RELEASE_S_MAX - LEG_END_S_MAX):
        await turn()
        in_s, ring = timers[-1]
        assert in_s == expected_s
        assert not call.over
        call.scene.clock.now_s += in_s
        ring()
    await turn()
    assert call.cell.released.is_set()
    assert call.events.closed.disposition is Disposition.AGENT_ENDED


async def test_keys_pressed_without_end_are_refused_and_nothing_else_is() -> None:
    call = Call()
    gate = call.ledger.gates["open"] = asyncio.Event()
    call.start(invite())
    await turn()
    for _ in range(INBOX_MAX + 10):
        call.task.tell(wire.DigitPressed(leg=CUSTOMER, digit="1"))
    call.task.tell(wire.LegHeld(leg=CUSTOMER, held=True))
    assert call.task.inbox_refused == 11
    call.task.tell(leg_ended())
    gate.set()
    await call.cell.until_released()
    assert call.events.kinds.count("DigitPressed") == INBOX_MAX
    assert call.disposition is Disposition.ABANDONED_EARLY


async def test_a_cell_that_dies_in_mid_call_closes_the_contact_and_is_not_released() -> None:
    call = Call()
    await call.to_agent()
    for name in ("hangup", "play", "stop_play"):
        call.cell.refuses[name] = CellGone("cell-1 has ended")
    call.task.tell_cell_gone("signal 6")
    await turn()
    assert call.over == [call.task]
    assert not call.cell.released.is_set(), "there is nothing to release"
    assert call.events.closed.disposition is Disposition.CELL_DIED
    assert call.events.closed.reason == "signal 6"
    assert call.scene.routing.finished == ["c1"]


async def test_a_cell_that_dies_under_a_command_is_told_of_once() -> None:
    call = Call()
    call.cell.refuses["play"] = CellGone("cell-1 has ended")
    call.start(invite(), wire.LegAnswered(leg=CUSTOMER))
    await call.cell.until("play")
    await turn()
    assert not call.over, "the pool tells of the death"
    call.task.tell_cell_gone("heartbeat")
    await turn()
    assert call.over == [call.task]
    assert call.disposition is Disposition.CELL_DIED


async def test_a_cell_that_dies_while_it_dials_takes_the_offer_along() -> None:
    call = Call()
    call.cell.refuses["connect"] = CellGone("cell-1 has ended")
    await call.to_queue()
    offer = call.scene.offer()
    call.task.post(lambda flow: flow.offered(offer) if isinstance(flow, CallFlow) else [])
    await call.cell.until("connect")
    call.task.tell_cell_gone("signal 11")
    await turn()
    assert call.scene.routing.declined == []
    assert call.scene.routing.left == ["c1"]
    assert call.disposition is Disposition.CELL_DIED


async def test_end_hangs_up_and_returns_when_the_legs_were_told() -> None:
    call = Call()
    await call.to_agent()
    await call.task.end(Disposition.HUNG_UP, "over the API")
    assert call.disposition is Disposition.HUNG_UP
    await call.cell.until("hangup", 2)
    call.task.tell(leg_ended(CUSTOMER))
    call.task.tell(leg_ended(AGENT))
    await call.cell.until_released()
    assert call.events.closed.reason == "over the API"
    await call.task.end(Disposition.DRAINED, "after its end")


async def test_end_before_the_invite_is_recorded_as_a_contact_that_never_was_answered() -> None:
    call = Call()
    call.start()
    await call.task.end(Disposition.DRAINED, "the node was stopping")
    await call.cell.until_released()
    assert call.cell.asked == []
    assert call.events.kinds == ["ContactArrived", "ContactClosed"]
    assert call.ledger.written == ["open c1", "close c1 drained"]


async def test_a_call_that_is_given_up_is_closed_and_its_cell_released() -> None:
    call = Call()
    await call.to_agent()
    await call.task.end(Disposition.DRAINED, "the node was stopping")
    call.task.give_up("the node was stopping")
    await call.cell.until_released()
    assert call.events.closed.disposition is Disposition.DRAINED


async def test_an_error_of_our_own_ends_this_call_alone_and_closes_its_record() -> None:
    call = Call()
    await call.to_queue()

    def broken(_: Flow) -> list[do.Action]:
        raise RuntimeError("a bug")

    with capture_logs() as lines:
        call.task.post(broken)
        await call.cell.until_released()
    assert lines[0]["event"] == "call control failed for one call"
    assert call.events.closed.disposition is Disposition.FAILED
    assert call.events.closed.reason == "internal error"
    assert ("hangup", CUSTOMER, 0) in call.cell.asked
    assert call.over == [call.task]


async def test_what_concerns_no_flow_is_passed_over() -> None:
    call = Call()
    await call.to_queue()
    asked = list(call.cell.asked)
    call.task.tell(wire.MediaChanged(leg=CUSTOMER, active=True, codec="PCMU"))
    call.task.tell(wire.TransferAsked(leg=CUSTOMER, to_uri="sip:x@y"))
    call.task.tell(wire.TransferProgressed(leg=CUSTOMER, status=200, final=True))
    await turn()
    assert call.cell.asked == asked


async def test_a_held_or_silent_telephone_is_told_of() -> None:
    call = Call()
    await call.to_agent()
    call.task.tell(wire.LegHeld(leg=AGENT, held=True))
    await call.cell.until("play", 4)
    assert "CallHeld" in call.events.kinds
    call.task.tell(wire.LegHeld(leg=AGENT, held=False))
    call.task.tell(wire.RtpSilent(leg=AGENT, silent_s=30))
    await call.cell.until("hangup")
    assert ("hangup", AGENT, 0) in call.cell.asked
    assert call.scene.contact.state is ContactState.QUEUED


async def test_a_feature_call_from_its_invite_to_its_release() -> None:
    call = Call(feature=True)
    call.start(invite(), wire.LegAnswered(leg=CUSTOMER))
    await call.cell.until("play")
    # These concern a contact, and here is none.
    call.task.tell(wire.DigitPressed(leg=CUSTOMER, digit="1"))
    call.task.tell(wire.LegHeld(leg=CUSTOMER, held=True))
    call.task.tell(wire.RtpSilent(leg=CUSTOMER, silent_s=30))
    call.task.tell(played(1))
    await call.cell.until("hangup")
    call.task.tell(leg_ended())
    await call.cell.until_released()
    assert call.cell.names == ["answer", "play", "hangup"]
    assert (call.ledger.written, call.events.past) == ([], [])


async def test_a_feature_call_can_be_ended() -> None:
    call = Call(feature=True)
    call.start(invite(), wire.LegAnswered(leg=CUSTOMER))
    await call.cell.until("play")
    await call.task.end(Disposition.DRAINED, "the node was stopping")
    await call.cell.until("hangup")
    call.task.tell(leg_ended())
    await call.cell.until_released()


async def test_a_feature_call_that_cannot_be_answered_is_hung_up() -> None:
    call = Call(feature=True)
    call.cell.refuses["answer"] = CellError("no")
    call.start(invite())
    await call.cell.until("hangup")
    call.task.tell(leg_ended(status=603))
    await call.cell.until_released()
