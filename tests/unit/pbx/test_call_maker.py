"""A customer who has written is called, by the way and the rules of callbacks."""

import pytest

from domain.contact import Disposition
from domain.errors import CallRefused, NotKnown, StoreError
from domain.events import ContactArrived, ContactClosed
from pbx.call_maker import CallMaker
from pbx.cell import wire
from tests.call_rig import leg_ended, played, turn
from tests.unit.pbx.test_callback_desk import Node, node

__all__ = ["node"]


async def called(node: Node, **more: str) -> str:
    asked = {
        "number": "+49 30 123456",
        "queue_id": "support",
        "language": "zh",
        "conversation_id": "c" * 32,
        "agent_id": "anna",
    }
    return await CallMaker(node.control, node.clock).call_back(**{**asked, **more})


async def test_the_contact_waits_for_the_agent_who_writes(node: Node) -> None:
    contact_id = await called(node)
    (arrived,) = node.of(ContactArrived)
    assert (arrived.contact_id, arrived.language) == (contact_id, "zh")
    (queued,) = node.routing.queued
    assert (queued.contact_id, queued.preferred_agent_id) == (contact_id, "anna")
    kept = node.store.rows[contact_id].contact
    assert (kept.conversation_id, kept.caller, kept.dialled) == ("c" * 32, "+4930123456", "800")


async def test_agent_and_customer_talk(node: Node) -> None:
    contact_id = await called(node)
    cell = await node.agent_answers(contact_id, 1)
    assert node.edge.expected == [(cell.address, "carrier", "+4930123456")]
    cell.tell(wire.LegAnswered(leg=3))
    await turn()
    cell.tell(played(2, leg=3))
    await cell.until("bridge")
    contact = node.control.contact_of(contact_id)
    assert contact is not None
    assert contact.conversation_id == "c" * 32
    assert CallMaker(node.control, node.clock).belongs(contact_id, "d" * 32)
    assert contact.conversation_id == "d" * 32
    cell.tell(leg_ended(3))
    cell.tell(leg_ended(2))
    await cell.until_released()
    assert node.events.closed.disposition is Disposition.CALLER_ENDED
    assert not CallMaker(node.control, node.clock).belongs(contact_id, "d" * 32)


@pytest.mark.parametrize(
    ("number", "reason"),
    [("anonymous", "number"), ("110", "number"), ("+88216123456", "number"), ("", "number")],
)
async def test_a_number_that_may_not_be_called(node: Node, number: str, reason: str) -> None:
    with pytest.raises(CallRefused, match=reason) as refused:
        await called(node, number=number)
    assert not number or number not in str(refused.value)
    assert not node.of(ContactArrived)


async def test_one_customer_is_called_once_at_a_time(node: Node) -> None:
    await called(node)
    with pytest.raises(CallRefused, match="waiting_already"):
        await called(node)


async def test_a_queue_that_is_not_there(node: Node) -> None:
    with pytest.raises(NotKnown, match="queue 'other'"):
        await called(node, queue_id="other")


async def test_without_a_trunk_that_dials_nobody_is_called(node: Node) -> None:
    assert node.control.callback_desk is not None
    node.control.callback_desk.reload([], [])
    with pytest.raises(CallRefused, match="no_trunk"):
        await called(node)


async def test_what_is_not_committed_is_closed(node: Node) -> None:
    node.store.is_broken = True
    with pytest.raises(StoreError):
        await called(node)
    (closed,) = node.of(ContactClosed)
    assert closed.disposition is Disposition.FAILED
    assert node.control.callbacks() == []
