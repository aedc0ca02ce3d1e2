"""Decisions as sentences that people can read, in English and Chinese.

A point is one second of waiting: an agent who is 12 points worse for a contact is worth as much as
the other one 12 s later. Whatever a decision holds, a sentence comes out: a number that cannot be
told is told as that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite, isnan
from typing import Final

from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.decision_trail import TrailStep
from domain.decision_words import Words, words_of

REASONS_MAX: Final = 3
"""Reasons of one comparison: the largest ones explain nearly all of it."""
POINTS_MIN: Final = 0.05
"""Less than this is no difference that could be read."""
POINTS_MAX: Final = 1_000_000.0
"""More than eleven days of waiting is told as "over" that."""
_CHOICE: Final = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells decisions in one language.

    Attributes:
        words: From `decision_words.words_of`.
        names: What agents are called, by agent_id; others by their id.
    """

    words: Words
    names: Mapping[str, str] = field(default_factory=dict)

    def step(self, step: TrailStep) -> list[str]:
        """Return the sentences of one decision and of what became of it."""
        told = self.decision(step.decision)
        told.append(self._fate(step))
        return told

    def decision(self, decision: Decision) -> list[str]:
        """Return the sentences of one decision; the first says who was chosen and why."""
        return [
            self._choice(decision),
            *self._others(decision),
            *self._limits(decision),
            self._situation(decision),
            self._scheme(decision),
        ]

    def eligibility(self, agent_id: str, obstacle: Obstacle | None, cost_s: float | None) -> str:
        """Return whether an agent can be offered a contact now, and if not, why.

        Args:
            agent_id: Who.
            obstacle: The first; None: he can.
            cost_s: What the pair would cost, seconds of waiting; None: not known.
        """
        who = self._name(agent_id)
        if obstacle is not None:
            phrase = self._phrase(self.words.obstacle[obstacle])
            return self._say("ineligible", who=who, phrase=phrase)
        cost = ""
        if cost_s is not None:
            name = "gaining" if cost_s < 0 else "costing"
            cost = self._say(name, points=self.points(cost_s))
        return self._say("eligible", who=who, cost=cost)

    def points(self, seconds: float) -> str:
        """Return a cost, or a difference of two, without its sign."""
        size = abs(seconds)
        if isnan(size):
            return self.words.unknown
        if size > POINTS_MAX:
            return self._say("over", number=f"{POINTS_MAX:,.0f}")
        number = f"{size:,.0f}" if size >= 9.95 else f"{size:.1f}".removesuffix(".0")
        return self._say("points", n=1 if number == "1" else 2, number=number)

    def duration(self, seconds: float) -> str:
        """Return a length of time."""
        if not isfinite(seconds):
            return self.words.unknown
        whole = round(min(max(seconds, 0.0), POINTS_MAX))
        if whole < 120:
            return self._say("seconds", seconds=whole)
        return self._say("minutes", minutes=whole // 60, seconds=whole % 60)

    def _choice(self, decision: Decision) -> str:
        chosen = decision.chosen
        said = {"who": self._name(chosen.agent_id), "waited": self.duration(decision.waited_s)}
        if not decision.others and not decision.others_count:
            return self._say("alone", **said)
        # Whoever was offered another contact was not to be had.
        rival = next((one for one in decision.others if one.offered_other is None), None)
        if rival is not None and rival.cost_s - chosen.cost_s > POINTS_MIN:
            speaking = [gap for gap in _gaps(chosen, rival) if gap[1] > 0]
            if speaking:
                reasons = self._list(speaking, self.words.better, decision)
                other = self._name(rival.agent_id)
                return self._say("because", **said, other=other, reasons=reasons)
        return self._say("offered", **said)

    def _others(self, decision: Decision) -> list[str]:
        told = []
        for other in decision.others:
            told.append(self._beside(decision, other))
            if other.offered_other is not None:
                told.append(self._say("offered_other", other=self._name(other.agent_id)))
            elif other.cost_s < decision.chosen.cost_s - POINTS_MIN:
                told.append(self._say("together"))
        more = decision.others_count - len(decision.others)
        if more > 0:
            told.append(self._say("more", n=more))
        return told

    def _beside(self, decision: Decision, other: Candidate) -> str:
        """Return how one other agent compares with the chosen one."""
        name = self._name(other.agent_id)
        total = other.cost_s - decision.chosen.cost_s
        if isnan(total):
            return self._say("incomparable", other=name)
        if abs(total) < POINTS_MIN:
            return self._say("equal", other=name)
        gaps = _gaps(decision.chosen, other)
        against = [gap for gap in gaps if gap[1] > 0]
        speaking = [gap for gap in gaps if gap[1] < 0]
        worse, better = self.words.worse, self.words.better
        parts = (against, worse, speaking, better)
        if total < 0:
            parts = (speaking, better, against, worse)
        first, first_words, second, second_words = parts
        reasons = but = ""
        if first:
            reasons = self._say("reasons", list=self._list(first, first_words, decision))
        if second:
            but = self._say("but", other=name, list=self._list(second, second_words, decision))
        kind = "worse" if total > 0 else "better"
        return self._say(kind, other=name, points=self.points(total), reasons=reasons, but=but)

    def _limits(self, decision: Decision) -> list[str]:
        """Return who could not be offered the contact, and how far the search had widened."""
        told = []
        counts = {one: n for one in Obstacle if (n := decision.obstacles.get(one, 0)) > 0}
        if counts:
            parts = [
                self._say(
                    "obstacle", n=n, phrase=self._phrase(self.words.obstacle[obstacle], decision)
                )
                for obstacle, n in sorted(counts.items(), key=lambda item: -item[1])
            ]
            joined = self.words.comma.join(parts)
            told.append(self._say("obstacles", n=sum(counts.values()), list=joined))
        if decision.relaxed > 0:
            told.append(self._say("relaxed", n=decision.relaxed))
        if decision.ring > 0:
            told.append(self._say("ring", n=decision.ring))
        return told

    def _situation(self, decision: Decision) -> str:
        points = self.points(decision.urgency_s)
        return self._say("situation", waiting=decision.waiting, free=decision.free, points=points)

    def _scheme(self, decision: Decision) -> str:
        chance = ""
        if decision.scheme is Scheme.CONTROL and 0 < decision.propensity < 1:
            chance = self._say("chance", percent=f"{100 * decision.propensity:.3g}")
        return self.words.scheme[decision.scheme].format(chance=chance)

    def _fate(self, step: TrailStep) -> str:
        ring = at = ""
        if step.ring_s is not None and step.ring_s >= 0.5:
            ring = self._say("rang", time=self.duration(step.ring_s))
        if step.at is not None:
            at = self._say("at", time=_clock_time(step.at))
        who = self._name(step.decision.chosen.agent_id)
        return self.words.fate[step.fate].format(who=who, ring=ring, at=at)

    def _list(
        self,
        gaps: Sequence[tuple[Reason, float]],
        phrases: Mapping[Reason, str],
        decision: Decision,
    ) -> str:
        """Return the largest differences as a list, each with its points."""
        return self.words.comma.join(
            self._say(
                "reason", phrase=self._phrase(phrases[reason], decision), points=self.points(gap)
            )
            for reason, gap in gaps[:REASONS_MAX]
        )

    def _phrase(self, template: str, decision: Decision | None = None) -> str:
        """Return a phrase with the language and the skills that were asked for, if told."""
        tag = "" if decision is None else decision.language
        language = self.words.languages.get(tag.partition("-")[0].lower()) or tag
        skills = () if decision is None else decision.skills
        return template.format(
            language=language or self.words.language,
            skills=self.words.comma.join(skills) or self.words.skills,
        )

    def _name(self, agent_id: str) -> str:
        return self.names.get(agent_id) or agent_id

    def _say(self, name: str, **values: object) -> str:
        """Return a template filled in; what stands in square brackets is chosen by `n`."""
        which = r"\1" if values.get("n") == 1 else r"\2"
        return _CHOICE.sub(which, self.words.told[name]).format(**values)


def teller(language: str, names: Mapping[str, str] | None = None) -> Teller:
    """Return who tells decisions in a language, in English where it is not known.

    Args:
        language: BCP 47 tag.
        names: What agents are called, by agent_id.
    """
    return Teller(words_of(language), names or {})


def _gaps(chosen: Candidate, other: Candidate) -> list[tuple[Reason, float]]:
    """Return by how much each reason makes another agent dearer, the largest first."""
    gaps = [
        (reason, other.terms.get(reason, 0.0) - chosen.terms.get(reason, 0.0)) for reason in Reason
    ]
    return sorted((gap for gap in gaps if abs(gap[1]) >= POINTS_MIN), key=lambda gap: -abs(gap[1]))


def _clock_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
