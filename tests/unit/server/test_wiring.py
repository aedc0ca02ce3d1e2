"""What joins the parts; a whole node is started in the tests over real sockets."""

from typing import Any, cast

import pytest

from bus.local import LocalBus
from config.mistake import ConfigurationMistakes
from config.reload import Reloader
from domain.contact import ContactTrigger, Disposition
from domain.errors import ConfigurationError
from domain.events import CellCrashed, CellStarted, ConfigurationReloaded, ContactClosed
from domain.ports import ContactRecord
from pbx.call_control import CallControl
from pbx.cells import Cell
from pbx.edge.edge import Edge
from server import wiring
from server.desk import Desk
from tests.call_rig import FakeCell
from tests.config_support import RIGHT, loaded
from tests.flow_scene import HandClock, Scene


class FakeControl:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words: self.told.append((name, *words))


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
