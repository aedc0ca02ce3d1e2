"""The outcome model: what a pair costs, how soon it knows better, what its interval holds.

Agents differ in each topic by what nobody has written down, and by their skills; both are drawn
from distributions that are known, so that what is learnt can be compared with what is true.
"""

import json as json_format
import sys
import time
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from config.routing import Learning
from domain.decision import Scheme
from router.learning.model import OutcomeModel
from router.learning.uplift import UpliftCount

AGENTS: Final = 200
TOPICS: Final = 10
OUTCOMES: Final = (0, 1_000, 5_000, 20_000, 50_000)
A_DAY: Final = 500
SPREAD: Final = 0.08
"""Standard deviation of agents in a topic beyond their skills."""
SLOPE: Final = 0.5
"""What skills are really worth, of what the prior says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How much is known after so many outcomes: root mean square errors of all pairs.

    Attributes:
        ours: Of the model.
        skills: Of what skills promise, with the true mean of all: what is known without learning.
        raw: Of each agent's mean in a topic, and the mean of all where he has none.
    """

    outcomes: int
    ours: float
    skills: float
    raw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What it costs, medians.

    Attributes:
        kept_us, made_us: Of a pair in a row that is kept, and in one that is made anew.
        observe_us: Of an outcome, with what is made anew for every 25th.
        save_ms: Of the stored form.
        state_kb: Its size.
    """

    agents: int
    kept_us: float
    made_us: float
    observe_us: float
    save_ms: float
    state_kb: float


def run(json: bool = False, *, runs: int = 1_000) -> None:
    """Measure all and print it.

    Args:
        json: Print one JSON object on stdout, everything else on stderr.
        runs: Repetitions for the coverage of the interval.
    """
    known = [recovered(count) for count in OUTCOMES]
    costs = [cost(agents) for agents in (200, 1_000, 5_000)]
    covered = {true: coverage(true, runs) for true in (0.0, 0.05)}
    console = Console(stderr=json, width=110)
    table = Table(title=f"Error of {AGENTS} agents in {TOPICS} topics, points of 100")
    for name in ("outcomes", "ours", "skills alone", "raw means"):
        table.add_column(name, justify="right")
    for one in known:
        figures = (one.ours, one.skills, one.raw)
        table.add_row(f"{one.outcomes:,}", *(f"{100 * each:.1f}" for each in figures))
    console.print(table)
    table = Table(title="Cost")
    for name in (
        "agents",
        "µs a pair, kept",
        "µs a pair, made",
        "µs an outcome",
        "ms to save",
        "kB",
    ):
        table.add_column(name, justify="right")
    for each in costs:
        table.add_row(
            str(each.agents),
            f"{each.kept_us:.3f}",
            f"{each.made_us:.3f}",
            f"{each.observe_us:.1f}",
            f"{each.save_ms:.1f}",
            f"{each.state_kb:.0f}",
        )
    console.print(table)
    for true, share in covered.items():
        console.print(
            f"A true uplift of {100 * true:g} points lay in {100 * share:.1f} % of {runs} intervals"
            " that promise 95 %."
        )
    if json:
        document = {
            "known": [asdict(one) for one in known],
            "costs": [asdict(each) for each in costs],
            "coverage": {str(true): share for true, share in covered.items()},
        }
        sys.stdout.write(json_format.dumps(document) + "\n")


def people(agents: int) -> tuple[tuple[str, ...], NDArray[np.float32], NDArray[np.float64]]:
    """Return agents' ids, what their skills promise, and what is true, shape (agents, topics)."""
    rng = np.random.default_rng(1)
    prior = (0.7 + 0.05 * (rng.integers(1, 6, agents) - 3)).astype(np.float32)
    level = 0.65 + rng.normal(0, 0.05, TOPICS)
    true = level + SLOPE * (prior[:, None] - 0.7) + rng.normal(0, SPREAD, (agents, TOPICS))
    return tuple(f"agent-{number}" for number in range(agents)), prior, np.clip(true, 0.02, 0.98)


