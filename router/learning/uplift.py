"""What learning is worth: the difference that the lot shows, with its confidence interval.

Contacts are drawn one by one, so contacts are what is compared: Welch's interval, and not one
clustered by agent. Clustering is for lots drawn by group or for agents sampled from more of them
(Abadie, Athey, Imbens and Wooldridge 2023, "When should you adjust standard errors for
clustering?"); here the agents are all there are, and who serves whom is part of what is tried.
Contacts are compared within topic and segment (post-stratification: Miratrix, Sekhon and Yu
2013), so that a day with many hard topics in one group does not pass for an effect.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from domain.decision import Scheme
from domain.learning import Uplift, Verdict

OUTCOMES_MIN: Final = 50
"""Outcomes of each kind before anything is said: the interval is then some 28 points wide."""
STRATUM_MIN: Final = 10
"""Outcomes of each kind that a stratum of its own needs; smaller ones are compared together."""
STRATA_MAX: Final = 500
"""Pairs of topic and segment told apart in a period; further ones count together."""
PERIOD_DAYS: Final = 30.0
PERIODS_MAX: Final = 12
"""Outcomes are counted by months and forgotten after a year: an effect of years ago says little
of the agents of today."""
_ARMS: Final = {Scheme.LEARNED: 0, Scheme.CONTROL: 1}
_REST: Final = ("", "")
_TWO_SIDED_95: Final = 0.975

Stratum = tuple[str, str]
Sums = NDArray[np.float64]
"""Outcomes, their sum and their sum of squares, of learned and of control: shape (2, 3)."""
_PER_ARM: Final = 3


@dataclass(frozen=True, slots=True)
class _Difference:
    """Of one stratum: what it is, how sure, and how many contacts stand behind it."""

    contacts: float
    difference: float
    variances: Sums
    counts: Sums


class UpliftCount:
    """Outcomes by scheme, month, topic and segment; bounded by the limits of this file."""

    def __init__(self) -> None:
        """Begin with none."""
        self.periods: dict[int, dict[Stratum, list[float]]] = {}
        """By month: the six numbers of `Sums` in a row, which are counted in faster so."""

    def note(self, scheme: Scheme, topic: str, segment: str, good: float, at_days: float) -> None:
        """Count an outcome; one that had no part in the lot is passed over.

        Args:
            scheme: By which its contact was routed.
            topic: Of the contact.
            segment: Of the customer.
            good: 0.0 to 1.0.
            at_days: When, in days of any fixed beginning.
        """
        arm = _ARMS.get(scheme)
        if arm is None:
            return
        period = int(at_days // PERIOD_DAYS)
        if period not in self.periods:
            self.periods[period] = {}
            while len(self.periods) > PERIODS_MAX:
                del self.periods[min(self.periods)]
            if period not in self.periods:
                return  # Older than all that is kept.
        strata = self.periods[period]
        stratum = (topic, segment)
        if stratum not in strata and len(strata) >= STRATA_MAX:
            stratum = _REST
        sums = strata.setdefault(stratum, [0.0] * (2 * _PER_ARM))
        at = _PER_ARM * arm
        sums[at] += 1.0
        sums[at + 1] += good
        sums[at + 2] += good * good

    def uplift(self) -> Uplift:
        """Return the difference over all months that are kept."""
        total: dict[Stratum, Sums] = {}
        for strata in self.periods.values():
            for stratum, sums in strata.items():
                total[stratum] = total.get(stratum, np.zeros((2, 3))) + np.reshape(sums, (2, 3))
        everything = sum(total.values(), np.zeros((2, 3)))
        learned, control = (int(count) for count in everything[:, 0])
        means = [float(good / count) if count else None for count, good, _ in everything]
        if min(learned, control) < OUTCOMES_MIN:
            return Uplift(
                learned=learned,
                control=control,
                least=OUTCOMES_MIN,
                learned_good=means[0],
                control_good=means[1],
            )
        difference, half_width = _pooled([_difference(sums) for sums in _merged(total)])
        low, high = difference - half_width, difference + half_width
        verdict = Verdict.BETTER if low > 0 else Verdict.WORSE if high < 0 else Verdict.OPEN
        return Uplift(
            learned=learned,
            control=control,
            least=OUTCOMES_MIN,
            learned_good=means[0],
            control_good=means[1],
            difference=difference,
            low=max(-1.0, low),
            high=min(1.0, high),
            verdict=verdict,
        )


def _merged(strata: dict[Stratum, Sums]) -> list[Sums]:
    """Return strata that are large enough: small segments by topic, small topics all together.

    Whether a stratum is large is seen by its counts alone, never by its outcomes. What is left
    over and still too small says nothing and is left out.
    """
    large: list[Sums] = []
    rest = np.zeros((2, 3))
    for _, group in groupby(sorted(strata), key=lambda stratum: stratum[0]):
        of_topic = np.zeros((2, 3))
        for stratum in group:
            if _is_large(strata[stratum]):
                large.append(strata[stratum])
            else:
                of_topic += strata[stratum]
        if _is_large(of_topic):
            large.append(of_topic)
        else:
            rest += of_topic
    if _is_large(rest) or not large:
        large.append(rest)
    return large


def _is_large(sums: Sums) -> bool:
    return bool(sums[:, 0].min() >= STRATUM_MIN)


def _difference(sums: Sums) -> _Difference:
    counts, goods, squares = sums[:, 0], sums[:, 1], sums[:, 2]
    means = goods / counts
    # One good and one bad outcome more in each: ten outcomes that are all alike do not make the
    # next one certain (Agresti and Caffo 2000). The means are left as they are.
    around = (goods + 1.0) / (counts + 2.0)
    spread = (squares + 1.0) / (counts + 2.0) - around**2
    return _Difference(
        contacts=float(counts.sum()),
        difference=float(means[0] - means[1]),
        variances=spread / counts,
        counts=counts,
    )


def _pooled(strata: list[_Difference]) -> tuple[float, float]:
    """Return the difference over all strata, and half the width of its interval."""
    shares = np.array([each.contacts for each in strata])
    shares = shares / shares.sum()
    difference = float(shares @ np.array([each.difference for each in strata]))
    variances = np.stack(
        [share**2 * each.variances for share, each in zip(shares, strata, strict=True)]
    )
    counts = np.stack([each.counts for each in strata])
    variance = float(variances.sum())
    # Welch and Satterthwaite.
    freedom = variance**2 / float((variances**2 / (counts - 1)).sum())
    return difference, float(stdtrit(freedom, _TWO_SIDED_95)) * variance**0.5
