"""Course: a recording sent through the ear, the model and the alert desk of a running call.

The same code hears it as hears a call, in frames of the same length, and the clock is that of
the recording: what is shown is what would have been said of that sound during a call, and when.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np

from care.alerts import AlertDesk, Output
from care.policy import CarePolicy, course_of, rule_of
from config.emotion import Emotion
from config.schema import Analysis
from domain.alert import ClearReason
from domain.contact import Channel
from domain.emotion import EmotionScore
from domain.emotional_course import MoodPoint
from domain.events import AlertCleared, AlertRaised, ContactArrived, EmotionObserved
from domain.speech import Speaker, SpeechKind, SpeechSpan
from domain.tap import TAP_RATE_HZ
from media.batch import hear
from media.ear import TapFrame
from media.judge import VoiceJudge
from media.listener import Listener
from media.orders import Permit
from media.pcm import FRAME_BYTES, Samples, to_s16le
from media.second_stage import SecondStage
from media.sensing import Sensing
from media.settings import EarSettings
from media.timeline import FRAME_US
from media.windows import WindowSettings

CONTACT: Final = "recording"
LEG: Final = 1
QUIET_S: Final = 0.9
"""Silence played after the end, so that the last words are judged as before any pause."""
START_US: Final = FRAME_US
"""When the recording begins, on a clock of its own; 0 would mean that nothing was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a recording is heard and judged; the fields are what a configuration says.

    Attributes:
        queue_id: The queue whose rules hold; those without queues always do.
    """

    ear: EarSettings
    windows: WindowSettings
    policy: CarePolicy
    queue_id: str = ""

    @classmethod
    def of(cls, emotion: Emotion, analysis: Analysis, queue_id: str = "") -> "Setting":
        """Return what these sections of a configuration ask for."""
        return cls(
            ear=EarSettings(analysis.aggressiveness, analysis.pause_s),
            windows=WindowSettings(
                emotion.windows.length_s, emotion.windows.hop_s, emotion.windows.voiced_s_min
            ),
            policy=CarePolicy(
                rules=tuple(rule_of(entry, emotion) for entry in emotion.rules),
                course=course_of(emotion),
            ),
            queue_id=queue_id,
        )


@dataclass(slots=True)
class RisenAlert:
    """An alert that a call would have raised.

    Attributes:
        at_s: When, seconds since the recording began.
        raised: As the event tells it.
        cleared_at_s: When it was over; None: it lasted to the end.
        reason: What ended it.
    """

    at_s: float
    raised: AlertRaised
    cleared_at_s: float | None = None
    reason: ClearReason | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A judged window, and what had become of the course with it.

    Attributes:
        at_s: When it was judged, seconds since the recording began: the call's delay included.
    """

    at_s: float
    score: EmotionScore
    point: MoodPoint


@dataclass(slots=True)
class Course:
    """What was heard in a recording.

    Attributes:
        seconds: Length of the recording.
        moments: Every judged window, in order.
        alerts: Every alert, in order.
        segments: Where there is speech.
    """

    seconds: float
    moments: list[Moment] = field(default_factory=list)
    alerts: list[RisenAlert] = field(default_factory=list)
    segments: list[SpeechSpan] = field(default_factory=list)

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return sum(span.seconds for span in self.segments)


def hear_recording(
    samples: Samples,
    judge: VoiceJudge,
    setting: Setting,
    second_stage: SecondStage | None = None,
) -> Course:
    """Return the emotional course of a recording in which the customer alone speaks.

    Args:
        samples: At TAP_RATE_HZ, shape (n,).
        judge: The model.
        setting: Windows and rules.
        second_stage: Of voice activity; None: the first stage decides alone.
    """
    course = Course(samples.size / TAP_RATE_HZ)
    listener = Listener(CONTACT, setting.ear)
    sensing = Sensing(judge, setting.windows, second_stage)
    sensing.take(Permit(contact_id=CONTACT, allowed=True), listener)
    assert listener.open(LEG, Speaker.CUSTOMER)
    desk = _Desk(setting, course)
    for frame in _frames(samples):
        listener.put(listener.ears[LEG], frame)
        hear([listener], sensing.second_stage)
        now_s = (frame.time_us - listener.zero_us) / 1e6
        desk.wait_until(now_s)
        for _, scores in sensing.sense([listener]):
            for score in scores:
                desk.take(score, now_s)
        _keep(course, listener.settle())
    _keep(course, listener.finish())
    return course


class _Desk:
    """The alert desk, with one contact on the line; what it says is noted in a course."""

    def __init__(self, setting: Setting, course: Course) -> None:
        numbers = count(1)
        self._desk = AlertDesk(setting.policy, new_id=lambda: f"{next(numbers):032x}")
        self._course = course
        self._open: dict[str, RisenAlert] = {}
        arrived = ContactArrived(
            contact_id=CONTACT, channel=Channel.VOICE, queue_id=setting.queue_id, language="en"
        )
        self._note(self._desk.handle(arrived, 0.0), 0.0)

    def wait_until(self, now_s: float) -> None:
        """Let time pass; what is due happens at its own time."""
        while (due_s := self._desk.next_deadline_s()) is not None and due_s <= now_s:
            self._note(self._desk.advance(due_s), due_s)

    def take(self, score: EmotionScore, now_s: float) -> None:
        said = self._desk.handle(EmotionObserved(contact_id=CONTACT, score=score), now_s)
        point = self._desk.mood(CONTACT, now_s)
        assert point is not None
        self._course.moments.append(Moment(now_s, score, point))
        self._note(said, now_s)

    def _note(self, outputs: Sequence[Output], now_s: float) -> None:
        for output in outputs:
            if isinstance(output, AlertRaised):
                alert = RisenAlert(now_s, output)
                self._open[output.alert_id] = alert
                self._course.alerts.append(alert)
            elif isinstance(output, AlertCleared):
                alert = self._open.pop(output.alert_id)
                alert.cleared_at_s, alert.reason = now_s, output.reason


def _keep(course: Course, spans: Sequence[SpeechSpan]) -> None:
    course.segments += [span for span in spans if span.kind is SpeechKind.SEGMENT]


def _frames(samples: Samples) -> Iterator[TapFrame]:
    """Yield a recording, and the quiet after it, as a cell would send it."""
    per_frame = FRAME_BYTES // 2
    quiet = round(QUIET_S * TAP_RATE_HZ)
    whole = -(-(samples.size + quiet) // per_frame)
    for number in range(whole):
        part = samples[number * per_frame : (number + 1) * per_frame]
        pcm = to_s16le(np.pad(part, (0, per_frame - part.size)))
        yield TapFrame(number + 1, START_US + (number + 1) * FRAME_US, pcm)
