"""Tickets as they are asked for, over a real database."""

from datetime import timedelta

import pytest

from domain.errors import IllegalTransition, NotKnown
from domain.ticket import LinkKind, TicketLink, TicketReason, TicketState, TicketTrigger
from tests.store_support import START, arrived, closed, contact_id
from tests.unit.tickets.scene import add_conversation, policy, wish

MONDAY = START + timedelta(days=1)
"""The 2nd of March 2026, 9 o'clock."""


def link(number, kind=LinkKind.CONTACT):
    return TicketLink(kind, contact_id(number))


async def test_opened_by_hand(service, store, heard, clock):
    await store.contacts.open(arrived(1))
    opened = await service.open(wish(links=(link(1),), note="He calls again tomorrow.", priority=4))
    assert (opened.number, opened.state, opened.owner_id) == (1, TicketState.NEW, None)
    assert (opened.subject, opened.language, opened.links) == ("Router broken", "zh", (link(1),))
    # It is Sunday, and nobody works before Monday morning.
    assert opened.due_at == MONDAY + timedelta(hours=1)
    assert heard.told == [("opened", None, "new", "anna")]
    for name in (opened.ticket_id, "1"):
        assert await service.get(name) == opened
    trail = await service.trail("1")
    assert [(one.change, one.text) for one in trail] == [
        ("opened", "by_hand"),
        ("noted", "He calls again tomorrow."),
    ]
    assert service.figures.opened == {"by_hand": 1}
    second = await service.open(wish())
    assert second.number == 2


async def test_one_key_is_one_ticket(service, heard):
    first = await service.open(wish(key="k"))
    assert await service.open(wish(key="k", subject="Other")) == first
    assert (await service.open(wish(key="l"))).number == 2
    assert [event.number for event in heard.events] == [1, 2]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"queue_id": "gone"}, "no queue 'gone'"),
        ({"owner_id": "bob"}, "no agent 'bob'"),
        ({"links": (link(9),)}, f"no contact '{contact_id(9)}'"),
        ({"links": (TicketLink(LinkKind.TICKET, "7"),)}, "no ticket '7'"),
    ],
)
async def test_what_is_not_there(service, more, what):
    with pytest.raises(NotKnown, match=what):
        await service.open(wish(**more))
    assert await service.find() == []


async def test_steps_owner_and_priority(service, clock, heard):
    clock.now = MONDAY
    await service.open(wish())
    taken = await service.step("1", TicketTrigger.TAKE, "anna")
    assert (taken.state, taken.owner_id) == (TicketState.OPEN, "anna")
    clock.tick(3600)
    waits = await service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    assert (waits.due_at, waits.left_s) == (None, 57_600 - 3_600)
    clock.tick(86_400 * 3)
    again = await service.step("1", TicketTrigger.TAKE, "api")
    assert again.left_s is None
    # Thursday at 10; it is closed from Friday to Sunday.
    assert again.due_at == MONDAY + timedelta(days=7, hours=8)
    urgent = await service.set_priority("1", 4, "api")
    assert urgent.due_at == clock.now
    assert (await service.set_priority("1", 1, "api")).due_at is None
    assert (await service.assign("1", None, "api")).owner_id is None
    with pytest.raises(NotKnown, match="no agent 'bob'"):
        await service.assign("1", "bob", "api")
    with pytest.raises(IllegalTransition):
        await service.step("1", TicketTrigger.REOPEN, "api")
    changes = [one.change for one in await service.trail("1")]
    assert changes == ["opened", "state", "state", "state", "priority", "priority", "owner"]
    assert [one[0] for one in heard.told] == changes


async def test_found_by_everything(service, store, clock):
    await store.contacts.open(arrived(1))
    first = await service.open(wish(links=(link(1),), owner_id="anna", priority=4))
    clock.tick(1)
    second = await service.open(wish(customer_id=contact_id(70)))
    await service.step("2", TicketTrigger.SOLVE, "api")
    found = lambda tickets: [ticket.number for ticket in tickets]
    assert found(await service.find()) == [2, 1]
    assert found(await service.find(limit=1)) == [2]
    assert found(await service.find(before=second.ticket_id)) == [1]
    assert found(await service.find(owner_id="anna")) == [1]
    assert found(await service.find(queue_id="service")) == [2, 1]
    assert found(await service.find(queue_id="other")) == []
    assert found(await service.find(customer_id=contact_id(70))) == [2]
    assert found(await service.find(states=[TicketState.SOLVED, TicketState.OPEN])) == [2]
    assert found(await service.find(link=link(1))) == [1]
    assert found(await service.find(link=link(1, LinkKind.MESSAGE))) == []
    assert found(await service.find(overdue=True)) == []
    clock.now = MONDAY + timedelta(hours=2)
    assert found(await service.find(overdue=True)) == [1]
    assert first.due_at < clock.now


