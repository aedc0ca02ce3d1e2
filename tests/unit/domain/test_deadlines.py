from domain.deadlines import STALE_FREE, Deadlines


def test_the_earliest_comes_first_and_is_forgotten():
    deadlines: Deadlines[tuple[str, ...]] = Deadlines()
    deadlines.set(("b",), 2.0)
    deadlines.set(("a",), 1.0)
    assert deadlines.next_s() == 1.0
    assert list(deadlines.due(1.5)) == [("a",)]
    assert deadlines.next_s() == 2.0


def test_setting_again_moves_and_dropping_forgets():
    deadlines: Deadlines[tuple[str, ...]] = Deadlines()
    deadlines.set(("a",), 1.0)
    deadlines.set(("a",), 5.0)
    assert deadlines.next_s() == 5.0
    deadlines.drop(("a",))
    deadlines.drop(("a",))
    assert deadlines.next_s() is None
    assert list(deadlines.due(9.0)) == []


def test_what_is_set_meanwhile_is_due_too():
    deadlines: Deadlines[tuple[str, ...]] = Deadlines()
    deadlines.set(("a",), 1.0)
    seen = []
    for name in deadlines.due(3.0):
        seen.append(name)
        if name == ("a",):
            deadlines.set(("b",), 2.0)
    assert seen == [("a",), ("b",)]


def test_stale_entries_stay_bounded():
    deadlines: Deadlines[tuple[str, ...]] = Deadlines()
    for n in range(10_000):
        deadlines.set(("a",), 100.0 + n)
        deadlines.set((str(n),), 1_000_000.0)
        deadlines.drop((str(n),))
    assert len(deadlines) == 1
    assert len(deadlines._heap) <= STALE_FREE + 3
    assert deadlines.next_s() == 10_099.0
