"""Voice activity: how likely it is that a short piece of sound is speech, by Silero VAD.

The network and its weights are those of the distribution `silero-vad` (MIT licence), read as a
file: importing its package would import PyTorch, which nothing here needs. It takes pieces of
32 ms, each after the last 4 ms of the piece before, and keeps a state for each voice.
"""

from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError
from domain.tap import TAP_RATE_HZ
from models.onnx import Session

CHUNK_SAMPLES: Final = 256
"""32 ms at TAP_RATE_HZ: the one length that the network takes at this rate."""
CONTEXT_SAMPLES: Final = 32
"""Of the sound before a chunk, which the network wants to see again."""
STATE_SHAPE: Final = (2, 128)
"""Hidden and cell state of the network's recurrent layer, for each voice."""
VOICES_MAX: Final = 1_024
"""In one step: 2 MB of states and sound; more than one core can follow."""

DISTRIBUTION: Final = "silero-vad"
_FILE: Final = "silero_vad/data/silero_vad.onnx"
_SHA256: Final = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
"""Of version 6.2.3, the one that was measured (docs/measure/hearing.md)."""
_INSTALL: Final = "pip install --no-deps --require-hashes -r requirements/bare.lock"

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
    """The network, one chunk of many voices at a time; it keeps nothing between steps.

    Attributes:
        chunk_samples: New samples of each step.
        context_samples: Samples before them that each step takes again.
        state_shape: Of one voice's state; all zeros at its beginning.
    """

    chunk_samples = CHUNK_SAMPLES
    context_samples = CONTEXT_SAMPLES
    state_shape = STATE_SHAPE

    def __init__(self, session: Session) -> None:
        """Take the session of the network's file."""
        self._session = session
        self._rate = np.array(TAP_RATE_HZ, dtype=np.int64)

    @classmethod
    def load(cls) -> "VoiceActivityNetwork":
        """Open the installed network.

        Raises:
            ModelError: It is not installed, is another version's, or cannot be read; the text
                says what to install.
        """
        return cls(Session(weights(), sha256=_SHA256))

    def step(self, sound: Values, states: Values) -> tuple[Values, Values]:
        """Judge the next chunk of n voices.

        Args:
            sound: Full scale -1.0 to 1.0, shape (n, CONTEXT_SAMPLES + CHUNK_SAMPLES).
            states: What the step before returned for each voice, shape (n, *STATE_SHAPE).

        Returns:
            The probability of speech of each chunk, shape (n,), and the new states.

        Raises:
            ModelError: Shapes do not fit, or there are more than VOICES_MAX voices.
        """
        voices = sound.shape[0]
        if voices > VOICES_MAX:
            raise ModelError(f"{voices} voices at once are over the limit of {VOICES_MAX}")
        for what, values, shape in (
            ("sound", sound, (voices, CONTEXT_SAMPLES + CHUNK_SAMPLES)),
            ("states", states, (voices, *STATE_SHAPE)),
        ):
            if values.shape != shape:
                raise ModelError(f"{what} has shape {values.shape}, and {shape} is wanted")
        if not voices:
            return np.zeros(0, dtype=np.float32), states
        # The network has the voices on the state's second axis.
        found, after = self._session.run(
            {
                "input": np.ascontiguousarray(sound, dtype=np.float32),
                "state": np.ascontiguousarray(states.transpose(1, 0, 2), dtype=np.float32),
                "sr": self._rate,
            }
        )
        return found[:, 0], after.transpose(1, 0, 2)
