from config.routing import Routing
from router.waiting import PRIORITY_MAX, WaitingContact, WaitingLine, ahead_of
from tests.unit.router.people import queued


def line_of(*contacts, **weights):
    line = WaitingLine(Routing(**weights))
    for contact in contacts:
        line.add(contact)
    return line


def waiting(contact_id, at_s, **rest):
    return WaitingContact.of(queued(contact_id, **rest), at_s)


def order(line, queue_id="sales"):
    return [contact.contact_id for contact in line.of_queue(queue_id)]


def test_the_longest_waiting_is_next_and_priority_moves_ahead():
    line = line_of(waiting("b", 10), waiting("a", 5), waiting("p", 60, priority=1))
    assert order(line) == ["p", "a", "b"]
    assert [line.position(line.get(name)) for name in "pab"] == [1, 2, 3]


def test_what_was_waited_elsewhere_counts():
    line = line_of(waiting("a", 10), waiting("b", 20, waited_s=15))
    assert order(line) == ["b", "a"]


def test_positions_count_every_group_of_the_queue_and_no_other_queue():
    line = line_of(
        waiting("a", 1),
        waiting("b", 2, language="zh"),
        waiting("c", 3),
        waiting("d", 0, queue_id="other"),
    )
    assert line.position(line.get("c")) == 3
    assert line.position(line.get("d")) == 1
    assert len(line.groups) == 3


def test_a_contact_that_comes_back_finds_its_place():
    line = line_of(waiting("a", 1), waiting("b", 2), waiting("c", 3))
    b = line.get("b")
    line.offer(b, "ann")
    assert line.position(line.get("c")) == 2
    assert line.in_queue("sales") == 3
    line.take_back(b)
    assert line.position(b) == 2


def test_an_offered_contact_can_be_removed():
    line = line_of(waiting("a", 1))
    a = line.get("a")
    line.offer(a, "ann")
    line.remove(a)
    assert "a" not in line
    assert len(line) == line.in_queue("sales") == 0
    assert line.groups == ()


def test_other_weights_order_anew():
    line = line_of(waiting("old", 0), waiting("vip", 50, priority=1), priority_weight_s=10)
    assert order(line) == ["old", "vip"]
    line.reweigh(Routing(priority_weight_s=100))
    assert order(line) == ["vip", "old"]
    assert line.position(line.get("old")) == 2


def test_without_any_weight_the_longest_waiting_is_next():
    line = line_of(
        waiting("b", 2, priority=9), waiting("a", 1), wait_weight_per_s=0, priority_weight_s=0
    )
    assert order(line) == ["a", "b"]


def test_how_many_are_ahead_in_a_group():
    line = line_of(waiting("a", 1), waiting("b", 2))
    (group,) = line.groups
    assert ahead_of(group, line.get("b").key) == 1


def test_priority_may_be_added_while_a_contact_waits():
    line = line_of(waiting("a", 5), waiting("b", 30))
    assert line.add_priority("b", 1)
    assert order(line) == ["b", "a"]
    assert [line.position(line.get(name)) for name in "ba"] == [1, 2]
    assert not line.add_priority("nobody", 1)


def test_priority_added_during_a_ring_holds_when_the_contact_comes_back():
    line = line_of(waiting("a", 5), waiting("b", 30))
    line.offer(line.get("b"), "anna")
    assert line.add_priority("b", 1)
    line.take_back(line.get("b"))
    assert [line.position(line.get(name)) for name in "ba"] == [1, 2]


def test_added_priority_has_a_limit_and_never_makes_it_worse():
    line = line_of(waiting("a", 5, priority=PRIORITY_MAX + 3), waiting("b", 5))
    assert line.add_priority("a", 2)
    assert line.get("a").priority == PRIORITY_MAX + 3
    for _ in range(PRIORITY_MAX):
        line.add_priority("b", 3)
    assert line.get("b").priority == PRIORITY_MAX
