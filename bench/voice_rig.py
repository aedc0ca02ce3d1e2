"""Many customers' legs in one analysis, stage by stage, each stage's processor time apart."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.lines import frames, prompts
from bench.material import Sound, at_level, band, noise
from domain.speech import Speaker
from domain.tap import TAP_FRAME_SAMPLES
from media.baseline import CallerBaseline
from media.batch import hear
from media.ear import Ear, TapFrame
from media.judge import VoiceJudge
from media.listener import Listener
from media.orders import Permit
from media.pcm import HOPS_PER_FRAME, Samples
from media.second_stage import SPEECH_MIN, EarMemory, SecondStage
from media.sensing import Sensing
from media.settings import EarSettings
from media.timeline import FRAME_US
from media.windows import SpeechWindows, WindowSettings
from media.worker import SENSE_EVERY_TICKS

WARM_TICKS: Final = 30
"""5.4 s: until then not every caller has a baseline and a full window."""
HISS_DBOV: Final = -60.0
_APART: Final = 37
"""Frames by which one call is ahead of the next, so that not all speak at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Milliseconds of processor time for a second of audio of one call.

    Attributes:
        calls: Heard together.
        activity: First stage, level, pitch of the spans, segments and turns.
        second_stage: The network, on frames that the first stage let through.
        emotion: Windows, their features, the model, and what is said of them.
        total: All of these.
        windows_per_s: Judged, for one call.
        passed_share: Frames that the first stage let through.
    """

    calls: int
    activity: float
    second_stage: float
    emotion: float
    total: float
    windows_per_s: float
    passed_share: float


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured of one crowd.

    Attributes:
        spent_s: Of activity, second stage and emotion in each tick, shape (ticks, 3).
        windows: Judged.
        passed: Frames that the first stage let through.
    """

    spent_s: NDArray[np.float64]
    windows: int
    passed: int


def stages(calls: int, runs: Sequence[Run]) -> Stages:
    """Return the cost of the same crowd, heard several times.

    What disturbs a tick, such as others' work that empties the caches, disturbs it hardly ever
    twice; so each stage of a tick counts with the least that it took.
    """
    spent_s = np.min([run.spent_s for run in runs], axis=0)
    ticks = len(spent_s)
    seconds = calls * ticks * FRAME_US / 1e6
    activity, second, emotion = (spent_s.sum(axis=0) * 1_000 / seconds).tolist()
    return Stages(
        calls=calls,
        activity=round(activity, 3),
        second_stage=round(second, 3),
        emotion=round(emotion, 3),
        total=round(activity + second + emotion, 3),
        windows_per_s=round(runs[0].windows / seconds, 2),
        passed_share=round(runs[0].passed / (calls * ticks), 2),
    )


class HeldWindows(SpeechWindows):
    """Windows that wait for the second stage before they take what the first let through.

    Attributes:
        memory: Of the second stage.
        hops, voiced: What the first stage said last.
    """

    def __init__(self, settings: WindowSettings) -> None:
        """Begin with nothing heard."""
        super().__init__(settings)
        self.memory = EarMemory()
        self.hops: Samples | None = None
        self.voiced: NDArray[np.bool_] | None = None

    def take(self, hops: Samples, voiced: NDArray[np.bool_]) -> None:
        """Hold what the first stage says of the next hops."""
        self.hops, self.voiced = hops, voiced

    def settle(self, speech: NDArray[np.bool_]) -> None:
        """Take what is held, as far as the second stage agrees."""
        assert self.hops is not None
        assert self.voiced is not None
        super().take(self.hops, self.voiced & speech)


def customer(talk_share: float) -> list[bytes]:
    """Return a minute and more of a customer who speaks for a share of the time, as frames."""
    parts: list[Sound] = []
    for sound in list(prompts())[:12]:
        parts += [sound, np.zeros(round(sound.size * (1 / talk_share - 1)))]
    line = np.concatenate(parts)
    hiss = np.resize(at_level(band(noise("pink", 60.0)), HISS_DBOV), line.size)
    return frames(line + hiss)


class Crowd:
    """Customers' legs that are heard together, tick by tick."""

    def __init__(self, calls: int, judge: VoiceJudge, stage: SecondStage | None) -> None:
        """Open the calls.

        Args:
            calls: How many.
            judge: Of emotion.
            stage: The second; None: the first decides alone.
        """
        settings = WindowSettings()
        self._stage = stage
        self._ticks = 0
        self._sensing = Sensing(judge, settings)
        self._listeners = [Listener(f"c{number}", EarSettings()) for number in range(calls)]
        self._ears: list[Ear] = []
        self._gates: list[HeldWindows] = []
        for listener in self._listeners:
            listener.open(0, Speaker.CUSTOMER)
            self._sensing.take(Permit(contact_id=listener.contact_id, allowed=True), listener)
            listener.permit(settings, CallerBaseline())
            ear = listener.ears[0]
            gate = HeldWindows(settings)
            ear.windows = gate
            self._ears.append(ear)
            self._gates.append(gate)

    def run(self, pcm: Sequence[bytes], ticks: int) -> "Run":
        """Hear some ticks, after WARM_TICKS that are not counted."""
        spent = np.zeros((ticks, 3))
        passed = windows = 0
        for tick in range(-WARM_TICKS, ticks):
            if not tick:
                passed, windows = 0, self._sensing.windows
            self._bring(pcm, tick + WARM_TICKS)
            took = [_timed(work) for work in (self._hear, self._ask, self._feel)]
            if tick >= 0:
                spent[tick] = took
            passed += sum(bool(one.voiced is not None and one.voiced.any()) for one in self._gates)
        return Run(spent, self._sensing.windows - windows, passed)

    def _bring(self, pcm: Sequence[bytes], tick: int) -> None:
        for number, listener in enumerate(self._listeners):
            frame = pcm[(tick + _APART * number) % len(pcm)]
            listener.put(self._ears[number], TapFrame(tick + 1, (tick + 1_000) * FRAME_US, frame))

    def _hear(self) -> None:
        heard, refused = hear(self._listeners)
        assert (len(heard), refused) == (len(self._listeners), 0)
        for listener in self._listeners:
            listener.settle()

    def _ask(self) -> None:
        shape = (len(self._gates), HOPS_PER_FRAME)
        speech = np.ones(shape, dtype=np.bool_)
        if self._stage is not None:
            sound = np.stack([gate.hops for gate in self._gates if gate.hops is not None])
            voiced = np.stack([gate.voiced for gate in self._gates if gate.voiced is not None])
            speech = (
                self._stage.judge(
                    [gate.memory for gate in self._gates],
                    sound.reshape(-1, TAP_FRAME_SAMPLES),
                    np.asarray(voiced.any(axis=1)),
                )
                >= SPEECH_MIN
            )
        for gate, row in zip(self._gates, speech, strict=True):
            gate.settle(row)

    def _feel(self) -> None:
        self._ticks += 1
        if self._ticks % SENSE_EVERY_TICKS == 0:
            self._sensing.sense(self._listeners)


def _timed(work: Callable[[], None]) -> float:
    """Return the processor time that something takes, all threads of this process, seconds."""
    before = time.process_time()
    work()
    return time.process_time() - before
