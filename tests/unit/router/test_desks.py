"""Where agents serve, by telephone or at a desk, and for whom a contact waits first."""

from domain.agent import AgentState
from domain.commands import OfferContact, WithdrawOffer
from domain.contact import Channel
from domain.offer_events import OfferMade
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    OfferAnswered,
    Place,
    ReachabilityChanged,
)
from tests.unit.router.people import Desk, agent, of_kind, policy, queue, queued

CAPACITY = {"voice": 1, "chat": 2, "mail": 5}


def desk(*places: Place, names=("ann",), queues=(), **rules) -> Desk:
    agents = [agent(name, capacity=CAPACITY) for name in names]
    shown = Desk(policy(agents, queues, **rules), ready=False)
    for name in names:
        for place in places:
            shown.tell(ReachabilityChanged(name, True, place))
        shown.tell(AgentStateRequested(name, AgentState.READY))
    return shown


def test_a_telephone_alone_brings_calls_alone() -> None:
    shown = desk(Place.TELEPHONE)
    shown.tell(queued("chat", channel=Channel.CHAT), queued("call"))
    assert shown.offers() == {"call": "ann"}


def test_a_desk_alone_brings_what_is_written_alone() -> None:
    shown = desk(Place.DESK)
    shown.tell(queued("call"), queued("chat", channel=Channel.CHAT))
    assert shown.offers() == {"chat": "ann"}


def test_what_waits_is_offered_when_the_desk_opens() -> None:
    shown = desk(Place.TELEPHONE)
    shown.tell(queued("mail", channel=Channel.MAIL))
    assert not shown.offers()
    shown.tell(ReachabilityChanged("ann", True, Place.DESK))
    assert shown.offers() == {"mail": "ann"}


def test_a_desk_that_closes_takes_its_offer_back_and_leaves_calls() -> None:
    shown = desk(Place.TELEPHONE, Place.DESK)
    shown.tell(queued("chat", channel=Channel.CHAT))
    outputs = shown.tell(ReachabilityChanged("ann", False, Place.DESK))
    assert of_kind(outputs, WithdrawOffer)
    assert shown.state("ann") is AgentState.NOT_READY
    shown.tell(AgentStateRequested("ann", AgentState.READY), queued("call"))
    assert shown.offers() == {"call": "ann"}
    assert not of_kind(shown.tell(ReachabilityChanged("ann", True, Place.DESK)), WithdrawOffer)
    assert not of_kind(shown.tell(ReachabilityChanged("ann", False, Place.DESK)), WithdrawOffer)


def test_who_has_neither_is_logged_out() -> None:
    shown = desk(Place.TELEPHONE, Place.DESK)
    shown.tell(ReachabilityChanged("ann", False, Place.TELEPHONE))
    assert shown.state("ann") is AgentState.READY
    shown.tell(ReachabilityChanged("ann", False, Place.DESK))
    assert shown.state("ann") is AgentState.LOGGED_OUT
    shown.tell(ReachabilityChanged("ann", True, Place.DESK))
    assert shown.state("ann") is AgentState.NOT_READY


def test_a_telephone_with_a_fixed_address_has_a_desk_that_comes_and_goes() -> None:
    entry = agent("ann", contact="sip:ann@example.com", capacity=CAPACITY)
    shown = Desk(policy([entry]), ready=False)
    shown.tell(AgentStateRequested("ann", AgentState.READY), queued("c", channel=Channel.CHAT))
    assert not shown.offers()
    shown.tell(ReachabilityChanged("ann", True, Place.DESK))
    assert shown.offers() == {"c": "ann"}


def test_an_offer_stands_as_long_as_its_channel_says() -> None:
    agents = [agent(name, capacity=CAPACITY) for name in ("ann", "bob")]
    rules = policy(agents, [queue(ring_s=20)])
    object.__setattr__(rules, "offer_s", {Channel.MAIL: 90.0})
    shown = Desk(rules)
    outputs = shown.tell(queued("mail", channel=Channel.MAIL), queued("chat", channel=Channel.CHAT))
    stood = {made.contact_id: made.ring_s for made in of_kind(outputs, OfferMade)}
    assert stood == {"mail": 90.0, "chat": 20.0}
    until = {one.offer.contact_id: one.offer.expires_at_s for one in of_kind(outputs, OfferContact)}
    assert until["mail"] - shown.now_s == 90.0


def test_a_contact_that_comes_back_is_kept_for_its_agent_however_long_it_has_waited() -> None:
    shown = desk(
        Place.DESK, names=("ann", "bob"), queues=[queue(wrap_up_s=0, routing={"preferred_s": 15})]
    )
    for name in ("ann", "bob"):
        for number in range(2):
            contact = f"{name}{number}"
            shown.tell(queued(contact, channel=Channel.CHAT, preferred_agent_id=name))
            shown.tell(OfferAnswered(shown.offer_id(contact)))
    back = queued("back", channel=Channel.CHAT, waited_s=900.0, preferred_agent_id="ann")
    shown.tell(back)
    assert not shown.offers(), "both have as many as they can"
    (waiting,) = [one for one in shown.core.line if one.contact_id == "back"]
    assert waiting.queued(shown.now_s).preferred_agent_id == "ann"
    shown.pass_time(10)
    finish(shown, "bob0")
    assert not shown.offers(), "it is kept for her"
    finish(shown, "ann0")
    assert shown.offers() == {"back": "ann"}


def test_nobody_waits_for_an_agent_for_ever() -> None:
    shown = desk(
        Place.DESK, names=("ann", "bob"), queues=[queue(wrap_up_s=0, routing={"preferred_s": 15})]
    )
    for number in range(2):
        contact = f"ann{number}"
        shown.tell(queued(contact, channel=Channel.CHAT, preferred_agent_id="ann"))
        shown.tell(OfferAnswered(shown.offer_id(contact)))
    shown.tell(queued("back", channel=Channel.CHAT, waited_s=900.0, preferred_agent_id="ann"))
    shown.pass_time(14)
    assert not shown.offers()
    shown.pass_time(2)
    assert shown.offers() == {"back": "bob"}


def test_who_has_handed_a_contact_on_does_not_get_it_back_at_once() -> None:
    shown = desk(Place.DESK, decline_pause_s=30)
    shown.tell(queued("c", channel=Channel.CHAT, waited_s=60.0, avoided_agent_id="ann"))
    assert not shown.offers()
    shown.pass_time(29)
    assert not shown.offers()
    shown.pass_time(2)
    assert shown.offers() == {"c": "ann"}, "better than nobody"


def finish(shown: Desk, contact_id: str) -> None:
    shown.tell(ContactFinished(contact_id))
