"""Voice activity: how likely it is that a short piece of sound is speech, by Silero VAD.

The weights are those of the distribution `silero-vad` (MIT licence), read as a file: importing
its package would import PyTorch, which nothing here needs. The network is written down here as
products of matrices, because nine tenths of it know nothing of time: they take all chunks of all
voices at once, and only the recurrent layer goes step by step. onnxruntime, which has to take the
whole file one step at a time, needs two to three times as long (docs/measure/voice-cost.md); a
test holds that both say the same.

A chunk's 32 ms, after the last 4 ms of the chunk before and mirrored at its end, become four
magnitude spectra, four convolutions over time one vector, and an LSTM cell keeps a state.
"""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from domain.errors import ModelError
from models.constants import float_constants
from models.onnx import read_weights

CHUNK_SAMPLES: Final = 256
"""32 ms at 8 kHz: the one length that the network takes at this rate."""
CONTEXT_SAMPLES: Final = 32
"""Of the sound before a chunk, which the network wants to see again."""
STATE_SHAPE: Final = (2, 128)
"""Hidden and cell state of the network's recurrent layer, for each voice."""
GATES: Final = 512
"""What the recurrent layer takes of a chunk: four gates of each of its 128 cells."""
CHUNKS_MAX: Final = 12_288
"""At once: two frames of a thousand voices, 40 MB; more than one core can follow."""

DISTRIBUTION: Final = "silero-vad"
_FILE: Final = "silero_vad/data/silero_vad.onnx"
_SHA256: Final = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
"""Of version 6.2.3, the one that was measured (docs/measure/hearing.md)."""
_INSTALL: Final = "pip install --no-deps --require-hashes -r requirements/bare.lock"
_GRAPH: Final = "If_0_else_branch__Inline_0__"
"""Before the name of each constant of the network for 8 kHz; the file holds one for 16 kHz too."""
_WINDOW: Final = 128
_BINS: Final = _WINDOW // 2 + 1
_MIRRORED: Final = 32
_FRAMES: Final = 1 + (CONTEXT_SAMPLES + CHUNK_SAMPLES + _MIRRORED - _WINDOW) // (_WINDOW // 2)
_BLOCK_CHUNKS: Final = 128
"""Encoded together: what such a block takes, 1 MB, stays in a processor's cache."""

Values = NDArray[np.float32]


def weights() -> Path:
    """Return where the network's file lies.

    Raises:
        ModelError: The distribution is not installed, or does not hold it.
    """
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise ModelError(
            f"{DISTRIBUTION} is not installed, which holds the second stage of voice activity: "
            f"{_INSTALL}"
        ) from error
    path = Path(str(installed.locate_file(_FILE)))
    if not path.is_file():
        raise ModelError(
            f"{DISTRIBUTION} {installed.version} is installed without {_FILE}: {_INSTALL}"
        )
    return path


def available() -> bool:
    """Return whether the network is installed; without it the first stage decides alone."""
    try:
        weights()
    except ModelError:
        return False
    return True


