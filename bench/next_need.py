"""A logistic regression over counts, beside which the Markov model of needs is measured."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.histories import History
from domain.need import Need

ROUNDS: Final = 300
STEP: Final = 0.5
RIDGE: Final = 1e-4
"""Chosen on the histories of strength 0.4; others between 1e-5 and 1e-3 give the same."""


class Logistic:
    """Softmax over: which need came last, how often each came before, the time since the last."""

    def __init__(self, taught: Sequence[History], numbers: Mapping[Need, int]) -> None:
        """Fit it by full gradients with momentum.

        Args:
            taught: Histories.
            numbers: Of the needs.
        """
        self._numbers = numbers
        pairs = [(history, at) for history in taught for at in range(1, len(history))]
        inputs = np.stack([self._inputs(history, at) for history, at in pairs])
        wanted = np.array([numbers[history[at].need] for history, at in pairs])
        truth = np.zeros((len(pairs), len(numbers)))
        truth[np.arange(len(pairs)), wanted] = 1.0
        self._weights = np.zeros((inputs.shape[1], len(numbers)))
        speed = np.zeros_like(self._weights)
        for _ in range(ROUNDS):
            slope = inputs.T @ (_softmax(inputs @ self._weights) - truth) / len(pairs)
            speed = 0.9 * speed - STEP * (slope + RIDGE * self._weights)
            self._weights += speed

    def shares(self, history: History, at: int) -> NDArray[np.float64]:
        """Return the probabilities of the step at a position, by number of the need."""
        return np.asarray(_softmax((self._inputs(history, at) @ self._weights)[None])[0])

    def _inputs(self, history: History, at: int) -> NDArray[np.float64]:
        needs = len(self._numbers)
        inputs = np.zeros(2 * needs + 2)
        for step in history[:at]:
            inputs[self._numbers[step.need]] += 0.5
        inputs[needs + self._numbers[history[at - 1].need]] = 1.0
        days = (history[at].at - history[at - 1].at).total_seconds() / 86_400
        inputs[-2:] = (np.log1p(days) / 3, 1.0)
        return inputs


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
