"""The likely next need, against the most popular: on hidden structure, and where there is none.

Histories are generated with a rule that a share of the steps follows, so that what there is to be
found is known; the same histories shuffled hold nothing, and nothing must be claimed of them.
Customers that a model was taught by are others than those it is tried on.
"""

import json as json_format
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.histories import NEEDS, History, Structure, histories, shuffled
from bench.next_need import Logistic
from router.prediction.markov import LEVELS, Level, NeedModel

STRENGTHS: Final = (0.0, 0.1, 0.2, 0.4, 0.8)
STRUCTURES: Final[tuple[Structure, ...]] = ("last", "last two", "last and time")
TAUGHT: Final = 1_500
TRIED: Final = 600
MARGIN: Final = 0.05
"""The default of `suggestions.margin`."""
PROBABILITY_MIN: Final = 0.2
"""The default of `suggestions.entries[].probability_min`."""
ORDERS: Final[dict[str, tuple[Level, ...]]] = {
    "ours": LEVELS,
    "last only": ((1, False),),
    "last two": ((1, False), (2, False)),
    "three": ((1, False), (2, False), (3, False)),
}

Shares = Callable[[History, int], NDArray[np.float64]]
"""Given a history and a position, the probabilities of the step there, by number of the need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way of predicting, tried on one set of histories.

    Attributes:
        hit, hit_95: Share of steps that were named first, and half its 95 % interval.
        loss, loss_95: Less of it than the most popular, nats a step; below 0 is better.
        said: Share of steps before which a suggestion would have been made; None: not ours.
        right: Share of these that were what came.
        claimed: Whether the model holds itself for better than the most popular.
    """

    structure: str
    strength: float
    model: str
    hit: float
    hit_95: float
    loss: float
    loss_95: float
    said: float | None = None
    right: float | None = None
    claimed: bool | None = None


def run(json: bool = False, *, taught: int = TAUGHT, tried: int = TRIED) -> None:
    """Measure all and print it.

    Args:
        json: Print one JSON object on stdout, everything else on stderr.
        taught: Customers that the models are taught by.
        tried: Customers that they are tried on.
    """
    rows: list[Row] = []
    for structure in STRUCTURES:
        for strength in STRENGTHS if structure == "last" else STRENGTHS[2:]:
            made = [
                histories(count, structure=structure, strength=strength, seed=seed)
                for count, seed in ((taught, 1), (tried, 2))
            ]
            rows += measure(structure, strength, *made)
    mixed = [histories(count, structure="last", strength=0.8, seed=5) for count in (taught, tried)]
    dealt = [shuffled(each, seed) for seed, each in enumerate(mixed)]
    rows += measure("shuffled", 0.0, *dealt)
    claims = [_claims(seed) for seed in range(20)]
    cost_us = _cost_us(taught)
    console = Console(stderr=json, width=120)
    console.print(_table(rows))
    console.print(
        f"20 other shuffled sets of 400 customers: {sum(claims)} of the models claimed a gain at"
        f" any step. One prediction takes {cost_us:.0f} µs."
    )
    if json:
        document = {
            "rows": [asdict(row) for row in rows],
            "false_claims": sum(claims),
            "shuffled_sets": len(claims),
            "prediction_us": round(cost_us, 1),
        }
        sys.stdout.write(json_format.dumps(document) + "\n")


def measure(
    structure: str, strength: float, taught: Sequence[History], tried: Sequence[History]
) -> list[Row]:
    """Teach every model by some customers and try it on others."""
    rows: list[Row] = []
    popular: list[NDArray[np.float64]] = []
    for name, levels in ORDERS.items():
        model = NeedModel(half_life_days=3_650, levels=levels)
        for history in taught:
            model.learn(history)
        if not popular:
            popular = _losses(tried, model, lambda h, at, m=model: m.shares(h[:at], h[at].at)[0])  # type: ignore[misc]
            rows.append(_row(structure, strength, "most popular", tried, popular, popular))
        losses = _losses(tried, model, lambda h, at, m=model: m.shares(h[:at], h[at].at)[1])  # type: ignore[misc]
        said: dict[str, float | bool | None] = {}
        if name == "ours":
            made = [
                (found.need == history[at].need)
                for history in tried
                for at in range(1, len(history))
                if (found := model.predict(history[:at], history[at].at, margin=MARGIN))
                and found.probability >= PROBABILITY_MIN
            ]
            steps = sum(len(history) - 1 for history in tried)
            said = {
                "said": round(len(made) / steps, 3),
                "right": round(sum(made) / len(made), 3) if made else None,
                "claimed": model.gain.is_proven,
            }
        rows.append(_row(structure, strength, name, tried, losses, popular, **said))  # type: ignore[arg-type]
        if name == "ours":
            logistic = Logistic(taught, model.numbers)
            losses = _losses(tried, model, logistic.shares)
            rows.append(_row(structure, strength, "logistic", tried, losses, popular))
    return rows


