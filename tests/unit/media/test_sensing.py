"""Who is judged: the customer, permitted, and nobody else."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.baseline import Baseline
from domain.emotion import EmotionScore
from domain.speech import Speaker
from domain.tap import TAP_FRAME_SAMPLES, TAP_RATE_HZ
from media.batch import hear
from media.features.functionals import FEATURES_VERSION, NAMES
from media.listener import Listener
from media.orders import Permit
from media.pcm import HOPS_PER_FRAME, Samples
from media.second_stage import SPEECH_MIN, EarMemory, SecondStage
from media.sensing import PERMITS_MAX, Sensing
from media.settings import EarSettings
from media.windows import WindowSettings
from tests.unit.media.scorer_rig import LEVEL, LoudIsAngry, judge_with
from tests.unit.media.sounds_rig import frames_of, silence, voice

WORDS = np.concatenate(
    [np.concatenate([voice(120, 0.45, letter=letter), silence(0.05)]) for letter in "aeiou" * 2]
)
QUIET = -40.0
LOUD = -10.0


class Says:
    """A second stage that always says the same, and notes what it was asked."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.asked: list[tuple[int, bool]] = []

    def judge(
        self, ears: Sequence[EarMemory], frames: Samples, passed: NDArray[np.bool_]
    ) -> Samples:
        assert frames.shape == (len(ears), TAP_FRAME_SAMPLES)
        self.asked += [(id(ear), bool(one)) for ear, one in zip(ears, passed, strict=True)]
        return np.full((len(ears), HOPS_PER_FRAME), self.probability, dtype=np.float32)


class Call:
    def __init__(
        self,
        *,
        permitted: bool = True,
        contact_id: str = "c1",
        second_stage: SecondStage | None = None,
    ) -> None:
        self.scorer = LoudIsAngry()
        self.sensing = Sensing(judge_with(self.scorer), WindowSettings(), second_stage)
        self.listener = Listener(contact_id, EarSettings())
        self.scores: list[EmotionScore] = []
        if permitted:
            self.permit()

    def permit(self, baseline: Baseline | None = None) -> None:
        permit = Permit(contact_id=self.listener.contact_id, allowed=True, baseline=baseline)
        self.sensing.take(permit, self.listener)

    def forbid(self) -> None:
        permit = Permit(contact_id=self.listener.contact_id, allowed=False)
        self.sensing.take(permit, self.listener)

    def play(self, **legs: np.ndarray) -> list[EmotionScore]:
        """Play legs "leg1", "leg2" beside one another, from now on."""
        rows = {}
        begun_us = max(ear.timeline.end_us for ear in self.listener.ears.values())
        for name, sound in legs.items():
            ear = self.listener.ears[int(name[3:])]
            rows[ear] = frames_of(
                sound,
                start_us=ear.timeline.end_us or begun_us or 1_000_000_000,
                sequence=ear.timeline._sequence + 1,
            )
        found = []
        for number in range(max(map(len, rows.values()))):
            for ear, frames in rows.items():
                if number < len(frames):
                    self.listener.put(ear, frames[number])
            hear([self.listener], self.sensing.second_stage)
            for _, scores in self.sensing.sense([self.listener]):
                found += scores
            self.listener.settle()
        self.scores += found
        return found


def at(dbov: float, sound: np.ndarray = WORDS) -> np.ndarray:
    return sound * 10 ** ((dbov + 20) / 20)


def test_a_customer_is_judged_about_once_a_second() -> None:
    call = Call()
    call.listener.open(1, Speaker.CUSTOMER)
    scores = call.play(leg1=WORDS)
    assert 4 <= len(scores) <= 6
    assert call.sensing.windows == len(scores)
    ends = [score.window_end_s for score in scores]
    assert ends == sorted(ends)
    assert ends[-1] <= WORDS.size / TAP_RATE_HZ + 0.2


def test_nobody_is_judged_before_it_is_permitted() -> None:
    call = Call(permitted=False)
    call.listener.open(1, Speaker.CUSTOMER)
    assert call.play(leg1=WORDS) == []
    assert call.listener.ears[1].windows is None
    call.permit()
    assert call.play(leg1=WORDS)
    call.forbid()
    assert call.play(leg1=WORDS) == []
    assert call.listener.baseline is None
    assert call.listener.ears[1].windows is None


def test_permission_may_come_before_the_contact() -> None:
    call = Call(permitted=False)
    call.sensing.take(Permit(contact_id="c1", allowed=True), None)
    call.sensing.begin(call.listener)
    call.listener.open(1, Speaker.CUSTOMER)
    assert call.play(leg1=WORDS)


