from datetime import timedelta

import pytest

from domain.binding import Binding
from store.opening import open_store
from tests.store_support import START, HandClock


def binding(agent_id: str, port: int) -> Binding:
    return Binding(
        agent_id=agent_id,
        contact_uri=f"sip:{agent_id}@192.0.2.7:{port};transport=udp",
        flow=f"udp:192.0.2.7:{port}",
        call_id="abc@192.0.2.7",
        cseq=2**31,
        instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>",
        q=0.5,
        user_agent="Softphone/1",
        expires_at=START + timedelta(seconds=port),
    )


@pytest.fixture
def clock():
    return HandClock()


async def test_bindings_outlive_a_restart_in_their_order(tmp_path, clock):
    mine = [binding("anna", 5_062), binding("anna", 5_060)]
    async with open_store(tmp_path, clock) as store:
        store.bindings.save("bert", [binding("bert", 5_070)])
        store.bindings.save("anna", mine)
    async with open_store(tmp_path, clock) as store:
        assert await store.bindings.load() == [*mine, binding("bert", 5_070)]


async def test_the_newest_take_the_place_of_the_agents_others(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        store.bindings.save("anna", [binding("anna", 5_060), binding("anna", 5_061)])
        store.bindings.save("bert", [binding("bert", 5_070)])
    async with open_store(tmp_path, clock) as store:
        store.bindings.save("anna", [binding("anna", 5_063)])
        store.bindings.save("bert", [])
    async with open_store(tmp_path, clock) as store:
        assert await store.bindings.load() == [binding("anna", 5_063)]
        assert store.bindings.behind.waiting == 0
