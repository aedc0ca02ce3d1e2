import pytest

from config.routing import Overflow, QueueRouting, Relaxation
from domain.agent import AgentState
from domain.contact import Channel
from domain.errors import SimulationError
from domain.offer import Offer
from router.policy import RouterPolicy
from router.simulation.referee import Referee, Request
from tests.unit.router.people import agent, policy, queue
from tests.unit.router.simulation.rig import exclusive

PEOPLE = [
    agent("anna", extension="20", skills={"tech": 3}),
    agent("bob", extension="21", languages={"zh": 5}),
]
QUEUES = [queue(), queue("help", skills={"tech": 4})]


def offer(number: int, contact_id: str, agent_id: str, queue_id: str = "sales") -> Offer:
    return Offer(
        offer_id=f"o{number}", contact_id=contact_id, agent_id=agent_id, queue_id=queue_id,
        made_at_s=0.0, expires_at_s=20.0,
    )  # fmt: skip


def watching(of: RouterPolicy | None = None) -> Referee:
    referee = Referee("policy", exclusive(of or policy(PEOPLE, QUEUES)))
    for one in PEOPLE:
        referee.reachable(one.id, reachable=True)
        referee.state_asked(one.id, AgentState.READY)
    for number in (1, 2, 3):
        referee.queued(Request(f"c{number}", "sales", "en", Channel.VOICE, 0.0))
    referee.queued(Request("h", "help", "en", Channel.VOICE, 0.0))
    referee.queued(Request("chat", "sales", "en", Channel.CHAT, 0.0))
    return referee


def test_what_is_right_passes() -> None:
    referee = watching()
    referee.offered(offer(1, "c1", "anna"), 0.0)
    referee.accepted("o1")
    referee.finished("c1", 10.0)
    referee.offered(offer(2, "c2", "anna"), 10.0)
    referee.settled("o2")
    referee.offered(offer(3, "c2", "anna"), 11.0)
    referee.left("c2")
    assert referee.offers == 3
    assert not referee.held_by("anna")


@pytest.mark.parametrize(
    ("contact_id", "agent_id", "said"),
    [
        ("nobody", "anna", "does not wait"),
        ("c1", "carl", "not in the configuration"),
        ("c1", "bob", "not able"),
        ("h", "anna", "not able"),
    ],
)
def test_whom_a_contact_must_not_be_offered_to(contact_id: str, agent_id: str, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        watching().offered(offer(1, contact_id, agent_id), 0.0)


def test_nobody_is_booked_twice() -> None:
    referee = watching()
    referee.offered(offer(1, "c1", "anna"), 0.0)
    with pytest.raises(SimulationError, match="to another"):
        referee.offered(offer(2, "c1", "anna"), 0.0)
    with pytest.raises(SimulationError, match="no room for it beside 1 voice"):
        referee.offered(offer(2, "c2", "anna"), 0.0)
    referee.accepted("o1")
    with pytest.raises(SimulationError, match="no room for it beside 1 voice"):
        referee.offered(offer(2, "chat", "anna"), 0.0)
    referee.finished("c1", 10.0)
    with pytest.raises(SimulationError, match="no room"):
        referee.offered(offer(2, "c2", "anna"), 9.0)
    referee.offered(offer(2, "c2", "anna"), 10.0)


def test_who_is_away_or_missed_one_is_left_alone() -> None:
    referee = watching()
    referee.state_asked("anna", AgentState.NOT_READY)
    with pytest.raises(SimulationError, match="not ready"):
        referee.offered(offer(1, "c1", "anna"), 0.0)
    referee.state_asked("anna", AgentState.READY)
    referee.offered(offer(1, "c1", "anna"), 0.0)
    referee.settled("o1", missed=True)
    with pytest.raises(SimulationError, match="not ready"):
        referee.offered(offer(2, "c2", "anna"), 0.0)
    referee.state_asked("anna", AgentState.READY)
    referee.reachable("anna", reachable=False)
    with pytest.raises(SimulationError, match="not ready"):
        referee.offered(offer(2, "c2", "anna"), 0.0)
    referee.configured(policy(PEOPLE[1:], QUEUES))
    with pytest.raises(SimulationError, match="not in the configuration"):
        referee.offered(offer(2, "c2", "anna"), 0.0)


def test_rules_that_relax_are_held_to_their_times() -> None:
    relaxed = QUEUES[1].model_copy(
        update={"routing": QueueRouting(relax=[Relaxation(after_s=30, skills={"tech": 3})])}
    )
    referee = watching(policy(PEOPLE, [QUEUES[0], relaxed]))
    with pytest.raises(SimulationError, match="not able"):
        referee.offered(offer(1, "h", "anna", "help"), 29.0)
    referee.offered(offer(1, "h", "anna", "help"), 30.0)


def test_a_contact_may_overflow_when_it_is_time() -> None:
    over = QUEUES[1].model_copy(
        update={"routing": QueueRouting(overflow=Overflow(queue="sales", after_s=60))}
    )
    referee = watching(policy(PEOPLE, [QUEUES[0], over]))
    with pytest.raises(SimulationError, match="not able"):
        referee.offered(offer(1, "h", "anna"), 59.0)
    referee.offered(offer(1, "h", "anna"), 60.0)


def test_what_never_was_cannot_end() -> None:
    with pytest.raises(SimulationError, match="not pending"):
        watching().accepted("o9")
    with pytest.raises(SimulationError, match="did not wait"):
        watching().left("nobody")
