"""The way of one conversation, told what happens and asked what is wanted."""

from dataclasses import replace
from uuid import uuid4

import pytest

from config.conversations import Conversations as Settings
from conversations import actions as do
from conversations.rules import Rules
from conversations.thread import PRIORITY_MAX, Thread
from domain.commands import WithdrawReason
from domain.contact import Channel, ContactState, Disposition
from domain.conversation import Conversation, ConversationState, ConversationTrigger
from domain.errors import IllegalTransition, NotServing
from domain.message import Author, Inbound, Message
from domain.offer import DeclineReason, Offer
from tests.unit.conversations.scene import agent, inbound, mail, queue
from tests.unit.pbx.clock import ManualClock

IDLE, WAITING, SERVED, PARKED = ConversationState


class Scene:
    """One thread and what it wanted done last."""

    def __init__(self, first: Inbound | None = None, **settings: object) -> None:
        self.clock = ManualClock()
        self.rules = Rules(Settings(**settings), (queue(), queue("bills")), (agent(),))
        self.inbound = first or inbound()
        conversation = Conversation(
            conversation_id="c",
            source=self.inbound.source,
            channel=self.inbound.channel,
            queue_id="sales",
            address=self.inbound.sender,
            language="en",
            opened_at=self.clock.utc(),
            last_at=self.clock.utc(),
        )
        self.thread = Thread(conversation, rules=self.rules, clock=self.clock)
        self.offers = 0

    @property
    def state(self) -> ConversationState:
        return self.thread.conversation.state

    def message(self, author: Author = Author.CUSTOMER, **more) -> Message:
        now = self.thread.conversation
        more = {"contact_id": now.contact_id or uuid4().hex, **more}
        return Message(
            message_id=uuid4().hex,
            conversation_id="c",
            sequence=now.last_sequence + 1,
            channel=now.channel,
            author=author,
            at=self.clock.utc(),
            text="words",
            **more,
        )

    def writes(self, **more) -> list[do.Action]:
        told = replace(self.inbound, **more)
        message = self.message(automatic=told.automatic)
        return self.thread.customer_wrote(self.thread.after_customer(message, told), message, told)

    def says(self, **more) -> list[do.Action]:
        message = self.message(Author.AGENT, agent_id="ann", **more)
        return self.thread.we_wrote(self.thread.after_ours(message), message)

    def offered(self) -> Offer:
        self.offers += 1
        now_s = self.clock.monotonic_s()
        contact = self.thread.contact
        offer = Offer(
            offer_id=f"o{self.offers}",
            contact_id="gone" if contact is None else contact.contact_id,
            agent_id="ann",
            queue_id="sales",
            made_at_s=now_s,
            expires_at_s=now_s + 20,
        )
        self.actions = self.thread.offered(offer)
        return offer

    def accepted(self) -> list[do.Action]:
        self.offered()
        return self.thread.accepted()

    def at(self, state: ConversationState) -> "Scene":
        """Bring the conversation there."""
        if state is not IDLE:
            self.writes()
        if state in {SERVED, PARKED}:
            self.accepted()
        if state is PARKED:
            self.thread.parked(None)
        assert self.state is state
        return self


STEPS = {
    ConversationTrigger.ASK: lambda scene: scene.writes(),
    ConversationTrigger.SERVE: lambda scene: scene.accepted(),
    ConversationTrigger.REQUEUE: lambda scene: scene.thread.agent_gone(),
    ConversationTrigger.PARK: lambda scene: scene.thread.parked(None),
    ConversationTrigger.RESUME: lambda scene: scene.thread.resumed(),
    ConversationTrigger.CLOSE: lambda scene: scene.thread.closed(Disposition.HANDLED, ""),
}


@pytest.mark.parametrize(
    ("before", "trigger", "after"),
    [
        (IDLE, ConversationTrigger.ASK, WAITING),
        (WAITING, ConversationTrigger.SERVE, SERVED),
        (WAITING, ConversationTrigger.CLOSE, IDLE),
        (SERVED, ConversationTrigger.REQUEUE, WAITING),
        (SERVED, ConversationTrigger.PARK, PARKED),
        (SERVED, ConversationTrigger.CLOSE, IDLE),
        (PARKED, ConversationTrigger.RESUME, WAITING),
        (PARKED, ConversationTrigger.CLOSE, IDLE),
        # What the customer writes takes a parked one up, and leaves the others where they are.
        (PARKED, ConversationTrigger.ASK, WAITING),
        (WAITING, ConversationTrigger.ASK, WAITING),
        (SERVED, ConversationTrigger.ASK, SERVED),
    ],
)
def test_every_step(before, trigger, after) -> None:
    scene = Scene(mail()).at(before)
    STEPS[trigger](scene)
    assert scene.state is after
    assert (scene.thread.contact is None) is (after is IDLE)
    assert (scene.thread.conversation.contact_id is None) is (after is IDLE)
    assert scene.thread.in_line is (after is WAITING)


@pytest.mark.parametrize(
    ("state", "trigger"),
    [
        (IDLE, ConversationTrigger.CLOSE),
        (IDLE, ConversationTrigger.PARK),
        (IDLE, ConversationTrigger.RESUME),
        (WAITING, ConversationTrigger.PARK),
        (WAITING, ConversationTrigger.RESUME),
        (SERVED, ConversationTrigger.RESUME),
        (PARKED, ConversationTrigger.PARK),
    ],
)
def test_a_step_that_there_is_not_changes_nothing(state, trigger) -> None:
    scene = Scene(mail()).at(state)
    before = scene.thread.conversation
    with pytest.raises(IllegalTransition):
        STEPS[trigger](scene)
    assert scene.thread.conversation is before


