"""The stored form of what was learnt: MessagePack with a version.

At most CELLS_MAX cells of topic, segment and agent are kept, those with the most evidence: 8 MB
at the very most, and 200 kB for 200 agents with ten topics and two segments.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.errors import StoreError
from router.learning.evidence import (
    AGENTS_MAX,
    NEGLIGIBLE,
    SEGMENTS_MAX,
    TOPICS_MAX,
    Column,
    Evidence,
)
from router.learning.shrinkage import Strengths, TopicSums
from router.learning.uplift import PERIODS_MAX, STRATA_MAX, UpliftCount

FORM: Final = 1
"""Grows when a reader of the old form would misread the new one."""
CELLS_MAX: Final = 200_000


@dataclass(slots=True)
class Progress:
    """How far learning has come.

    Attributes:
        observed: Outcomes since the beginning.
        estimated: Of those, how many there were when the strengths were estimated last.
        since: Outcomes since rows were last to be read again.
        read_days: When that was; None before the first outcome.
    """

    observed: int = 0
    estimated: int = 0
    since: int = 0
    read_days: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """All that an outcome model holds but its caches.

    Attributes:
        stale: Topics with outcomes that their sums do not tell of yet.
    """

    evidence: Evidence
    count: UpliftCount
    strengths: Strengths
    sums: dict[str, TopicSums]
    stale: set[str]
    progress: Progress


class _Cells(msgspec.Struct, frozen=True):
    """One topic and segment: positions in `agents`, then the four sums of each."""

    topic: str
    segment: str
    agents: bytes
    sums: bytes


class _Prior(msgspec.Struct, frozen=True):
    topic: str
    agents: bytes
    values: bytes


class _Stratum(msgspec.Struct, frozen=True):
    period: int
    topic: str
    segment: str
    sums: list[float]


class _Form(msgspec.Struct, frozen=True):
    form: int


class _Saved(msgspec.Struct, frozen=True):
    form: int
    now_days: float | None
    progress: Progress
    strengths: Strengths
    sums: dict[str, TopicSums]
    stale: list[str]
    agents: list[str]
    cells: list[_Cells]
    priors: list[_Prior]
    strata: list[_Stratum]


def write(learnt: Learnt) -> bytes:
    """Return the stored form; the evidence must be at its weight of now (`Evidence.rebase`)."""
    evidence = learnt.evidence
    least = _least_weight(evidence)
    used = evidence.used()
    cells, priors = [], []
    for name, topic in evidence.topics.items():
        for segment, column in topic.segments.items():
            places = np.flatnonzero(column.weight[:used] >= least)
            sums = np.stack([each[places] for each in column.sums()])
            cells.append(_Cells(name, segment, _bytes(places), sums.astype("<f8").tobytes()))
        told = np.flatnonzero(~np.isnan(topic.prior[:used]))
        values = topic.prior[told].astype("<f4").tobytes()
        priors.append(_Prior(name, _bytes(told), values))
    strata = [
        _Stratum(period, topic, segment, sums)
        for period, by_stratum in learnt.count.periods.items()
        for (topic, segment), sums in by_stratum.items()
    ]
    return msgspec.msgpack.encode(
        _Saved(
            form=FORM,
            now_days=evidence.now_days,
            progress=learnt.progress,
            strengths=learnt.strengths,
            sums=learnt.sums,
            stale=sorted(learnt.stale),
            agents=list(evidence.places),
            cells=cells,
            priors=priors,
            strata=strata,
        )
    )


def read(state: bytes, half_life_days: float) -> Learnt:
    """Return what `write` was given.

    Args:
        state: The stored form.
        half_life_days: By which it fades from now on.

    Raises:
        StoreError: It is of another version, over a limit, or broken.
    """
    try:
        form = msgspec.msgpack.decode(state, type=_Form).form
        if form != FORM:
            raise StoreError(f"what was learnt has form {form}; this one reads {FORM}")
        whole = msgspec.msgpack.decode(state, type=_Saved)
        return Learnt(
            evidence=_evidence(whole, half_life_days),
            count=_count(whole),
            strengths=whole.strengths,
            sums=whole.sums,
            stale=set(whole.stale),
            progress=whole.progress,
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError(f"what was learnt cannot be read: {error}") from error


def _evidence(whole: _Saved, half_life_days: float) -> Evidence:
    if len(whole.agents) > AGENTS_MAX or len(whole.priors) > TOPICS_MAX:
        raise ValueError(f"{len(whole.agents)} agents and {len(whole.priors)} topics")
    evidence = Evidence(half_life_days)
    if whole.now_days is not None:
        evidence.now_days = evidence.epoch_days = whole.now_days
    room = len(whole.agents) + 1
    evidence.seat(whole.agents)
    for each in whole.priors:
        prior = evidence.make_topic(each.topic).prior
        prior[_read_places(each.agents, room)] = _numbers(each.values, "<f4")
    for cells in whole.cells:
        topic = evidence.make_topic(cells.topic)
        if len(topic.segments) > SEGMENTS_MAX:
            raise ValueError(f"topic {cells.topic}: over {SEGMENTS_MAX} segments")
        column = Column.empty(len(topic.prior))
        places = _read_places(cells.agents, room)
        sums = _numbers(cells.sums, "<f8").reshape(4, len(places))
        for kept, stored in zip(column.sums(), sums, strict=True):
            kept[places] = stored
        topic.segments[cells.segment] = column
    return evidence


def _count(whole: _Saved) -> UpliftCount:
    count = UpliftCount()
    for each in whole.strata:
        if len(each.sums) != 6 or not np.isfinite(each.sums).all():
            raise ValueError(f"sums of the uplift: {each.sums}")
        count.periods.setdefault(each.period, {})[each.topic, each.segment] = each.sums
    over = any(len(strata) > STRATA_MAX + 1 for strata in count.periods.values())
    if over or len(count.periods) > PERIODS_MAX:
        raise ValueError("too many strata or months")
    return count


def _least_weight(evidence: Evidence) -> float:
    """Return the weight below which cells are left out so that at most CELLS_MAX stay."""
    weights = [
        column.weight[column.weight >= NEGLIGIBLE]
        for topic in evidence.topics.values()
        for column in topic.segments.values()
    ]
    if sum(map(len, weights)) <= CELLS_MAX:
        return NEGLIGIBLE
    every = np.concatenate(weights)
    return float(np.nextafter(np.partition(every, -CELLS_MAX - 1)[-CELLS_MAX - 1], np.inf))


def _bytes(places: NDArray[np.int64]) -> bytes:
    return places.astype("<u4").tobytes()


def _read_places(stored: bytes, room: int) -> NDArray[np.int64]:
    places = np.frombuffer(stored, dtype="<u4").astype(np.int64)
    if len(places) and not (places.min() > 0 and places.max() < room):
        raise ValueError("an agent that is not named")
    return places


def _numbers(stored: bytes, form: str) -> NDArray[np.float64]:
    numbers = np.frombuffer(stored, dtype=form)
    if not np.isfinite(numbers).all():
        raise ValueError("a number that is not finite")
    return numbers
