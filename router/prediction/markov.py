"""The next need from the last ones: a Markov model of several orders, each resting on the lower.

    anybody -> after the last step -> and so long ago -> after the last two -> and so long ago

The share of a need after a context is drawn towards its share after the shorter context by
STRENGTH observations (interpolation after MacKay and Peto 1995, "A hierarchical Dirichlet
language model"), so that a context seen twice hardly counts. The first of the chain, the share
among all steps of all customers, is the baseline "most popular". What is predicted is a mean of
the whole chain, each link weighted by how well it has predicted of late (Bayesian averaging), so
that contexts which tell nothing cost nothing. Old steps fade.
docs/measure/prediction.md says what fixed orders and a logistic regression do.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.need import Need, NeedStep, Prediction, SuggestionReason
from router.prediction.gain import MEMORY, Gain

NEEDS_MAX: Final = 300
"""Topics and products told apart; further ones are passed over."""
CONTEXTS_MAX: Final = 20_000
"""Contexts kept; the one unseen longest is forgotten. About 10 MB when full."""
STRENGTH: Final = 20.0
"""Steps at which a context and the shorter one weigh alike."""
GAPS_DAYS: Final = (2.0, 14.0, 60.0, 180.0)
"""Where one length of time ends and the next begins: the same matter, the same fortnight, a bill
or two, half a year, longer."""
_GROWTH_MAX: Final = 32.0
_DAY_S: Final = 86_400.0

Context = tuple[int, ...]
Shares = NDArray[np.float64]
Level = tuple[int, bool]
"""How many of the last steps a context holds, and whether the time since the last."""

LEVELS: Final[tuple[Level, ...]] = ((1, False), (1, True), (2, False), (2, True))
_REASONS: Final = {
    (1, False): SuggestionReason.AFTER,
    (1, True): SuggestionReason.AFTER_TIME,
    (2, False): SuggestionReason.AFTER_TWO,
    (2, True): SuggestionReason.AFTER_TWO,
}


@dataclass(slots=True)
class Counts:
    """What came after one context, in the growing scale.

    Attributes:
        total: Of all.
        of: By the need's number.
    """

    total: float = 0.0
    of: dict[int, float] = field(default_factory=dict)


class NeedModel:
    """Predicts a customer's next need. Implements `domain.learning.Learner` by `saved.py`."""

    def __init__(self, *, half_life_days: float, levels: Sequence[Level] = LEVELS) -> None:
        """Begin with nothing learnt.

        Args:
            half_life_days: After so many days a step counts half.
            levels: Contexts from the shortest to the longest.
        """
        self.half_life_days = half_life_days
        self.levels = tuple(levels)
        self.numbers: dict[Need, int] = {}
        self.everybody = Counts()
        self.contexts: OrderedDict[Context, Counts] = OrderedDict()
        self.gain = Gain()
        self.scores = np.zeros(1 + len(self.levels))
        """Of the baseline and of each level: logarithms of what they gave to what came, fading."""
        self.epoch_s: float | None = None
        self.until: datetime | None = None
        """Steps before then are learnt; kept here so that it is stored with what they taught."""

    def learn(self, history: Sequence[NeedStep], begin: int = 0) -> None:
        """Learn from a customer's steps, and see what the model would have said before each.

        Args:
            history: In order of time.
            begin: The first that is new; those before were learnt already.
        """
        for position in range(begin, len(history)):
            step = history[position]
            number = self._number(step.need)
            if number is None:
                continue
            before = history[:position]
            if before:
                self._compare(before, step.at, number)
            weight = self._weight(step.at)
            self._count(self.everybody, number, weight)
            for level in self.levels:
                context = self._context(before, step.at, level)
                if context is None:
                    continue
                counts = self.contexts.get(context)
                if counts is None:
                    counts = self.contexts[context] = Counts()
                    if len(self.contexts) > CONTEXTS_MAX:
                        self.contexts.popitem(last=False)
                self.contexts.move_to_end(context)
                self._count(counts, number, weight)

    def predict(
        self,
        history: Sequence[NeedStep],
        now: datetime,
        *,
        among: Collection[Need] | None = None,
        margin: float = 0.0,
    ) -> Prediction | None:
        """Return what a customer is likely to need next.

        Args:
            history: His steps in order of time.
            now: Wall time, UTC.
            among: Needs that are asked about; None: all.
            margin: By how much it must be likelier than for anybody, 0.0 to 1.0.

        Returns:
            The likeliest of them; None where the model has not proved to be better than the
            baseline, where nothing is known of the customer, or where no need is likelier by the
            margin than for anybody.
        """
        if not history or not self.gain.is_proven:
            return None
        chain = self._chain(history, now)
        model = self._mean(chain)
        best: tuple[float, Need, int] | None = None
        for need, number in self.numbers.items():
            if among is not None and need not in among:
                continue
            share = float(model[number])
            if share > chain[0][number] + margin and (best is None or share > best[0]):
                best = (share, need, number)
        if best is None:
            return None
        share, need, number = best
        level = self._reason(chain, number)
        return Prediction(
            need=need,
            probability=share,
            baseline_probability=float(chain[0][number]),
            reason=_REASONS.get(level, SuggestionReason.AFTER_TWO),
            after=tuple(step.need for step in history[-min(2, level[0]) :]),
        )

    def shares(self, history: Sequence[NeedStep], now: datetime) -> tuple[Shares, Shares]:
        """Return the probabilities of every known need, of the baseline and of the model.

        Returns:
            Two of shape (needs,), by number; a need never seen has what is left to 1.
        """
        chain = self._chain(history, now)
        return chain[0], self._mean(chain)

    def fade_by(self, half_life_days: float, now: datetime) -> None:
        """Let steps fade faster or slower from now on."""
        if self.epoch_s is not None:
            self._rebase(1.0 / self._weight(now))
            self.epoch_s = now.timestamp()
        self.half_life_days = half_life_days

    # The inside.

    def _chain(self, history: Sequence[NeedStep], now: datetime) -> Shares:
        """Return the shares after each context, each resting on the one before.

        Returns:
            Shape (1 + levels, needs); the first row is the baseline, and a context that was never
            seen has the row of the one before.
        """
        scale = 1.0 / self._weight(now) if self.epoch_s is not None else 1.0
        chain = np.empty((1 + len(self.levels), len(self.numbers)))
        # Half a step for each need, and for one never seen (the estimator of Krichevsky and
        # Trofimov).
        chain[0] = 0.5
        _add(chain[0], self.everybody, scale)
        chain[0] /= scale * self.everybody.total + 0.5 * (len(self.numbers) + 1)
        for row, level in enumerate(self.levels, start=1):
            context = self._context(history, now, level)
            counts = None if context is None else self.contexts.get(context)
            chain[row] = chain[row - 1]
            if counts is not None:
                chain[row] *= STRENGTH
                _add(chain[row], counts, scale)
                chain[row] /= scale * counts.total + STRENGTH
        return chain

    def _weights(self) -> Shares:
        """Return how much each row of a chain counts, shape (1 + levels,), 1 together."""
        odds = np.exp(self.scores - self.scores.max())
        return np.asarray(odds / odds.sum())

    def _mean(self, chain: Shares) -> Shares:
        return np.asarray(self._weights() @ chain)

    def _reason(self, chain: Shares, number: int) -> Level:
        """Return the level that adds the most to a need's probability."""
        beyond = self._weights()[::-1].cumsum()[::-1]
        return self.levels[int(np.argmax(np.diff(chain[:, number]) * beyond[1:]))]

    def _compare(self, before: Sequence[NeedStep], at: datetime, number: int) -> None:
        if not self.everybody.total:
            return
        chain = self._chain(before, at)
        model = self._mean(chain)
        self.gain.compare(
            log(model[number]) - log(chain[0, number]),
            model_hit=int(np.argmax(model)) == number,
            baseline_hit=int(np.argmax(chain[0])) == number,
        )
        self.scores *= 1.0 - 1.0 / MEMORY
        self.scores += np.log(chain[:, number])

    def _context(self, history: Sequence[NeedStep], now: datetime, level: Level) -> Context | None:
        steps, timed = level
        if len(history) < steps:
            return None
        numbers = [self.numbers.get(step.need) for step in history[-steps:]]
        known = [number for number in numbers if number is not None]
        if len(known) < steps:
            return None
        if not timed:
            return (steps, -1, *known)
        days = (now - history[-1].at).total_seconds() / _DAY_S
        return (steps, sum(days >= edge for edge in GAPS_DAYS), *known)

    def _number(self, need: Need) -> int | None:
        number = self.numbers.get(need)
        if number is None and len(self.numbers) < NEEDS_MAX:
            number = self.numbers[need] = len(self.numbers)
        return number

    def _weight(self, at: datetime) -> float:
        """Return what a step of that time weighs in the growing scale."""
        at_s = at.timestamp()
        if self.epoch_s is None:
            self.epoch_s = at_s
        age = (at_s - self.epoch_s) / _DAY_S / self.half_life_days
        if age > _GROWTH_MAX:
            self._rebase(2.0**-age)
            self.epoch_s, age = at_s, 0.0
        # Centuries before the first step a float has no form for the weight.
        return float(2.0 ** max(age, -900.0))

    def _rebase(self, factor: float) -> None:
        for counts in (self.everybody, *self.contexts.values()):
            counts.total *= factor
            counts.of = {number: count * factor for number, count in counts.of.items()}

    @staticmethod
    def _count(counts: Counts, number: int, weight: float) -> None:
        counts.total += weight
        counts.of[number] = counts.of.get(number, 0.0) + weight


def _add(shares: Shares, counts: Counts, scale: float) -> None:
    for number, count in counts.of.items():
        shares[number] += scale * count