async def test_merged(service, store, heard, clock):
    for number in (1, 2):
        await store.contacts.open(arrived(number))
    first = await service.open(wish(links=(link(1),), customer_id=contact_id(70)))
    clock.tick(1)
    await service.open(wish(links=(link(2),), priority=4))
    heard.events.clear()
    left = await service.merge("1", "2", "anna")
    assert (left.number, left.links, left.customer_id) == (2, (link(1), link(2)), contact_id(70))
    assert heard.told == [("merged", "new", "closed", "anna"), ("merged", "new", "new", "anna")]
    gone = await service.get("1")
    assert (gone.merged_into, gone.links) == (left.ticket_id, ())
    assert [ticket.number for ticket in await service.find()] == [2]
    assert [ticket.number for ticket in await service.find(link=link(1))] == [2]
    for pair in (("1", "2"), ("2", "1"), ("2", "2")):
        with pytest.raises(IllegalTransition):
            await service.merge(*pair, "anna")
    assert "#1 → #2" in (await service.trail(first.ticket_id))[-1].text
    assert "#1 → #2" in (await service.trail("2"))[-1].text


async def test_the_customer_writes_and_it_opens(service, store, clock, heard):
    thread = await add_conversation(store, customer_id=contact_id(70))
    await service.open(wish(links=(TicketLink(LinkKind.CONVERSATION, thread),)))
    wrote = lambda at=None: service.customer_wrote(LinkKind.CONVERSATION, thread, at)
    assert await wrote() == []
    clock.tick(10)
    await service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    clock.tick(10)
    # He had written before he was asked.
    assert await wrote(clock.now - timedelta(seconds=15)) == []
    (opened,) = await wrote()
    assert (opened.state, heard.told[-1]) == (
        TicketState.OPEN,
        ("state", "pending", "open", "customer"),
    )
    await service.step("1", TicketTrigger.SOLVE, "anna")
    clock.tick(86_400 * 29)
    (again,) = await wrote()
    assert (again.number, again.state) == (1, TicketState.OPEN)
    await service.step("1", TicketTrigger.SOLVE, "anna")
    clock.tick(86_400 * 31)
    assert await wrote() == []


async def test_after_a_closed_one_another_begins(service, store, clock):
    thread = await add_conversation(store)
    old = await service.open(
        wish(links=(TicketLink(LinkKind.CONVERSATION, thread),), reason=TicketReason.COMPLAINT)
    )
    await service.step("1", TicketTrigger.SOLVE, "anna")
    await service.step("1", TicketTrigger.CLOSE, "rule")
    clock.tick(60)
    (new,) = await service.customer_wrote(LinkKind.CONVERSATION, thread)
    assert (new.number, new.state, new.reason) == (2, TicketState.NEW, TicketReason.COMPLAINT)
    assert TicketLink(LinkKind.TICKET, old.ticket_id) in new.links
    assert await service.customer_wrote(LinkKind.CONVERSATION, thread) == []
    await service.step("2", TicketTrigger.SOLVE, "anna")
    await service.step("2", TicketTrigger.CLOSE, "rule")
    clock.tick(86_400 * 40)
    assert await service.customer_wrote(LinkKind.CONVERSATION, thread) == []


async def test_he_answers_on_another_channel(service, store, clock):
    await service.open(wish(customer_id=contact_id(70)))
    await service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    clock.tick(1)
    suspect = await add_conversation(store, 501, customer_id=contact_id(70), proof="suspected")
    assert await service.customer_wrote(LinkKind.CONVERSATION, suspect) == []
    thread = await add_conversation(store, customer_id=contact_id(70))
    (opened,) = await service.customer_wrote(LinkKind.CONVERSATION, thread)
    assert opened.links == (TicketLink(LinkKind.CONVERSATION, thread),)


async def test_a_call_of_the_customer_opens_what_waits_for_him(service, store, clock):
    caller = closed(1)
    await store.contacts.open(caller)
    await store.directory.put([_ana()])
    view = await store.directory.of_contact(contact_id(1))
    await service.open(wish(customer_id=view.customer.customer_id))
    await service.step("1", TicketTrigger.ASK_CUSTOMER, "anna")
    clock.tick(1)
    (opened,) = await service.customer_wrote(LinkKind.CONTACT, contact_id(1))
    assert opened.links == (link(1),)
    assert await store.tickets.open_count([view.customer.customer_id]) == 1
    assert await store.tickets.open_count([contact_id(1)]) == 0


async def test_what_is_about_the_same_joins(service, store):
    await store.contacts.open(arrived(1))
    thread = await add_conversation(store)
    both = (TicketLink(LinkKind.CONVERSATION, thread), link(1))
    first = await service.open_or_join(wish(key="a", links=both[:1]))
    joined = await service.open_or_join(wish(key="b", links=both, priority=3))
    assert (joined.ticket_id, joined.links, joined.priority) == (
        first.ticket_id,
        (*both[1:], both[0]),
        3,
    )
    await service.step("1", TicketTrigger.SOLVE, "anna")
    other = await service.open_or_join(wish(key="c", links=both))
    assert other.number == 2
    assert await service.open_or_join(wish(key="c", links=both)) == other


async def test_another_policy(service):
    service.reload(policy(more="  reopen_days: 10\n"))
    assert service.policy.reopen_days == 10


def _ana():
    from tests.customer_support import told

    return told(number="C-1", phones="+4930123456")
