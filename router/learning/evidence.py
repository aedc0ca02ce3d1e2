"""What was observed, counted by topic, segment and agent, with the old fading away.

Weights stand in a scale that grows with time, so that forgetting touches nothing: an observation
of day d is added with 2 to the power of d over the half-life, and the present is divided out when
the sums are read. Observations may come in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Number = TypeVar("Number", np.float32, np.float64)

AGENTS_MAX: Final = 5_000
"""Agents of whom outcomes are kept; of more, those with the least evidence are forgotten."""
TOPICS_MAX: Final = 100
"""Topics kept; the one with the least evidence makes room for another."""
SEGMENTS_MAX: Final = 8
"""Segments kept within a topic; further ones count as the segment without a name."""
NOBODY: Final = 0
"""A place that never has evidence: where an agent of whom nothing is known is looked up."""
NEGLIGIBLE: Final = 1e-3
"""Outcomes, as their weight stands now, that are as good as none."""
_HALF_LIVES_MAX: Final = 32.0
"""Growth of the scale after which all sums are brought back; far from what
a float can hold, its square too."""


@dataclass(slots=True)
class Column:
    """Sums of one topic and segment, by agent.

    Attributes:
        weight: Outcomes, shape (places,), in the growing scale.
        good: Of the outcomes' goodness.
        square: Of its square.
        squared_weight: Sum of the squared weights, in the square of the scale: how many equal
            outcomes the sum is worth.
    """

    weight: Numbers
    good: Numbers
    square: Numbers
    squared_weight: Numbers

    @classmethod
    def empty(cls, places: int) -> "Column":
        """Return a column without outcomes."""
        return cls(*(np.zeros(places) for _ in range(4)))

    def sums(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Return weight, good, square and squared weight."""
        return self.weight, self.good, self.square, self.squared_weight

    def grow(self, places: int) -> None:
        """Make room for so many places."""
        self.weight, self.good, self.square, self.squared_weight = (
            np.concatenate([each, np.zeros(places - len(each))]) for each in self.sums()
        )

    def scale(self, factor: float) -> None:
        """Bring every sum to another scale."""
        for each in (self.weight, self.good, self.square):
            np.multiply(each, factor, out=each)
        np.multiply(self.squared_weight, factor * factor, out=self.squared_weight)


@dataclass(slots=True)
class Topic:
    """What is known of a topic.

    Attributes:
        segments: Sums by segment.
        prior: What was last said of each agent's skills in it, shape (places,); NaN: nothing yet.
    """

    prior: NDArray[np.float32]
    segments: dict[str, Column] = field(default_factory=dict)


