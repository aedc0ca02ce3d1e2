"""What outcomes teach: which contacts are routed by it, whom an outcome is credited to."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.customer_profile import CustomerProfile
from domain.decision import Scheme
from router.columns import AgentColumns
from router.inputs import OutcomeKnown
from router.known import Kept, ServedContact

DAY_S: Final = 86_400.0
PRIOR_LEAST: Final = 0.4
PRIOR_PER_LEVEL: Final = 0.08
"""What is expected of an agent of whom no outcome is known: between 0.48 at level 1 and 0.8 at
level 5. First-contact resolution in call centres lies about 0.7; the spread is cautious, for a
wrong prior costs more than a flat one."""

Chances = NDArray[np.float32]


class OutcomeModel(Protocol):
    """The chance of a good outcome by topic, segment and agent (`router/learning/`)."""

    @property
    def version(self) -> int:
        """Grows when expectations should be read again."""
        ...

    @property
    def enabled(self) -> bool:
        """Whether expectations have part in decisions."""
        ...

    def expect(self, topic: str, segment: str, agent_ids: Sequence[str], prior: Chances) -> Chances:
        """Return the chance of a good outcome with each agent, 0.0 to 1.0, shape (agents,)."""
        ...

    def observe(self, topic: str, segment: str, agent_id: str, good: float, at_days: float) -> None:
        """Learn from an outcome, 0.0 to 1.0."""
        ...

    def draw(self, contact_id: str) -> tuple[Scheme, float]:
        """Return by which scheme a contact is routed, and with what probability."""
        ...

    def note(self, scheme: Scheme, topic: str, segment: str, agent_id: str, good: float) -> None:
        """Count an outcome for the comparison of schemes."""
        ...

    def load_factor(self, occupancy: NDArray[np.float64]) -> Chances:
        """Return by how much expectations count for each agent, 0.0 to 1.0, shape (agents,)."""
        ...


class Lessons:
    """The outcome model as the core uses it; without a model nothing is drawn or learnt."""

    def __init__(self, model: OutcomeModel | None) -> None:
        self._model = model
        self._served: Kept[ServedContact] = Kept()
        self._version = -1

    def scheme_of(self, contact_id: str, profile: CustomerProfile | None) -> tuple[Scheme, float]:
        """Return by which rules a contact is routed, and with what probability."""
        if profile is not None and not profile.profiling:
            return Scheme.PLAIN, 1.0
        if self._model is None or not self._model.enabled:
            return Scheme.UNLEARNED, 1.0
        return self._model.draw(contact_id)

    def expect(self, columns: AgentColumns, topic: str, segment: str) -> Chances:
        """Return the chance of a good outcome with each agent, 0.0 to 1.0, shape (agents,)."""
        if self._model is None:
            return np.zeros(len(columns), dtype=np.float32)
        agent_ids = [agent.agent_id for agent in columns.agents]
        return self._model.expect(topic, segment, agent_ids, prior(columns, topic))

    def have_changed(self) -> bool:
        """Tell whether expectations should be read again, once for each change."""
        if self._model is None or self._model.version == self._version:
            return False
        self._version = self._model.version
        return True

    def load_factor(self, occupancy: Callable[[], NDArray[np.float64]]) -> Chances | None:
        """Return by how much expectations count for each agent; None: fully.

        Args:
            occupancy: Gives the share of time that each was occupied, 0.0 to 1.0.
        """
        return None if self._model is None else self._model.load_factor(occupancy())

    def served(self, contact_id: str, served: ServedContact) -> None:
        """Remember who serves a contact, until its outcome is known."""
        if self._model is not None:
            self._served.put(contact_id, served)

    def learn(self, outcome: OutcomeKnown, now_s: float) -> None:
        """Learn from what became of a contact; harmless when nothing is remembered of it."""
        known = [
            float(part)
            for part in (outcome.resolved, outcome.satisfied, outcome.calmer)
            if part is not None
        ]
        if self._model is None or not known:
            return
        served = self._served.pop(outcome.contact_id)
        if served is None or served.scheme is Scheme.PLAIN:
            # Whoever does not want to be profiled teaches nothing either.
            return
        good = sum(known) / len(known)
        of = (served.topic, served.segment, served.agent_id)
        self._model.observe(*of, good, now_s / DAY_S)
        self._model.note(served.scheme, *of, good)


def prior(columns: AgentColumns, topic: str) -> Chances:
    """Return what is expected of each agent before any outcome is known, shape (agents,).

    From the ratings in the topic where there are some, else from the mean of his skills.
    """
    rated = any(topic in agent.ratings for agent in columns.agents)
    if rated:
        levels = columns.rating(topic)
    else:
        levels = np.array(
            [
                sum(agent.skills.values()) / len(agent.skills) if agent.skills else 3.0
                for agent in columns.agents
            ],
            dtype=np.float32,
        )
    return (PRIOR_LEAST + PRIOR_PER_LEVEL * levels).astype(np.float32)
