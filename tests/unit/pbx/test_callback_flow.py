"""A caller asks to be called back; an agent and he are brought together later."""

from pathlib import Path
from typing import Any

import pytest

from domain.callback import CallbackOutcome, CallbackRefusal
from domain.callback_events import CallbackAttempted, CallbackRefused, CallbackRequested
from domain.commands import WithdrawReason
from domain.contact import Contact, ContactState, ContactTrigger, Disposition
from domain.events import ContactConnected, DisclosurePlayed
from domain.leg import LegRole
from domain.offer import DeclineReason
from domain.ports import QueuePosition
from domain.speech import Speaker
from pbx import actions as do
from pbx.callback_flow import CallbackFlow
from pbx.flow import CallFlow
from tests.flow_scene import AGENT, CUSTOMER, Scene, Shelf, kinds, published

ON: dict[str, Any] = {
    "callback": {"enabled": True, "offer_after_s": 30, "expected_wait_s": 60, "key": "4"}
}
CALLED = 7


def told(actions: list[do.Action], kind: type) -> Any:
    """Return the one event of a kind that is published."""
    events = published(actions, kind)
    assert len(events) == 1
    return events[0]


class Places:
    """Who waits for a callback: as it is told."""

    def __init__(self) -> None:
        self.why_not: CallbackRefusal | None = None
        self.earlier_s: float | None = None
        self.hidden: list[bool] = []

    def refusal(self, contact, queue, *, is_hidden):
        self.hidden.append(is_hidden)
        return self.why_not

    def earlier_wait_s(self, contact: Contact) -> float | None:
        return self.earlier_s


class Waiting(Scene):
    """A caller in a queue that calls back."""

    def __init__(
        self, *silent: str, places: Places | None = None, is_hidden: bool = False, **queue
    ):
        super().__init__(*silent, **{**ON, **queue})
        self.places = places or Places()
        self.flow = CallFlow(
            self.contact,
            self.queue,
            prompts=Shelf(*silent),
            routing=self.routing,
            clock=self.clock,
            call_s_max=3_600,
            callbacks=self.places,
            is_hidden=is_hidden,
        )

    def offered_callback(self) -> list[do.Action]:
        self.to_queue()
        self.clock.now_s += 30
        self.flow.played(CUSTOMER)  # The announcement of his place, if one was due.
        return self.flow.tick(self.clock.now_s)

    def kept(self) -> list[do.Action]:
        self.offered_callback()
        assert kinds(self.flow.digit(CUSTOMER, "4"))[-1] == "KeepCallback"
        return self.flow.callback_kept()


@pytest.fixture
def waiting() -> Waiting:
    return Waiting(announce_position=False)


def test_a_callback_is_offered_with_its_key(waiting):
    assert waiting.offered_callback() == [
        do.Play(CUSTOMER, (Path("en/callback-offer.wav"), Path("en/number-4.wav")))
    ]
    assert waiting.flow.played(CUSTOMER) == [do.Play(CUSTOMER, (Path("en/music.wav"),), True)]
    waiting.clock.now_s += 90
    assert kinds(waiting.flow.tick(waiting.clock.now_s)) == ["Play"], "and again later"


def test_nothing_is_offered_before_its_time_and_for_a_short_wait(waiting):
    waiting.to_queue()
    assert waiting.flow.next_deadline_s() == waiting.clock.now_s + 30
    waiting.routing.position = lambda _: QueuePosition(position=1, expected_wait_s=59.0)
    waiting.clock.now_s += 30
    assert waiting.flow.tick(waiting.clock.now_s) == []
    assert kinds(waiting.flow.digit(CUSTOMER, "4")) == ["Publish"], "nor does the key work"


def test_an_offer_waits_for_what_is_being_said():
    waiting = Waiting(announce_first_s=29, announce_every_s=300)
    waiting.to_queue()
    waiting.clock.now_s += 29
    assert kinds(waiting.flow.tick(waiting.clock.now_s)) == ["Play", "Publish"]
    waiting.clock.now_s += 1
    assert waiting.flow.tick(waiting.clock.now_s) == []
    waiting.flow.played(CUSTOMER)
    waiting.clock.now_s += 5
    assert kinds(waiting.flow.tick(waiting.clock.now_s)) == ["Play"]


def test_nothing_is_offered_where_nobody_is_called_back():
    scene = Scene(**ON, announce_position=False)
    scene.to_queue()
    scene.clock.now_s += 31
    assert scene.flow.tick(scene.clock.now_s) == []