class VoiceActivityNetwork:
    """The network for many voices at a time; it keeps nothing between steps.

    Attributes:
        chunk_samples: New samples of each step.
        context_samples: Samples before them that each step takes again.
        state_shape: Of one voice's state; all zeros at its beginning.
    """

    chunk_samples = CHUNK_SAMPLES
    context_samples = CONTEXT_SAMPLES
    state_shape = STATE_SHAPE

    def __init__(self, constants: Mapping[str, Values]) -> None:
        """Take the network's constants, as they are named in its file.

        Raises:
            ModelError: One is missing or has another shape.
        """

        def take(name: str, *shape: int) -> Values:
            found = constants.get(_GRAPH + name)
            if found is None or found.shape != shape:
                what = None if found is None else found.shape
                raise ModelError(f"the network's {name} has shape {what}, and {shape} is wanted")
            return found

        def convolution(number: int, *shape: int) -> tuple[Values, Values]:
            name = f"encoder.{number}.reparam_conv"
            # From (out, in, time) to (time, in, out): a product for all times of a window.
            kernel = take(f"{name}.weight", *shape).transpose(2, 1, 0)
            return kernel, take(f"{name}.bias", shape[0])

        self._transform = _matrix(take("stft.forward_basis_buffer", 2 * _BINS, 1, _WINDOW)[:, 0].T)
        kernel, self._bias_1 = convolution(0, 128, _BINS, 3)
        self._layer_1 = _matrix(kernel.reshape(-1, 128))
        kernel, self._bias_2 = convolution(1, 64, 128, 3)
        self._layer_2 = _matrix(kernel.reshape(-1, 64))
        # What is left of time then is two frames and one; the rest of the kernel meets padding.
        kernel, self._bias_3 = convolution(2, 64, 64, 3)
        self._layer_3 = _matrix(kernel[1:].reshape(-1, 64))
        kernel, self._bias_4 = convolution(3, 128, 64, 3)
        self._layer_4 = _matrix(kernel[1])
        self._into_gates = _matrix(take("decoder.rnn.weight_ih", 512, 128).T)
        self._of_hidden = _matrix(take("decoder.rnn.weight_hh", 512, 128).T)
        self._bias_gates = take("decoder.rnn.bias_ih", 512) + take("decoder.rnn.bias_hh", 512)
        self._output = _matrix(take("decoder.decoder.2.weight", 1, 128, 1)[0, :, 0])
        self._bias_output = take("decoder.decoder.2.bias", 1)[0]

    @classmethod
    def load(cls) -> "VoiceActivityNetwork":
        """Open the installed network.

        Raises:
            ModelError: It is not installed, is another version's, or cannot be read; the text
                says what to install.
        """
        return cls(float_constants(read_weights(weights(), sha256=_SHA256)))

    def encode(self, sound: Values) -> Values:
        """Return what the recurrent layer takes of chunks, in whatever order and of any voices.

        Args:
            sound: Full scale -1.0 to 1.0, shape (m, CONTEXT_SAMPLES + CHUNK_SAMPLES).

        Returns:
            Shape (m, GATES).

        Raises:
            ModelError: The shape does not fit, or there are more than CHUNKS_MAX chunks.
        """
        chunks = sound.shape[0]
        _fit("sound", sound, (chunks, CONTEXT_SAMPLES + CHUNK_SAMPLES))
        if chunks > CHUNKS_MAX:
            raise ModelError(f"{chunks} chunks at once are over the limit of {CHUNKS_MAX}")
        encoded = np.empty((chunks, GATES), dtype=np.float32)
        for start in range(0, chunks, _BLOCK_CHUNKS):
            part = slice(start, start + _BLOCK_CHUNKS)
            encoded[part] = self._encode(sound[part])
        return encoded

    def _encode(self, sound: Values) -> Values:
        chunks = sound.shape[0]
        mirrored = np.concatenate([sound, sound[:, -2 : -2 - _MIRRORED : -1]], axis=1)
        windows = sliding_window_view(mirrored, _WINDOW, axis=1)[:, :: _WINDOW // 2]
        parts = windows.reshape(-1, _WINDOW) @ self._transform
        power = np.square(parts[:, :_BINS])
        power += np.square(parts[:, _BINS:])
        # A frame of zeros at the beginning and at the end, as each convolution wants.
        spectra = np.zeros((chunks, _FRAMES + 2, _BINS), dtype=np.float32)
        np.sqrt(power.reshape(chunks, _FRAMES, _BINS), out=spectra[:, 1:-1])
        first = _three_frames(spectra, 1) @ self._layer_1
        first += self._bias_1
        # The second convolution goes by two frames, so it never meets the last one's zeros.
        middle = np.zeros((chunks, _FRAMES + 1, 128), dtype=np.float32)
        np.maximum(first.reshape(chunks, _FRAMES, 128), 0, out=middle[:, 1:])
        vector = _rectified(_three_frames(middle, 2) @ self._layer_2, self._bias_2)
        vector = _rectified(vector.reshape(chunks, -1) @ self._layer_3, self._bias_3)
        vector = _rectified(vector @ self._layer_4, self._bias_4)
        gates: Values = vector @ self._into_gates
        gates += self._bias_gates
        return gates

    def step(self, encoded: Values, states: Values) -> tuple[Values, Values]:
        """Judge the next chunk of n voices.

        Args:
            encoded: What `encode` made of it, shape (n, GATES).
            states: What the step before returned for each voice, shape (n, *STATE_SHAPE).

        Returns:
            The probability of speech of each chunk, shape (n,), and the new states.

        Raises:
            ModelError: Shapes do not fit.
        """
        voices = encoded.shape[0]
        _fit("encoded", encoded, (voices, GATES))
        _fit("states", states, (voices, *STATE_SHAPE))
        gates = encoded + states[:, 0] @ self._of_hidden
        # Input, forget, cell and output gate, as PyTorch orders them.
        taken, kept = _logistic(gates[:, :128]), _logistic(gates[:, 128:256])
        after = np.empty_like(states)
        after[:, 1] = kept * states[:, 1] + taken * np.tanh(gates[:, 256:384])
        after[:, 0] = _logistic(gates[:, 384:]) * np.tanh(after[:, 1])
        return _logistic(np.maximum(after[:, 0], 0) @ self._output + self._bias_output), after


def _fit(what: str, values: Values, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise ModelError(f"{what} has shape {values.shape}, and {shape} is wanted")


def _matrix(values: Values) -> Values:
    return np.ascontiguousarray(values, dtype=np.float32)


def _three_frames(padded: Values, hop: int) -> Values:
    """Return every three neighbouring frames as one row, shape (chunks * places, 3 * width)."""
    chunks, frames, width = padded.shape
    row = padded.reshape(chunks, frames * width)
    cut = sliding_window_view(row, 3 * width, axis=1)[:, :: hop * width]
    return cut.reshape(-1, 3 * width)


def _rectified(values: Values, bias: Values) -> Values:
    values += bias
    return np.maximum(values, 0, out=values)


def _logistic(values: Values) -> Values:
    # The limit keeps exp from overflowing; beyond it the function is 0 in float32 anyway.
    return np.asarray(1 / (1 + np.exp(np.minimum(-values, 80))), dtype=np.float32)
