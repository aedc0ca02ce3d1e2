import pytest

from domain.errors import IllegalTransition
from domain.offer import Offer, OfferState, OfferTrigger
from router import offers
from router.offers import OfferBook, Pauses, PendingOffer

OFFER = Offer(
    offer_id="o1",
    contact_id="c1",
    agent_id="ann",
    queue_id="sales",
    made_at_s=0.0,
    expires_at_s=20.0,
)


def test_a_pending_offer_is_found_from_every_side_and_forgotten_when_settled():
    book = OfferBook()
    book.open(OFFER)
    assert book.get("o1") is book.of_contact("c1") is book.of_agent("ann") is OFFER
    assert list(book) == [OFFER]
    book.settle(OFFER, OfferTrigger.ACCEPT)
    assert book.get("o1") is book.of_contact("c1") is book.of_agent("ann") is None
    assert len(book) == 0


def test_an_offer_is_settled_once():
    pending = PendingOffer(OFFER)
    pending.settle(OfferTrigger.EXPIRE)
    assert pending.state is OfferState.EXPIRED
    with pytest.raises(IllegalTransition):
        pending.settle(OfferTrigger.ACCEPT)


def test_an_agent_has_one_offer_at_most():
    book = OfferBook()
    book.open(OFFER)
    with pytest.raises(AssertionError):
        book.open(OFFER)


def test_a_pause_keeps_a_pair_apart_until_it_is_over():
    pauses = Pauses()
    pauses.begin("c1", "ann", 30.0)
    pauses.begin("c1", "ann", 40.0)
    assert len(pauses) == 1
    assert pauses.agents("c1", 39.9) == {"ann"}
    assert pauses.agents("c1", 40.0) == frozenset()
    assert pauses.agents("c2", 0.0) == frozenset()
    pauses.end("c1", "ann")
    pauses.end("c1", "ann")
    assert len(pauses) == 0


def test_pauses_are_bounded(monkeypatch):
    monkeypatch.setattr(offers, "PAUSES_MAX", 10)
    pauses = Pauses()
    for n in range(100):
        pauses.begin(f"c{n}", "ann", 30.0)
    assert len(pauses) == 10
    assert pauses.agents("c99", 0.0) == {"ann"}
    pauses.forget("c99")
    assert len(pauses) == 9
