"""What the voice models and the alert rules make of the demo's callers, without any call.

What a live call adds is the line, voice activity and time; the recordings, the features, the
weights, the rules of the demo's configuration and the alert desk are the real ones.
"""

import wave
from collections.abc import Iterator
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
from domain.emotion import EmotionScore, LabelProbabilities
from domain.events import AlertRaised, ContactArrived, EmotionObserved
from domain.speech import Speaker
from media.features.framing import batch_of
from media.features.functionals import FEATURES_VERSION, features
from models.emotion import LABELS, EmotionModel

RATE = 8_000
SPEECH_DBOV_MIN = -50.0
"""A window with nothing louder holds no speech."""
SPOKEN = [call for call in CALLS if call.lines]
ANGRY = [call for call in SPOKEN if call.grows_angry]


@pytest.fixture(scope="module")
def configuration():
    return load(CONFIGURATION, look_up_secrets=False).configuration


@pytest.fixture(scope="module", params=["prosody-open", "prosody-research"])
def model(request: pytest.FixtureRequest) -> EmotionModel:
    return EmotionModel.load(request.param, features_version=FEATURES_VERSION)


def by_mu_law(samples: np.ndarray) -> np.ndarray:
    """Return samples as a line of ITU-T G.711 brings them, near enough."""
    bent = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    coarse = np.rint(bent * 127) / 127
    return (np.sign(coarse) * np.expm1(np.abs(coarse) * np.log(256)) / 255).astype(np.float32)


def customer_track(call: PlannedCall) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:
    """Return what the customer's leg carries while both speak in turn, and when he says what."""
    noise = np.random.default_rng(1)
    parts, said, at_s = [], {}, 0.0
    for number, line in enumerate(call.lines):
        with wave.open(str(recording(line))) as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32_768
        if number % 2:
            said[line.partition("-")[2]] = (at_s, at_s + seconds_of(line))
        parts.append(pcm if number % 2 else np.zeros_like(pcm))
        at_s += seconds_of(line)
    track = np.concatenate([*parts, np.zeros(RATE)])
    return by_mu_law(track + noise.normal(0, 10 ** (-65 / 20), len(track))), said


def judged(call: PlannedCall, model: EmotionModel, windows) -> list[EmotionScore]:
    """Return scores of windows, without a baseline of the caller: the harder case."""
    track, _ = customer_track(call)
    length, hop = round(windows.length_s * RATE), round(windows.hop_s * RATE)
    starts = np.arange(0, len(track) - length + 1, hop)
    found = features(batch_of([track[at : at + length] for at in starts]))
    voiced_s = found.active.mean(axis=1) * windows.length_s
    heard = (found.levels.max(axis=1) > SPEECH_DBOV_MIN) & (voiced_s >= windows.voiced_s_min)
    scores = model.score(found.log_mel[heard], found.active[heard], found.functionals[heard])
    claimed = model.card.claims_labels
    return [
        EmotionScore(
            speaker=Speaker.CUSTOMER,
            window_start_s=start / RATE,
            window_end_s=(start + length) / RATE,
            voiced_s=float(voiced),
            anger=float(scores.anger[row]),
            arousal=float(scores.arousal[row]),
            valence=float(scores.valence[row]) if claimed else None,
            confidence=float(scores.confidence[row]),
            model=model.card.name,
            probabilities=LabelProbabilities(
                **dict(zip(LABELS, scores.probabilities[row].tolist(), strict=True))
            )
            if claimed
            else None,
        )
        for row, (start, voiced) in enumerate(zip(starts[heard], voiced_s[heard], strict=True))
    ]


def mean_anger(scores: list[EmotionScore], span: tuple[float, float]) -> float:
    """Return the mean over the windows of which most lies within a line."""
    inside = [s.anger for s in scores if span[0] + 1.25 <= s.end_s <= span[1] + 1.25]
    assert inside
    return float(np.mean(inside))


def events(call: PlannedCall, model: EmotionModel, configuration) -> Iterator[tuple[float, object]]:
    """Yield what the alert desk says of a call, and when."""
    numbers = count()
    desk = AlertDesk(CarePolicy.of(configuration), new_id=lambda: f"alert-{next(numbers)}")
    arrived = ContactArrived(
        contact_id="c1", channel=Channel.VOICE, queue_id="service", language=call.lines[0][:2]
    )
    desk.handle(arrived, 0.0)
    for score in judged(call, model, configuration.emotion.windows):
        observed = EmotionObserved(contact_id="c1", score=score)
        for out in desk.handle(observed, score.end_s):
            yield score.end_s, out


@pytest.mark.parametrize("call", ANGRY, ids=lambda call: call.name)
def test_calm_lines_score_low_and_shouted_ones_high(call, model, configuration) -> None:
    scores = judged(call, model, configuration.emotion.windows)
    _, said = customer_track(call)
    calm, *_, enough, _ = (mean_anger(scores, span) for span in said.values())
    assert calm < 0.35
    assert enough > 0.5
    assert enough - calm > 0.35


@pytest.mark.parametrize("call", ANGRY, ids=lambda call: call.name)
def test_with_the_open_weights_the_alert_rises_while_he_shouts(call, configuration) -> None:
    model = EmotionModel.load("prosody-open", features_version=FEATURES_VERSION)
    assert configuration.emotion.weights == "prosody-open"
    _, said = customer_track(call)
    begins_s, ends_s = said["customer-enough"]
    risen = [
        at_s
        for at_s, event in events(call, model, configuration)
        if isinstance(event, AlertRaised) and event.rule_id == ANGER_RULE
    ]
    assert len(risen) == 1
    assert begins_s - 3.0 < risen[0] < ends_s - 3.0


@pytest.mark.parametrize(
    "call", [c for c in SPOKEN if not c.grows_angry], ids=lambda call: call.name
)
def test_who_stays_calm_raises_none(call, model, configuration) -> None:
    assert not [
        event for _, event in events(call, model, configuration) if isinstance(event, AlertRaised)
    ]
