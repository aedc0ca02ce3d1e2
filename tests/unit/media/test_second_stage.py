"""The network here is a small one of known arithmetic; the real one is tried in models."""

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.tap import TAP_FRAME_SAMPLES
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME, Samples
from media.second_stage import FORGET_FRAMES, ChunkedStage, EarMemory

CHUNK, CONTEXT = 256, 32
OPEN = np.ones(1, dtype=np.bool_)
SHUT = np.zeros(1, dtype=np.bool_)


class Mean:
    """Says the mean of a chunk, and keeps in its state what it saw."""

    chunk_samples = CHUNK
    context_samples = CONTEXT
    state_shape = (2, 3)

    def __init__(self) -> None:
        self.seen: list[Samples] = []
        self.steps: list[int] = []

    def encode(self, sound: Samples) -> Samples:
        self.seen.extend(sound.copy())
        return sound[:, CONTEXT:].mean(axis=1, keepdims=True)

    def step(self, encoded: Samples, states: Samples) -> tuple[Samples, Samples]:
        self.steps.append(len(encoded))
        return encoded[:, 0] + 100 * states[:, 0, 0], states + 1


def frames(number: int, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (number, TAP_FRAME_SAMPLES)).astype(np.float32)


def test_every_sample_reaches_the_network_once_and_in_order_after_its_context() -> None:
    network, ear, sound = Mean(), EarMemory(), frames(16)
    stage = ChunkedStage(network)
    for frame in sound:
        stage.judge([ear], frame[np.newaxis], OPEN)
    chunks = len(network.seen)
    # 16 frames are 90 whole chunks: nothing may be left over, nothing seen twice.
    assert chunks == sound.size // CHUNK
    assert ear.left == 0
    np.testing.assert_array_equal(
        np.concatenate([one[CONTEXT:] for one in network.seen]), sound.ravel()
    )
    padded = np.concatenate([np.zeros(CONTEXT, dtype=np.float32), sound.ravel()])
    for chunk, one in enumerate(network.seen):
        np.testing.assert_array_equal(
            one[:CONTEXT], padded[chunk * CHUNK : chunk * CHUNK + CONTEXT]
        )


def test_the_state_goes_on_from_frame_to_frame() -> None:
    stage, ear = ChunkedStage(Mean()), EarMemory()
    silent = np.zeros((1, TAP_FRAME_SAMPLES), dtype=np.float32)
    first, second = (stage.judge([ear], silent, OPEN)[0] for _ in range(2))
    assert first.tolist() == [0, 0, 100, 200, 200, 300, 400, 400, 400]
    # 160 samples were left over, so the sixth chunk ends 96 samples into the second frame.
    assert second[0] == 500
    assert ear.state is not None
    assert ear.state[0, 0] == 11


def test_a_hop_takes_the_chunk_of_its_middle_or_the_newest_complete_one() -> None:
    stage, ear = ChunkedStage(Mean()), EarMemory()
    silent = np.zeros((1, TAP_FRAME_SAMPLES), dtype=np.float32)
    for number in range(16):
        start = number * TAP_FRAME_SAMPLES
        found = stage.judge([ear], silent, OPEN)[0]
        middles = start + np.arange(HOPS_PER_FRAME) * HOP_SAMPLES + HOP_SAMPLES // 2
        newest = (start + TAP_FRAME_SAMPLES) // CHUNK - 1
        np.testing.assert_array_equal(found, 100 * np.minimum(middles // CHUNK, newest))
        assert (middles // CHUNK > newest).sum() <= 1


def test_a_batch_hears_what_each_ear_alone_does() -> None:
    ears, alone = [EarMemory() for _ in range(5)], [EarMemory() for _ in range(5)]
    network = Mean()
    stage = ChunkedStage(network)
    rng = np.random.default_rng(3)
    for number in range(30):
        sound, passed = frames(5, seed=number), rng.random(5) < 0.7
        together = stage.judge(ears, sound, passed)
        for row in range(5):
            one = slice(row, row + 1)
            single = stage.judge([alone[row]], sound[one], passed[one])
            np.testing.assert_allclose(together[one], single, rtol=1e-5)
    # Ears with another left-over share their steps: six at most for a frame of all of them.
    network.steps.clear()
    stage.judge(ears, frames(5), np.ones(5, dtype=np.bool_))
    assert len(network.steps) == 6
    assert network.steps[:5] == [5] * 5


def test_a_frame_that_did_not_pass_is_nothing_and_costs_no_step() -> None:
    network = Mean()
    assert not ChunkedStage(network).judge([EarMemory()], frames(1), SHUT).any()
    assert not network.steps


def test_when_the_first_stage_opens_the_frame_before_is_heard_too() -> None:
    network, ear, sound = Mean(), EarMemory(), frames(4)
    stage = ChunkedStage(network)
    for frame, passed in zip(sound, (SHUT, SHUT, OPEN, OPEN), strict=True):
        stage.judge([ear], frame[np.newaxis], passed)
    heard = np.concatenate([one[CONTEXT:] for one in network.seen])
    np.testing.assert_array_equal(heard, sound[1:].ravel()[: heard.size])
    assert heard.size == 3 * TAP_FRAME_SAMPLES - ear.left


@pytest.mark.parametrize(("pause", "steps"), [(FORGET_FRAMES - 1, 10), (FORGET_FRAMES, 5)])
def test_a_long_pause_is_a_new_beginning(pause: int, steps: int) -> None:
    stage, ear = ChunkedStage(Mean()), EarMemory()
    silent = np.zeros((1, TAP_FRAME_SAMPLES), dtype=np.float32)
    stage.judge([ear], silent, OPEN)
    for _ in range(pause):
        stage.judge([ear], silent, SHUT)
    # Five steps before the pause, if they are known yet, and five of the frame before this one.
    assert stage.judge([ear], silent, OPEN)[0, -1] == 100 * (steps + 5)


def test_rest_forgets_all() -> None:
    network, ear, sound = Mean(), EarMemory(), frames(2)
    stage = ChunkedStage(network)
    stage.judge([ear], sound[:1], OPEN)
    ear.rest()
    network.seen.clear()
    after = stage.judge([ear], sound[1:], OPEN)
    np.testing.assert_array_equal(after, stage.judge([EarMemory()], sound[1:], OPEN))
    assert not network.seen[0][:CONTEXT].any()


def test_what_an_ear_keeps_is_its_own() -> None:
    ears: list[EarMemory] = [EarMemory() for _ in range(3)]
    ChunkedStage(Mean()).judge(ears, frames(3), np.ones(3, dtype=np.bool_))
    kept: list[NDArray[np.float32] | None] = [ears[0].state, ears[0].frame]
    assert all(part is not None and part.base is None for part in kept)


def test_nobody_to_hear() -> None:
    empty = ChunkedStage(Mean()).judge([], frames(0), np.zeros(0, dtype=np.bool_))
    assert empty.shape == (0, HOPS_PER_FRAME)
