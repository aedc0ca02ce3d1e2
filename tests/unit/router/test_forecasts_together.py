"""That a crowd's forecasts are told as they were told one by one."""

import pytest

from domain.customer_profile import CustomerProfile
from router import views
from router.inputs import CustomerKnown, OfferAnswered
from tests.unit.router.people import Desk, agent, policy, queue, queued


@pytest.fixture
def desk() -> Desk:
    people = [
        agent(
            f"a{number}", skills={"tech": 1 + number % 3}, languages={"en": 5, "zh": 1 + number % 4}
        )
        if number % 3
        else agent(f"a{number}", languages={"en": 4})
        for number in range(1, 9)
    ]
    desk = Desk(policy(people, [queue(), queue("help", skills={"tech": 1}, priority=1)]))
    for number in range(30):
        desk.core.forecasts(desk.now_s)._forecaster.handled("sales", 40.0 + number)
    for number in range(40):
        of_help = number % 3 == 0
        contact_id = f"c{number}"
        profile = CustomerProfile(customer_id=contact_id, value=1 + number % 5)
        desk.core.handle(CustomerKnown(contact_id, profile), desk.now_s)
        desk.tell(
            queued(
                contact_id,
                "help" if of_help else "sales",
                skills={"tech": 1} if of_help else {},
                language="zh" if number % 4 == 1 else "en",
                priority=number % 2,
            )
        )
        desk.pass_time(0.5)
    for contact_id in list(desk.offers())[:4]:
        desk.tell(OfferAnswered(desk.offer_id(contact_id)))
    desk.pass_time(3)
    return desk


@pytest.mark.parametrize("at_once", [500, 4])
@pytest.mark.parametrize("queue_id", ["sales", "help"])
def test_all_of_a_queue_together_are_told_what_each_is_told_alone(
    desk: Desk, queue_id: str, at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("router.forecasts.AT_ONCE", at_once)
    shown = views.waiting_views(desk.core, queue_id, desk.now_s)
    told = 0
    for one in shown:
        contact = desk.core.line.get(one.contact_id)
        assert contact is not None
        assert one.position == desk.core.line.position(contact, desk.now_s)
        alone = views.position(desk.core, one.contact_id, desk.now_s)
        if alone is not None:
            told += alone.expected_wait_s is not None
            assert one.expected_wait_s == pytest.approx(alone.expected_wait_s)
            assert one.wait_p90_s == pytest.approx(alone.wait_p90_s)
    assert told >= 3


def test_kinds_say_of_each_what_is_asked_for_one(desk: Desk):
    contacts = list(desk.core.line.waiting)
    eligibility = desk.core.demand.eligibility
    kind, able = eligibility.kinds(contacts)
    assert 1 < len(able) < len(contacts)
    for contact, row in zip(contacts, kind.tolist(), strict=True):
        assert able[row].tolist() == eligibility.able(contact).tolist()
    none, nobody = eligibility.kinds([])
    assert (len(none), nobody.shape) == (0, (0, 8))
