"""The second stage of voice activity: which of the hops that the first let through are speech.

The first stage, a detector and a threshold over the leg's own background, hears every leg and
costs little; swelling noise and music pass it. The second is a network, so it hears only frames
in which the first let something through: those of all ears in one batch, in chunks of its own
length. A frame is no whole number of chunks, so what is left over waits for the next frame. When
the first stage opens, the network hears the frame before as well, for it needs some sound to
judge by.

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

SPEECH_MIN: Final = 0.2
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

    def encode(self, sound: Samples) -> Samples:
        """Return what a step takes of chunks, whoever's they are and whatever came before.

        Args:
            sound: Shape (m, context_samples + chunk_samples).

        Returns:
            Shape (m, k).
        """

    def step(self, encoded: Samples, states: Samples) -> tuple[Samples, Samples]:
        """Judge the next chunk of n voices.

        Args:
            encoded: Shape (n, k).
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
        if rows:
            probabilities[rows] = self._hear([ears[row] for row in rows], frames[rows])
        for row in np.flatnonzero(~passed).tolist():
            ears[row].pause()
        # A copy for each ear: a view would keep the sound of all ears in memory.
        for ear, frame in zip(ears, frames, strict=True):
            ear.frame = frame.copy()
        return probabilities

    def _hear(self, ears: list[EarMemory], frames: Samples) -> Probabilities:
        network, count = self._network, len(ears)
        # Each row: room for the context, the frame before, the frame.
        now = network.context_samples + TAP_FRAME_SAMPLES
        sound = np.zeros((count, now + TAP_FRAME_SAMPLES), dtype=np.float32)
        sound[:, now:] = frames
        states = np.zeros((count, *network.state_shape), dtype=np.float32)
        unjudged = np.empty(count, dtype=np.int64)
        for row, ear in enumerate(ears):
            if ear.frame is not None:
                sound[row, now - TAP_FRAME_SAMPLES : now] = ear.frame
            if ear.state is not None:
                states[row] = ear.state
            # What is left of the frame before, or all of it where the first stage has opened.
            opens = ear.unheard and ear.frame is not None
            unjudged[row] = TAP_FRAME_SAMPLES if opens else ear.left
        chunks = (unjudged + TAP_FRAME_SAMPLES) // self._chunk
        start = now - unjudged - network.context_samples
        order = np.arange(int(chunks.max()))
        exists = order < chunks[:, np.newaxis]
        of, chunk = np.nonzero(exists)
        at = (start[of] + chunk * self._chunk)[:, np.newaxis] + self._reach
        encoded = network.encode(sound[of[:, np.newaxis], at])
        place = np.cumsum(exists).reshape(exists.shape) - 1
        found = np.zeros(exists.shape, dtype=np.float32)
        for step in order:
            rows = np.flatnonzero(exists[:, step])
            found[rows, step], states[rows] = network.step(encoded[place[rows, step]], states[rows])
        for ear, state, left in zip(
            ears, states, unjudged + TAP_FRAME_SAMPLES - chunks * self._chunk, strict=True
        ):
            ear.state = state.copy()
            ear.left = int(left)
            ear.unheard = 0
        chunk_of = (unjudged[:, np.newaxis] + _MIDDLES) // self._chunk
        return np.take_along_axis(found, np.minimum(chunk_of, chunks[:, np.newaxis] - 1), axis=1)
