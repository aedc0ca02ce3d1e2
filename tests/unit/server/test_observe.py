import asyncio

from structlog.testing import capture_logs

from bus.local import LocalBus
from domain.events import CellCrashed, ContactConnected
from server.observe import Observation
from tests.unit.channels.http.fakes import FakeClock


def made() -> tuple[Observation, LocalBus]:
    clock = FakeClock()
    bus = LocalBus(clock)
    return Observation(clock=clock, stream=bus, version="1.2.3"), bus


async def read_all(bus: LocalBus) -> None:
    while any(reader.waiting for reader in bus.figures()):  # noqa: ASYNC110 - only its inbox tells
        await asyncio.sleep(0)


async def test_events_are_counted_from_the_moment_it_is_entered() -> None:
    observation, bus = made()
    async with observation:
        bus.publish(ContactConnected(contact_id="c", queue_id="support", agent_id="a", wait_s=3.0))
        await read_all(bus)
        text = observation.text().decode()
    assert 'warmline_wait_seconds_sum{outcome="answered",queue="support"} 3.0' in text
    assert 'warmline_build_info{version="1.2.3"} 1.0' in text
    assert not bus.figures()
    await observation.__aexit__()


async def test_whoever_reads_the_metrics_sees_every_event_counted() -> None:
    observation, bus = made()
    async with observation:
        for number in range(1, 4):
            bus.publish(
                ContactConnected(contact_id="c", queue_id="support", agent_id="a", wait_s=3.0)
            )
            text = observation.text().decode()
            assert f'_count{{outcome="answered",queue="support"}} {number}.0' in text
            await asyncio.sleep(0)


async def test_readiness_is_a_figure() -> None:
    observation, _ = made()
    assert "warmline_ready 0.0" in observation.text().decode()
    observation.readiness.started = True
    assert "warmline_ready 1.0" in observation.text().decode()
    observation.readiness.draining = True
    text = observation.text().decode()
    assert "warmline_ready 0.0" in text
    assert "warmline_draining 1.0" in text


async def test_an_event_that_cannot_be_counted_does_not_end_the_counting() -> None:
    observation, bus = made()
    with capture_logs() as lines:
        async with observation:
            bus.publish(CellCrashed(cell_id="c", contact_id=None, reason=None))  # type: ignore[arg-type]
            bus.publish(
                ContactConnected(contact_id="c", queue_id=None, agent_id="a", wait_s="x")  # type: ignore[arg-type]
            )
            bus.publish(ContactConnected(contact_id="c", queue_id="q", agent_id="a", wait_s=3.0))
            await read_all(bus)
            text = observation.text().decode()
    assert 'warmline_wait_seconds_count{outcome="answered",queue="q"} 1.0' in text
    assert [line["event_type"] for line in lines] == ["ContactConnected"]