def recovered(outcomes: int) -> Known:
    """Let so many contacts be served by anybody, and compare what is known with what is true."""
    ids, prior, true = people(AGENTS)
    rng = np.random.default_rng(2)
    model = OutcomeModel(Learning(half_life_days=3_650))
    count, good_sum = np.zeros_like(true), np.zeros_like(true)
    for number in range(outcomes):
        agent, topic = int(rng.integers(AGENTS)), int(rng.integers(TOPICS))
        good = float(rng.random() < true[agent, topic])
        count[agent, topic] += 1
        good_sum[agent, topic] += good
        model.observe(f"t{topic}", "", ids[agent], good, number / A_DAY)
        if not number % 25:
            model.expect(f"t{topic}", "", ids, prior)
    rows = [model.expect(f"t{topic}", "", ids, prior) for topic in range(TOPICS)]
    mean = float(good_sum.sum() / count.sum()) if outcomes else 0.7
    raw = np.where(count > 0, good_sum / np.maximum(count, 1), mean)
    skills = true.mean() + (prior - prior.mean())[:, None]
    return Known(
        outcomes=outcomes,
        ours=_error(np.stack(rows, axis=1), true),
        skills=_error(np.broadcast_to(skills, true.shape), true),
        raw=_error(raw, true),
    )


def cost(agents: int) -> Cost:
    """Measure one size."""
    ids, prior, _ = people(agents)
    rng = np.random.default_rng(3)
    model = OutcomeModel(Learning())
    segments = ("", "firm")
    places = rng.integers(0, agents, 10_000).tolist()
    topics = rng.integers(0, TOPICS, 10_000).tolist()
    began_s = time.perf_counter()
    for number, (place, topic) in enumerate(zip(places, topics, strict=True)):
        model.observe(f"t{topic}", segments[number % 2], ids[place], number % 3 / 2, number / A_DAY)
        if not number % 25:
            model.expect(f"t{topic}", "", ids, prior)
    observe_us = (time.perf_counter() - began_s) / len(places) * 1e6
    model.expect("t0", "", ids, prior)
    kept, made, saved = [], [], []
    for number in range(200):
        kept.append(_timed(lambda: model.expect("t0", "", ids, prior)))
        # Another prior in one place makes the row anew.
        other = prior.copy()
        other[number % agents] = 0.5
        made.append(_timed(lambda other=other: model.expect("t1", "", ids, other)))
    saved = [_timed(model.state) for _ in range(5)]
    return Cost(
        agents=agents,
        kept_us=float(np.median(kept)) / agents * 1e6,
        made_us=float(np.median(made)) / agents * 1e6,
        observe_us=observe_us,
        save_ms=float(np.median(saved)) * 1e3,
        state_kb=len(model.state()) / 1e3,
    )


def coverage(true: float, runs: int) -> float:
    """Return the share of intervals that hold the true uplift."""
    rng = np.random.default_rng(4)
    control = np.array([0.5, 0.8, 0.68, 0.3])
    shares = np.array([0.4, 0.3, 0.25, 0.05])
    held = 0
    for _ in range(runs):
        count = UpliftCount()
        topics = rng.choice(4, 1_500, p=shares)
        arms = rng.random(1_500) < 0.1
        goods = rng.binomial(2, control[topics] + np.where(arms, 0.0, true)) / 2
        for topic, arm, good in zip(topics.tolist(), arms.tolist(), goods.tolist(), strict=True):
            count.note(Scheme.CONTROL if arm else Scheme.LEARNED, f"t{topic}", "", good, 0.0)
        uplift = count.uplift()
        assert uplift.low is not None
        assert uplift.high is not None
        held += uplift.low <= true <= uplift.high
    return held / runs


def _error(found: NDArray[np.floating], true: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean((found - true) ** 2)))


def _timed(work: object) -> float:
    assert callable(work)
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s
