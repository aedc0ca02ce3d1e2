"""What the outcome model has learnt, as people are shown it: who solves what, and what it is worth.

`router/learning/` learns it, the API and the metrics tell it. Nothing here is of a customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol


class Verdict(StrEnum):
    """What may be said about the effect of learning so far."""

    NOT_YET = "not_yet"
    """Too few outcomes to say anything."""
    BETTER = "better"
    """The whole interval lies above zero."""
    WORSE = "worse"
    """The whole interval lies below zero."""
    OPEN = "open"
    """The interval holds zero: it may be either."""


_SENTENCES: Final[Mapping[str, Mapping[Verdict, str]]] = {
    "en": {
        Verdict.NOT_YET: "Not yet enough to say: {learned} outcomes with learning, {control}"
        " without; {least} of each are needed.",
        Verdict.BETTER: "Learning improves outcomes by {difference} points of 100"
        " (95 % interval {low} to {high}; {learned} outcomes with it, {control} without).",
        Verdict.WORSE: "Learning makes outcomes worse by {worse} points of 100"
        " (95 % interval of the change {low} to {high}; {learned} outcomes with it, {control}"
        " without). Think of switching it off.",
        Verdict.OPEN: "No difference shown: {difference} points of 100 (95 % interval {low} to"
        " {high}; {learned} outcomes with learning, {control} without).",
    },
    "zh": {
        Verdict.NOT_YET: "数据尚不足以下结论：采用学习的结果 {learned} 个，未采用的 {control} 个；"
        "两者各需至少 {least} 个。",
        Verdict.BETTER: "学习使结果改善了 {difference} 个百分点（95 % 置信区间 {low} 至 {high}；"
        "采用学习的结果 {learned} 个，未采用的 {control} 个）。",
        Verdict.WORSE: "学习使结果变差了 {worse} 个百分点（变化的 95 % 置信区间 {low} 至 {high}；"
        "采用学习的结果 {learned} 个，未采用的 {control} 个）。请考虑关闭学习。",
        Verdict.OPEN: "尚未显示出差异：{difference} 个百分点（95 % 置信区间 {low} 至 {high}；"
        "采用学习的结果 {learned} 个，未采用的 {control} 个）。",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift:
    """What learning is worth: outcomes with it less those without, drawn by lot.

    Attributes:
        learned, control: Outcomes counted with and without what was learnt.
        least: Outcomes of each that are needed before anything is said.
        learned_good, control_good: Their means, 0.0 to 1.0; None without any.
        difference: Learned less control, like weighed with like, -1.0 to 1.0; None as long as
            the verdict is NOT_YET, as are `low` and `high`.
        low, high: The 95 % confidence interval of the difference.
    """

    learned: int
    control: int
    least: int
    learned_good: float | None = None
    control_good: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict = Verdict.NOT_YET

    def words(self, language: str) -> str:
        """Return it as a sentence, in English where the language is not known."""
        sentences = _SENTENCES.get(language, _SENTENCES["en"])
        return sentences[self.verdict].format(
            learned=self.learned,
            control=self.control,
            least=self.least,
            difference=_points(self.difference),
            worse=_points(None if self.difference is None else -self.difference),
            low=_points(self.low),
            high=_points(self.high),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """An agent as he is expected to do in a topic.

    Attributes:
        expected: Chance of a good outcome over all customers, 0.0 to 1.0.
        outcomes: How many it rests on; older ones count for less.
    """

    agent_id: str
    expected: float
    outcomes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicView:
    """What is known of one topic.

    Attributes:
        outcomes: Outcomes counted; older ones count for less.
        good: Their mean, 0.0 to 1.0.
        best: Agents of whom it is known best that they do better than most, at most 3.
    """

    topic: str
    outcomes: float
    good: float
    best: tuple[KnownAgent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningView:
    """How learning stands.

    Attributes:
        enabled: Whether expectations have part in the cost, by `router.learning.enabled`.
        control_share: Share of contacts routed without them.
        load_gain_max: How much more than his peers a preferred agent may be occupied, as a share.
        half_life_days: After so many days an outcome counts half.
        outcomes: Outcomes counted since the beginning.
        agents: Agents of whom there are any.
        topics: The one with the most outcomes first.
    """

    enabled: bool
    control_share: float
    load_gain_max: float
    half_life_days: float
    outcomes: int
    agents: int
    topics: tuple[TopicView, ...]
    uplift: Uplift


class LearningDesk(Protocol):
    """What the API and the metrics ask of the outcome model. Every call returns at once."""

    def view(self) -> LearningView:
        """Return how learning stands."""
        ...


class Learner(Protocol):
    """Something that learns while the node runs, and whose learning is stored."""

    def state(self) -> bytes:
        """Return all that was learnt."""
        ...

    def restore(self, state: bytes) -> None:
        """Take up what `state` returned.

        Raises:
            StoreError: It is of another form, or broken; nothing changes then.
        """
        ...


class LearningStore(Protocol):
    """Where what was learnt outlives a restart."""

    async def load(self, learner: str) -> bytes | None:
        """Return what was stored last under that name; None: nothing yet.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    async def save(self, learner: str, state: bytes) -> None:
        """Store it in the place of what was stored before.

        Raises:
            StoreError: It cannot be written.
        """
        ...


def _points(share: float | None) -> str:
    """Return a share as points of 100."""
    return "-" if share is None else f"{100 * share:.1f}"
