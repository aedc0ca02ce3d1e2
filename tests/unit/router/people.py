"""Agents, queues and contacts for the router's tests."""

from collections.abc import Mapping, Sequence
from itertools import count

from config.routing import Routing
from config.schema import AgentEntry, QueueEntry
from domain.agent import AgentState
from domain.contact import Channel
from domain.events import ContactQueued
from domain.skill import SkillRequirement
from router.core import Output, RouterCore
from router.inputs import AgentStateRequested, Input, ReachabilityChanged
from router.policy import AgentPolicy, RouterPolicy


def agent(name: str, **entry) -> AgentEntry:
    entry.setdefault("extension", "100")
    return AgentEntry(id=name, name=name.title(), **entry)


def queue(name: str = "sales", **entry) -> QueueEntry:
    entry.setdefault("ring_s", 20)
    entry.setdefault("wrap_up_s", 15)
    return QueueEntry(id=name, name=name, numbers=["1"], **entry)


def policy(
    agents: Sequence[AgentEntry],
    queues: Sequence[QueueEntry] = (),
    *,
    apart: frozenset[frozenset[Channel]] = frozenset(),
    **weights: object,
) -> RouterPolicy:
    return RouterPolicy(
        agents={entry.id: AgentPolicy.of(entry, apart) for entry in agents},
        queues={entry.id: entry for entry in queues or (queue(),)},
        weights=Routing(**weights),
    )


def queued(contact_id: str, queue_id: str = "sales", **rest) -> ContactQueued:
    rest = {"language": "en", "priority": 0, **rest}
    skills: Mapping[str, int] = rest.pop("skills", {})
    return ContactQueued(
        contact_id=contact_id,
        queue_id=queue_id,
        requirements=tuple(
            SkillRequirement(skill=skill, proficiency_min=least) for skill, least in skills.items()
        ),
        **rest,
    )


class Desk:
    """A core with a clock of its own, that assigns as soon as it can."""

    def __init__(
        self, rules: RouterPolicy, *, ready: bool = True, remembered=None, outcomes=None
    ) -> None:
        self.now_s = 1_000.0
        ids = count(1)
        self.core = RouterCore(
            rules,
            new_id=lambda: f"o{next(ids)}",
            now_s=self.now_s,
            remembered=remembered,
            outcomes=outcomes,
        )
        self.outputs: list[Output] = self.core.advance(self.now_s)
        if ready:
            for agent_id in rules.agents:
                self.ready(agent_id)

    def ready(self, agent_id: str) -> None:
        self.tell(ReachabilityChanged(agent_id, True))
        self.tell(AgentStateRequested(agent_id, AgentState.READY))

    def tell(self, *happened: Input) -> list[Output]:
        """Tell all, then assign; return what came of it."""
        outputs: list[Output] = []
        for one in happened:
            outputs += self.core.handle(one, self.now_s)
        return self._assigned(outputs)

    def pass_time(self, seconds: float) -> list[Output]:
        """Move from deadline to deadline; return what came of it."""
        until_s = self.now_s + seconds
        outputs: list[Output] = []
        while (due_s := self.core.next_deadline_s()) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            outputs += self.core.advance(self.now_s)
            self._assigned(outputs)
        self.now_s = until_s
        return outputs

    def _assigned(self, outputs: list[Output]) -> list[Output]:
        while self.core.wants_assignment:
            outputs += self.core.assign(self.now_s)
        self.outputs += outputs
        return outputs

    def state(self, agent_id: str) -> AgentState:
        return self.core.roster.get(agent_id).state

    def offers(self) -> dict[str, str]:
        """Return the agent by contact of all pending offers."""
        return {offer.contact_id: offer.agent_id for offer in self.core.offers}

    def offer_id(self, contact_id: str) -> str:
        offer = self.core.offers.of_contact(contact_id)
        assert offer is not None
        return offer.offer_id


def of_kind(outputs: Sequence[Output], kind: type) -> list:
    return [output for output in outputs if isinstance(output, kind)]
