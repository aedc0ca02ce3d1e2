"""Customers' histories with a hidden structure of chosen strength, and the same ones shuffled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from domain.need import NeedKind, NeedStep

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
TOPICS: Final = 8
PRODUCTS: Final = 6
NEEDS: Final = TOPICS + PRODUCTS
FOLLOWERS: Final = 2
"""Needs that a hidden rule leads to."""
STEPS_MEAN: Final = 6.0

Structure = Literal["last", "last two", "last and time"]
History = list[NeedStep]


def histories(
    customers: int, *, structure: Structure, strength: float, seed: int, rule_seed: int = 0
) -> list[History]:
    """Return histories in which each step follows a hidden rule, or else mere popularity.

    Args:
        customers: How many.
        structure: What the rule looks at.
        strength: Chance that a step follows the rule; 0: there is none.
        seed: Of the customers.
        rule_seed: Of the rule: those of one rule can be trained and tried on.
    """
    rng = np.random.default_rng(seed)
    popular = 1.0 / np.arange(1, NEEDS + 1)
    popular /= popular.sum()
    rule = np.random.default_rng(rule_seed).integers(0, NEEDS, (NEEDS, NEEDS, 2, FOLLOWERS))
    return [_history(rng, popular, rule, structure, strength) for _ in range(customers)]


def _history(
    rng: np.random.Generator,
    popular: NDArray[np.float64],
    rule: NDArray[np.int64],
    structure: Structure,
    strength: float,
) -> History:
    at = START + timedelta(days=float(rng.uniform(0, 120)))
    numbers: list[int] = []
    steps: History = []
    for _ in range(2 + int(rng.poisson(STEPS_MEAN - 2))):
        gap_days = float(rng.exponential(40))
        at += timedelta(days=gap_days)
        number = int(rng.choice(NEEDS, p=popular))
        if numbers and rng.random() < strength:
            before = numbers[-2] if structure == "last two" and len(numbers) > 1 else 0
            late = int(structure == "last and time" and gap_days >= 14)
            # Three of four go to the first of the two.
            number = int(rule[numbers[-1], before, late, int(rng.random() < 0.25)])
        numbers.append(number)
        kind = NeedKind.TOPIC if number < TOPICS else NeedKind.PRODUCT
        steps.append(NeedStep(kind, f"need-{number}", at))
    return steps


def shuffled(of: list[History], seed: int) -> list[History]:
    """Return histories whose needs were dealt out anew over all customers: no structure is left."""
    rng = np.random.default_rng(seed)
    every = [step for history in of for step in history]
    dealt = iter(rng.permutation(len(every)))
    return [
        [
            replace(step, kind=every[other].kind, name=every[other].name)
            for step, other in zip(history, dealt, strict=False)
        ]
        for history in of
    ]
