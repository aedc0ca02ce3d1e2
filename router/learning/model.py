"""The outcome model: the chance that an agent brings a good outcome in a topic for a segment.

An agent's record in a topic is drawn towards what his skills promise, and that towards the
topic's mean, the more the less is known (`shrinkage.py`); old outcomes fade. A new agent begins
with his skills. Rows are kept, and made again by topic and a few outcomes at a time, so that a
pair costs a fraction of a microsecond.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.routing import Learning
from domain.decision import Scheme
from domain.learning import KnownAgent, LearningView, TopicView, Uplift
from router.learning import load, lot, saved
from router.learning.evidence import NEGLIGIBLE, NOBODY, Evidence, Topic
from router.learning.shrinkage import (
    CHANCE,
    Strengths,
    TopicSums,
    base,
    expected,
    strengths_of,
    topic_sums,
)
from router.learning.uplift import UpliftCount

BATCH: Final = 25
"""Outcomes after which rows are read again; a single one moves no expectation that is worth it."""
BATCH_DAYS: Final = 1.0 / 24
"""Or after an hour with any outcome at all, where contacts are few."""
STRENGTHS_EVERY: Final = 1_000
"""Outcomes after which it is estimated anew how much to believe them; before the first thousand
at every doubling. Only then do topics without news change."""
ROWS_MAX: Final = 2_000
"""Rows kept; the one unread longest is made again when it is asked for."""
BEST_MAX: Final = 3
"""Agents named for a topic: an example of what was learnt, no ranking of people."""

Row = NDArray[np.float32]


class OutcomeModel:
    """P(good outcome | topic, segment, agent). Implements `domain.learning.LearningDesk`."""

    def __init__(self, learning: Learning, *, seed: int = 0) -> None:
        """Begin with nothing learnt.

        Args:
            learning: The section `router.learning` of the configuration.
            seed: Of the lot that draws the contacts routed without learning.
        """
        self._learning = learning
        self._seed = seed
        self._evidence = Evidence(learning.half_life_days)
        self._strengths = Strengths()
        self._sums: dict[str, TopicSums] = {}
        self._count = UpliftCount()
        self._stale: set[str] = set()
        self._progress = saved.Progress()
        self._rows: OrderedDict[tuple[str, str], tuple[tuple[str, ...], Row, Row]] = OrderedDict()
        self._roster: tuple[str, ...] = ()
        self._places: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._places_at = -1
        self._version = 0

    @property
    def version(self) -> int:
        """Grows when rows should be read again."""
        return self._version

    @property
    def observed(self) -> int:
        """Outcomes learnt from since the beginning."""
        return self._progress.observed

    @property
    def enabled(self) -> bool:
        """Whether expectations have part in decisions: switched on, and something was learnt.

        Before the first outcome they would tell again what skills and ratings tell already.
        """
        return self._learning.enabled and self.observed > 0

    def reload(self, learning: Learning) -> None:
        """Take other settings; what was learnt is kept."""
        if learning.half_life_days != self._evidence.half_life_days:
            self._evidence.rebase()
            self._evidence.half_life_days = learning.half_life_days
        self._learning = learning

    def expect(
        self, topic: str, segment: str, agent_ids: Sequence[str], prior: NDArray[np.float32]
    ) -> Row:
        """Return the chance of a good outcome with each agent.

        What an agent gets does not depend on who else is asked for.

        Args:
            topic: What the contact is about.
            segment: Group of customers that the contact belongs to; "" for none.
            agent_ids: Who could serve; a tuple that stays the same is looked up fastest.
            prior: What skills and ratings promise, 0.0 to 1.0, shape (agents,).

        Returns:
            0.0 to 1.0, shape (agents,); not to be written to.

        Raises:
            ValueError: `prior` has another length than `agent_ids`, or holds what is no chance.
        """
        roster = tuple(agent_ids)
        key = (topic, segment)
        kept = self._rows.get(key)
        if kept is not None and kept[0] == roster and np.array_equal(kept[1], prior):
            self._rows.move_to_end(key)
            return kept[2]
        if prior.shape != (len(roster),):
            raise ValueError(f"prior: shape {prior.shape} for {len(roster)} agents")
        if not np.all((prior >= 0) & (prior <= 1)):
            raise ValueError("prior must lie from 0 to 1")
        places = self._places_of(roster)
        known = self._evidence.topics.get(topic)
        if known is not None:
            self._learn_prior(topic, known, places, prior)
        row = self._make(topic, segment, known, places, prior)
        row.setflags(write=False)
        self._rows[key] = (roster, prior.copy(), row)
        self._rows.move_to_end(key)
        if len(self._rows) > ROWS_MAX:
            self._rows.popitem(last=False)
        return row

    def observe(
        self,
        topic: str,
        segment: str,
        agent_id: str,
        good: float,
        at_days: float,
        weight: float = 1.0,
    ) -> None:
        """Learn from an outcome.

        Args:
            topic: What the contact was about.
            segment: Group of customers it belonged to; "" for none.
            agent_id: Who served.
            good: How good the outcome was, 0.0 to 1.0 (`outcome.goodness`).
            at_days: When, in days of any fixed beginning; in any order.
            weight: How many outcomes it counts as, over 0.

        Raises:
            ValueError: A number is out of its range; nothing is learnt.
        """
        self._evidence.add(topic, segment, agent_id, good, at_days, weight)
        self._stale.add(topic)
        progress, now = self._progress, self._evidence.now_days
        assert now is not None
        progress.observed += 1
        progress.since += 1
        if progress.read_days is None:
            progress.read_days = now
        if progress.since >= BATCH or now - progress.read_days >= BATCH_DAYS:
            self._take_up()

    def draw(self, contact_id: str) -> tuple[Scheme, float]:
        """Return by which scheme a contact is routed, and how likely chance led to it.

        The same contact gets the same answer, after a restart too.
        """
        if not self._learning.enabled:
            return Scheme.UNLEARNED, 1.0
        return lot.draw(contact_id, self._learning.control_share, self._seed)

    def load_factor(self, occupancy: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return by how much the expectation counts for each agent; see `load.load_factor`."""
        return load.load_factor(occupancy, self._learning.load_gain_max)

    def note(self, scheme: Scheme, topic: str, segment: str, agent_id: str, good: float) -> None:
        """Count an outcome for the uplift, as of the time that was last observed.

        Args:
            scheme: By which its contact was routed.
            topic: Of the contact.
            segment: Of the customer.
            agent_id: Who served; the estimate does not need him (`uplift.py` says why).
            good: 0.0 to 1.0.
        """
        del agent_id
        self._count.note(scheme, topic, segment, good, self._evidence.now_days or 0.0)

    def uplift(self) -> Uplift:
        """Return what learning is worth, with its 95 % confidence interval."""
        return self._count.uplift()

    def view(self) -> LearningView:
        """Return how learning stands."""
        topics = [
            view
            for name, topic in self._evidence.topics.items()
            if (view := self._view(name, topic)) is not None
        ]
        return LearningView(
            enabled=self._learning.enabled,
            control_share=self._learning.control_share,
            load_gain_max=self._learning.load_gain_max,
            half_life_days=self._learning.half_life_days,
            outcomes=self._progress.observed,
            agents=len(self._evidence.places),
            topics=tuple(sorted(topics, key=lambda each: (-each.outcomes, each.topic))),
            uplift=self.uplift(),
        )

    def state(self) -> bytes:
        """Return all that was learnt, to be stored; see `saved.py` for its form and its limits."""
        self._evidence.rebase()
        return saved.write(
            saved.Learnt(
                evidence=self._evidence,
                count=self._count,
                strengths=self._strengths,
                sums=self._sums,
                stale=self._stale,
                progress=self._progress,
            )
        )

    def restore(self, state: bytes) -> None:
        """Take up what `state` returned and go on from there; what was learnt meanwhile is lost.

        Raises:
            StoreError: It is of another version, or broken; nothing changes then.
        """
        learnt = saved.read(state, self._learning.half_life_days)
        self._evidence, self._count = learnt.evidence, learnt.count
        self._strengths, self._sums, self._stale = learnt.strengths, learnt.sums, learnt.stale
        self._progress = learnt.progress
        self._rows.clear()
        self._places_at = -1
        self._version += 1

    # The inside.

    def _take_up(self) -> None:
        """Let rows be made with what was observed since the last time."""
        progress = self._progress
        next_s = min(2 * max(1, progress.estimated), progress.estimated + STRENGTHS_EVERY)
        for key in [each for each in self._rows if each[0] in self._stale]:
            del self._rows[key]
        if progress.observed >= next_s:
            for name in list(self._stale):
                self._sums_of(name)
            self._estimate()
            progress.estimated = progress.observed
        progress.since = 0
        progress.read_days = self._evidence.now_days
        self._version += 1

    def _estimate(self) -> None:
        """Estimate anew how much to believe the outcomes; every row is then another."""
        for name in self._sums.keys() - self._evidence.topics.keys():
            del self._sums[name]
        self._strengths = strengths_of(self._sums.values())
        self._rows.clear()

    def _sums_of(self, name: str) -> TopicSums | None:
        """Return a topic's own mean and its part in the estimate; None: nothing is known of it."""
        if name in self._stale:
            self._stale.discard(name)
            topic = self._evidence.topics.get(name)
            if topic is not None:
                self._sums[name] = topic_sums(
                    topic, self._evidence.used(), self._evidence.scale, self._strengths
                )
        return self._sums.get(name)

    def _learn_prior(
        self, name: str, topic: Topic, places: NDArray[np.int64], prior: NDArray[np.float32]
    ) -> None:
        """Keep what is said of agents with a record: the slope is estimated against it."""
        with_record = places != NOBODY
        before = topic.prior[places[with_record]]
        said = prior[with_record]
        if np.array_equal(before, said):
            return
        sums = self._sums_of(name)
        topic.prior[places[with_record]] = said
        if np.isnan(before).any():
            # Without it the topic's mean could not be told from its agents' skills.
            self._stale.add(name)
            told = self._sums_of(name)
            if told is not None and (sums is None or told.effective > 2 * sums.effective):
                self._estimate()

    def _places_of(self, roster: tuple[str, ...]) -> NDArray[np.int64]:
        if self._places_at != self._evidence.generation or self._roster != roster:
            known = self._evidence.places
            self._places = np.array([known.get(each, NOBODY) for each in roster], dtype=np.int64)
            self._roster, self._places_at = roster, self._evidence.generation
        return self._places

    def _make(
        self,
        name: str,
        segment: str,
        topic: Topic | None,
        places: NDArray[np.int64],
        prior: NDArray[np.float32],
    ) -> Row:
        promised = base(prior.astype(np.float64), self._sums_of(name), self._strengths)
        if topic is None:
            return promised.astype(np.float32)
        return expected(
            topic,
            self._evidence.segment_of(name, segment),
            places,
            promised,
            self._evidence.scale,
            self._strengths,
        ).astype(np.float32)

    def _view(self, name: str, topic: Topic) -> TopicView | None:
        """Return a topic as people are shown it; None when all of it has faded."""
        used = self._evidence.used()
        scale = self._evidence.scale
        weight, good = (
            scale
            * sum((each.sums()[which][:used] for each in topic.segments.values()), np.zeros(used))
            for which in (0, 1)
        )
        total = float(weight.sum())
        if total < NEGLIGIBLE:
            return None
        mean = float(good.sum()) / total
        sums = self._sums_of(name)
        prior = topic.prior[:used].astype(np.float64)
        promised = np.where(np.isnan(prior), mean, base(prior, sums, self._strengths))
        chance = expected(topic, None, slice(used), promised, scale, self._strengths)
        doubt = np.sqrt(CHANCE / (weight + self._strengths.agents))
        sure = np.where(weight > NEGLIGIBLE, (chance - mean) / doubt, -np.inf)
        ids = {place: agent_id for agent_id, place in self._evidence.places.items()}
        best = [int(place) for place in np.argsort(-sure, kind="stable")[:BEST_MAX]]
        return TopicView(
            topic=name,
            outcomes=total,
            good=mean,
            best=tuple(
                KnownAgent(
                    agent_id=ids[place],
                    expected=float(chance[place]),
                    outcomes=float(weight[place]),
                )
                for place in best
                if sure[place] > 0
            ),
        )
