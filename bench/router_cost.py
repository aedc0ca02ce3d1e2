"""The problem that the router's own core poses of a generated moment: its costs, its rows.

Agents log in and contacts arrive once; posing the problem of a moment, as the core does at each
assignment, is what is timed.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.router_people import SEGMENTS, TOPICS, Scene
from config.routing import Routing
from domain.agent import AgentState
from domain.deadlines import Deadlines
from domain.decision import Scheme
from router.assignment.problem import Problem
from router.changes import Changes
from router.demand import Demand
from router.inputs import CustomerKnown, MoodObserved
from router.offers import Pauses
from router.policy import AgentPolicy, RouterPolicy
from router.roster import Roster

NOW_S: Final = 100_000.0
CHANCE: Final = 0.7
CHANCE_TILT: Final = 0.12
"""Standard deviation of an agent's chance of a good outcome by topic and segment: what outcome
models of this kind find at best."""
ALL_TOPICS: Final = tuple(topic for topics in TOPICS.values() for topic in topics)


class _Chances:
    """An outcome model that has learnt already: it expects the same at all times."""

    version = 1
    enabled = True

    def __init__(self, agents: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        # An agent is good or not in general, and by topic and segment a little besides.
        self._general = 0.8 * rng.normal(size=agents)
        self._seed = seed

    def expect(
        self, topic: str, segment: str, agent_ids: Sequence[str], prior: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        place = ALL_TOPICS.index(topic) if topic in ALL_TOPICS else len(ALL_TOPICS)
        group = SEGMENTS.index(segment) if segment in SEGMENTS else len(SEGMENTS)
        rng = np.random.default_rng((self._seed, place, group))
        tilt = self._general + 0.6 * rng.normal(size=len(agent_ids))
        chances: NDArray[np.float32] = np.clip(CHANCE + CHANCE_TILT * tilt, 0.05, 0.98).astype(
            np.float32
        )
        return chances

    def draw(self, contact_id: str) -> tuple[Scheme, float]:
        return Scheme.LEARNED, 0.9

    def observe(self, *seen: object) -> None:
        raise AssertionError("nothing comes to an end in this bench")

    note = observe

    def load_factor(self, occupancy: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.ones(len(occupancy), dtype=np.float32)


def posed(scene: Scene, seed: int) -> Callable[[], Problem]:
    """Return what poses the problem of a moment; `seed` draws what is expected of agents."""
    changes = Changes()
    roster = Roster(lambda _: None, lambda *_: None, None, changes)
    demand = Demand(roster, Pauses(), Deadlines(), _Chances(len(scene.agents), seed), changes)
    policy = RouterPolicy(
        agents={free.agent.agent_id: AgentPolicy(agent=free.agent) for free in scene.agents},
        queues={queue.id: queue for queue in scene.queues},
        weights=Routing(),
    )
    roster.replace(policy.agents, NOW_S)
    for free in scene.agents:
        standing = roster.get(free.agent.agent_id)
        roster.set_reachable(standing, True, NOW_S - free.idle_s)
        roster.request(standing, AgentState.READY, "", NOW_S - free.idle_s)
        roster.occupancy.set_share(standing.column, free.occupancy, NOW_S)
    demand.take_over(policy, policy.queues, NOW_S)
    for waiting in scene.contacts:
        contact_id = waiting.queued.contact_id
        demand.take(CustomerKnown(contact_id, waiting.profile), NOW_S)
        demand.take(MoodObserved(contact_id, waiting.mood), NOW_S)
        demand.add(waiting.queued, NOW_S)

    def pose() -> Problem:
        changes.everything = True
        asked = demand.pose(NOW_S)
        assert asked is not None, "somebody waits and somebody is free"
        return asked.problem

    return pose
