"""The stored form of what a model of needs has learnt: MessagePack with a version.

Contexts stand in it by the numbers of needs, and nobody whose history they came from. At most
PAIRS_MAX pairs of context and need are kept, those seen last: 4 MB.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Final

import msgspec
import numpy as np

from domain.errors import StoreError
from domain.need import Need, NeedKind
from router.prediction.gain import Gain
from router.prediction.markov import CONTEXTS_MAX, NEEDS_MAX, Context, Counts, Level, NeedModel

FORM: Final = 1
"""Grows when a reader of the old form would misread the new one."""
PAIRS_MAX: Final = 200_000


class _Form(msgspec.Struct, frozen=True):
    form: int


class _Counts(msgspec.Struct, frozen=True):
    context: Context
    total: float
    of: dict[int, float]


class _Saved(msgspec.Struct, frozen=True):
    form: int
    levels: list[Level]
    needs: list[tuple[NeedKind, str]]
    everybody: _Counts
    contexts: list[_Counts]
    gain: Gain
    scores: list[float]
    epoch_s: float | None
    until: datetime | None
    half_life_days: float | None = None
    """By which its weights grow; None in what was stored before it was told."""


class NeedLearner:
    """Implements `domain.learning.Learner` for a model of needs."""

    def __init__(self, model: NeedModel) -> None:
        """Store and take up what this model learns."""
        self._model = model

    def state(self) -> bytes:
        """Return all that was learnt."""
        model = self._model
        kept: list[_Counts] = []
        pairs = 0
        for context, counts in reversed(model.contexts.items()):
            pairs += len(counts.of)
            if pairs > PAIRS_MAX:
                break
            kept.append(_Counts(context, counts.total, counts.of))
        return msgspec.msgpack.encode(
            _Saved(
                form=FORM,
                levels=list(model.levels),
                needs=[(need.kind, need.name) for need in model.numbers],
                everybody=_Counts((), model.everybody.total, model.everybody.of),
                contexts=kept[::-1],
                gain=model.gain,
                scores=model.scores.tolist(),
                epoch_s=model.epoch_s,
                until=model.until,
                half_life_days=model.half_life_days,
            )
        )

    def restore(self, state: bytes) -> None:
        """Take up what `state` returned and go on from there, fading as the model does.

        Raises:
            StoreError: It is of another form, over a limit or broken; nothing changes then.
        """
        try:
            form = msgspec.msgpack.decode(state, type=_Form).form
            if form != FORM:
                raise StoreError(f"what was learnt of needs has form {form}; this one reads {FORM}")
            whole = msgspec.msgpack.decode(state, type=_Saved)
        except msgspec.DecodeError as error:
            raise StoreError(f"what was learnt of needs cannot be read: {error}") from error
        _check(whole, self._model)
        model = self._model
        model.numbers = {Need(*need): number for number, need in enumerate(whole.needs)}
        model.everybody = _counts(whole.everybody)
        model.contexts = OrderedDict((each.context, _counts(each)) for each in whole.contexts)
        model.gain, model.scores = whole.gain, np.array(whole.scores)
        model.epoch_s = whole.epoch_s
        model.until = None if whole.until is None else whole.until.astimezone(UTC)
        wanted, grew_by = model.half_life_days, whole.half_life_days
        if grew_by is not None and grew_by != wanted and whole.epoch_s is not None:
            model.half_life_days = grew_by
            epoch = datetime.fromtimestamp(whole.epoch_s, UTC)
            model.fade_by(wanted, model.until or epoch)


def _counts(saved: _Counts) -> Counts:
    return Counts(saved.total, dict(saved.of))


def _check(whole: _Saved, model: NeedModel) -> None:
    """Refuse what does not fit the model or itself."""
    if tuple(whole.levels) != model.levels or len(whole.scores) != 1 + len(model.levels):
        raise StoreError(f"what was learnt of needs has contexts of {whole.levels}")
    if len(whole.needs) > NEEDS_MAX or len(whole.contexts) > CONTEXTS_MAX:
        raise StoreError(
            f"what was learnt of needs: {len(whole.needs)} needs and {len(whole.contexts)} contexts"
        )
    known = range(len(whole.needs))
    for each in (whole.everybody, *whole.contexts):
        if not all(number in known for number in (*each.of, *each.context[2:])):
            raise StoreError("what was learnt of needs names a need that is not there")
    if whole.half_life_days is not None and not 0 < whole.half_life_days < inf:
        raise StoreError(f"what was learnt of needs halves in {whole.half_life_days} days")
    if not all(map(isfinite, whole.scores)):
        raise StoreError("what was learnt of needs holds a score that is not finite")