class Evidence:
    """Outcomes by topic, segment and agent; bounded by the limits of this file."""

    def __init__(self, half_life_days: float) -> None:
        """Begin with nothing.

        Args:
            half_life_days: After so many days an outcome counts half; more than 0.
        """
        self.half_life_days = half_life_days
        self.epoch_days = 0.0
        self.now_days: float | None = None
        self.places: dict[str, int] = {}
        self.topics: dict[str, Topic] = {}
        self._room = 64
        self.generation = 0
        """Grows when agents change their places."""

    @property
    def scale(self) -> float:
        """What a sum is multiplied by to count outcomes as they weigh now."""
        if self.now_days is None:
            return 1.0
        return float(2.0 ** ((self.epoch_days - self.now_days) / self.half_life_days))

    def add(
        self, topic: str, segment: str, agent_id: str, good: float, at_days: float, weight: float
    ) -> None:
        """Count one outcome.

        Raises:
            ValueError: `good` is not from 0 to 1, `at_days` is not finite, or `weight` is not
                more than 0 and at most 1,000.
        """
        if not 0 <= good <= 1:
            raise ValueError(f"good of agent {agent_id}: {good} is not from 0 to 1")
        if not isfinite(at_days):
            raise ValueError(f"at_days of agent {agent_id}: {at_days} is not finite")
        if not 0 < weight <= 1_000:
            raise ValueError(f"weight of agent {agent_id}: {weight} is not over 0 and at most 1000")
        if self.now_days is None:
            self.now_days = self.epoch_days = at_days
        self.now_days = max(self.now_days, at_days)
        if (self.now_days - self.epoch_days) / self.half_life_days > _HALF_LIVES_MAX:
            self.rebase()
        age = (at_days - self.epoch_days) / self.half_life_days
        if age < -1_000:
            return  # So old that a float has no form for its weight.
        column = self._column(topic, segment)
        place = self._place(agent_id)
        inflated = weight * 2.0**age
        column.weight[place] += inflated
        column.good[place] += inflated * good
        column.square[place] += inflated * good * good
        column.squared_weight[place] += inflated * inflated

    def rebase(self) -> None:
        """Bring every sum to its weight of now; nothing that is read changes."""
        if self.now_days is None:
            return
        factor = self.scale
        for topic in self.topics.values():
            for column in topic.segments.values():
                column.scale(factor)
        self.epoch_days = self.now_days

    def segment_of(self, topic: str, segment: str) -> str:
        """Return the segment that a topic's evidence is kept under."""
        known = self.topics.get(topic)
        if known is None or segment in known.segments or len(known.segments) < SEGMENTS_MAX:
            return segment
        return ""

    def weight_of(self, topic: Topic) -> float:
        """Return how many outcomes a topic has, as they weigh now."""
        return self.scale * float(sum(each.weight.sum() for each in topic.segments.values()))

    def used(self) -> int:
        """Return how many places are taken, that of nobody too."""
        return len(self.places) + 1

    def make_topic(self, name: str) -> Topic:
        """Return a topic, made if it is not there; the weakest goes when there are too many."""
        topic = self.topics.get(name)
        if topic is None:
            if len(self.topics) >= TOPICS_MAX:
                weakest = min(self.topics, key=lambda each: self.weight_of(self.topics[each]))
                del self.topics[weakest]
            topic = Topic(np.full(self._room, np.nan, dtype=np.float32))
            self.topics[name] = topic
        return topic

    def seat(self, agent_ids: Sequence[str]) -> None:
        """Give agents the places 1, 2, 3 and so on; there must be none yet."""
        assert not self.places
        for agent_id in agent_ids:
            self._place(agent_id)

    def _column(self, topic: str, segment: str) -> Column:
        known = self.make_topic(topic)
        segment = self.segment_of(topic, segment)
        if segment not in known.segments:
            # One more than SEGMENTS_MAX at most: the segment without a name.
            known.segments[segment] = Column.empty(self._room)
        return known.segments[segment]

    def _place(self, agent_id: str) -> int:
        place = self.places.get(agent_id)
        if place is not None:
            return place
        if len(self.places) >= AGENTS_MAX:
            self._forget_weakest()
        place = self.used()
        if place >= self._room:
            self._grow(2 * self._room)
        self.places[agent_id] = place
        self.generation += 1
        return place

    def _grow(self, room: int) -> None:
        for topic in self.topics.values():
            missing = np.full(room - len(topic.prior), np.nan, dtype=np.float32)
            topic.prior = np.concatenate([topic.prior, missing])
            for column in topic.segments.values():
                column.grow(room)
        self._room = room

    def _forget_weakest(self) -> None:
        """Forget the quarter of the agents with the least evidence: most of them have left."""
        total = np.zeros(self._room)
        for topic in self.topics.values():
            for column in topic.segments.values():
                total += column.weight
        ids = sorted(self.places, key=lambda each: (-total[self.places[each]], each))
        kept = ids[: len(ids) * 3 // 4]
        order = np.array([NOBODY, *(self.places[each] for each in kept)], dtype=np.int64)
        for topic in self.topics.values():
            topic.prior = _moved(topic.prior, order, np.nan)
            for column in topic.segments.values():
                column.weight, column.good, column.square, column.squared_weight = (
                    _moved(each, order, 0.0) for each in column.sums()
                )
        self.places = {agent_id: place for place, agent_id in enumerate(kept, start=1)}
        self.generation += 1


def _moved(values: NDArray[Number], order: NDArray[np.int64], empty: float) -> NDArray[Number]:
    moved = np.full_like(values, empty)
    moved[: len(order)] = values[order]
    return moved
