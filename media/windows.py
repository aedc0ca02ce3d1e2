"""Windows: which stretches of a customer's speech are judged together.

A window ends with speech and reaches back for as long as the settings say, but not over a
silence that parts two utterances. It is due a hop after the one before while the customer
speaks, and at once when he pauses, so that what he said last is not judged a second late.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN
from media.pcm import HOP_SAMPLES, HOPS_PER_S, Samples

PAUSE_HOPS: Final = HOPS_PER_S // 5
"""0.2 s without speech, on top of the 0.14 s that the detector holds on, is a pause: inside of
words the mouth is closed for 0.1 s."""
NEWS_HOPS_MIN: Final = HOPS_PER_S * 4 // 10
"""0.4 s, two syllables: with less speech that was not judged before, a window says nothing new."""
PARTED_HOPS: Final = HOPS_PER_S
"""1 s of silence parts two utterances; models are trained on utterances."""
WINDOW_HOPS_MAX: Final = WINDOW_SAMPLES_MAX // HOP_SAMPLES
WINDOW_HOPS_MIN: Final = WINDOW_SAMPLES_MIN // HOP_SAMPLES


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Which stretches are judged; the fields are those of the section `emotion.windows`.

    Attributes:
        length_s: Seconds that a window reaches back at most; more than the 3 s that models are
            trained on are not taken.
        hop_s: Seconds from window to window while speech goes on.
        voiced_s_min: Seconds of speech below which a stretch is not judged.
    """

    length_s: float = 2.5
    hop_s: float = 1.0
    voiced_s_min: float = 0.8


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window that is due.

    Attributes:
        samples: Shape (n,), WINDOW_SAMPLES_MIN to WINDOW_SAMPLES_MAX.
        first_hop, end_hop: Its place, in hops since the leg's first one; the end is exclusive.
        voiced_hops: Hops of speech within it.
    """

    samples: Samples
    first_hop: int
    end_hop: int
    voiced_hops: int


class SpeechWindows:
    """The last seconds of one customer leg. 100 KB, however long the call."""

    def __init__(self, settings: WindowSettings, first_hop: int = 0) -> None:
        """Begin with nothing heard.

        Args:
            settings: Which stretches are judged.
            first_hop: Number of the next hop, in hops since the leg's first one.
        """
        reach = round(settings.length_s * HOPS_PER_S)
        self._reach = min(max(reach, WINDOW_HOPS_MIN), WINDOW_HOPS_MAX)
        self._hop = max(round(settings.hop_s * HOPS_PER_S), 1)
        self._voiced_min = max(round(settings.voiced_s_min * HOPS_PER_S), 1)
        # Speech that a pause follows must still be there when the pause is noticed.
        self._kept = self._reach + PAUSE_HOPS
        self._sound: Samples = np.zeros((self._kept, HOP_SAMPLES), dtype=np.float32)
        self._voiced: NDArray[np.bool_] = np.zeros(self._kept, dtype=np.bool_)
        self._hops = first_hop
        self._judged_until = first_hop
        self._news = 0

    def take(self, hops: Samples, voiced: NDArray[np.bool_]) -> None:
        """Take the next hops.

        Args:
            hops: Shape (n, HOP_SAMPLES).
            voiced: Which hold speech, shape (n,).
        """
        count = len(voiced)
        if count >= self._kept:
            self._sound[:] = hops[count - self._kept :]
            self._voiced[:] = voiced[count - self._kept :]
        else:
            self._sound[:-count] = self._sound[count:]
            self._sound[-count:] = hops
            self._voiced[:-count] = self._voiced[count:]
            self._voiced[-count:] = voiced
        self._hops += count
        self._news += int(np.count_nonzero(voiced))

    def rest(self, hops: int) -> None:
        """Let silence pass that no frame brings; half a window before it will not be judged."""
        if hops:
            self._sound[:] = 0
            self._voiced[:] = False
            self._hops += hops

    def due(self) -> Stretch | None:
        """Return the window to judge now, and count it as judged; None for none."""
        if self._news < NEWS_HOPS_MIN:
            return None
        (speech,) = np.nonzero(self._voiced)
        if not speech.size:
            return None
        base = self._hops - self._kept
        news = speech[speech + base >= self._judged_until]
        if news.size < NEWS_HOPS_MIN:
            return None
        last = int(speech[-1])
        paused = self._kept - 1 - last >= PAUSE_HOPS
        if not paused and self._kept - news[0] < self._hop:
            return None
        (parted,) = np.nonzero(np.diff(speech) > PARTED_HOPS)
        utterance = speech[parted[-1] + 1 if parted.size else 0 :]
        inside = utterance[utterance > last - self._reach]
        if inside.size < self._voiced_min:
            return None
        first, end = int(inside[0]), last + 1
        first = max(min(first, end - WINDOW_HOPS_MIN), 0)
        self._judged_until = base + end
        self._news = 0
        return Stretch(
            samples=self._sound[first:end].reshape(-1).copy(),
            first_hop=base + first,
            end_hop=base + end,
            voiced_hops=int(inside.size),
        )
