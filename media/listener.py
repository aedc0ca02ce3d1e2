"""A listener: all ears of one contact, and what they heard as spans of the contact's time."""

from typing import Final

from domain.speech import Speaker, SpeechKind, SpeechSpan
from media.activity import Extent
from media.baseline import CallerBaseline
from media.ear import Ear, TapFrame
from media.judge import Window
from media.pcm import HOP_MS, HOP_US
from media.settings import EarSettings
from media.timeline import FRAME_US, Place
from media.turns import TurnKeeper
from media.voice import VoiceMeasure
from media.windows import WindowSettings

LEGS_MAX: Final = 8
"""Ears of one contact at once. A cell has at most four legs; a leg that is closed may wait
for its backlog while its successor opens."""
STALL_US: Final = 2_000_000
"""A leg without frames for so long while another has them is silent, as one on hold is."""


class Listener:
    """One contact.

    Attributes:
        ears: By the cell's number of the leg, those that are tapped.
        lost: Frames lost since `take_lost` was last asked.
        zero_us: CLOCK_MONOTONIC at the start of the first frame; 0 before it.
        baseline: How the customer usually speaks; None while he may not be judged.
    """

    def __init__(self, contact_id: str, settings: EarSettings) -> None:
        """Begin before the first frame."""
        self.contact_id = contact_id
        self.ears: dict[int, Ear] = {}
        self.lost = 0
        self._settings = settings
        self._closing: list[Ear] = []
        self._turns = TurnKeeper()
        self.zero_us = 0
        self.baseline: CallerBaseline | None = None
        self._watched: WindowSettings | None = None
        self._spans: list[SpeechSpan] = []

    def open(self, leg: int, speaker: Speaker) -> bool:
        """Begin to hear a leg; one of the same number ends. False: LEGS_MAX are open."""
        self.close(leg)
        if len(self.ears) + len(self._closing) >= LEGS_MAX:
            return False
        ear = self.ears[leg] = Ear(speaker, self._settings)
        if self._watched is not None:
            ear.watch(self._watched)
        return True

    def close(self, leg: int) -> None:
        """Hear what the leg has sent, then no more of it; harmless for an unknown leg."""
        ear = self.ears.pop(leg, None)
        if ear is not None:
            ear.closing = True
            self._closing.append(ear)

    def permit(self, settings: WindowSettings, baseline: CallerBaseline) -> None:
        """Let the customer's voice be judged from now on; what is known of him is kept."""
        if self.baseline is None:
            self.baseline = baseline
        self._watched = settings
        for ear in (*self.ears.values(), *self._closing):
            ear.watch(settings)

    def forbid(self) -> None:
        """Let nobody be judged, and forget what was kept for it."""
        self.baseline = self._watched = None
        for ear in (*self.ears.values(), *self._closing):
            ear.windows = None

    def windows(self) -> list[Window]:
        """Return the windows that are to be judged now, and count them as judged."""
        if self._watched is None:
            return []
        found = []
        for ear in self.ears.values():
            stretch = None if ear.windows is None else ear.windows.due()
            if stretch is not None:
                found.append(
                    Window(
                        speaker=ear.speaker,
                        samples=stretch.samples,
                        start_s=self._time_s(ear, stretch.first_hop),
                        end_s=self._time_s(ear, stretch.end_hop),
                        voiced_s=stretch.voiced_hops * HOP_MS / 1_000,
                        baseline=self.baseline,
                    )
                )
        return found

    def put(self, ear: Ear, frame: TapFrame) -> bool:
        """Let a frame of one of the ears wait; False: an older one was dropped for it."""
        if not self.zero_us:
            self.zero_us = frame.time_us - FRAME_US
        return ear.put(frame)

    def due(self) -> list[Ear]:
        """Return the ears that have frames waiting."""
        ears = [ear for ear in self.ears.values() if ear.backlog]
        if self._closing:
            ears += [ear for ear in self._closing if ear.backlog]
        return ears

    def arrive(self, ear: Ear, frame: TapFrame) -> Place:
        """Find the place of a frame in time, with silence before it where frames lack."""
        place = ear.timeline.place(frame.sequence, frame.time_us)
        self.lost += place.lost
        if place.silent_hops:
            self._pass_silence(ear, place.silent_hops)
        return place

    def judge(self, ear: Ear, voiced: list[bool], clear: list[bool]) -> None:
        """Take the judgements of one frame's hops; see `Segmenter.step`."""
        step = ear.segmenter.step
        for hop, sure in zip(voiced, clear, strict=True):
            closed = step(hop, sure)
            if closed is not None:
                self._report(ear, closed)

    def settle(self) -> list[SpeechSpan]:
        """Return the spans that have become certain; call it when frames have been judged."""
        if self._closing:
            for ear in [ear for ear in self._closing if not ear.backlog]:
                self._closing.remove(ear)
                self._end(ear)
        heard = [ear for ear in self.ears.values() if ear.timeline.start_us is not None]
        heard += self._closing
        if len(heard) > 1:
            stalled_us = max(ear.timeline.end_us for ear in heard) - STALL_US
            for ear in heard:
                if ear.timeline.end_us < stalled_us and not ear.backlog:
                    self._pass_silence(ear, ear.timeline.fill_until(stalled_us))
        if not self._spans and not self._turns.pending:
            return []
        known_until_s = min(
            (self._time_s(ear, ear.segmenter.unsettled_from) for ear in heard),
            default=float("inf"),
        )
        self._spans += self._turns.advance(known_until_s)
        return self._take_spans()

    def finish(self) -> list[SpeechSpan]:
        """Close every segment and turn; the contact is over and its backlog is heard."""
        for leg in list(self.ears):
            self.close(leg)
        for ear in self._closing:
            self._end(ear)
        self._closing.clear()
        self._spans += self._turns.finish()
        return self._take_spans()

    def take_lost(self) -> int:
        """Return and forget the number of lost frames."""
        lost, self.lost = self.lost, 0
        return lost

    def _take_spans(self) -> list[SpeechSpan]:
        spans, self._spans = self._spans, []
        spans.sort(key=lambda span: (span.start_s, span.end_s))
        return spans

    def _end(self, ear: Ear) -> None:
        closed = ear.segmenter.close()
        if closed is not None:
            self._report(ear, closed)

    def _pass_silence(self, ear: Ear, hops: int) -> None:
        closed = ear.segmenter.skip(hops)
        if closed is not None:
            self._report(ear, closed)
        ear.rest(hops)

    def _time_s(self, ear: Ear, hop: int) -> float:
        """Return when a hop began, seconds since the contact's first tapped frame."""
        if ear.timeline.start_us is None:
            return float("inf")
        time_us = ear.timeline.start_us - self.zero_us + hop * HOP_US
        return max(round(time_us / 1e6, 3), 0.0)

    def _report(self, ear: Ear, extent: Extent) -> None:
        measure = VoiceMeasure() if ear.voice is None else ear.voice.measure(extent)
        segment = SpeechSpan(
            kind=SpeechKind.SEGMENT,
            start_s=self._time_s(ear, extent.start),
            end_s=self._time_s(ear, extent.end),
            speaker=ear.speaker,
            level_dbov=measure.level_dbov,
            pitch_hz=measure.pitch_hz,
            pitch_range_semitones=measure.pitch_range_semitones,
        )
        self._turns.add(segment)
        self._spans.append(segment)
