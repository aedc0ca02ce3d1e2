"""The customers: who they are, whom they know, and what they have been through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.agent import language_proficiency
from domain.customer_profile import CustomerProfile, Familiar
from router.simulation.arrivals import Arrival, pick
from router.simulation.centre import DAY_S, Centre
from router.simulation.draws import key_of, key_of_text, normal, uniform

FAMILIAR_MAX: Final = 3
FAMILIARITY_GAIN: Final = 0.4
"""Part of what is missing to knowing each other fully that one good contact adds: after three
good ones it is 0.78."""
FAMILIARITY_HALF_LIFE_S: Final = 60 * DAY_S
PREFERRED_MIN: Final = 0.5
"""Strength from which on a customer asks for the agent he knows: two good contacts."""
FRUSTRATION_UNRESOLVED: Final = 0.3
FRUSTRATION_ABANDONED: Final = 0.15
FRUSTRATION_KEPT: Final = 0.3
"""What is left of it after the matter was resolved."""
FRUSTRATION_HALF_LIFE_S: Final = 7 * DAY_S
TEMPER_MEAN: Final = 0.12
TEMPER_SPREAD: Final = 0.18
"""Most people call calm: at these figures one in ten is uneasy (0.35) or worse at once."""

(_LANGUAGE, _VALUE, _PRODUCT, _REGION, _KNOWN, _OPTED_OUT, _HISTORY, _AGENT, _STRENGTH, _SINCE) = (
    range(1, 11)
)
_TEMPER: Final = 2


@dataclass(slots=True)
class Customer:
    """One customer.

    Attributes:
        known: His profile is found when he comes.
        profiling: He does not mind.
        knows: Agents, how well, and when they last met; seconds.
        open_matters: Queue and topic of what is not resolved.
        frustration: As of `frustrated_at_s`, 0.0 to 1.0.
    """

    customer_id: str
    language: str
    value: int
    product: str | None
    region: str | None
    known: bool
    profiling: bool
    knows: dict[str, tuple[float, float]] = field(default_factory=dict)
    open_matters: set[tuple[str, str]] = field(default_factory=set)
    last_s: float | None = None
    frustration: float = 0.0
    frustrated_at_s: float = 0.0

    def familiarity(self, agent_id: str, now_s: float) -> float:
        """Return how well he knows an agent by now, 0.0 to 1.0."""
        strength, since_s = self.knows.get(agent_id, (0.0, now_s))
        return float(strength * 0.5 ** ((now_s - since_s) / FAMILIARITY_HALF_LIFE_S))

    def frustrated(self, now_s: float) -> float:
        """Return how frustrated he is by now, 0.0 to 1.0."""
        days = (now_s - self.frustrated_at_s) / FRUSTRATION_HALF_LIFE_S
        return float(self.frustration * 0.5**days)

    def mood(self, arrival: Arrival, now_s: float) -> float:
        """Return how upset he is when he comes, 0.0 to 1.0."""
        temper = max(0.0, TEMPER_MEAN + TEMPER_SPREAD * normal(arrival.key, _TEMPER))
        return min(1.0, temper + self.frustrated(now_s))

    def profile(self, arrival: Arrival, now_s: float) -> CustomerProfile:
        """Return what the router is told of him."""
        whole = CustomerProfile(customer_id=self.customer_id, language=self.language)
        if not self.profiling:
            return whole.unprofiled()
        if not self.known:
            return whole
        knows = sorted(
            ((self.familiarity(agent_id, now_s), agent_id) for agent_id in self.knows),
            key=lambda pair: (-pair[0], pair[1]),
        )[:FAMILIAR_MAX]
        asks_for = knows[0][1] if knows and knows[0][0] >= PREFERRED_MIN else None
        return CustomerProfile(
            customer_id=self.customer_id,
            value=self.value if arrival.value is None else arrival.value,
            language=self.language,
            region=self.region,
            product=self.product,
            topic=arrival.topic,
            repeat=(arrival.queue_id, arrival.topic) in self.open_matters,
            days_since=None if self.last_s is None else (now_s - self.last_s) / DAY_S,
            frustration=self.frustrated(now_s),
            familiar=tuple(
                Familiar(agent_id=agent_id, strength=strength) for strength, agent_id in knows
            ),
            preferred_agent_id=asks_for,
            segment=f"tier-{self.value}",
        )

    def met(self, arrival: Arrival, agent_id: str, now_s: float, *, resolved: bool) -> None:
        """Remember a contact that an agent has served."""
        strength = self.familiarity(agent_id, now_s)
        strength = strength + FAMILIARITY_GAIN * (1 - strength) if resolved else strength / 2
        self.knows[agent_id] = (strength, now_s)
        matter = (arrival.queue_id, arrival.topic)
        before = self.frustrated(now_s)
        if resolved:
            self.open_matters.discard(matter)
            self._feel(before * FRUSTRATION_KEPT, now_s)
        else:
            self.open_matters.add(matter)
            self._feel(before + FRUSTRATION_UNRESOLVED, now_s)
        self.last_s = now_s

    def gave_up(self, now_s: float) -> None:
        """Remember that he left unserved."""
        self._feel(self.frustrated(now_s) + FRUSTRATION_ABANDONED, now_s)
        self.last_s = now_s

    def _feel(self, frustration: float, now_s: float) -> None:
        self.frustration, self.frustrated_at_s = min(1.0, frustration), now_s


class Customers:
    """All who ever came; others are drawn when they come first."""

    def __init__(self, centre: Centre) -> None:
        """Begin with nobody seen."""
        self._centre = centre
        self._audience = centre.workload.customers
        self._seen: dict[str, Customer] = {}
        self._speakers: dict[str, Sequence[str]] = {}

    def get(self, arrival: Arrival) -> Customer:
        """Return who comes with an arrival."""
        customer = self._seen.get(arrival.customer_id)
        if customer is None:
            customer = self._seen[arrival.customer_id] = self._draw(arrival)
        return customer

    def _draw(self, arrival: Arrival) -> Customer:
        audience = self._audience
        key = key_of(self._centre.seed, key_of_text(arrival.customer_id))
        language = arrival.language or pick(audience.languages, uniform(key, _LANGUAGE))
        value = arrival.value
        if value is None:
            value = pick(audience.values, uniform(key, _VALUE))
        customer = Customer(
            customer_id=arrival.customer_id,
            language=language,
            value=value,
            product=_some(audience.products, uniform(key, _PRODUCT)),
            region=_some(audience.regions, uniform(key, _REGION)),
            known=uniform(key, _KNOWN) < audience.known,
            profiling=uniform(key, _OPTED_OUT) >= audience.opted_out,
        )
        if uniform(key, _HISTORY) < audience.history:
            agents = self._who_speak(language)
            if agents:
                agent_id = agents[int(uniform(key, _AGENT) * len(agents))]
                since_s = -30 * DAY_S * uniform(key, _SINCE)
                customer.knows[agent_id] = (0.2 + 0.6 * uniform(key, _STRENGTH), since_s)
                customer.last_s = since_s
        return customer

    def _who_speak(self, language: str) -> Sequence[str]:
        found = self._speakers.get(language)
        if found is None:
            found = self._speakers[language] = [
                agent_id
                for agent_id, one in self._centre.staff.items()
                if language_proficiency(one.agent.languages, language) > 0
            ]
        return found


def _some(shares: Mapping[str, float], place: float) -> str | None:
    return pick(shares, place) if shares else None
