from datetime import UTC, datetime, timedelta

import pytest

from domain.offer import DeclineReason, Offer
from pbx.agent_ring import AgentRing, decline_reason

STARTED_AT = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def ring() -> AgentRing:
    offer = Offer(
        offer_id="o1",
        contact_id="c1",
        agent_id="anna",
        queue_id="support",
        made_at_s=99.0,
        expires_at_s=119.0,
    )
    return AgentRing(offer, STARTED_AT, 100.0)


def test_an_agent_who_did_not_answer_has_rung_all_the_time(ring: AgentRing) -> None:
    part = ring.interaction("ring_no_answer", now_s=120.0)
    assert (part.contact_id, part.agent_id, part.outcome) == ("c1", "anna", "ring_no_answer")
    assert (part.ring_s, part.talk_s) == (20.0, 0.0)
    assert part.started_at == STARTED_AT
    assert part.ended_at == STARTED_AT + timedelta(seconds=20)


def test_what_is_not_talk_is_ringing(ring: AgentRing) -> None:
    part = ring.interaction("answered", now_s=165.0, talk_s=60.0)
    assert (part.ring_s, part.talk_s) == (5.0, 60.0)


def test_ringing_is_never_negative(ring: AgentRing) -> None:
    assert ring.interaction("answered", now_s=160.0, talk_s=60.000001).ring_s == 0.0


def test_each_part_has_a_name_of_its_own(ring: AgentRing) -> None:
    names = {ring.interaction("busy", now_s=101.0).interaction_id for _ in range(10)}
    assert len(names) == 10


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, DeclineReason.BUSY),
        (600, DeclineReason.BUSY),
        (603, DeclineReason.DECLINED),
        (0, DeclineReason.UNREACHABLE),
        (404, DeclineReason.UNREACHABLE),
        (408, DeclineReason.UNREACHABLE),
        (480, DeclineReason.UNREACHABLE),
        (487, DeclineReason.UNREACHABLE),
        (503, DeclineReason.UNREACHABLE),
        (604, DeclineReason.UNREACHABLE),
    ],
)
def test_what_a_final_answer_means(status: int, reason: DeclineReason) -> None:
    assert decline_reason(status) is reason
