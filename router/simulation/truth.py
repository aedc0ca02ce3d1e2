"""The truth: how long a contact takes with this agent and what comes of it. No policy is told.

Why it is so, and which policy each part speaks for, stands in docs/simulator.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import Final

from config.workload import Topic
from domain.agent import language_proficiency
from router.simulation.arrivals import Arrival
from router.simulation.centre import Centre, Staff
from router.simulation.customers import Customer
from router.simulation.draws import lognormal, normal, uniform

WAIT_ANGERS_S: Final = 600.0
WAIT_ANGERS_MAX: Final = 0.3
"""Ten minutes of waiting carry a calm customer nearly to uneasy (0.35)."""
UPSET_MIN: Final = 0.2
"""Below it nobody asks whether he was calmed."""
HANDLE_S_MIN: Final = 5.0
_HANDLE, _RESOLVED, _SATISFIED, _CALMER, _DROPPED, _DROPPED_AT, _TOLD = 20, 21, 22, 23, 24, 25, 26


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a contact.

    Attributes:
        handle_s: Until it ends.
        satisfied: 0.0 to 1.0.
        calmer: Calmer at the end than at the start; None: was calm from the start.
        dropped: The call was cut off.
        told: The policy is told of it.
    """

    handle_s: float
    resolved: bool
    satisfied: float
    calmer: bool | None
    dropped: bool
    told: bool

    def cut_off(self) -> "Fate":
        """Return what becomes of a call whose line is lost in the middle."""
        satisfied = max(0.0, self.satisfied - 0.45 * self.resolved)
        return replace(self, resolved=False, satisfied=satisfied, dropped=True)


class Truth:
    """What really makes contacts of a centre succeed."""

    def __init__(self, centre: Centre) -> None:
        """Take the numbers of the centre's workload."""
        self._centre = centre
        self._numbers = centre.workload.truth
        self._dropped = centre.workload.faults.dropped
        self._topics: dict[tuple[str, str], Topic] = {
            (load.id, name): topic
            for load in centre.workload.queues
            for name, topic in load.topics.items()
        }
        self._usual = Topic()

    def fate(
        self,
        arrival: Arrival,
        customer: Customer,
        staff: Staff,
        *,
        at_s: float,
        waited_s: float,
        mood: float,
        others: int,
    ) -> Fate:
        """Return what becomes of a contact that an agent has just answered.

        Args:
            arrival: The contact.
            customer: Who it is.
            staff: Who has answered.
            at_s: When.
            waited_s: How long the customer had waited.
            mood: How upset he is by now, 0.0 to 1.0.
            others: Contacts that the agent has open beside this one.
        """
        agent, numbers = staff.agent, self._numbers
        topic = self._topics.get((arrival.queue_id, arrival.topic), self._usual)
        talent = staff.talent.get(f"{arrival.queue_id}/{arrival.topic}", 0.0)
        skill = self._skill(arrival.queue_id, agent.skills) - 3
        short = 5 - language_proficiency(agent.languages, customer.language)
        product = customer.product is not None and customer.product in agent.products
        region = customer.region is not None and customer.region in agent.regions
        familiar = customer.familiarity(agent.agent_id, at_s)
        repeat = (arrival.queue_id, arrival.topic) in customer.open_matters
        chance, time = numbers.resolution, numbers.handle
        calming = chance.calming * (agent.emotion_handling - 1) / 4
        logit = (
            chance.base
            - topic.difficulty
            + chance.skill * skill
            + chance.talent * talent
            + chance.language * short
            + chance.product * product
            + chance.region * region
            + chance.familiarity * familiar
            + chance.mood * mood * (1 - calming)
            + chance.repeat * repeat
        )
        slower = (
            time.skill * skill
            + time.talent * talent
            + time.language * short
            + time.product * product
            + time.familiarity * familiar
            + time.mood * mood
            + time.repeat * repeat
            + staff.pace
        )
        key = arrival.key
        way = self._centre.workload.channel(arrival.channel.value)
        handle_s = lognormal(key, _HANDLE, topic.handle_s * way.handle_factor, way.handle_sigma)
        handle_s *= exp(slower) * (1 + way.side_by_side * others)
        resolved = uniform(key, _RESOLVED) < 1 / (1 + exp(-logit))
        dropped = arrival.channel.value == "voice" and uniform(key, _DROPPED) < self._dropped
        if dropped:
            handle_s *= uniform(key, _DROPPED_AT)
            resolved = False
        calmer = None
        if mood >= UPSET_MIN:
            calmer = uniform(key, _CALMER) < 0.2 + 0.1 * agent.emotion_handling + 0.2 * resolved
        target_s = self._centre.queues[arrival.queue_id].service_level.target_s
        satisfied = (
            0.35
            + 0.45 * resolved
            + 0.1 * (calmer is not False)
            + 0.1 * familiar
            - 0.15 * mood
            - min(0.3, 0.03 * waited_s / target_s)
            + 0.1 * normal(key, _SATISFIED)
        )
        return Fate(
            handle_s=max(HANDLE_S_MIN, handle_s),
            resolved=resolved,
            satisfied=min(1.0, max(0.0, satisfied)),
            calmer=calmer,
            dropped=dropped,
            told=uniform(key, _TOLD) < numbers.outcome_told,
        )

    def _skill(self, queue_id: str, skills: Mapping[str, int]) -> float:
        asked = [need.skill for need in self._centre.requirements[queue_id]]
        if not asked:
            return 3.0
        return sum(skills.get(skill, 0) for skill in asked) / len(asked)


def mood_after(mood: float, waited_s: float) -> float:
    """Return how upset a customer is who came with `mood` and has waited, 0.0 to 1.0."""
    return min(1.0, mood + WAIT_ANGERS_MAX * min(1.0, waited_s / WAIT_ANGERS_S))
