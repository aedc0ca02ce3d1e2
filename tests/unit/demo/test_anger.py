"""What the node makes of the demo's callers, without telephones: heard, judged, alerted.

The recordings, the line's law, voice activity, windows, features, weights, the caller's baseline,
the rules of the demo's configuration and the alert desk are the real ones.
"""

import wave
from collections.abc import Iterator
from functools import cache
from itertools import count

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from care.alerts import AlertDesk
from care.policy import CarePolicy
from config.load import load
from demo.command import CONFIGURATION
from demo.script import ANGER_RULE, CALLS, PlannedCall, recording, seconds_of
from domain.contact import Channel
from domain.emotion import EmotionScore
from domain.events import AlertRaised, ContactArrived, EmotionObserved
from domain.speech import Speaker
from media.batch import hear
from media.listener import Listener
from media.orders import Permit
from media.sensing import Sensing
from media.settings import EarSettings
from media.windows import WindowSettings
from server.analysis_worker import judge_of
from tests.unit.media.sounds_rig import frames_of

RATE = 8_000
SPOKEN = list({call.lines: call for call in CALLS if call.lines}.values())
ANGRY = [call for call in SPOKEN if call.grows_angry]


@pytest.fixture(scope="module")
def configuration():
    return load(CONFIGURATION, look_up_secrets=False).configuration


@pytest.fixture(params=["prosody-open", "prosody-research"])
def weights(request: pytest.FixtureRequest) -> str:
    return request.param


def by_mu_law(samples: np.ndarray) -> np.ndarray:
    """Return samples as a line of ITU-T G.711 brings them, near enough."""
    bent = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    coarse = np.rint(bent * 127) / 127
    return np.sign(coarse) * np.expm1(np.abs(coarse) * np.log(256)) / 255


@cache
def customer_track(call: PlannedCall) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:
    """Return what the customer's leg carries while both speak in turn, and when he says what."""
    noise = np.random.default_rng(1)
    parts, said, at_s = [np.zeros(2 * RATE)], {}, 2.0
    for number, line in enumerate(call.lines):
        with wave.open(str(recording(line))) as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32_768
        if number % 2:
            said[line.partition("-")[2]] = (at_s, at_s + seconds_of(line))
        parts.append(pcm if number % 2 else np.zeros_like(pcm))
        at_s += seconds_of(line)
    track = np.concatenate([*parts, np.zeros(RATE)])
    return by_mu_law(track + noise.normal(0, 10 ** (-65 / 20), len(track))), said


@cache
def judged(call: PlannedCall, weights: str) -> list[EmotionScore]:
    """Return what an analysis worker says of a call, with the settings of the demo."""
    windows = load(CONFIGURATION, look_up_secrets=False).configuration.emotion.windows
    settings = WindowSettings(windows.length_s, windows.hop_s, windows.voiced_s_min)
    sensing, listener = Sensing(judge_of(weights), settings), Listener("c1", EarSettings())
    sensing.take(Permit(contact_id="c1", allowed=True), listener)
    listener.open(1, Speaker.CUSTOMER)
    track, _ = customer_track(call)
    found = []
    for frame in frames_of(track, start_us=1_000_000_000):
        listener.put(listener.ears[1], frame)
        hear([listener])
        for _, scores in sensing.sense([listener]):
            found += scores
        listener.settle()
    return found


def mean_anger(scores: list[EmotionScore], span: tuple[float, float]) -> float:
    """Return the mean over the windows of which most lies within a line."""
    inside = [s.anger for s in scores if span[0] + 1.25 <= s.end_s <= span[1] + 1.25]
    assert inside
    return float(np.mean(inside))


def events(call: PlannedCall, weights: str, configuration) -> Iterator[tuple[float, object]]:
    """Yield what the alert desk says of a call, and when."""
    numbers = count()
    desk = AlertDesk(CarePolicy.of(configuration), new_id=lambda: f"alert-{next(numbers)}")
    arrived = ContactArrived(
        contact_id="c1", channel=Channel.VOICE, queue_id="service", language=call.lines[0][:2]
    )
    desk.handle(arrived, 0.0)
    for score in judged(call, weights):
        observed = EmotionObserved(contact_id="c1", score=score)
        for out in desk.handle(observed, score.end_s):
            yield score.end_s, out


@pytest.mark.parametrize("call", ANGRY, ids=lambda call: call.name)
def test_calm_lines_score_low_and_shouted_ones_high(call, weights) -> None:
    scores = judged(call, weights)
    _, said = customer_track(call)
    calm, *_, enough, _ = (mean_anger(scores, span) for span in said.values())
    assert calm < 0.45
    assert enough > 0.5
    assert enough - calm > 0.35


@pytest.mark.parametrize("call", ANGRY, ids=lambda call: call.name)
def test_with_the_open_weights_the_alert_rises_while_he_is_loud(call, configuration) -> None:
    weights = configuration.emotion.weights
    assert weights == "prosody-open"
    _, said = customer_track(call)
    begins_s, ends_s = said["customer-again"][0], said["customer-enough"][1]
    risen = [
        at_s
        for at_s, event in events(call, weights, configuration)
        if isinstance(event, AlertRaised) and event.rule_id == ANGER_RULE
    ]
    assert len(risen) == 1
    assert begins_s < risen[0] < ends_s - 3.0


@pytest.mark.parametrize(
    "call", [c for c in SPOKEN if not c.grows_angry], ids=lambda call: call.name
)
def test_who_stays_calm_raises_none(call, weights, configuration) -> None:
    assert not [
        event for _, event in events(call, weights, configuration) if isinstance(event, AlertRaised)
    ]
