"""Shrinkage: an agent's record, drawn towards what is expected of him the less it holds.

    outcome of a customer = agent as his skills promise      base: topic's mean and slope
                          + what the agent is in the topic   variance s / agents
                          + what he is for the segment       variance s / segments
                          + chance                           variance s

The best linear prediction of that nested model has a closed form (Robinson 1991, "That BLUP is a
good thing"; Searle, Casella and McCulloch 1992, chapter 7), which is computed here for every
agent of a topic at once. `agents` and `segments` are the outcomes at which record and
expectation weigh alike; `strengths` estimates them from the outcomes themselves, with a guess
to begin with (empirical Bayes).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.learning.evidence import NEGLIGIBLE, Numbers, Topic

CHANCE: Final = 0.2
"""Variance of one outcome around what is expected: between 0.25 of a coin and the 0.16 of four
good ones of five; counts as much as CHANCE_OUTCOMES outcomes."""
CHANCE_OUTCOMES: Final = 100.0
AGENT_SPREAD: Final = 0.07
SEGMENT_SPREAD: Final = 0.04
"""Standard deviations of agents in a topic around their skills, and of one agent's segments:
seven points of 100 between colleagues is seen by whoever runs a call centre, less is not. They
count as much as SPREAD_OUTCOMES outcomes."""
SPREAD_OUTCOMES: Final = 500.0
STRENGTH_MIN: Final = 4.0
STRENGTH_MAX: Final = 2_000.0
"""Nobody is known after four outcomes, and nobody is unknown after thousands."""
SLOPE_SPREAD: Final = 0.5
"""How sure it is that a level of skill is worth what the prior says: between half of it and half
as much again."""
SLOPE_MAX: Final = 2.0
TOPIC_OUTCOMES: Final = 20.0
"""Outcomes at which a topic's own mean and that of all topics weigh alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How much the outcomes themselves say about how much to believe them.

    Attributes:
        agents, segments: Outcomes at which an agent's record in a topic, or in one segment of
            it, weighs as much as what is expected of him.
        slope: What a difference of the priors is worth, 1.0: as much as they say.
        mean, centre: Of the outcomes and of the priors over all topics, 0.0 to 1.0.
    """

    agents: float = CHANCE / AGENT_SPREAD**2
    segments: float = CHANCE / SEGMENT_SPREAD**2
    slope: float = 1.0
    mean: float = 0.5
    centre: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSums:
    """What a topic adds to the estimate of the strengths, and its own mean.

    Attributes:
        effective: Weight of its agents of whom a prior is known, nobody's over `agents`.
        mean, centre: Of their outcomes and priors, weighted so.
        chance, chance_free: Sum of squares within cells, and what a variance of 1 by chance adds
            to it (degrees of freedom, where nothing has faded).
        segments, segments_free, segments_spread: Sum of squares between the segments of an
            agent, what a variance of 1 by chance adds to it, and what one between segments does.
        agents, agents_free, agents_spread, agents_segments: The same between agents around their
            base, and what a variance of 1 between segments adds to it.
        prior_square, prior_outcome: Of the regression of outcomes on priors.
    """

    effective: float = 0.0
    mean: float = 0.0
    centre: float = 0.0
    chance: float = 0.0
    chance_free: float = 0.0
    segments: float = 0.0
    segments_free: float = 0.0
    segments_spread: float = 0.0
    agents: float = 0.0
    agents_free: float = 0.0
    agents_spread: float = 0.0
    agents_segments: float = 0.0
    prior_square: float = 0.0
    prior_outcome: float = 0.0


def base(prior: Numbers, sums: TopicSums | None, strengths: Strengths) -> Numbers:
    """Return what is expected of agents whose record in the topic is empty.

    Without any outcome it is the prior itself; the more there are, the more it is the topic's
    mean, higher or lower by the slope for whoever has more or less skill.

    Args:
        prior: 0.0 to 1.0, shape (agents,).
        sums: Of the topic; None: nothing is known of it.
        strengths: As estimated.
    """
    weight = 0.0 if sums is None else sums.effective
    share = weight / (weight + TOPIC_OUTCOMES)
    mean, centre = strengths.mean, strengths.centre
    if sums is not None:
        mean += share * (sums.mean - mean)
        centre += share * (sums.centre - centre)
    return np.clip(mean + strengths.slope * (prior - centre), 0.0, 1.0)


def expected(
    topic: Topic,
    segment: str | None,
    places: NDArray[np.int64] | slice,
    expected_base: Numbers,
    scale: float,
    strengths: Strengths,
) -> Numbers:
    """Return the chance of a good outcome of agents in a topic.

    Args:
        topic: With its sums.
        segment: Group of customers; None: over all of them.
        places: Of the agents in the sums.
        expected_base: Of `base`, shape (agents,).
        scale: What brings the sums to their weight of now.
        strengths: As estimated.

    Returns:
        0.0 to 1.0, shape (agents,); never outside of what base and record span.
    """
    held = strengths.segments
    lead = np.zeros_like(expected_base)
    weight = np.full_like(expected_base, strengths.agents)
    for column in topic.segments.values():
        count = scale * column.weight[places]
        # A segment tells no more of the agent as a whole than `segments` outcomes do.
        share = held / (count + held)
        lead += share * (scale * column.good[places] - count * expected_base)
        weight += share * count
    in_topic = expected_base + lead / weight
    column_of_segment = None if segment is None else topic.segments.get(segment)
    if column_of_segment is None:
        return np.clip(in_topic, 0.0, 1.0)
    count = scale * column_of_segment.weight[places]
    good = scale * column_of_segment.good[places]
    return np.clip((good + held * in_topic) / (count + held), 0.0, 1.0)


def topic_sums(topic: Topic, used: int, scale: float, strengths: Strengths) -> TopicSums:
    """Return what a topic adds to the estimate.

    Args:
        topic: With its sums.
        used: Places taken.
        scale: What brings the sums to their weight of now.
        strengths: As estimated before.
    """
    weight, good, effective, lead, squared = (np.zeros(used) for _ in range(5))
    cells, good_squares, weight_squares, noise = (np.zeros(used) for _ in range(4))
    chance = chance_free = 0.0
    for column in topic.segments.values():
        count, sums, squares = (
            scale * each[:used] for each in (column.weight, column.good, column.square)
        )
        square_weight = scale * scale * column.squared_weight[:used]
        there = count > NEGLIGIBLE
        safe = np.where(there, count, 1.0)
        means = np.where(there, sums * sums / safe, 0.0)
        # What chance adds to a sum of squares: 1 where all outcomes weigh 1, less where they faded.
        of_chance = np.where(there, square_weight / safe, 0.0)
        chance += float(np.maximum(np.where(there, squares - means, 0.0), 0.0).sum())
        chance_free += float(np.maximum(np.where(there, count - of_chance, 0.0), 0.0).sum())
        share = strengths.segments / (count + strengths.segments)
        weight += count
        squared += square_weight
        good += sums
        effective += share * count
        lead += share * sums
        cells += there
        good_squares += means
        weight_squares += count * count
        noise += of_chance
    there = weight > NEGLIGIBLE
    safe = np.where(there, weight, 1.0)
    within = there & (cells > 1)
    split = float(np.where(within, good_squares - good * good / safe, 0.0).sum())
    split_spread = float(np.where(within, weight - weight_squares / safe, 0.0).sum())
    split_free = float(np.where(within, noise - squared / safe, 0.0).sum())
    known = there & ~np.isnan(topic.prior[:used])
    total = float(effective[known].sum())
    sums_only = TopicSums(
        chance=chance,
        chance_free=chance_free,
        segments=max(0.0, split),
        segments_free=max(0.0, split_free),
        segments_spread=max(0.0, split_spread),
    )
    if total <= NEGLIGIBLE:
        return sums_only
    prior = topic.prior[:used].astype(np.float64)[known]
    mass = effective[known]
    mean = float(lead[known].sum()) / total
    centre = float((mass * prior).sum()) / total
    skill = prior - centre
    outcomes = weight[known]
    counted = float(outcomes.sum())
    residual = good[known] / outcomes - (mean + strengths.slope * skill)
    ratio = float((weight_squares[known] / outcomes).sum())
    return TopicSums(
        effective=total,
        mean=mean,
        centre=centre,
        chance=sums_only.chance,
        chance_free=sums_only.chance_free,
        segments=sums_only.segments,
        segments_free=sums_only.segments_free,
        segments_spread=sums_only.segments_spread,
        agents=float((outcomes * residual * residual).sum()),
        agents_free=float((squared[known] / outcomes).sum())
        - float(squared[known].sum()) / counted,
        agents_spread=counted - float((outcomes * outcomes).sum()) / counted,
        agents_segments=ratio - float(weight_squares[known].sum()) / counted,
        prior_square=float((mass * skill * skill).sum()),
        prior_outcome=float((skill * (lead[known] - mass * mean)).sum()),
    )


def strengths_of(topics: Iterable[TopicSums]) -> Strengths:
    """Estimate by moments how much to believe the outcomes (Searle et al., section 3.6).

    Each variance begins with a guess that counts as so many outcomes, so that no handful of them
    moves it far.
    """
    every = list(topics)
    chance = (sum(each.chance for each in every) + CHANCE_OUTCOMES * CHANCE) / (
        sum(each.chance_free for each in every) + CHANCE_OUTCOMES
    )
    chance = float(np.clip(chance, 0.01, 0.25))
    segments = _variance(
        sum(each.segments - each.segments_free * chance for each in every),
        sum(each.segments_spread for each in every),
        SEGMENT_SPREAD,
    )
    agents = _variance(
        sum(
            each.agents - each.agents_free * chance - each.agents_segments * segments
            for each in every
        ),
        sum(each.agents_spread for each in every),
        AGENT_SPREAD,
    )
    total = sum(each.effective for each in every)
    mean = sum(each.effective * each.mean for each in every)
    centre = sum(each.effective * each.centre for each in every)
    ridge = chance / SLOPE_SPREAD**2
    slope = (sum(each.prior_outcome for each in every) + ridge) / (
        sum(each.prior_square for each in every) + ridge
    )
    middle = (centre + TOPIC_OUTCOMES * 0.5) / (total + TOPIC_OUTCOMES)
    return Strengths(
        agents=_strength(chance, agents),
        segments=_strength(chance, segments),
        slope=float(np.clip(slope, 0.0, SLOPE_MAX)),
        mean=(mean + TOPIC_OUTCOMES * middle) / (total + TOPIC_OUTCOMES),
        centre=middle,
    )


def _variance(surplus: float, spread: float, guess: float) -> float:
    return max(0.0, (surplus + SPREAD_OUTCOMES * guess**2) / (spread + SPREAD_OUTCOMES))


def _strength(chance: float, variance: float) -> float:
    if variance <= chance / STRENGTH_MAX:
        return STRENGTH_MAX
    return max(STRENGTH_MIN, chance / variance)
