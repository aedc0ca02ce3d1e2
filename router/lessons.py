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
from router.learning.outcome import goodness
from router.learning.prior import static_prior

DAY_S: Final = 86_400.0
PROMISED_MAX: Final = 1_024
"""Topics for which it is kept what skills promise; 1,024 rows of 2,000 agents take 8 MiB."""

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
        self._columns: AgentColumns | None = None
        self._promised: dict[tuple[str, tuple[str, ...]], Chances] = {}

    def scheme_of(self, contact_id: str, profile: CustomerProfile | None) -> tuple[Scheme, float]:
        """Return by which rules a contact is routed, and with what probability."""
        if profile is not None and not profile.profiling:
            return Scheme.PLAIN, 1.0
        if self._model is None or not self._model.enabled:
            return Scheme.UNLEARNED, 1.0
        return self._model.draw(contact_id)

    def expect(
        self, columns: AgentColumns, topic: str, segment: str, skills: Sequence[str]
    ) -> Chances:
        """Return the chance of a good outcome with each agent, 0.0 to 1.0, shape (agents,)."""
        if self._model is None:
            return np.zeros(len(columns), dtype=np.float32)
        agent_ids = columns.agent_ids
        if columns is not self._columns:
            self._columns = columns
            self._promised.clear()
        key = (topic, tuple(skills))
        promised = self._promised.get(key)
        if promised is None:
            if len(self._promised) >= PROMISED_MAX:
                self._promised.clear()
            promised = self._promised[key] = static_prior(columns.agents, topic, skills)
        return self._model.expect(topic, segment, agent_ids, promised)

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
        good = goodness(outcome)
        if self._model is None or good is None:
            return
        served = self._served.pop(outcome.contact_id)
        if served is None or served.scheme is Scheme.PLAIN:
            # Whoever does not want to be profiled teaches nothing either.
            return
        of = (served.topic, served.segment, served.agent_id)
        at_days = now_s / DAY_S if outcome.at_days is None else outcome.at_days
        self._model.observe(*of, good, at_days)
        self._model.note(served.scheme, *of, good)
