from datetime import date

from domain.customer import Customer, Identifier, IdentifierKind, Purchase
from domain.customer_history import Summary, with_contact
from domain.customer_joining import joined_customer, joined_summary
from domain.mood import Mood
from tests.customer_support import past


def test_who_is_left_comes_first_and_the_others_say_what_he_does_not() -> None:
    phone = Identifier(IdentifierKind.PHONE, "+491")
    mail = Identifier(IdentifierKind.MAIL, "a@b.c")
    root = Customer(
        customer_id="a",
        name="Ana",
        identifiers=(phone,),
        value=2,
        open_tickets=1,
        preferences={"paper": "no"},
        purchases=(Purchase(date(2026, 1, 1), "router"),),
    )
    other = Customer(
        customer_id="b",
        name="Bert",
        number="C-2",
        identifiers=(phone, mail),
        value=5,
        open_tickets=3,
        preferences={"paper": "yes", "callback": "mornings"},
        purchases=(Purchase(date(2026, 2, 1), "cable"),),
        profiling=False,
        preferred_agent_id="bert",
    )
    joined = joined_customer([root, other])
    assert (joined.customer_id, joined.name, joined.number) == ("a", "Ana", "C-2")
    assert (joined.value, joined.open_tickets, joined.profiling) == (5, 4, False)
    assert joined.identifiers == (phone, mail)
    assert joined.preferences == {"paper": "no", "callback": "mornings"}
    assert [one.product for one in joined.purchases] == ["cable", "router"]
    assert joined.preferred_agent_id == "bert"
    assert joined_customer([root]) == root


def test_summaries_are_taken_together() -> None:
    one = with_contact(Summary(), past(1, days=1, mood=Mood.ANGRY))
    other = Summary()
    for number, day in ((2, 2), (3, 3)):
        other = with_contact(other, past(number, days=day, agent_id="bert"))
    joined = joined_summary([one, other])
    assert joined is not None
    assert joined.contacts == 3
    assert joined.topics == {"billing": 3}
    assert (joined.last_at, joined.last_topic) == (other.last_at, "billing")
    assert set(joined.bonds) == {"anna", "bert"}
    (matter,) = joined.matters
    assert (matter.contacts, matter.at) == (3, other.last_at)
    # One anger, as much as is left of it.
    assert joined.frustration_at is not None
    assert joined.frustration == one.frustration_now(joined.frustration_at)
    assert joined_summary([]) is None
    assert joined_summary([one]) is one
    assert joined_summary([Summary(), Summary()]) == Summary()