def test_what_is_committed_is_confirmed_and_the_caller_let_go(waiting):
    actions = waiting.kept()
    event = told(actions, CallbackRequested)
    assert (event.contact_id, event.waited_s) == ("c1", 30.0)
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/callback-confirmed.wav"),))
    assert waiting.flow.digit(CUSTOMER, "4")[1:] == [], "once"
    left = waiting.flow.played(CUSTOMER)
    assert left == [
        do.HangUp(CUSTOMER),
        do.UpdateRecord(),
        do.HandOver(in_line=True),
        do.Release(),
    ]
    assert waiting.flow.over
    assert waiting.contact.state is ContactState.QUEUED
    assert waiting.routing.left == []


@pytest.mark.parametrize("how", ["hangs up", "cell", "silent", "drained", "too long"])
def test_a_kept_place_outlives_the_call(waiting, how):
    waiting.kept()
    flow = waiting.flow
    if how == "hangs up":
        actions = waiting.ended(CUSTOMER)
    elif how == "cell":
        actions = flow.cell_gone("signal 9")
    elif how == "silent":
        actions = flow.silent(CUSTOMER)
    elif how == "drained":
        actions = flow.end(Disposition.DRAINED, "stopping")
    else:
        waiting.clock.now_s += 3_600
        actions = flow.tick(waiting.clock.now_s)
    assert kinds(actions)[-3:] == ["UpdateRecord", "HandOver", "Release"]
    assert waiting.contact.state is ContactState.QUEUED
    assert waiting.routing.left == []
    assert flow.next_deadline_s() is None


@pytest.mark.parametrize("disposition", [Disposition.HUNG_UP, Disposition.CALLBACK_CANCELLED])
def test_who_ends_the_contact_ends_the_callback(waiting, disposition):
    waiting.kept()
    actions = waiting.flow.end(disposition, "over the API")
    assert do.DropCallback() in actions
    assert waiting.contact.disposition is disposition
    assert waiting.routing.left == ["c1"]


def test_an_agent_who_is_free_before_the_caller_has_hung_up(waiting):
    waiting.kept()
    waiting.ring()
    actions = waiting.flow.answered(AGENT)
    assert do.Bridge(CUSTOMER, AGENT) in actions
    assert do.DropCallback() in actions
    assert waiting.contact.state is ContactState.CONNECTED


def test_a_caller_who_hangs_up_while_an_agent_rings_for_him(waiting):
    waiting.kept()
    waiting.ring()
    actions = waiting.ended(CUSTOMER)
    assert do.HandOver(in_line=False) in actions
    assert do.HangUp(AGENT) in actions
    assert waiting.routing.left == ["c1"], "the agent is free, and has refused nothing"
    assert waiting.routing.declined == []
    assert waiting.contact.state is ContactState.QUEUED


@pytest.mark.parametrize("when", ["at once", "by the store"])
def test_a_refusal_is_heard(waiting, when):
    waiting.offered_callback()
    if when == "at once":
        waiting.places.why_not = CallbackRefusal.NUMBER
        actions = waiting.flow.digit(CUSTOMER, "4")
    else:
        waiting.flow.digit(CUSTOMER, "4")
        actions = waiting.flow.callback_refused(CallbackRefusal.NOT_STORED)
    event = told(actions, CallbackRefused)
    assert event.reason in (CallbackRefusal.NUMBER, CallbackRefusal.NOT_STORED)
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/callback-refused.wav"),))
    assert kinds(waiting.flow.played(CUSTOMER)) == ["Play"], "music goes on"
    assert waiting.contact.state is ContactState.QUEUED


def test_a_hidden_caller_is_not_offered_one_and_hears_why_not():
    waiting = Waiting(announce_position=False, is_hidden=True)
    waiting.places.why_not = CallbackRefusal.HIDDEN
    assert waiting.offered_callback() == []
    assert published(waiting.flow.digit(CUSTOMER, "4"), CallbackRefused)
    assert set(waiting.places.hidden) == {True}


@pytest.mark.parametrize("key", ["1", "#"])
def test_other_keys_ask_for_nothing(waiting, key):
    waiting.offered_callback()
    assert kinds(waiting.flow.digit(CUSTOMER, key)) == ["Publish"]


