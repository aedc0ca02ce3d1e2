"""What a decision costs, in seconds of a customer's waiting.

Serving contact i by agent j costs the sum of these terms, each with a weight of its own in the
configuration, which a queue may set otherwise:

| term | what it costs |
| --- | --- |
| skill | levels that the skills asked for lack to 5, on average |
| language | levels that the command of the customer's language lacks to 5 |
| region, product | the agent does not know the customer's |
| rating | points that his rating in the contact's topic lacks to 5 |
| seniority | levels that he lacks to what the contact asks for |
| emotion | how upset the customer is, times levels that the handling of emotion lacks to 5 |
| expectation | chance of a bad outcome, as the outcome model sees it |
| reserve | he is one of few who can serve other queues |
| familiarity | below 0: the customer knows him |
| idle | below 0: seconds that he has been idle, up to IDLE_S_MAX |
| occupancy | share of the last hour that he was occupied |

Every term but the last three is told against its mean over the agents who may serve the contact:
what nobody can give, such as a region that no agent knows, makes no contact wait longer.

Leaving contact i waiting costs

    leave(i) = unserved_s + urgency(i)
    urgency(i) = channel * (wait_weight_per_s * (HEAD_START_S + waited)
                            + overdue_weight_per_s * (waited - target)+)
               + priority_weight_s * priority + value_weight_s * (value - 1)

Pair costs are bounded and urgency grows without end, so whoever waits is served in the end: with
the default weights nobody of the same channel who came more than `starvation_bound_s` later goes
first where both can go.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.routing import Routing, Weights
from config.schema import QueueEntry
from domain.contact import Channel
from domain.decision import Reason
from domain.skill import PROFICIENCY_MAX, SkillRequirement
from router.assignment.problem import Seconds
from router.columns import AgentColumns, Mask
from router.policy import requirements_of

IDLE_S_MAX: Final = 3_600.0
"""An hour without work is as long as a day: else a whole night would outweigh all skill."""
HEAD_START_S: Final = 60.0
"""Seconds that a contact counts as having waited when it comes, so that its channel tells at once:
a new call goes before a mail of the last 25 minutes, or of the last 50 where that is on target."""
PRIORITY_MAX: Final = 20
"""Of a contact whose customer is upset: twice the highest of a queue, so that no number of alerts
puts one contact before all others for good."""
EMOTION_DEGREES: Final = 3
"""Degrees of distress: uneasy, upset, angry."""
ROWS_MIN: Final = 16

CHANNELS: Final = tuple(Channel)
"""Channels in the order of their rows."""


class Row(IntEnum):
    """The terms that have a row for each value of a contact, in the order of a contact's rows."""

    SKILL = 0
    LANGUAGE = 1
    REGION = 2
    PRODUCT = 3
    RATING = 4
    SENIORITY = 5
    EMOTION = 6
    EXPECTATION = 7
    RESERVE = 8
    RING = 9


REASONS: Final[Mapping[Row, Reason | None]] = {
    Row.SKILL: Reason.SKILL,
    Row.LANGUAGE: Reason.LANGUAGE,
    Row.REGION: Reason.REGION,
    Row.PRODUCT: Reason.PRODUCT,
    Row.RATING: Reason.RATING,
    Row.SENIORITY: Reason.SENIORITY,
    Row.EMOTION: Reason.EMOTION,
    Row.EXPECTATION: Reason.EXPECTATION,
    Row.RESERVE: Reason.RESERVE,
    Row.RING: None,
}
Key = tuple[object, ...]
"""What a row depends on, beginning with the queue, whose weights it holds."""
NOTHING: Final[Key] = ()
"""The key of the row of zeros: the contact says nothing that this term could tell agents apart
by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a contact asks for at this moment: all that its rows depend on.

    Attributes:
        requirements, language, language_min: Without which an agent may not serve it.
        spoken: BCP 47 tag of the language the customer speaks best.
        seniority: Level that suits it, 1 to 5.
        distress: How upset the customer is, 0 to EMOTION_DEGREES.
        expected: Topic and segment that the outcome model is asked for; None: it is not.
        ring: Rings open, from 1; 0 where the queue has none.
    """

    queue_id: str
    requirements: tuple[SkillRequirement, ...]
    language: str
    language_min: int
    spoken: str
    region: str | None = None
    product: str | None = None
    topic: str
    seniority: int = 1
    distress: int = 0
    expected: tuple[str, str] | None = None
    ring: int = 0

    def keys(self) -> tuple[Key, ...]:
        """Return the key of each row, in the order of `Row`."""
        queue_id = self.queue_id
        return (
            (queue_id, self.requirements),
            (queue_id, self.language, self.language_min, self.spoken),
            NOTHING if self.region is None else (queue_id, self.region),
            NOTHING if self.product is None else (queue_id, self.product),
            (queue_id, self.topic),
            NOTHING if self.seniority <= 1 else (queue_id, self.seniority),
            NOTHING if self.distress == 0 else (queue_id, self.distress),
            NOTHING if self.expected is None else (queue_id, *self.expected),
            (queue_id,),
            NOTHING if self.ring == 0 else (queue_id, self.ring),
        )


