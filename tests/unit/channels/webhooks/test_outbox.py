from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webhooks.message import Message
from channels.webhooks.outbox import PAUSE_S_MAX, REFUSALS_MAX, Outbox
from tests.unit.channels.http.fakes import START
from tests.unit.channels.webhooks.test_backoff import Middle


def message(sequence, subject=""):
    return Message(
        message_id=f"evt_{sequence}",
        sequence=sequence,
        at=START,
        kind="AlertRaised",
        body=b"",
        subject=subject,
    )


def outbox(*sequences, attempts_max=3, waiting_max=10, chance=None):
    made = Outbox(attempts_max=attempts_max, chance=chance or Middle(), waiting_max=waiting_max)
    for sequence in sequences:
        assert made.put(message(sequence), 0.0) is None
    return made


def taken(made, now_s):
    due = made.take(now_s)
    return None if due is None else (due[0].sequence, due[1])


def test_an_empty_one_has_nothing_to_do():
    made = outbox()
    assert (made.take(0.0), made.next_due_s(), made.done_up_to, len(made)) == (None, None, None, 0)


def test_messages_go_in_order_of_the_stream():
    made = outbox(5, 6)
    assert made.next_due_s() == 0.0
    for sequence in (5, 6):
        assert taken(made, 0.0) == (sequence, 1)
        made.delivered()
    assert made.take(0.0) is None


def test_a_failure_is_tried_again_later_and_later_and_given_up():
    made = outbox(5)
    assert taken(made, 0.0) == (5, 1)
    assert made.failed(0.0, down=True) is False
    assert made.next_due_s() == 1.0
    assert made.take(0.9) is None
    assert taken(made, 1.0) == (5, 2)
    assert made.failed(1.0, down=True) is False
    assert made.next_due_s() == 3.0
    assert taken(made, 3.0) == (5, 3)
    assert made.failed(3.0, down=True) is True
    assert (len(made), made.done_up_to) == (0, 5)


def test_what_is_about_one_contact_is_told_in_order_though_it_fails():
    made = outbox()
    for sequence, subject in ((1, "a"), (2, "a"), (3, "b"), (4, "")):
        made.put(message(sequence, subject), 0.0)
    assert taken(made, 0.0) == (1, 1)
    made.failed(0.0, down=False)
    for sequence in (3, 4):
        assert taken(made, 0.0) == (sequence, 1)
        made.delivered()
    assert made.take(0.5) is None
    assert made.next_due_s() == 1.0
    assert taken(made, 1.0) == (1, 2)
    made.delivered()
    assert taken(made, 1.0) == (2, 1)
    made.delivered()
    assert (len(made), made.done_up_to) == (0, 4)


def test_a_letter_holds_up_neither_its_contact_nor_the_place():
    made = outbox(7)
    assert made.again(message(3, "a"), 0.0)
    assert made.again(message(3, "a"), 0.0), "twice is harmless"
    made.put(message(8, "a"), 0.0)
    assert made.done_up_to == 6
    assert taken(made, 0.0) == (3, 1)
    assert made.failed(0.0, down=False) is False
    for sequence in (7, 8):
        assert taken(made, 0.0) == (sequence, 1)
        assert made.delivered() is False
    assert made.done_up_to == 8
    assert taken(made, 1.0) == (3, 2)
    assert made.delivered() is True


def test_a_letter_finds_no_room_in_a_full_one():
    assert not outbox(*range(5, 15)).again(message(3), 0.0)


def test_a_message_that_is_choked_on_delays_no_other():
    made = outbox(5, 6)
    assert taken(made, 0.0) == (5, 1)
    made.failed(0.0, down=False)
    assert taken(made, 0.0) == (6, 1)
    made.delivered()
    made.put(message(7), 1.5)
    assert taken(made, 1.5) == (7, 1)
    made.delivered()
    assert taken(made, 1.5) == (5, 2)