def test_who_calls_again_takes_up_his_place(waiting):
    waiting.places.earlier_s = 400.0
    waiting.flow.incoming(CUSTOMER)
    actions = waiting.flow.answered(CUSTOMER)
    while waiting.contact.state is ContactState.ARRIVED:
        actions = waiting.flow.played(CUSTOMER)
    assert waiting.routing.queued[-1].waited_s == 400.0
    assert do.TakeUpCallback() in actions
    assert waiting.contact.queued_s == waiting.clock.now_s - 400.0


def test_who_finds_the_queue_full_keeps_his_callback(waiting):
    waiting.places.earlier_s = 400.0
    waiting.routing.full = True
    waiting.flow.incoming(CUSTOMER)
    actions = waiting.flow.answered(CUSTOMER)
    while waiting.contact.state is ContactState.ARRIVED:
        actions = waiting.flow.played(CUSTOMER)
    assert do.TakeUpCallback() not in actions
    assert waiting.contact.disposition is Disposition.QUEUE_FULL


class Back(Scene):
    """A customer who is called back, and the agent of whom it is the turn."""

    def __init__(self, *silent: str, **queue: Any) -> None:
        super().__init__(*silent, **{**ON, "announce_position": False, **queue})
        self.contact.step(ContactTrigger.ENQUEUE)
        self.contact.queued_s = self.clock.now_s - 500
        self.back = self.flow = CallbackFlow(
            self.contact,
            self.queue,
            attempt=2,
            prompts=Shelf(*silent),
            routing=self.routing,
            clock=self.clock,
            call_s_max=3_600,
            callbacks=Places(),
        )

    def agent_answers(self) -> list[do.Action]:
        self.ring()
        return self.flow.answered(AGENT)

    def dials(self) -> None:
        self.agent_answers()
        assert self.back.customer_dialled(CALLED) == []
        self.flow.ringing(CALLED)

    def reached(self) -> list[do.Action]:
        self.dials()
        self.clock.now_s += 4
        return self.flow.answered(CALLED)

    def connected(self) -> list[do.Action]:
        self.reached()
        self.flow.played(CALLED)
        return self.flow.played(CALLED)


@pytest.fixture
def back() -> Back:
    return Back()


def test_the_agent_answers_before_the_customer_is_called(back):
    assert back.agent_answers() == [
        do.Play(AGENT, (Path("en/callback-agent.wav"),)),
        do.CallCustomer(),
    ]
    assert back.contact.state is ContactState.OFFERED, "nobody hears anybody yet"
    assert back.flow.next_deadline_s() == back.clock.now_s + 30


def test_the_customer_is_told_and_then_connected(back):
    actions = back.reached()
    attempt = told(actions, CallbackAttempted)
    assert (attempt.outcome, attempt.attempt, attempt.rang_s) == ("answered", 2, 4.0)
    assert do.DropCallback() in actions
    assert actions[-1] == do.Play(CALLED, (Path("en/callback-hello.wav"),))
    assert kinds(back.flow.played(CALLED)) == ["Play"], "the disclosure"
    actions = back.flow.played(CALLED)
    assert published(actions, DisclosurePlayed)
    connected = told(actions, ContactConnected)
    assert connected.wait_s == 504.0
    assert [one for one in kinds(actions) if one in ("Tap", "Bridge")] == ["Tap", "Bridge", "Tap"]
    assert do.Bridge(CALLED, AGENT) in actions


def test_without_prompts_the_two_are_connected_at_once():
    back = Back("callback-hello", "disclosure")
    assert do.Bridge(CALLED, AGENT) in back.reached()


def test_a_callback_ends_like_any_call(back):
    back.connected()
    back.clock.now_s += 60
    actions = back.ended(CALLED)
    assert back.contact.disposition is Disposition.CALLER_ENDED
    assert back.contact.talk_s == 60.0
    assert "CloseRecord" in kinds(actions)
    assert do.HangUp(AGENT) in actions
    assert back.routing.finished == ["c1"]
    back.ended(AGENT)
    assert back.flow.over


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, "busy"),
        (480, "no_answer"),
        (408, "no_answer"),
        (603, "rejected"),
        (404, "unreachable"),
    ],
)
def test_a_customer_who_is_not_reached_waits_again(back, status, outcome):
    back.dials()
    actions = back.ended(CALLED, status)
    attempt = told(actions, CallbackAttempted)
    assert attempt.outcome == outcome
    assert do.HandOver(in_line=False, outcome=CallbackOutcome(outcome)) in actions
    assert do.HangUp(AGENT) in actions
    assert back.routing.finished == ["c1"], "the agent is free"
    assert back.routing.left == []
    (part,) = [one.interaction for one in actions if isinstance(one, do.RecordInteraction)]
    assert (part.outcome, part.talk_s) == (f"callback_{outcome}", 0.0)
    assert back.contact.state is ContactState.QUEUED
    assert back.flow.over