class RowTable:
    """The rows of one term that contacts have asked for, shape (rows, agents)."""

    def __init__(self, agents: int) -> None:
        self._rows: dict[Key, int] = {NOTHING: 0}
        self._table = np.zeros((ROWS_MIN, agents), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def table(self) -> Seconds:
        """The rows; row 0 is zero."""
        return self._table[: len(self._rows)]

    def row(self, key: Key, make: Callable[..., Seconds]) -> int:
        """Return where the row of a key stands; `make` is called with it where it is new."""
        row = self._rows.get(key)
        if row is None:
            row = len(self._rows)
            if row == len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            self._table[row] = make(*key)
            self._rows[key] = row
        return row

    def keys(self) -> list[Key]:
        """Return the keys that contacts have asked for, the newest last."""
        return list(self._rows)[1:]

    def renew(self, key: Key, make: Callable[..., Seconds]) -> None:
        """Make the row of a key anew, where it stands."""
        self._table[self._rows[key]] = make(*key)


Expect = Callable[[str, str, Sequence[str]], NDArray[np.float32]]
"""Topic, segment and the skills asked for to the chance of a good outcome by agent, 0.0 to 1.0,
shape (agents,)."""


class CostBook:
    """The rows of every term for one policy."""

    def __init__(
        self,
        queues: Mapping[str, QueueEntry],
        routing: Routing,
        columns: AgentColumns,
        expect: Expect | None = None,
    ) -> None:
        """Begin without rows.

        Args:
            queues: Where contacts wait; those too that were removed while somebody waits there.
            routing: The router's weights.
            columns: The agents.
            expect: The outcome model, if there is one.
        """
        self._queues = dict(queues)
        self._columns = columns
        self._expect = expect
        self._weights = {queue_id: weights_of(routing, queue) for queue_id, queue in queues.items()}
        self._makers: Final[Mapping[Row, Callable[..., Seconds]]] = {
            Row.SKILL: self._skill,
            Row.LANGUAGE: self._language,
            Row.REGION: self._region,
            Row.PRODUCT: self._product,
            Row.RATING: self._rating,
            Row.SENIORITY: self._seniority,
            Row.EMOTION: self._emotion,
            Row.EXPECTATION: self._expectation,
            Row.RESERVE: self._reserve,
            Row.RING: self._ring,
        }
        self.tables: Final = {row: RowTable(len(columns)) for row in Row}
        self._outdated: list[Key] = []

    def __len__(self) -> int:
        """Return the rows of the longest table."""
        return max(len(table) for table in self.tables.values())

    def weights(self, queue_id: str) -> Weights:
        """Return the weights of a queue, those of the router where it has none of its own."""
        return self._weights[queue_id]

    def rows(self, needs: Needs) -> tuple[int, ...]:
        """Return where the rows of a contact stand, in the order of `Row`."""
        return tuple(
            self.tables[row].row(key, self._makers[row])
            for row, key in zip(Row, needs.keys(), strict=True)
        )

    def outdate_expectations(self) -> None:
        """The outcome model has learnt: `renew_expectations` is to make its rows anew."""
        self._outdated = self.tables[Row.EXPECTATION].keys()

    def renew_expectations(self, rows_max: int) -> None:
        """Make some of the outdated rows anew; the others tell for now what was known before."""
        table, make = self.tables[Row.EXPECTATION], self._makers[Row.EXPECTATION]
        for key in self._outdated[-rows_max:]:
            table.renew(key, make)
        del self._outdated[-rows_max:]

    def _skill(self, queue_id: str, requirements: tuple[SkillRequirement, ...]) -> Seconds:
        weight_s = self.weights(queue_id).proficiency_weight_s
        lacking = np.zeros(len(self._columns), dtype=np.float32)
        for requirement in requirements:
            lacking += PROFICIENCY_MAX - self._columns.proficiency(requirement.skill)
        lacking *= weight_s / max(1, len(requirements))
        return told_against_mean(lacking, self._columns.skilled(requirements))

    def _language(self, queue_id: str, language: str, least: int, spoken: str) -> Seconds:
        lacking = PROFICIENCY_MAX - self._columns.language(spoken).astype(np.float32)
        cost_s = lacking * self.weights(queue_id).language_weight_s
        return told_against_mean(cost_s, self._columns.language(language) >= least)

    def _region(self, queue_id: str, region: str) -> Seconds:
        unknown = ~self._columns.knows_region(region)
        return told_against_mean(unknown * np.float32(self.weights(queue_id).region_weight_s))

    def _product(self, queue_id: str, product: str) -> Seconds:
        unknown = ~self._columns.knows_product(product)
        return told_against_mean(unknown * np.float32(self.weights(queue_id).product_weight_s))

    def _rating(self, queue_id: str, topic: str) -> Seconds:
        lacking = np.float32(5.0) - self._columns.rating(topic)
        return told_against_mean(lacking * np.float32(self.weights(queue_id).rating_weight_s))

    def _seniority(self, queue_id: str, level: int) -> Seconds:
        lacking = np.maximum(0, level - self._columns.seniority).astype(np.float32)
        return told_against_mean(lacking * np.float32(self.weights(queue_id).seniority_weight_s))

    def _emotion(self, queue_id: str, degree: int) -> Seconds:
        lacking = (PROFICIENCY_MAX - self._columns.emotion_handling).astype(np.float32)
        weight_s = degree * self.weights(queue_id).emotion_weight_s
        return told_against_mean(lacking * np.float32(weight_s))

    def _expectation(self, queue_id: str, topic: str, segment: str) -> Seconds:
        if self._expect is None:
            return np.zeros(len(self._columns), dtype=np.float32)
        skills = sorted(self._queues[queue_id].skills)
        bad = np.float32(1.0) - self._expect(topic, segment, skills)
        return told_against_mean(bad * np.float32(self.weights(queue_id).expectation_weight_s))

    def _reserve(self, queue_id: str) -> Seconds:
        able = {other: self.able(other) for other in self._queues}
        wanted = np.zeros(len(self._columns), dtype=np.float32)
        for other, mask in able.items():
            if other != queue_id and mask.any():
                wanted += mask / np.float32(np.count_nonzero(mask))
        weight_s = np.float32(self.weights(queue_id).reserve_weight_s)
        return told_against_mean(np.minimum(wanted, 1.0) * weight_s)

    def _ring(self, queue_id: str, opened: int) -> Seconds:
        rings = self._queues[queue_id].routing.rings[:opened]
        inside = np.zeros(len(self._columns), dtype=np.bool_)
        for ring in rings:
            everybody = not ring.teams and not ring.agents
            inside |= everybody or self._columns.among(ring.teams, ring.agents)
        return np.where(inside, 0.0, np.inf).astype(np.float32)

    def able(self, queue_id: str) -> Mask:
        """Tell which agents may serve a queue as it is configured, shape (agents,)."""
        queue = self._queues[queue_id]
        speaks = self._columns.language(queue.language) >= queue.routing.language_min
        return self._columns.skilled(requirements_of(queue)) & speaks


def told_against_mean(cost_s: Seconds, able: Mask | None = None) -> Seconds:
    """Return costs less their mean over the able agents, infinite for the others."""
    if able is None:
        return (cost_s - cost_s.mean()).astype(np.float32) if len(cost_s) else cost_s
    if not able.any():
        return np.full(len(cost_s), np.inf, dtype=np.float32)
    return np.where(able, cost_s - cost_s[able].mean(), np.inf).astype(np.float32)


def weights_of(routing: Routing, queue: QueueEntry) -> Weights:
    """Return the weights of a queue: its own where it has some, else the router's."""
    own: Mapping[str, float] = {str(name): value for name, value in queue.routing.weights.items()}
    return Weights(**{name: own.get(name, getattr(routing, name)) for name in _NAMES})


_NAMES: Final = tuple(Weights.model_fields)


@dataclass(frozen=True, slots=True)
class Urgency:
    """What makes contacts of each queue urgent, as columns of queues, each shape (queues,)."""

    column: Mapping[str, int]
    wait: NDArray[np.float64]
    overdue: NDArray[np.float64]
    priority: NDArray[np.float64]
    value: NDArray[np.float64]
    unserved: NDArray[np.float64]
    target_s: NDArray[np.float64]
    channel: NDArray[np.float64]

    @classmethod
    def of(cls, queues: Mapping[str, QueueEntry], routing: Routing) -> "Urgency":
        """Return the columns of these queues."""
        every = [weights_of(routing, queue) for queue in queues.values()]
        return cls(
            column={queue_id: n for n, queue_id in enumerate(queues)},
            wait=np.array([one.wait_weight_per_s for one in every]),
            overdue=np.array([one.overdue_weight_per_s for one in every]),
            priority=np.array([one.priority_weight_s for one in every]),
            value=np.array([one.value_weight_s for one in every]),
            unserved=np.array([one.unserved_s for one in every]),
            target_s=np.array([queue.service_level.target_s for queue in queues.values()]),
            channel=np.array(
                [routing.channel_urgency.get(channel.value, 1.0) for channel in CHANNELS]
            ),
        )

    def urgency_s(
        self,
        queue: NDArray[np.int64],
        channel: NDArray[np.int64],
        waited_s: NDArray[np.float64],
        priority: NDArray[np.float64],
        value: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return how urgent contacts are, seconds of waiting, shape (contacts,).

        Args:
            queue: Column of each contact's queue, shape (contacts,).
            channel: Column of each contact's channel, shape (contacts,).
            waited_s: Seconds that each has waited.
            priority: Steps of priority.
            value: Value tiers, 1 to 5.
        """
        overdue_s = np.maximum(0.0, waited_s - self.target_s[queue])
        counted_s = HEAD_START_S + waited_s
        ageing = self.wait[queue] * counted_s + self.overdue[queue] * overdue_s
        return (
            self.channel[channel] * ageing
            + self.priority[queue] * priority
            + self.value[queue] * (value - 1.0)
        )


def starvation_bound_s(weights: Weights, channel_urgency: float = 1.0) -> float:
    """Return how much later a contact must come to never go before another, seconds.

    Both are of one channel and of queues with these weights, and an agent may serve either.
    Whoever has waited so much longer is more urgent by more than all terms of the cost, value and
    priority together can differ; so the assignment, being optimal, takes him first. Infinite
    where waiting counts for nothing.
    """
    if weights.wait_weight_per_s * channel_urgency == 0:
        return float("inf")
    spread_s = fit_spread_s(weights)
    # Terms are told against their means, which differ between contacts by as much again.
    between_contacts_s = 2 * spread_s + weights.familiarity_weight_s
    urgency_s = 4 * weights.value_weight_s + PRIORITY_MAX * weights.priority_weight_s
    return (between_contacts_s + urgency_s) / (weights.wait_weight_per_s * channel_urgency)


def fit_spread_s(weights: Weights) -> float:
    """Return by how much agents can differ in what they cost for one contact at most, seconds.

    Familiarity, idleness and occupancy aside.
    """
    lacking = PROFICIENCY_MAX - 1
    return (
        lacking * (weights.proficiency_weight_s + weights.language_weight_s)
        + weights.language_weight_s
        + weights.region_weight_s
        + weights.product_weight_s
        + lacking * (weights.rating_weight_s + weights.seniority_weight_s)
        + EMOTION_DEGREES * lacking * weights.emotion_weight_s
        + weights.expectation_weight_s
        + weights.reserve_weight_s
    )


def may_decline(weights: Weights) -> bool:
    """Tell whether a pair can cost more than leaving the contact waiting."""
    return weights.unserved_s < fit_spread_s(weights) + weights.occupancy_weight_s
