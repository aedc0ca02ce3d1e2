import pytest

from domain.contact import Channel
from domain.errors import LimitExceeded, NotKnown
from router.queues import Queues
from router.standing import Serving
from router.totals import CoreTotals
from router.waiting import WaitingContact
from tests.unit.router.people import queue

SALES, HELP = queue(waiting_max=2, service_level={"target_s": 30}), queue("help")


def queues(*configured) -> Queues:
    found = Queues()
    found.replace({one.id: one for one in configured or (SALES, HELP)})
    return found


def contact(queued_at_s: float = 0.0) -> WaitingContact:
    return WaitingContact("c1", "sales", Channel.VOICE, "en", (), 0, queued_at_s)


def test_a_queue_at_its_limit_refuses_and_counts_both():
    found = queues()
    found.admit(SALES, 0, CoreTotals())
    found.admit(SALES, 1, CoreTotals())
    with pytest.raises(LimitExceeded, match="queue sales waiting_max: 3 is over the limit of 2"):
        found.admit(SALES, 2, CoreTotals())
    assert (found.figures["sales"].arrived, found.figures["sales"].refused) == (2, 1)


def test_what_becomes_of_contacts_is_counted_against_the_queues_target():
    found = queues()
    figures = found.figures["sales"]
    found.note_answer(contact(), rang_s=4.0, now_s=30.0)
    found.note_answer(contact(), rang_s=4.0, now_s=31.0)
    found.note_abandonment(contact(), now_s=50.0)
    found.note_release(contact(), now_s=60.0)
    assert (figures.answered, figures.answered_in_target) == (2, 1)
    assert (figures.abandoned, figures.released, figures.connected) == (1, 1, 2)
    found.note_handled(Serving("c1", "sales", 10.0), now_s=70.0)
    found.note_handled(Serving("c1", "gone", 10.0), now_s=70.0)
    assert figures.handle_s == 60.0


def test_an_overflow_is_an_arrival_elsewhere():
    found = queues()
    found.note_overflow("sales", "help")
    assert (found.figures["sales"].overflowed, found.figures["help"].arrived) == (1, 1)
    assert found.figures["sales"].arrived == 0


def test_a_removed_queue_is_kept_while_somebody_waits_or_talks():
    found = queues()
    found.note_answer(contact(), rang_s=1.0, now_s=1.0)
    assert not found.close("sales", 0), "it is configured"
    found.replace({"help": HELP})
    with pytest.raises(NotKnown, match="queue 'sales'"):
        found.get("sales")
    assert found["sales"] is SALES
    assert not found.close("sales", 0), "one talks"
    found.figures["sales"].connected -= 1
    assert not found.close("sales", 1), "one waits"
    assert found.close("sales", 0)
    assert set(found.every) == set(found.figures) == {"help"}
    assert not found.close("sales", 0)


def test_a_queue_that_comes_back_while_it_is_in_use_goes_on_with_its_figures():
    found = queues()
    found.admit(SALES, 0, CoreTotals())
    found.replace({"help": HELP})
    longer = queue(waiting_max=9)
    found.replace({"sales": longer, "help": HELP})
    assert found.get("sales") is found["sales"] is longer
    assert found.figures["sales"].arrived == 1