def test_what_a_message_changes_is_told_before_it_is_taken() -> None:
    scene = Scene()
    message = scene.message()
    after = scene.thread.after_customer(message, scene.inbound)
    assert after.state is WAITING
    assert scene.state is IDLE
    assert scene.thread.contact is None


def test_an_automatic_message_moves_nothing() -> None:
    scene = Scene(mail(automatic=True))
    assert [type(action) for action in scene.writes()] == [do.Publish]
    assert scene.state is IDLE
    parked = Scene(mail()).at(PARKED)
    parked.writes(automatic=True)
    assert parked.state is PARKED


def test_who_leaves_is_out_of_the_line_before_anything_else() -> None:
    scene = Scene().at(WAITING)
    scene.offered()
    actions = scene.thread.close_by(None, Disposition.CALLER_ENDED)
    assert isinstance(actions[0], do.Leave)
    (closed,) = [one for one in actions if isinstance(one, do.CloseContact)]
    assert closed.contact.disposition is Disposition.ABANDONED
    assert not [one for one in actions if isinstance(one, do.Finish)]


def test_an_offer_that_comes_too_late_is_declined() -> None:
    scene = Scene().at(SERVED)
    offer = scene.offered()
    assert scene.actions == [do.Decline(offer.offer_id, DeclineReason.UNREACHABLE)]
    idle = Scene()
    offer = idle.offered()
    assert idle.actions == [do.Decline(offer.offer_id, DeclineReason.UNREACHABLE)]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (WithdrawReason.EXPIRED, "ring_no_answer"),
        (WithdrawReason.AGENT_GONE, "withdrawn"),
        (WithdrawReason.CONTACT_LEFT, "withdrawn"),
    ],
)
def test_an_offer_that_comes_to_nothing_is_written_down(reason, outcome) -> None:
    scene = Scene().at(WAITING)
    offer = scene.offered()
    scene.clock.advance(20)
    actions = scene.thread.withdrawn(offer, reason)
    (record,) = [one for one in actions if isinstance(one, do.RecordInteraction)]
    assert (record.interaction.outcome, record.interaction.ring_s) == (outcome, 20)
    assert scene.thread.contact is not None
    assert scene.thread.contact.state is ContactState.QUEUED
    assert scene.thread.withdrawn(offer, reason) == []


def test_a_part_is_as_long_as_it_was() -> None:
    scene = Scene().at(WAITING)
    scene.clock.advance(30)
    scene.offered()
    scene.clock.advance(5)
    scene.thread.accepted()
    contact = scene.thread.contact
    scene.clock.advance(100)
    actions = scene.thread.close_by("ann", Disposition.HANDLED)
    (record,) = [one for one in actions if isinstance(one, do.RecordInteraction)]
    part = record.interaction
    assert (part.ring_s, part.talk_s, part.outcome) == (5, 100, "answered")
    assert (part.ended_at - part.started_at).total_seconds() == 105
    assert contact is not None
    assert (contact.wait_s, contact.talk_s) == (35, 100)


def test_priority_has_a_ceiling() -> None:
    scene = Scene(inbound(priority=PRIORITY_MAX + 5)).at(SERVED)
    scene.thread.agent_gone()
    assert scene.thread.contact is not None
    assert scene.thread.contact.priority == PRIORITY_MAX


def test_only_its_agent_has_it() -> None:
    scene = Scene(mail()).at(SERVED)
    scene.thread.check_has("ann")
    with pytest.raises(NotServing):
        scene.thread.check_has("bob")
    scene.thread.parked(None)
    with pytest.raises(NotServing):
        scene.thread.check_has("ann")
    scene.thread.check_has("ann", parked=True)


def test_an_answer_ends_what_was_due_and_new_words_are_due_again() -> None:
    scene = Scene(mail(), answer_s={"mail": 60}).at(SERVED)
    due = scene.thread.conversation.due_at
    scene.writes()
    assert scene.thread.conversation.due_at == due, "the first unanswered word counts"
    scene.says(internal=True)
    assert scene.thread.conversation.due_at == due
    scene.says()
    assert scene.thread.conversation.due_at is None
    scene.clock.advance(10)
    scene.writes()
    again = scene.thread.conversation.due_at
    assert again is not None
    assert (again - scene.clock.utc()).total_seconds() == 60


def test_a_visitors_token_is_no_caller() -> None:
    assert Scene().thread.caller == ""
    assert Scene(mail()).thread.caller == "joe@example.com"


def test_who_goes_on_waiting_keeps_what_he_has_waited() -> None:
    scene = Scene().at(SERVED)
    scene.clock.advance(50)
    actions = scene.thread.transferred(to_queue="bills")
    (asked,) = [one for one in actions if isinstance(one, do.Enqueue)]
    assert (asked.queued.waited_s, asked.queued.queue_id) == (50, "bills")
    kinds = [type(action) for action in actions]
    assert kinds.index(do.Finish) < kinds.index(do.Enqueue)
    resumed = Scene(mail()).at(PARKED)
    resumed.clock.advance(500)
    (asked,) = [one for one in resumed.thread.resumed() if isinstance(one, do.Enqueue)]
    assert asked.queued.waited_s == 0, "it was an agent who let it lie"
    assert asked.is_kept
    assert asked.queued.channel is Channel.MAIL