def test_while_the_receiver_is_down_nothing_is_tried():
    made = outbox(5, 6)
    assert taken(made, 0.0) == (5, 1)
    made.failed(0.0, down=True)
    assert made.take(0.5) is None
    assert made.next_due_s() == 1.0
    assert taken(made, 1.0) == (6, 1)
    made.failed(1.0, down=True)
    assert made.next_due_s() == 3.0


def test_a_receiver_that_is_back_is_told_at_once():
    made = outbox(5, 6, 7, attempts_max=20)
    now_s = 0.0
    for _ in range(12):
        assert made.take(now_s) is not None
        made.failed(now_s, down=True)
        now_s = made.next_due_s()
    assert made.take(now_s) is not None
    made.delivered()
    made.put(message(8), now_s)
    assert taken(made, now_s) == (8, 1)


def test_one_that_is_down_is_asked_again_within_a_minute():
    made = outbox(*range(5, 15), attempts_max=20)
    now_s, pauses = 0.0, []
    for _ in range(10):
        assert made.take(now_s) is not None
        made.failed(now_s, down=True)
        pauses.append(made.next_due_s() - now_s)
        now_s = made.next_due_s()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert max(pauses) == PAUSE_S_MAX


def test_one_that_refuses_everything_is_not_hammered():
    made = outbox(*range(5, 10))
    for _ in range(REFUSALS_MAX):
        assert made.take(0.0) is not None
        made.failed(0.0, down=False)
    assert made.take(0.0) is not None
    made.failed(0.0, down=False)
    assert made.take(0.0) is None
    assert made.next_due_s() == 1.0


def test_a_receiver_is_left_alone_for_as_long_as_it_asks():
    made = outbox(5, 6)
    assert taken(made, 0.0) == (5, 1)
    made.failed(0.0, down=True, retry_after_s=30.0)
    assert made.take(29.9) is None
    assert made.next_due_s() == 30.0
    assert taken(made, 30.0) == (6, 1)


def test_a_receiver_that_wants_no_more():
    made = outbox(5, attempts_max=9)
    assert taken(made, 0.0) == (5, 1)
    assert made.failed(0.0, down=False, final=True) is True
    assert len(made) == 0


def test_a_full_one_drops_the_oldest_but_not_what_is_under_way():
    made = outbox(5, 6, waiting_max=2)
    assert taken(made, 0.0) == (5, 1)
    dropped = made.put(message(7), 0.0)
    assert dropped is not None
    assert dropped.sequence == 6
    made.delivered()
    assert made.done_up_to == 6
    assert len(made) == 1


def test_the_place_is_before_the_oldest_that_waits():
    made = outbox(5, 8)
    made.passed(9)
    assert made.done_up_to == 4
    made.take(0.0)
    assert made.done_up_to == 4
    made.delivered()
    assert made.done_up_to == 7
    made.take(0.0)
    made.delivered()
    assert made.done_up_to == 9


def test_one_message_at_a_time():
    made = outbox(5, 6)
    made.take(0.0)
    with pytest.raises(AssertionError, match="under way"):
        made.take(0.0)


@given(st.lists(st.sampled_from("pnDdrgw"), max_size=60), st.integers(0, 99))
def test_nothing_before_the_place_waits_and_nothing_is_lost_unseen(steps, seed):
    made = Outbox(attempts_max=3, chance=Random(seed), waiting_max=4)
    now_s, sequence, settled, put = 0.0, 0, set(), set()
    for step in steps:
        if step == "p":
            sequence += 1
            put.add(sequence)
            dropped = made.put(message(sequence), now_s)
            settled |= set() if dropped is None else {dropped.sequence}
        elif step == "n":
            sequence += 1
            made.passed(sequence)
        elif step == "w":
            now_s += 2.0
        elif (due := made.take(now_s)) is not None:
            if step == "D":
                made.delivered()
                settled.add(due[0].sequence)
            elif made.failed(now_s, down=step == "d", final=step == "g"):
                settled.add(due[0].sequence)
        waiting = put - settled
        assert len(made) == len(waiting) <= 4
        expected = min(waiting) - 1 if waiting else sequence
        assert made.done_up_to == (expected if sequence else None)
        assert (made.next_due_s() is None) == (not waiting)
