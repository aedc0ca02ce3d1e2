"""An ear: one leg of a contact, from its frames to its segments."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from domain.speech import Speaker
from media.activity import Segmenter, VoiceActivity
from media.background import Background
from media.pcm import HOP_BYTES
from media.second_stage import EarMemory
from media.settings import EarSettings
from media.timeline import Timeline
from media.tones import ToneTail
from media.voice import Voice
from media.windows import SpeechWindows, WindowSettings

BACKLOG_FRAMES_MAX: Final = 17
"""Frames that may wait to be heard, 3 s: a worker later than that is overloaded."""


@dataclass(frozen=True, slots=True)
class TapFrame:
    """One tapped frame that waits to be heard; the fields are those of `domain.tap`."""

    sequence: int
    time_us: int
    pcm: bytes


FADING_HOPS: Final = 9
"""The detector says speech for seven hops after it at most, and two are to be safe."""


class Ear:
    """One leg.

    Attributes:
        voice: Measures of the voice; None for an agent, whose voice is not measured.
        windows: Windows of speech whose emotion is to be judged; None for an agent, always, and
            for a customer until that is permitted.
        memory: What the second stage of voice activity knows; it hears what windows are cut of.
        closing: The leg is no longer tapped; the ear goes when its backlog is heard.
    """

    def __init__(self, speaker: Speaker, settings: EarSettings) -> None:
        """Begin to listen to one speaker."""
        self.speaker = speaker
        self.timeline = Timeline()
        self.background = Background()
        self.tone_tail = ToneTail()
        self.activity = VoiceActivity(settings.aggressiveness)
        self.segmenter = Segmenter(settings.pause_s)
        self.voice = Voice() if speaker is Speaker.CUSTOMER else None
        self.windows: SpeechWindows | None = None
        self.memory = EarMemory()
        self.backlog: deque[TapFrame] = deque()
        self.closing = False

    def watch(self, settings: WindowSettings) -> None:
        """Keep windows of speech from now on; harmless for an agent, of whom none are kept."""
        if self.speaker is Speaker.CUSTOMER and self.windows is None:
            self.windows = SpeechWindows(settings, self.segmenter.hops)

    def rest(self, hops: int) -> None:
        """Let silence pass that no frame brings, so that what was heard before it fades."""
        self.activity.judge(bytes(min(hops, FADING_HOPS) * HOP_BYTES))
        self.background.rest()
        if self.voice is not None:
            self.voice.history[:] = 0
        if self.windows is not None:
            self.windows.rest(hops)
            self.memory.rest()

    def put(self, frame: TapFrame) -> bool:
        """Let a frame wait; False: the oldest one had to give way to it.

        The gap in the sequence numbers then shows the loss, as if the frame had never come.
        """
        room = len(self.backlog) < BACKLOG_FRAMES_MAX
        if not room:
            self.backlog.popleft()
        self.backlog.append(frame)
        return room
