"""The agenda keeps nothing that was cancelled."""

from pbx.edge.timers import COMPACT_ABOVE, Agenda


class Bell:
    """Something that notes when it was woken."""

    def __init__(self):
        self.entry = 0
        self.woken = []

    def wake(self, now_s):
        self.woken.append(now_s)


def test_a_later_time_replaces_an_earlier_one():
    agenda, bell = Agenda(), Bell()
    agenda.at(1.0, bell)
    agenda.at(5.0, bell)
    assert agenda.next_s() == 5.0
    agenda.wake(4.0)
    assert bell.woken == []
    agenda.wake(6.0)
    assert bell.woken == [6.0]
    assert agenda.next_s() is None


def test_cancelling_twice_is_harmless():
    agenda, bell = Agenda(), Bell()
    agenda.at(1.0, bell)
    agenda.at(None, bell)
    agenda.at(None, bell)
    assert len(agenda) == 0
    agenda.wake(9.0)
    assert bell.woken == []


def test_what_is_set_anew_without_end_takes_no_memory():
    agenda, bell = Agenda(), Bell()
    for number in range(10 * COMPACT_ABOVE):
        agenda.at(float(number), bell)
    assert len(agenda) == 1
    assert len(agenda._heap) <= COMPACT_ABOVE + 3


def test_something_woken_may_ask_to_be_woken_again():
    agenda = Agenda()

    class Clockwork(Bell):
        def wake(self, now_s):
            super().wake(now_s)
            if len(self.woken) < 3:
                agenda.at(now_s + 1.0, self)

    bell = Clockwork()
    agenda.at(1.0, bell)
    for now_s in (1.0, 2.0, 3.0, 4.0):
        agenda.wake(now_s)
    assert bell.woken == [1.0, 2.0, 3.0]
