from router.cost import PRIORITY_MAX
from router.waiting import WaitingContact, WaitingLine
from tests.unit.router.people import Desk, policy, queue, queued

QUEUES = (queue(), queue("other"))


def line_of(*contacts: tuple[str, float, dict], **weights) -> WaitingLine:
    """Return the line of a core without agents in which these wait: name, since when, the rest."""
    desk = Desk(policy([], QUEUES, **weights))
    for name, at_s, rest in sorted(contacts, key=lambda contact: contact[1]):
        desk.now_s = 1_000.0 + at_s
        desk.tell(queued(name, **rest))
    return desk.core.line


def found(line: WaitingLine, name: str) -> WaitingContact:
    contact = line.get(name)
    assert contact is not None
    return contact


def waiting(contact_id, at_s, **rest):
    return contact_id, at_s, rest


def order(line, queue_id="sales", now_s=1_100.0):
    return [contact.contact_id for contact in line.of_queue(queue_id, now_s)]


def places(line, names, now_s=1_100.0):
    return [line.position(found(line, name), now_s) for name in names]


def test_the_longest_waiting_is_next_and_priority_moves_ahead():
    line = line_of(waiting("b", 10), waiting("a", 5), waiting("p", 60, priority=2))
    assert order(line) == ["p", "a", "b"]
    assert places(line, "pab") == [1, 2, 3]


def test_what_was_waited_elsewhere_counts():
    line = line_of(waiting("a", 10), waiting("b", 20, waited_s=15))
    assert order(line) == ["b", "a"]


def test_positions_count_the_queue_and_no_other_one():
    line = line_of(
        waiting("a", 1),
        waiting("b", 2, language="zh"),
        waiting("c", 3),
        waiting("d", 0, queue_id="other"),
    )
    assert places(line, "cd") == [3, 1]


def test_a_contact_that_comes_back_finds_its_place():
    line = line_of(waiting("a", 1), waiting("b", 2), waiting("c", 3))
    b = found(line, "b")
    line.offer(b, "ann")
    assert places(line, "c") == [2]
    assert line.in_queue("sales") == 3
    line.take_back(b)
    assert places(line, "bc") == [2, 3]


def test_an_offered_contact_can_be_removed():
    line = line_of(waiting("a", 1))
    a = found(line, "a")
    line.offer(a, "ann")
    line.remove(a)
    assert "a" not in line
    assert len(line) == line.in_queue("sales") == len(line.waiting) == 0


def test_without_any_weight_the_longest_waiting_is_next():
    line = line_of(
        waiting("b", 2, priority=9),
        waiting("a", 1),
        wait_weight_per_s=0,
        priority_weight_s=0,
        overdue_weight_per_s=0,
    )
    assert order(line) == ["a", "b"]
    assert places(line, "ab") == [1, 2]


def test_equals_stand_in_the_order_of_their_names_whatever_came_first():
    assert order(line_of(waiting("b", 1), waiting("a", 1))) == ["a", "b"]
    line = line_of(waiting("a", 1), waiting("b", 1))
    assert [contact.contact_id for contact in line.waiting] == ["a", "b"]


def test_added_priority_has_a_limit_and_never_makes_it_worse():
    line = line_of(waiting("a", 5, priority=PRIORITY_MAX + 3), waiting("b", 5))
    a, b = found(line, "a"), found(line, "b")
    line.add_priority(a, 2)
    assert a.priority == PRIORITY_MAX + 3
    for _ in range(PRIORITY_MAX):
        line.add_priority(b, 3)
    assert b.priority == PRIORITY_MAX


def test_priority_may_be_added_while_a_contact_waits_or_is_offered():
    line = line_of(waiting("a", 5), waiting("b", 30))
    b = found(line, "b")
    line.offer(b, "anna")
    line.add_priority(b, 1)
    line.take_back(b)
    assert places(line, "ba") == [1, 2]


def test_many_contacts_outgrow_the_columns_and_places_are_used_again():
    line = line_of(*(waiting(f"c{n:03}", n) for n in range(200)))
    assert len({contact.place for contact in line}) == 200
    assert order(line) == [f"c{n:03}" for n in range(200)]
    gone = found(line, "c100")
    line.remove(gone)
    newcomer = WaitingContact.of(queued("new"), 2_000.0)
    line.add(newcomer, line.needs(found(line, "c101")))
    assert newcomer.place == gone.place
    assert order(line, now_s=2_001.0)[-1] == "new"
