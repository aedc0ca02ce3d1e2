"""Whether the model beats the baseline: every step is predicted before it is learnt from.

What is compared is the logarithmic score of both, which no way of guessing can better but by
knowing more (Dawid 1984, prequential analysis). Old comparisons fade, so that a structure that
is gone is no longer claimed.
"""

from dataclasses import dataclass
from typing import Final

MEMORY: Final = 5_000.0
"""Comparisons that count, about: some weeks of a busy centre."""
COMPARISONS_MIN: Final = 200.0
"""Fewer prove nothing."""
DEVIATIONS: Final = 3.0
"""Standard errors that the mean must lie above zero. Two would do for one look; this is looked at
after every step, and chance gets many tries."""


@dataclass(slots=True)
class Gain:
    """How much better the model did than the baseline, of late.

    Attributes:
        count: Comparisons, as they weigh now.
        squared_count: Of the squared weights.
        total: Of the differences in the logarithm of the probability, nats.
        square: Of their squares.
        model_hits, baseline_hits: Steps that each had named first.
    """

    count: float = 0.0
    squared_count: float = 0.0
    total: float = 0.0
    square: float = 0.0
    model_hits: float = 0.0
    baseline_hits: float = 0.0

    def compare(self, difference: float, *, model_hit: bool, baseline_hit: bool) -> None:
        """Count one step.

        Args:
            difference: Logarithm of the model's probability less that of the baseline's, nats.
            model_hit: The model had named it first.
            baseline_hit: The baseline had.
        """
        keep = 1.0 - 1.0 / MEMORY
        self.count = keep * self.count + 1.0
        self.squared_count = keep * keep * self.squared_count + 1.0
        self.total = keep * self.total + difference
        self.square = keep * self.square + difference * difference
        self.model_hits = keep * self.model_hits + model_hit
        self.baseline_hits = keep * self.baseline_hits + baseline_hit

    @property
    def mean(self) -> float:
        """Of the differences, nats a step; 0 before the first."""
        return self.total / self.count if self.count else 0.0

    @property
    def error(self) -> float:
        """Standard error of the mean; infinite with fewer than two steps."""
        if self.count <= 1:
            return float("inf")
        variance = max(0.0, self.square / self.count - self.mean**2)
        steps = self.count**2 / self.squared_count
        return float((variance / (steps - 1)) ** 0.5) if steps > 1 else float("inf")

    @property
    def is_proven(self) -> bool:
        """Whether the model is better by more than chance would make it look."""
        return self.count >= COMPARISONS_MIN and self.mean > DEVIATIONS * self.error