def _losses(
    tried: Sequence[History], model: NeedModel, shares: Shares
) -> list[NDArray[np.float64]]:
    """Return of each customer's steps loss in nats and whether it was named first, shape (n, 2)."""
    found = []
    for history in tried:
        rows = []
        for at in range(1, len(history)):
            number = model.numbers.get(history[at].need)
            given = shares(history, at)
            share = given[number] if number is not None else 1.0 / NEEDS
            rows.append((-np.log(share), float(int(np.argmax(given)) == number)))
        found.append(np.array(rows).reshape(-1, 2))
    return found


def _row(
    structure: str,
    strength: float,
    model: str,
    tried: Sequence[History],
    losses: list[NDArray[np.float64]],
    popular: list[NDArray[np.float64]],
    *,
    said: float | None = None,
    right: float | None = None,
    claimed: bool | None = None,
) -> Row:
    steps = np.array([len(history) - 1 for history in tried], dtype=np.float64)
    hits = np.array([each[:, 1].sum() for each in losses])
    gains = np.array([(a[:, 0] - b[:, 0]).sum() for a, b in zip(losses, popular, strict=True)])
    hit, hit_95 = _ratio(hits, steps)
    loss, loss_95 = _ratio(gains, steps)
    return Row(
        structure=structure,
        strength=strength,
        model=model,
        hit=round(hit, 3),
        hit_95=round(hit_95, 3),
        loss=round(loss, 3),
        loss_95=round(loss_95, 3),
        said=said,
        right=right,
        claimed=claimed,
    )


def _ratio(sums: NDArray[np.float64], steps: NDArray[np.float64]) -> tuple[float, float]:
    """Return a mean over steps, and half its 95 % interval with customers drawn as a whole."""
    mean = float(sums.sum() / steps.sum())
    spread = float(np.sum((sums - mean * steps) ** 2))
    return mean, 1.96 * spread**0.5 / float(steps.sum())


def _claims(seed: int) -> bool:
    """Whether a model of shuffled histories ever held itself for better."""
    of = shuffled(histories(400, structure="last", strength=0.8, seed=100 + seed), seed)
    model = NeedModel(half_life_days=3_650)
    ever = False
    for history in of:
        model.learn(history)
        ever = ever or model.gain.is_proven
    return ever


def _cost_us(taught: int) -> float:
    """Return microseconds of one prediction."""
    of = histories(taught, structure="last two", strength=0.8, seed=1)
    model = NeedModel(half_life_days=3_650)
    for history in of:
        model.learn(history)
    began_s = time.perf_counter()
    for history in of[:500]:
        model.predict(history[:-1], history[-1].at, margin=MARGIN)
    return (time.perf_counter() - began_s) / 500 * 1e6


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="Next need: hit@1, and logarithmic loss less that of the most popular")
    for name in (
        "structure",
        "strength",
        "model",
        "hit@1",
        "loss, nats",
        "said",
        "right",
        "claims",
    ):
        table.add_column(name, justify="left" if name in {"structure", "model"} else "right")
    for row in rows:
        table.add_row(
            row.structure,
            f"{row.strength:g}",
            row.model,
            f"{row.hit:.3f} ± {row.hit_95:.3f}",
            f"{row.loss:+.3f} ± {row.loss_95:.3f}",
            *("" if each is None else f"{each:.2f}" for each in (row.said, row.right)),
            "" if row.claimed is None else "yes" if row.claimed else "no",
        )
    return table
