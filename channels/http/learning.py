"""Learning over HTTP: what the outcome model has learnt, and what that is worth."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.models import Answer
from channels.http.problem import ProblemFound
from domain.learning import LearningView, TopicView, Uplift, Verdict

router = APIRouter(tags=["learning"], dependencies=[BEARER])


class UpliftOut(Answer):
    """Outcomes with learning less those without, drawn by lot."""

    verdict: Verdict = Field(description="What may be said so far.", examples=["better"])
    words_en: str = Field(
        description="The same as a sentence, in English.",
        examples=[
            "Learning improves outcomes by 4.2 points of 100 (95 % interval 1.6 to 6.8; 9102"
            " outcomes with it, 1011 without)."
        ],
    )
    words_zh: str = Field(
        description="The same in Chinese.",
        examples=[
            "学习使结果改善了 4.2 个百分点（95 % 置信区间 1.6 至 6.8；采用学习的结果 9102 个，"
            "未采用的 1011 个）。"
        ],
    )
    learned: int = Field(description="Outcomes counted with learning.", examples=[9102])
    control: int = Field(description="Outcomes counted without it.", examples=[1011])
    least: int = Field(
        description="Outcomes of each that are needed before anything is said.", examples=[50]
    )
    learned_good: float | None = Field(
        description="Mean of the outcomes with learning, 0 to 1; null without any.",
        examples=[0.761],
    )
    control_good: float | None = Field(
        description="Mean of the outcomes without it, 0 to 1; null without any.", examples=[0.715]
    )
    difference: float | None = Field(
        description="Of the two, topics and segments compared with their like, -1 to 1; null as "
        "long as `verdict` is `not_yet`.",
        examples=[0.042],
    )
    low: float | None = Field(
        description="Lower end of its 95 % confidence interval.", examples=[0.016]
    )
    high: float | None = Field(description="Upper end of it.", examples=[0.068])

    @classmethod
    def of(cls, uplift: Uplift) -> Self:
        """Return the answer for an uplift."""
        return cls(
            verdict=uplift.verdict,
            words_en=uplift.words("en"),
            words_zh=uplift.words("zh"),
            learned=uplift.learned,
            control=uplift.control,
            least=uplift.least,
            learned_good=uplift.learned_good,
            control_good=uplift.control_good,
            difference=uplift.difference,
            low=uplift.low,
            high=uplift.high,
        )


class KnownAgentOut(Answer):
    """An agent who does better than most in a topic, as far as is known."""

    agent_id: str = Field(description="By his id in the configuration.", examples=["anna"])
    expected: float = Field(description="Chance of a good outcome, 0 to 1.", examples=[0.82])
    outcomes: float = Field(
        description="How many it rests on; older ones count for less.", examples=[141.5]
    )


class TopicOut(Answer):
    """What is known of one topic."""

    topic: str = Field(description="What contacts are about.", examples=["invoice"])
    outcomes: float = Field(
        description="Outcomes counted; older ones count for less.", examples=[2310.2]
    )
    good: float = Field(description="Their mean, 0 to 1.", examples=[0.74])
    best: list[KnownAgentOut] = Field(
        description="Agents of whom it is known best that they do better than most, at most 3."
    )

    @classmethod
    def of(cls, view: TopicView) -> Self:
        """Return the answer for one topic."""
        return cls(
            topic=view.topic,
            outcomes=view.outcomes,
            good=view.good,
            best=[
                KnownAgentOut(
                    agent_id=each.agent_id, expected=each.expected, outcomes=each.outcomes
                )
                for each in view.best
            ],
        )


class LearningOut(Answer):
    """How learning stands."""

    enabled: bool = Field(
        description="Whether what was learnt has part in routing (`router.learning.enabled`); "
        "outcomes are counted all the same.",
        examples=[True],
    )
    control_share: float = Field(
        description="Share of contacts routed without it, to measure its effect.", examples=[0.1]
    )
    load_gain_max: float = Field(
        description="How much more than his peers a preferred agent may be occupied, as a share.",
        examples=[0.25],
    )
    half_life_days: float = Field(
        description="After so many days an outcome counts half.", examples=[90.0]
    )
    outcomes: int = Field(description="Outcomes counted since the beginning.", examples=[10113])
    agents: int = Field(description="Agents of whom there are any.", examples=[42])
    uplift: UpliftOut = Field(description="What learning is worth.")
    topics: list[TopicOut] = Field(description="The one with the most outcomes first.")

    @classmethod
    def of(cls, view: LearningView, topics_max: int) -> Self:
        """Return the answer for the whole, with at most so many topics."""
        return cls(
            enabled=view.enabled,
            control_share=view.control_share,
            load_gain_max=view.load_gain_max,
            half_life_days=view.half_life_days,
            outcomes=view.outcomes,
            agents=view.agents,
            uplift=UpliftOut.of(view.uplift),
            topics=[TopicOut.of(each) for each in view.topics[:topics_max]],
        )


@router.get(
    "/api/v1/learning",
    summary="What was learnt from outcomes",
    response_description="What is known by topic, and what it is worth.",
    responses=api_problems("unavailable"),
)
async def get_learning(
    ports: Ports,
    topics: Annotated[
        int, Query(ge=0, le=100, description="Topics that are listed at most.", examples=[20])
    ] = 20,
) -> LearningOut:
    """What the outcome model has learnt, and what it is worth with its confidence interval.

    It is learnt from topic, segment and agent alone. The agents that are named are an example of
    what routing goes by; the figures are no judgement of people: who gets the harder cases has
    the lower ones.
    """
    if ports.learning is None:
        raise ProblemFound("unavailable", "no part of this node learns from outcomes")
    return LearningOut.of(ports.learning.view(), topics)
