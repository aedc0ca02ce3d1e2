"""The way of one caller, told what happens and asked what is wanted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.commands import WithdrawReason
from domain.contact import ContactState, Disposition
from domain.events import (
    CallHeld,
    ContactClosed,
    ContactConnected,
    ContactTransferred,
    DisclosurePlayed,
    PositionAnnounced,
)
from domain.offer import DeclineReason
from domain.skill import SkillRequirement
from domain.speech import Speaker
from pbx import actions as do
from pbx.flow_end import LEG_END_S_MAX, RELEASE_S_MAX
from tests.flow_scene import AGENT, CUSTOMER, SECOND_AGENT, Scene, kinds, published


def test_the_contact_is_committed_before_the_call_is_answered() -> None:
    scene = Scene()
    assert kinds(scene.flow.incoming(CUSTOMER)) == ["OpenRecord", "Publish", "Answer"]


def test_greeting_then_disclosure_then_queue_with_music() -> None:
    scene = Scene()
    scene.flow.incoming(CUSTOMER)
    assert scene.flow.answered(CUSTOMER) == [do.Play(CUSTOMER, (Path("en/greeting.wav"),))]
    assert scene.flow.played(CUSTOMER) == [do.Play(CUSTOMER, (Path("en/disclosure.wav"),))]
    assert not scene.contact.disclosed
    actions = scene.flow.played(CUSTOMER)
    assert published(actions, DisclosurePlayed)
    assert scene.contact.disclosed
    assert do.Tap(CUSTOMER, Speaker.CUSTOMER) in actions
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/music.wav"),), loop=True)
    assert [queued.contact_id for queued in scene.routing.queued] == ["c1"]


def test_nothing_is_tapped_before_the_disclosure_was_heard() -> None:
    scene = Scene()
    heard = scene.flow.incoming(CUSTOMER) + scene.flow.answered(CUSTOMER)
    heard += scene.flow.played(CUSTOMER)
    assert "Tap" not in kinds(heard)


def test_a_missing_prompt_is_passed_over() -> None:
    scene = Scene("greeting", "disclosure", "music")
    scene.flow.incoming(CUSTOMER)
    assert kinds(scene.flow.answered(CUSTOMER)) == ["UpdateRecord", "Tap"]
    assert not scene.contact.disclosed


def test_a_prompt_that_cannot_be_played_is_passed_over_and_discloses_nothing() -> None:
    scene = Scene()
    scene.flow.incoming(CUSTOMER)
    scene.flow.answered(CUSTOMER)
    assert scene.flow.played(CUSTOMER, heard=False) == [
        do.Play(CUSTOMER, (Path("en/disclosure.wav"),))
    ]
    actions = scene.flow.played(CUSTOMER, heard=False)
    assert not published(actions, DisclosurePlayed)
    assert not scene.contact.disclosed
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/music.wav"),), loop=True)


def test_music_that_cannot_be_played_is_not_tried_without_end() -> None:
    scene = Scene(announce_first_s=10)
    scene.to_queue()
    assert scene.flow.played(CUSTOMER, heard=False) == []
    scene.clock.now_s += 10
    assert "Play" in kinds(scene.flow.tick(scene.clock.now_s))
    assert kinds(scene.flow.played(CUSTOMER, heard=False)) == ["Play"], "the music again"


def test_the_queue_asks_for_its_skills() -> None:
    scene = Scene(skills={"billing": 3}, priority=2)
    scene.to_queue()
    (queued,) = scene.routing.queued
    assert [(r.skill, r.proficiency_min) for r in queued.requirements] == [("billing", 3)]


def test_answer_bridges_and_taps_the_agent() -> None:
    scene = Scene()
    scene.to_queue()
    scene.clock.now_s += 10
    scene.ring()
    actions = scene.flow.answered(AGENT)
    assert kinds(actions) == ["StopPlay", "Bridge", "Tap", "Publish", "UpdateRecord"]
    (connected,) = published(actions, ContactConnected)
    assert isinstance(connected, ContactConnected)
    assert connected.wait_s == 10
    assert scene.contact.agent_id == "agent1"


def test_an_answer_that_comes_too_late_is_hung_up_and_the_contact_waits_on() -> None:
    scene = Scene()
    scene.to_queue()
    scene.ring()
    scene.routing.accepts = False
    assert kinds(scene.flow.answered(AGENT)) == ["RecordInteraction", "HangUp"]
    assert scene.contact.state is ContactState.QUEUED


def test_ring_no_answer_goes_back_to_waiting_and_the_next_agent_rings() -> None:
    scene = Scene()
    scene.to_queue()
    offer = scene.ring()
    scene.clock.now_s += 20
    actions = scene.flow.withdrawn(offer, WithdrawReason.EXPIRED)
    assert kinds(actions) == ["RecordInteraction", "HangUp"]
    assert isinstance(actions[0], do.RecordInteraction)
    assert actions[0].interaction.outcome == "ring_no_answer"
    assert actions[0].interaction.ring_s == 20
    assert scene.ended(AGENT, 487) == []
    scene.ring(SECOND_AGENT, number=2)
    scene.flow.answered(SECOND_AGENT)
    assert scene.contact.agent_id == "agent2"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, DeclineReason.BUSY),
        (600, DeclineReason.BUSY),
        (603, DeclineReason.DECLINED),
        (480, DeclineReason.UNREACHABLE),
        (503, DeclineReason.UNREACHABLE),
    ],
)
def test_a_refusing_telephone_declines_the_offer(status: int, reason: DeclineReason) -> None:
    scene = Scene()
    scene.to_queue()
    scene.ring()
    assert kinds(scene.ended(AGENT, status)) == ["RecordInteraction"]
    assert scene.routing.declined == [("o1", reason)]
    assert scene.contact.state is ContactState.QUEUED


def test_an_agent_who_cannot_be_dialled_declines() -> None:
    scene = Scene()
    scene.to_queue()
    scene.flow.offered(scene.offer())
    scene.flow.agent_not_dialled("o1")
    assert scene.routing.declined == [("o1", DeclineReason.UNREACHABLE)]
    assert scene.contact.state is ContactState.QUEUED


def test_a_leg_dialled_for_an_offer_that_is_gone_is_hung_up() -> None:
    scene = Scene()
    scene.to_queue()
    offer = scene.offer()
    scene.flow.offered(offer)
    scene.flow.withdrawn(offer, WithdrawReason.EXPIRED)
    assert scene.flow.agent_dialled("o1", AGENT) == [do.HangUp(AGENT)]


def test_caller_ends_after_talking() -> None:
    scene = Scene()
    scene.talk()
    actions = scene.ended(CUSTOMER)
    assert kinds(actions) == ["RecordInteraction", "HangUp", "CloseRecord", "Publish"]
    assert scene.contact.disposition is Disposition.CALLER_ENDED
    assert scene.routing.finished == ["c1"]
    assert (scene.contact.talk_s, scene.contact.wait_s) == (60, 10)
    assert scene.contact.rtp_lost == 2
    assert kinds(scene.ended(AGENT)) == ["Release"]
    assert scene.flow.over


def test_agent_ends_and_the_record_waits_for_the_customers_figures() -> None:
    scene = Scene()
    scene.talk()
    assert kinds(scene.ended(AGENT)) == ["RecordInteraction", "HangUp"]
    assert scene.contact.disposition is Disposition.AGENT_ENDED
    assert kinds(scene.ended(CUSTOMER)) == ["CloseRecord", "Publish", "Release"]
    assert scene.contact.rtp_received == 500


def test_a_customer_leg_that_never_ends_does_not_keep_record_or_cell() -> None:
    scene = Scene()
    scene.talk()
    scene.ended(AGENT)
    due_s = scene.flow.next_deadline_s()
    assert due_s == scene.clock.now_s + LEG_END_S_MAX
    assert kinds(scene.flow.tick(due_s)) == ["CloseRecord", "Publish"]
    due_s = scene.flow.next_deadline_s()
    assert due_s == scene.clock.now_s + RELEASE_S_MAX
    assert kinds(scene.flow.tick(due_s)) == ["Release"]


def test_caller_leaves_in_the_greeting() -> None:
    scene = Scene()
    scene.flow.incoming(CUSTOMER)
    scene.flow.answered(CUSTOMER)
    actions = scene.ended(CUSTOMER)
    assert scene.contact.disposition is Disposition.ABANDONED_EARLY
    (closed,) = published(actions, ContactClosed)
    assert isinstance(closed, ContactClosed)
    assert closed.wait_s is None
    assert scene.flow.over


def test_caller_leaves_while_waiting() -> None:
    scene = Scene()
    scene.to_queue()
    scene.clock.now_s += 30
    scene.ended(CUSTOMER)
    assert scene.contact.disposition is Disposition.ABANDONED
    assert scene.contact.wait_s == 30
    assert scene.routing.left == ["c1"]


def test_caller_leaves_while_an_agent_rings() -> None:
    scene = Scene()
    scene.to_queue()
    scene.ring()
    actions = scene.ended(CUSTOMER)
    assert do.HangUp(AGENT) in actions
    assert scene.contact.disposition is Disposition.ABANDONED
    assert not scene.flow.over
    scene.ended(AGENT, 487)
    assert scene.flow.over
    assert scene.routing.declined == []


def test_position_is_announced_and_the_music_comes_back() -> None:
    scene = Scene(announce_first_s=10, announce_every_s=45)
    scene.to_queue()
    assert scene.flow.next_deadline_s() == scene.clock.now_s + 10
    scene.clock.now_s += 10
    actions = scene.flow.tick(scene.clock.now_s)
    assert actions[0] == do.Play(CUSTOMER, (Path("en/2.wav"),))
    assert published(actions, PositionAnnounced)
    assert scene.flow.next_deadline_s() == scene.clock.now_s + 45
    assert scene.flow.played(CUSTOMER) == [do.Play(CUSTOMER, (Path("en/music.wav"),), loop=True)]


def test_no_announcement_while_an_agent_rings() -> None:
    scene = Scene(announce_first_s=10)
    scene.to_queue()
    scene.ring()
    scene.clock.now_s += 10
    assert scene.flow.tick(scene.clock.now_s) == []


def test_a_full_queue_tells_the_caller_and_hangs_up() -> None:
    scene = Scene()
    scene.routing.full = True
    scene.flow.incoming(CUSTOMER)
    scene.flow.answered(CUSTOMER)
    scene.flow.played(CUSTOMER)
    assert do.Play(CUSTOMER, (Path("en/queue-full.wav"),)) in scene.flow.played(CUSTOMER)
    assert scene.flow.played(CUSTOMER) == [do.HangUp(CUSTOMER)]
    assert kinds(scene.ended(CUSTOMER))[-1] == "Release"
    assert scene.contact.disposition is Disposition.QUEUE_FULL


def test_outside_the_hours_a_caller_is_greeted_told_and_let_go() -> None:
    scene = Scene(opens_at=datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    heard = scene.flow.incoming(CUSTOMER)
    heard += scene.flow.answered(CUSTOMER)
    assert heard[-1] == do.Play(CUSTOMER, (Path("en/greeting.wav"),))
    leaving = scene.flow.played(CUSTOMER)
    assert leaving == [do.Play(CUSTOMER, (Path("en/closed.wav"),))]
    assert scene.flow.played(CUSTOMER) == [do.HangUp(CUSTOMER)]
    over = scene.ended(CUSTOMER)
    assert kinds(over)[-1] == "Release"
    (closed,) = published(over, ContactClosed)
    assert isinstance(closed, ContactClosed)
    assert closed.disposition is Disposition.OUTSIDE_HOURS
    assert closed.reason == "closed until 2026-01-05 08:30 UTC"
    assert closed.wait_s is None
    assert scene.routing.queued == []
    assert "Tap" not in kinds([*heard, *leaving, *over])


def test_who_hangs_up_while_he_is_told_that_it_is_closed_has_not_abandoned() -> None:
    scene = Scene(opens_at=datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    scene.flow.incoming(CUSTOMER)
    scene.flow.answered(CUSTOMER)
    scene.flow.played(CUSTOMER)
    scene.ended(CUSTOMER)
    assert scene.contact.disposition is Disposition.OUTSIDE_HOURS


def test_without_a_prompt_a_closed_queue_hangs_up_at_once() -> None:
    scene = Scene("greeting", "closed", opens_at=datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    scene.flow.incoming(CUSTOMER)
    assert scene.flow.answered(CUSTOMER) == [do.HangUp(CUSTOMER)]
    assert scene.contact.disposition is Disposition.OUTSIDE_HOURS


def test_the_longest_wait_ends_with_a_prompt() -> None:
    scene = Scene()
    scene.to_queue()
    actions = scene.flow.released(Disposition.WAIT_EXCEEDED)
    assert actions == [do.Play(CUSTOMER, (Path("en/wait-exceeded.wav"),))]
    assert scene.flow.played(CUSTOMER) == [do.HangUp(CUSTOMER)]
    scene.ended(CUSTOMER)
    assert scene.contact.disposition is Disposition.WAIT_EXCEEDED


def test_a_dead_cell_closes_the_contact_with_that_reason() -> None:
    scene = Scene()
    scene.talk()
    actions = scene.flow.cell_gone("signal 6")
    assert kinds(actions) == ["RecordInteraction", "CloseRecord", "Publish", "Release"]
    (closed,) = published(actions, ContactClosed)
    assert isinstance(closed, ContactClosed)
    assert (closed.disposition, closed.reason) == (Disposition.CELL_DIED, "signal 6")
    assert scene.routing.finished == ["c1"]


def test_a_call_whose_invite_never_came_is_written_down_all_the_same() -> None:
    scene = Scene()
    actions = scene.flow.cell_gone("signal 6")
    assert kinds(actions) == ["Publish", "CloseRecord", "Publish", "Release"]
    assert scene.contact.disposition is Disposition.CELL_DIED
    assert scene.flow.cell_gone("signal 6") == []
    assert scene.flow.next_deadline_s() is None


def test_the_longest_call_is_ended() -> None:
    scene = Scene()
    scene.talk()
    due_s = scene.flow.next_deadline_s()
    assert due_s == 100 + 3600
    scene.clock.now_s = due_s
    assert kinds(scene.flow.tick(due_s)) == ["RecordInteraction", "HangUp", "HangUp"]


def test_hold_by_the_agent_plays_music_to_the_customer() -> None:
    scene = Scene()
    scene.talk()
    actions = scene.flow.held(AGENT, True)
    assert published(actions, CallHeld)
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/music.wav"),), loop=True)
    assert scene.flow.silent(AGENT) == []
    assert scene.flow.held(AGENT, False)[-1] == do.StopPlay(CUSTOMER)


def test_a_telephone_that_sends_nothing_is_taken_for_gone() -> None:
    scene = Scene()
    scene.talk()
    scene.flow.silent(CUSTOMER)
    assert scene.contact.disposition is Disposition.CALLER_ENDED


def test_a_caller_whose_agent_is_lost_is_served_next() -> None:
    scene = Scene()
    scene.talk()
    actions = scene.flow.silent(AGENT)
    assert kinds(actions) == ["RecordInteraction", "HangUp", "UpdateRecord", "Play"]
    assert isinstance(actions[0], do.RecordInteraction)
    assert (actions[0].interaction.outcome, actions[0].interaction.talk_s) == ("lost", 60)
    assert scene.routing.finished == ["c1"]
    assert scene.routing.queued[-1].waited_s == 70
    assert scene.contact.state is ContactState.QUEUED
    assert kinds(scene.flow.played(CUSTOMER)) == ["Play"]
    scene.ring(SECOND_AGENT, number=2)
    scene.flow.answered(SECOND_AGENT)
    assert scene.contact.agent_id == "agent2"


def test_a_caller_who_is_handed_over_waits_for_somebody_with_the_skill() -> None:
    scene = Scene(skills={"sales": 2})
    scene.talk()
    needed = SkillRequirement(skill="complaints", proficiency_min=3)
    actions = scene.flow.transferred(needed)
    assert kinds(actions) == ["Publish", "RecordInteraction", "HangUp", "UpdateRecord", "Play"]
    assert isinstance(actions[0], do.Publish)
    told = actions[0].event
    assert isinstance(told, ContactTransferred)
    assert (told.agent_id, told.requirement, told.talk_s) == ("agent1", needed, 60)
    assert isinstance(actions[1], do.RecordInteraction)
    assert actions[1].interaction.outcome == "transferred"
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/transfer.wav"),))
    assert scene.routing.finished == ["c1"]
    assert scene.routing.queued[-1].requirements == (
        SkillRequirement(skill="sales", proficiency_min=2),
        needed,
    )
    assert scene.ended(AGENT) == []
    assert scene.contact.state is ContactState.QUEUED
    # The same skill again, and better: the higher wish counts, once.
    scene.ring(SECOND_AGENT, number=2)
    scene.flow.answered(SECOND_AGENT)
    scene.flow.transferred(SkillRequirement(skill="complaints", proficiency_min=5))
    assert [each.proficiency_min for each in scene.routing.queued[-1].requirements] == [2, 5]


def test_who_talks_with_nobody_cannot_be_handed_over() -> None:
    scene = Scene()
    scene.to_queue()
    assert scene.flow.transferred(SkillRequirement(skill="complaints")) == []
    scene.ring()
    assert scene.flow.transferred(SkillRequirement(skill="complaints")) == []
    assert scene.contact.state is ContactState.OFFERED


def test_an_offer_for_a_contact_that_does_not_wait_is_declined() -> None:
    scene = Scene()
    scene.talk()
    assert scene.flow.offered(scene.offer(2)) == []
    assert scene.routing.declined == [("o2", DeclineReason.UNREACHABLE)]


def test_a_caller_whose_agent_is_lost_while_the_queue_is_full_is_told_and_hung_up() -> None:
    scene = Scene()
    scene.talk()
    scene.routing.full = True
    actions = scene.flow.silent(AGENT)
    assert actions.count(do.HangUp(AGENT)) == 1
    assert actions[-1] == do.Play(CUSTOMER, (Path("en/queue-full.wav"),))
    assert scene.flow.played(CUSTOMER) == [do.HangUp(CUSTOMER)]
    scene.ended(AGENT)
    assert kinds(scene.ended(CUSTOMER)) == ["CloseRecord", "Publish", "Release"]
    assert scene.contact.disposition is Disposition.QUEUE_FULL


def test_a_telephone_that_answers_on_hold_is_not_taken_for_gone() -> None:
    scene = Scene()
    scene.to_queue()
    scene.ring()
    scene.flow.held(AGENT, True)
    scene.flow.answered(AGENT)
    assert scene.flow.silent(AGENT) == []
    assert scene.contact.state is ContactState.CONNECTED


def test_after_its_end_a_contact_is_told_of_no_more() -> None:
    scene = Scene()
    scene.talk()
    scene.flow.end(Disposition.HUNG_UP, "over the API")
    assert scene.flow.held(AGENT, True) == []
    assert scene.flow.digit(CUSTOMER, "5") == []
    assert scene.flow.silent(CUSTOMER) == [], "it was told to end already"


def test_a_leg_is_told_to_end_once() -> None:
    scene = Scene()
    scene.talk()
    hung_up = kinds(scene.flow.end(Disposition.HUNG_UP, "over the API")).count("HangUp")
    assert hung_up == 2
    assert kinds(scene.flow.end(Disposition.DRAINED, "the node was stopping")) == []
    assert kinds(scene.ended(CUSTOMER)) == ["CloseRecord", "Publish"]


def test_a_prompt_that_ends_after_the_release_hangs_nobody_up() -> None:
    scene = Scene()
    scene.to_queue()
    scene.flow.released(Disposition.WAIT_EXCEEDED)
    assert kinds(scene.flow.tick(scene.clock.now_s + RELEASE_S_MAX))[-1] == "Release"
    assert scene.flow.played(CUSTOMER) == []
    assert scene.flow.next_deadline_s() is None
    assert scene.flow.cell_gone("signal 6") == []