def test_a_customer_who_lets_it_ring(back):
    back.dials()
    back.clock.now_s += 30
    actions = back.flow.tick(back.clock.now_s)
    assert do.HandOver(in_line=False, outcome=CallbackOutcome.NO_ANSWER) in actions
    assert {do.HangUp(AGENT), do.HangUp(CALLED)} <= set(actions[:6])


def test_a_customer_who_cannot_be_dialled(back):
    back.agent_answers()
    actions = back.back.customer_not_dialled(CallbackOutcome.UNREACHABLE)
    assert do.HandOver(in_line=False, outcome=CallbackOutcome.UNREACHABLE) in actions


def test_an_agent_who_hangs_up_first_has_used_up_nothing(back):
    back.dials()
    actions = back.ended(AGENT)
    assert do.HandOver(in_line=False, outcome=CallbackOutcome.AGENT_LEFT) in actions
    assert do.HangUp(CALLED) in actions


def test_an_agent_who_hangs_up_while_the_customer_is_told(back):
    back.reached()
    actions = back.ended(AGENT)
    assert back.contact.state is ContactState.QUEUED
    assert back.routing.queued[-1].waited_s == 504.0
    assert kinds(actions)[-1] == "Play", "he hears that he is served next"
    assert not back.flow.over
    back.ring(leg=8, number=2)
    actions = back.flow.answered(8)
    assert do.Bridge(CALLED, 8) in actions
    assert do.Tap(CALLED, Speaker.CUSTOMER) in actions


def test_a_customer_who_hangs_up_while_he_is_told(back):
    back.reached()
    back.ended(CALLED)
    assert back.contact.disposition is Disposition.ABANDONED
    assert back.routing.finished == ["c1"]
    assert back.routing.left == []


def test_an_agent_who_does_not_answer(back):
    offer = back.ring()
    actions = back.flow.withdrawn(offer, WithdrawReason.EXPIRED)
    assert do.HandOver(in_line=True) in actions
    assert do.HangUp(AGENT) in actions
    assert back.routing.left == [], "the router knows"


def test_an_agent_who_declines(back):
    back.ring()
    actions = back.ended(AGENT, 486)
    assert do.HandOver(in_line=True) in actions
    assert back.routing.declined == [("o1", DeclineReason.BUSY)]


def test_an_agent_who_answers_too_late(back):
    back.routing.accepts = False
    actions = back.agent_answers()
    assert do.CallCustomer() not in actions
    assert do.HandOver(in_line=True) in actions


@pytest.mark.parametrize("stage", ["ring", "agent_answers", "dials"])
@pytest.mark.parametrize("end", ["cell", "drained"])
def test_an_attempt_that_is_cut_leaves_the_contact_waiting(back, stage, end):
    getattr(back, stage)()
    flow = back.flow
    actions = flow.cell_gone("x") if end == "cell" else flow.end(Disposition.DRAINED, "x")
    assert do.HandOver(in_line=False) in actions
    assert back.contact.state is ContactState.QUEUED
    assert (back.routing.left, back.routing.finished) == (
        (["c1"], []) if stage == "ring" else ([], ["c1"])
    )


@pytest.mark.parametrize("stage", ["ring", "agent_answers", "dials", "reached", "connected"])
def test_an_attempt_that_is_cancelled_closes_the_contact(back, stage):
    getattr(back, stage)()
    actions = back.flow.end(Disposition.CALLBACK_CANCELLED, "x")
    assert back.contact.disposition is Disposition.CALLBACK_CANCELLED
    assert (do.DropCallback() in actions) == (stage not in ("reached", "connected"))
    for leg in (AGENT, CALLED):
        if back.flow.legs.role(leg) is not None:
            actions += back.ended(leg)
    assert back.flow.over
    assert kinds(actions).count("CloseRecord") == 1


def test_a_leg_that_comes_after_the_end_is_hung_up(back):
    back.agent_answers()
    back.flow.end(Disposition.CALLBACK_CANCELLED, "x")
    assert back.back.customer_dialled(CALLED) == [do.HangUp(CALLED)]
    assert back.flow.legs.role(CALLED) is LegRole.CUSTOMER
