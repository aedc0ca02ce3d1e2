import pytest

from config.workload import Audience
from router.simulation.centre import DAY_S
from router.simulation.customers import Customers
from tests.unit.router.simulation.rig import arrival, centre, changed

KNOWN = changed(customers=Audience(known=1, opted_out=0, history=0))


def test_who_was_served_well_knows_the_agent_and_asks_for_him() -> None:
    customer = Customers(centre(of=KNOWN)).get(arrival())
    assert customer.profile(arrival(), 0.0).familiar == ()
    for _ in range(2):
        customer.met(arrival(), "desk-1", 0.0, resolved=True)
    profile = customer.profile(arrival(), 0.0)
    assert profile.familiar[0].strength == pytest.approx(0.64)
    assert profile.preferred_agent_id == "desk-1"
    later = customer.profile(arrival(), 60 * DAY_S)
    assert later.familiar[0].strength == pytest.approx(0.32)
    assert later.preferred_agent_id is None
    assert later.days_since == pytest.approx(60)


def test_a_matter_stays_open_until_it_is_resolved() -> None:
    customer = Customers(centre(of=KNOWN)).get(arrival())
    customer.met(arrival(), "desk-1", 0.0, resolved=False)
    profile = customer.profile(arrival(), 0.0)
    assert profile.repeat
    assert profile.frustration == pytest.approx(0.3)
    assert not customer.profile(arrival(topic="order"), 0.0).repeat
    customer.met(arrival(), "desk-2", 0.0, resolved=True)
    assert not customer.profile(arrival(), 0.0).repeat
    assert customer.frustrated(0.0) == pytest.approx(0.09)
    customer.gave_up(0.0)
    assert customer.frustrated(0.0) == pytest.approx(0.24)
    assert customer.frustrated(7 * DAY_S) == pytest.approx(0.12)


def test_who_does_not_want_a_profile_has_none() -> None:
    shy = changed(customers=Audience(opted_out=1, history=1, products={"basic": 1}))
    customer = Customers(centre(of=shy)).get(arrival())
    profile = customer.profile(arrival(), 0.0)
    assert not profile.profiling
    assert (profile.value, profile.product, profile.familiar) == (1, None, ())


def test_a_customer_is_the_same_whenever_he_comes_first() -> None:
    one, two = Customers(centre()), Customers(centre())
    for number in range(20):
        one.get(arrival(customer_id=f"c{number}"))
    assert one.get(arrival(customer_id="c7")) == two.get(arrival(customer_id="c7"))


def test_a_table_may_say_language_and_value() -> None:
    customer = Customers(centre(of=KNOWN)).get(arrival(language="zh", value=5))
    assert (customer.language, customer.value) == ("zh", 5)
