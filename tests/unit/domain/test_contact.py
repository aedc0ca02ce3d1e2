import pytest

from domain.contact import SERVED, Contact, ContactState, ContactTrigger
from domain.errors import IllegalTransition
from tests.flow_scene import Scene


@pytest.fixture
def contact() -> Contact:
    return Scene().contact


def taken(contact: Contact, *triggers: ContactTrigger) -> ContactState:
    for trigger in triggers:
        contact.step(trigger)
    return contact.state


def test_the_way_of_a_served_contact(contact: Contact) -> None:
    way = (
        ContactTrigger.ENQUEUE,
        ContactTrigger.OFFER,
        ContactTrigger.REQUEUE,
        ContactTrigger.OFFER,
        ContactTrigger.CONNECT,
        ContactTrigger.CLOSE,
    )
    assert taken(contact, *way) is ContactState.CLOSED


def test_a_contact_that_loses_its_agent_waits_again(contact: Contact) -> None:
    taken(contact, ContactTrigger.ENQUEUE, ContactTrigger.OFFER, ContactTrigger.CONNECT)
    assert taken(contact, ContactTrigger.REQUEUE) is ContactState.QUEUED


@pytest.mark.parametrize("trigger", list(ContactTrigger))
def test_a_closed_contact_stays_closed(contact: Contact, trigger: ContactTrigger) -> None:
    contact.step(ContactTrigger.CLOSE)
    with pytest.raises(IllegalTransition):
        contact.step(trigger)
    assert contact.state is ContactState.CLOSED


def test_nobody_is_connected_who_was_not_offered(contact: Contact) -> None:
    contact.step(ContactTrigger.ENQUEUE)
    with pytest.raises(IllegalTransition):
        contact.step(ContactTrigger.CONNECT)


def test_the_wait_ends_with_the_answer_or_with_the_contact(contact: Contact) -> None:
    assert contact.wait_s is None, "it never waited"
    contact.queued_s = 105.0
    assert contact.wait_s is None, "it still waits"
    contact.closed_s = 135.0
    assert contact.wait_s == 30.0
    contact.connected_s = 112.0
    assert contact.wait_s == 7.0


def test_talk_is_from_the_answer_to_the_end(contact: Contact) -> None:
    contact.closed_s = 172.0
    assert contact.talk_s == 0.0
    contact.connected_s = 112.0
    assert contact.talk_s == 60.0
    contact.closed_s = None
    assert contact.talk_s == 0.0


def test_who_was_served_is_known_by_the_disposition() -> None:
    assert {"caller_ended", "agent_ended", "handled", "idle"} == SERVED


def test_a_contact_does_not_show_who_called(contact: Contact) -> None:
    contact.caller = "+14155550101"
    assert "4155550101" not in repr(contact)
