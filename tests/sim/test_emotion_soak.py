"""Ten minutes of a hundred callers, as fast as they can be judged: nothing grows with time.

Real ears, features and weights, and the alert desk behind them. A caller speaks for four seconds of
every minute and his telephone sends nothing between (silence suppression, RFC 3389), so most of
the time passes at once.
"""

import gc
import tracemalloc

import numpy as np

from care.alerts import AlertDesk
from care.policy import CarePolicy
from domain.contact import Channel, Disposition
from domain.events import ContactArrived, ContactClosed, EmotionObserved
from domain.speech import Speaker
from media.batch import hear
from media.ear import TapFrame
from media.listener import Listener
from media.orders import Permit
from media.sensing import Sensing
from media.settings import EarSettings
from media.timeline import FRAME_US
from media.windows import WindowSettings
from server.analysis_worker import judge_of
from tests.emotion_support import mood_rule
from tests.unit.media.sounds_rig import START_US, frames_of, voice

CALLS = 100
MINUTES = 10
SPEECH_S = 4
GROWTH_BYTES_MAX = 1_500_000
"""From the third minute to the end: 15 KB a call. The windows alone of one more minute that were
kept by mistake would be 60 MB."""


def sentence(number: int) -> list[TapFrame]:
    """Return some seconds of vowels, at a pitch of the caller's own."""
    pitch_hz = 95 + 1.5 * number
    vowels = [voice(pitch_hz * (1 + 0.05 * n), 0.3, letter="aeiou"[n % 5]) for n in range(13)]
    return frames_of(np.concatenate(vowels))


def test_nothing_grows_with_time() -> None:
    sensing = Sensing(judge_of("prosody-open"), WindowSettings())
    numbers = iter(range(1_000_000))
    desk = AlertDesk(CarePolicy(rules=(mood_rule(),)), new_id=lambda: str(next(numbers)))
    listeners = []
    for number in range(CALLS):
        listener = Listener(f"c{number}", EarSettings())
        listener.open(1, Speaker.CUSTOMER)
        listener.open(2, Speaker.AGENT)
        sensing.take(Permit(contact_id=listener.contact_id, allowed=True), listener)
        arrived = ContactArrived(
            contact_id=listener.contact_id, channel=Channel.VOICE, queue_id="q", language="en"
        )
        desk.handle(arrived, 0.0)
        listeners.append(listener)
    spoken = [sentence(number) for number in range(CALLS)]
    frames_a_minute = len(spoken[0])
    judged, known_bytes = [], 0
    tracemalloc.start()
    try:
        for minute in range(MINUTES):
            before = sensing.windows
            for place in range(frames_a_minute):
                at_us = START_US + minute * 60_000_000 + (place + 1) * FRAME_US
                for number, listener in enumerate(listeners):
                    pcm = spoken[number][place].pcm
                    sequence = minute * frames_a_minute + place + 1
                    listener.put(listener.ears[1], TapFrame(sequence, at_us, pcm))
                hear(listeners)
                for listener, scores in sensing.sense(listeners):
                    for score in scores:
                        observed = EmotionObserved(contact_id=listener.contact_id, score=score)
                        desk.handle(observed, at_us / 1e6)
                for listener in listeners:
                    listener.settle()
            judged.append(sensing.windows - before)
            if minute == 2:
                gc.collect()
                known_bytes = tracemalloc.get_traced_memory()[0]
        gc.collect()
        grown_bytes = tracemalloc.get_traced_memory()[0] - known_bytes
    finally:
        tracemalloc.stop()
    assert grown_bytes < GROWTH_BYTES_MAX
    # Every caller is judged in every minute, the last as the first.
    assert min(judged) >= CALLS * (SPEECH_S - 2)
    assert desk.totals.unknown == desk.totals.late == 0
    for listener in listeners:
        closed = ContactClosed(
            contact_id=listener.contact_id,
            queue_id="q",
            disposition=Disposition.CALLER_ENDED,
            agent_id=None,
            wait_s=None,
            talk_s=0.0,
        )
        desk.handle(closed, 1e6)
        sensing.end(listener.contact_id)
    assert desk.watched == 0
    assert desk.open_alerts() == ()
    assert not sensing._permits
