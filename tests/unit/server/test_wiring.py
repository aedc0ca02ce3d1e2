"""What joins the parts; a whole node is started in the tests over real sockets."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bus.local import LocalBus
from config.mistake import ConfigurationMistakes
from config.reload import Reloader
from domain.commands import WithdrawReason
from domain.contact import ContactTrigger, Disposition
from domain.errors import ConfigurationError
from domain.events import CellCrashed, CellStarted, ConfigurationReloaded, ContactClosed
from domain.offer import Offer
from domain.ports import ContactRecord
from media.figures import HearingFigures
from media.hearing import Hearing
from pbx.call_control import CallControl
from pbx.cells import Cell, CellPool
from pbx.edge.call import InboundCall, Placement, Refusal
from pbx.edge.edge import Edge
from pbx.pool_figures import PoolFigures
from router.policy import RouterPolicy
from server import wiring
from server.desk import Desk
from server.node import _analysis_ready, _cells_ready
from tests.call_rig import FakeCell
from tests.config_support import RIGHT, loaded
from tests.flow_scene import HandClock, Scene

POOL = PoolFigures(
    starting=0,
    warm=4,
    serving=0,
    resting=0,
    leaving=0,
    cells_max=10,
    started=4,
    used_again=0,
    crashed=0,
    failed_starts=0,
    killed={},
    refused=0,
    zygote_restarts=0,
    taps_dropped=0,
    private_kib_max=0,
)


def cells_ready(**figures: int) -> str | None:
    now = replace(POOL, **cast("Any", figures))
    return _cells_ready(cast("CellPool", SimpleNamespace(figures=lambda: now)))


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({"warm": 4}, None),
        ({"warm": 1, "serving": 9}, None),
        ({"warm": 0, "starting": 4}, None),
        ({"warm": 0, "serving": 5, "starting": 1}, None),
        ({"warm": 0}, "none is warm"),
        ({"warm": 0, "serving": 5}, "none is warm"),
        ({"warm": 0, "serving": 10}, "all 10 are taken (cells.max)"),
        ({"warm": 0, "serving": 8, "leaving": 2}, "all 10 are taken (cells.max)"),
    ],
)
def test_cells_are_ready_while_one_can_be_had(figures: dict[str, int], reason: str | None) -> None:
    assert cells_ready(**figures) == reason


@pytest.mark.parametrize(
    ("workers", "ready", "reason"),
    [(2, 2, None), (2, 1, None), (2, 0, "none of 2 workers runs"), (0, 0, None)],
)
def test_analysis_is_ready_while_one_worker_hears(
    workers: int, ready: int, reason: str | None
) -> None:
    configuration = loaded(f"{RIGHT}analysis: {{workers: {workers}}}\n").configuration
    hearing = SimpleNamespace(figures=lambda: HearingFigures(workers_ready=ready))
    assert _analysis_ready(cast("Hearing", hearing), configuration) == reason


class FakeControl:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def caller_of(self, contact_id: str) -> str:
        return f"caller of {contact_id}"

    async def place(self, call: InboundCall) -> Placement:
        return Placement(address=("127.0.0.1", 40_001))

    def __getattr__(self, name: str) -> Any:
        return lambda *words: self.told.append((name, *words))


INBOUND = InboundCall(
    sip_call_id="x",
    origin="trunk",
    trunk_id="carrier",
    agent_id=None,
    dialled="800",
    caller="",
    display_name="",
)
OFFER = Offer(
    offer_id="o1",
    contact_id="c1",
    agent_id="anna",
    queue_id="service",
    made_at_s=0.0,
    expires_at_s=20.0,
)


async def test_before_call_control_is_there_calls_are_refused_and_nothing_is_lost() -> None:
    desk = Desk()
    placed = await desk.place(INBOUND)
    assert isinstance(placed, Refusal)
    assert (placed.status, placed.retry_after_s) == (503, 1)
    assert desk.caller_of("c1") == ""
    assert desk.queues_of("anna") == []
    desk.offer_contact(OFFER)
    desk.withdraw_offer(OFFER, WithdrawReason.EXPIRED)
    desk.release_contact("c1", Disposition.WAIT_EXCEEDED)


async def test_the_desk_passes_on_to_call_control() -> None:
    desk, control = Desk(), FakeControl()
    desk.control = cast("CallControl", control)
    assert await desk.place(INBOUND) == Placement(address=("127.0.0.1", 40_001))
    assert desk.caller_of("c1") == "caller of c1"
    desk.offer_contact(OFFER)
    desk.withdraw_offer(OFFER, WithdrawReason.EXPIRED)
    desk.release_contact("c1", Disposition.WAIT_EXCEEDED)
    assert control.told == [
        ("offer_contact", OFFER),
        ("withdraw_offer", OFFER, WithdrawReason.EXPIRED),
        ("release_contact", "c1", Disposition.WAIT_EXCEEDED),
    ]


def test_an_agent_serves_the_queues_that_he_has_the_skills_for() -> None:
    text = RIGHT.replace(
        "http:",
        """\
  - id: billing
    name: Billing
    numbers: ["801"]
    skills: {billing: 4}
  - id: experts
    name: Experts
    numbers: ["802"]
    skills: {billing: 5}
  - id: chinese
    name: Chinese
    numbers: ["803"]
    language: zh