def test_permission_is_of_one_contact() -> None:
    call = Call(permitted=False)
    call.sensing.take(Permit(contact_id="c2", allowed=True), None)
    call.sensing.begin(call.listener)
    call.listener.open(1, Speaker.CUSTOMER)
    assert call.play(leg1=WORDS) == []


def test_what_the_agent_says_reaches_no_model() -> None:
    """Try every way in: beside the customer, alone, in his leg's place, and by force."""
    call = Call()
    call.listener.open(1, Speaker.CUSTOMER)
    call.listener.open(2, Speaker.AGENT)
    call.play(leg1=at(QUIET), leg2=at(LOUD))
    beside = len(call.scores)
    assert beside
    # The agent alone, very angry.
    call.play(leg2=at(LOUD))
    assert len(call.scores) == beside
    # The agent under the number that was the customer's, and permitted anew.
    call.listener.open(1, Speaker.AGENT)
    call.permit()
    call.play(leg1=at(LOUD), leg2=at(LOUD))
    assert len(call.scores) == beside
    # By force: the ear itself refuses to keep windows.
    for ear in call.listener.ears.values():
        ear.watch(WindowSettings())
        assert ear.windows is None
    # The customer again, on a new leg.
    call.listener.open(3, Speaker.CUSTOMER)
    call.play(leg1=at(LOUD), leg3=at(QUIET))
    assert len(call.scores) > beside
    assert {score.speaker for score in call.scores} == {Speaker.CUSTOMER}
    # Whatever the model was given was as quiet as the customer; the agent was 30 dB louder.
    assert max(row[LEVEL] for row in call.scorer.given) < QUIET + 5


def test_a_baseline_of_an_earlier_call_is_used_from_the_first_window() -> None:
    known = Baseline(FEATURES_VERSION, (1.0,) * len(NAMES), 8)
    call = Call(permitted=False)
    call.permit(known)
    call.listener.open(1, Speaker.CUSTOMER)
    call.play(leg1=WORDS)
    assert call.scorer.baselines[0][0] == 1.0


def test_what_was_learnt_survives_a_permission_that_is_repeated() -> None:
    call = Call()
    call.listener.open(1, Speaker.CUSTOMER)
    call.play(leg1=at(QUIET, np.tile(WORDS, 2)))
    baseline = call.listener.baseline
    assert baseline is not None
    assert baseline.ready
    call.permit()
    assert call.listener.baseline is baseline


def test_permissions_are_bounded() -> None:
    call = Call(permitted=False)
    for number in range(PERMITS_MAX + 10):
        call.sensing.take(Permit(contact_id=f"c{number}", allowed=True), None)
    assert len(call.sensing._permits) == PERMITS_MAX
    call.sensing.end(f"c{PERMITS_MAX + 5}")
    assert len(call.sensing._permits) == PERMITS_MAX - 1


@pytest.mark.parametrize("silent", [False, True])
def test_silence_is_never_judged(silent: bool) -> None:
    call = Call()
    call.listener.open(1, Speaker.CUSTOMER)
    sound = silence(6) if silent else 0.001 * np.random.default_rng(1).standard_normal(48_000)
    assert call.play(leg1=sound) == []


def test_what_the_second_stage_does_not_take_for_speech_is_not_judged() -> None:
    sure, unsure = Says(SPEECH_MIN), Says(SPEECH_MIN / 2)
    heard, unheard = Call(second_stage=sure), Call(second_stage=unsure)
    for call in (heard, unheard):
        call.listener.open(1, Speaker.CUSTOMER)
        call.play(leg1=WORDS)
    assert unheard.scores == []
    alone = Call()
    alone.listener.open(1, Speaker.CUSTOMER)
    assert heard.scores == alone.play(leg1=WORDS)
    # Segments are those of the first stage.
    assert unheard.listener.finish() == alone.listener.finish() == heard.listener.finish()
    assert {passed for _, passed in sure.asked} == {True, False}


def test_the_second_stage_hears_nobody_who_may_not_be_judged() -> None:
    stage = Says(1.0)
    call = Call(permitted=False, second_stage=stage)
    call.listener.open(1, Speaker.CUSTOMER)
    call.listener.open(2, Speaker.AGENT)
    call.play(leg1=WORDS, leg2=WORDS)
    assert stage.asked == []
    call.permit()
    call.play(leg1=WORDS, leg2=WORDS)
    assert {ear for ear, _ in stage.asked} == {id(call.listener.ears[1].memory)}


def test_frames_that_wait_together_are_heard_one_after_the_other() -> None:
    stage = Says(1.0)
    call = Call(second_stage=stage)
    call.listener.open(1, Speaker.CUSTOMER)
    ear = call.listener.ears[1]
    for frame in frames_of(WORDS):
        call.listener.put(ear, frame)
    frames, _ = hear([call.listener], stage)
    assert len(stage.asked) == len(frames) > 1
