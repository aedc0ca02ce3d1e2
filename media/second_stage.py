"""The second stage of voice activity: which of the hops that the first let through are speech.

The first stage, a detector and a threshold over the leg's own background, hears every leg and
costs little; swelling noise and music pass it. The second is a network, so it hears only frames
in which the first let something through: those of all ears in one batch, chunk by chunk. A frame
is no whole number of the network's chunks, so what is left over waits for the next frame. When the
first stage opens, the network hears the frame before as well, for it needs some sound to judge by.

A hop takes the probability of the chunk in which its middle lies. If that chunk is not complete
at the end of the frame, it takes that of the newest complete one, which ended less than one chunk
(32 ms) before: at most the last hop of a frame, and no hop is judged later than by the first stage.
"""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_FRAME_SAMPLES
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME, Samples

SPEECH_MIN: Final = 0.3
"""A hop whose probability is this at least holds speech (docs/measure/hearing.md)."""
FORGET_FRAMES: Final = 3
"""An ear that was not judged for so long, 0.5 s, begins anew: a state that lived through noise
takes what follows for noise as well (measured there, too)."""

Probabilities = NDArray[np.float32]
"""Shape (n, HOPS_PER_FRAME), 0 to 1."""

_MIDDLES: Final = np.arange(HOPS_PER_FRAME) * HOP_SAMPLES + HOP_SAMPLES // 2


class EarMemory:
    """What the second stage knows of one ear.

    Attributes:
        state: The network's state; None: nothing is known.
        frame: The newest frame; None before the first, and where frames lack.
        left: Its samples after the last chunk that was judged; they have yet to be judged.
        unheard: Frames since the last one that was judged.
    """

    __slots__ = ("frame", "left", "state", "unheard")

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.state: Samples | None = None
        self.frame: Samples | None = None
        self.left = 0
        self.unheard = 0

    def pause(self) -> None:
        """Let a frame pass that is not judged, for the first stage let nothing through."""
        self.left = 0
        self.unheard += 1
        if self.unheard >= FORGET_FRAMES:
            self.state = None

    def rest(self) -> None:
        """Let time pass that no frame brings; what was heard before it says nothing of later."""
        self.left = self.unheard = 0
        self.state = self.frame = None


class SecondStage(Protocol):
    """What a worker asks of the second stage."""

    def judge(
        self, ears: Sequence[EarMemory], frames: Samples, passed: NDArray[np.bool_]
    ) -> Probabilities:
        """Judge the next frame of each ear.

        Args:
            ears: One for each frame, each once; each is changed.
            frames: Full scale -1.0 to 1.0, shape (n, TAP_FRAME_SAMPLES).
            passed: Frames of which the first stage let a hop through, shape (n,).

        Returns:
            How likely each hop is speech, shape (n, HOPS_PER_FRAME); 0.0 for all hops of a frame
            that did not pass.
        """


class SpeechNetwork(Protocol):
    """A network that judges one chunk of many voices at a time and keeps nothing itself."""

    @property
    def chunk_samples(self) -> int:
        """New samples of each step."""

    @property
    def context_samples(self) -> int:
        """Samples before them that each step takes again; both are a frame at most together."""

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Of one voice's state; all zeros at its beginning."""

    def step(self, sound: Samples, states: Samples) -> tuple[Samples, Samples]:
        """Judge the next chunk of n voices.

        Args:
            sound: Shape (n, context_samples + chunk_samples).
            states: Shape (n, *state_shape).

        Returns:
            Probabilities of speech, shape (n,), and the new states.
        """


class ChunkedStage:
    """A second stage that cuts frames into the chunks of a network."""

    def __init__(self, network: SpeechNetwork) -> None:
        """Take the network."""
        self._network = network
        self._chunk = network.chunk_samples
        self._reach = np.arange(network.context_samples + network.chunk_samples)

    def judge(
        self, ears: Sequence[EarMemory], frames: Samples, passed: NDArray[np.bool_]
    ) -> Probabilities:
        """Judge the next frame of each ear; see `SecondStage`."""
        probabilities = np.zeros((len(ears), HOPS_PER_FRAME), dtype=np.float32)
        rows = np.flatnonzero(passed).tolist()
        heard = [ears[row] for row in rows]
        before = [(ear, ear.frame) for ear in heard if ear.unheard and ear.frame is not None]
        if before:
            self._hear([ear for ear, _ in before], np.stack([frame for _, frame in before]))
        if heard:
            probabilities[rows] = self._hear(heard, frames[rows])
        for row in np.flatnonzero(~passed).tolist():
            ears[row].pause()
        # A copy for each ear: a view would keep the sound of all ears in memory.
        for ear, frame in zip(ears, frames, strict=True):
            ear.frame = frame.copy()
        return probabilities

    def _hear(self, ears: list[EarMemory], frames: Samples) -> Probabilities:
        """Judge frames that all go through the network, and those alone change a state."""
        before = self._reach.size
        sound = np.zeros((len(ears), before + TAP_FRAME_SAMPLES), dtype=np.float32)
        sound[:, before:] = frames
        states = np.zeros((len(ears), *self._network.state_shape), dtype=np.float32)
        for row, ear in enumerate(ears):
            # The frame of an ear that was not heard is the very one that is judged now.
            if ear.frame is not None and not ear.unheard:
                sound[row, :before] = ear.frame[-before:]
            if ear.state is not None:
                states[row] = ear.state
        left = np.array([ear.left for ear in ears])
        chunks = (left + TAP_FRAME_SAMPLES) // self._chunk
        start = self._chunk - left
        found = np.zeros((len(ears), int(chunks.max())), dtype=np.float32)
        for chunk in range(found.shape[1]):
            rows = np.flatnonzero(chunks > chunk)
            at = (start[rows] + chunk * self._chunk)[:, np.newaxis] + self._reach
            found[rows, chunk], states[rows] = self._network.step(
                sound[rows[:, np.newaxis], at], states[rows]
            )
        for ear, state, count in zip(ears, states, chunks.tolist(), strict=True):
            ear.state = state.copy()
            ear.left += TAP_FRAME_SAMPLES - count * self._chunk
            ear.unheard = 0
        chunk_of = (left[:, np.newaxis] + _MIDDLES) // self._chunk
        newest = chunks[:, np.newaxis] - 1
        return np.take_along_axis(found, np.minimum(chunk_of, newest), axis=1)