http:""",
    )
    desk = Desk()
    desk.policy = RouterPolicy.of(loaded(text).configuration)
    assert desk.queues_of("anna") == ["service", "billing"]
    assert desk.queues_of("nobody") == []


class Follower:
    """Reads what was published."""

    def __init__(self) -> None:
        self.bus = LocalBus(HandClock())
        self.reading = self.bus.subscribe("test")

    async def next(self) -> object:
        async for envelope in self.reading:
            return envelope.event
        return None


async def test_a_cell_is_told_of_when_it_is_ready_and_when_it_has_died() -> None:
    follower, control, edge = Follower(), FakeControl(), FakeControl()
    cell = FakeCell()
    cell.pid, cell.contact_id = 77, "c1"
    real = cast("Cell", cell)
    desk = Desk()
    async with follower.reading:
        wiring._cell_ready(follower.bus, real)
        assert await follower.next() == CellStarted(cell_id="cell-1", pid=77)
        wiring._cell_gone(follower.bus, desk, cast("Edge", edge), real, "signal 6")
        crashed = CellCrashed(cell_id="cell-1", contact_id="c1", reason="signal 6")
        assert await follower.next() == crashed
        assert edge.told == [("cell_gone", cell.address)]
        desk.control = cast("CallControl", control)
        wiring._cell_gone(follower.bus, desk, cast("Edge", edge), real, "memory")
        assert control.told == [("cell_gone", cell, "memory")]
        assert len(edge.told) == 1, "call control tells the edge"


def test_an_orphan_is_told_of_as_it_was_closed() -> None:
    contact = Scene().contact
    contact.step(ContactTrigger.CLOSE)
    contact.disposition, contact.agent_id = Disposition.NODE_DIED, "anna"
    record = ContactRecord(
        contact=contact,
        closed_at=None,
        wait_s=7.0,
        talk_s=60.0,
        interactions=[],
        customer_speech_s=0.0,
        turns=0,
        reason="the node was killed",
    )
    assert wiring._closed(record) == ContactClosed(
        contact_id="c1",
        queue_id="support",
        disposition=Disposition.NODE_DIED,
        agent_id="anna",
        wait_s=7.0,
        talk_s=60.0,
        reason="the node was killed",
    )


class FakeReloader:
    def __init__(self, text: str) -> None:
        self.mistakes: tuple[object, ...] = ()
        self.in_force = loaded(RIGHT).configuration
        try:
            self.in_force = loaded(text).configuration
        except ConfigurationMistakes as error:
            self.mistakes = tuple(error.mistakes)

    async def reload(self) -> object | None:
        return None if self.mistakes else self.in_force


async def test_reload_tells_what_is_in_force() -> None:
    told = await wiring._reload(cast("Reloader", FakeReloader(RIGHT)))
    assert told == ConfigurationReloaded(agents=1, queues=1, trunks=1)


async def test_reload_of_a_wrong_file_tells_each_mistake() -> None:
    wrong = RIGHT.replace("extension", "extensoin")
    with pytest.raises(ConfigurationError, match="extensoin"):
        await wiring._reload(cast("Reloader", FakeReloader(wrong)))
