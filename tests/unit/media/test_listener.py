import numpy as np
import pytest

from bench.material import at_level, band, g711, noise, tones
from domain.speech import Speaker, SpeechKind, SpeechSpan
from media.batch import hear
from media.listener import LEGS_MAX, Listener
from media.settings import EarSettings
from tests.unit.media.sounds_rig import (
    FRAME_S,
    START_US,
    frames_of,
    listen,
    of_kind,
    silence,
    voice,
)

C, A = Speaker.CUSTOMER, Speaker.AGENT
SEGMENT, TURN, PAUSE, OVERLAP = (
    SpeechKind.SEGMENT,
    SpeechKind.TURN,
    SpeechKind.PAUSE,
    SpeechKind.OVERLAP,
)
HELLO = np.concatenate([silence(0.3), voice(120, 0.9)])
"""1.2 s of a leg: a silence in which its background is learnt, and a voice."""
NEAR_S = 0.07
"""Three hops and what rounds to them."""


def near(span: SpeechSpan, start_s: float, end_s: float) -> bool:
    return abs(span.start_s - start_s) <= NEAR_S and abs(span.end_s - end_s) <= NEAR_S


def test_a_conversation_becomes_segments_pauses_overlap_and_turns() -> None:
    customer = [silence(0.5), voice(120, 2.0), silence(2.5), voice(130, 2.0), silence(1.0)]
    agent = [silence(2.2), voice(210, 3.3), silence(2.5)]
    spans = listen({C: np.concatenate(customer), A: np.concatenate(agent)})
    segments = of_kind(spans, SEGMENT)
    assert [span.speaker for span in segments] == [C, A, C]
    for span, at in zip(segments, [(0.5, 2.5), (2.2, 5.5), (5.0, 7.0)], strict=True):
        assert near(span, *at)
    overlaps = of_kind(spans, OVERLAP)
    assert len(overlaps) == 2
    assert near(overlaps[0], 2.2, 2.5)
    assert near(overlaps[1], 5.0, 5.5)
    assert [span.speaker for span in of_kind(spans, TURN)] == [C, A, C]
    assert of_kind(spans, PAUSE) == []


def test_only_the_customer_is_measured() -> None:
    """Regulation (EU) 2024/1689 article 5(1)(f): nothing is read from an agent's voice."""
    customer = np.concatenate([silence(0.3), voice(120, 1.2, dbov=-25)])
    spans = listen({C: customer, A: np.concatenate([silence(0.3), voice(210, 1.2)])})
    for span in of_kind(spans, SEGMENT):
        measures = (span.level_dbov, span.pitch_hz, span.pitch_range_semitones)
        if span.speaker is A:
            assert measures == (None, None, None)
        else:
            assert span.level_dbov == pytest.approx(-25, abs=0.5)
            assert span.pitch_hz == pytest.approx(120, rel=0.01)
            assert span.pitch_range_semitones == pytest.approx(0, abs=0.5)
    assert {span.speaker for span in of_kind(spans, SEGMENT)} == {A, C}


def test_no_sample_of_an_agent_is_looked_at_for_pitch_or_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(_sound: object) -> None:
        raise AssertionError("an agent's voice was measured")

    monkeypatch.setattr("media.batch.candidates", forbidden)
    monkeypatch.setattr("media.batch.powers", forbidden)
    sound = np.concatenate([silence(0.3), voice(210, 1.2)])
    assert len(of_kind(listen({A: sound}), SEGMENT)) == 1
    with pytest.raises(AssertionError):
        listen({C: sound})


def test_an_agents_ear_has_nothing_to_measure_with() -> None:
    listener = Listener("c1", EarSettings())
    assert listener.open(0, A)
    assert listener.open(1, C)
    assert listener.ears[0].voice is None
    assert listener.ears[1].voice is not None


@pytest.mark.parametrize("dbov", [-40, -30, -10, -3])
def test_level_does_not_matter(dbov: float) -> None:
    sound = np.concatenate([silence(0.6), voice(150, 1.2, dbov=dbov), silence(0.9)])
    (segment,) = of_kind(listen({C: g711(sound, "a")}), SEGMENT)
    assert near(segment, 0.6, 1.8)
    # What is louder than full scale was clipped, which costs level.
    assert segment.level_dbov == pytest.approx(dbov, abs=0.6 if dbov < -9 else 2.5)
    assert segment.pitch_hz == pytest.approx(150, rel=0.02)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(silence(10), id="silence"),
        pytest.param(at_level(band(noise("white", 10)), -25), id="hiss"),
        pytest.param(at_level(noise("hum", 10), -35), id="hum"),
        pytest.param(
            np.concatenate(
                [part for _ in range(6) for part in (tones((770, 1_336), 0.1), silence(0.1))]
            ),
            id="digits",
        ),
        pytest.param(
            np.concatenate([part for _ in range(6) for part in (tones((425,), 0.5), silence(0.5))]),
            id="busy tone",
        ),
    ],
)
@pytest.mark.parametrize("law", ["mu", "a"])
def test_what_is_no_speech(sound: np.typing.NDArray[np.float64], law: str) -> None:
    assert listen({A: g711(sound, law)}) == []


def test_a_voice_in_noise() -> None:
    sound = at_level(band(noise("pink", 6.0)), -32)
    sound[16_000:32_000] += voice(180, 2.0, dbov=-20)
    (segment,) = of_kind(listen({C: g711(sound, "mu")}), SEGMENT)
    assert near(segment, 2.0, 4.0)
    assert segment.pitch_hz == pytest.approx(180, rel=0.01)


def test_lost_frames_leave_the_times_true() -> None:
    sound = np.concatenate([silence(0.3), voice(120, 1.2), silence(3.0), voice(120, 1.2)])
    gone = range(round(1.8 / FRAME_S), round(3.6 / FRAME_S))
    spans = listen({C: sound}, missing=gone)
    first, second = of_kind(spans, SEGMENT)
    assert near(first, 0.3, 1.5)
    assert near(second, 4.5, 5.7)


def test_the_pause_comes_from_the_settings() -> None:
    sound = np.concatenate([voice(120, 0.6), silence(0.6), voice(120, 0.6), silence(1.2)])
    assert len(of_kind(listen({C: sound}, EarSettings(pause_s=0.3)), SEGMENT)) == 2
    assert len(of_kind(listen({C: sound}, EarSettings(pause_s=1.0)), SEGMENT)) == 1


def test_the_same_call_is_heard_the_same() -> None:
    sounds = {C: voice(120, 1.8), A: np.concatenate([silence(0.9), voice(200, 1.8)])}
    assert listen(sounds) == listen(sounds)


def test_a_leg_that_begins_later_is_in_the_same_time() -> None:
    listener = Listener("c1", EarSettings())
    assert listener.open(1, C)
    for frame in frames_of(HELLO):
        listener.put(listener.ears[1], frame)
        hear([listener])
    assert listener.open(2, A)
    offset_us = 3_007_000
    for frame in frames_of(HELLO, start_us=START_US + offset_us):
        listener.put(listener.ears[2], frame)
        hear([listener])
    spans = listener.finish()
    customer, agent = of_kind(spans, SEGMENT)
    assert near(customer, 0.3, 1.2)
    assert near(agent, 3.307, 4.207)
    (pause,) = of_kind(spans, PAUSE)
    assert pause.start_s == customer.end_s
    assert pause.end_s == agent.start_s


def test_a_leg_on_hold_does_not_hold_up_the_other() -> None:
    listener = Listener("c1", EarSettings())
    assert listener.open(1, C)
    assert listener.open(2, A)
    customer = frames_of(HELLO)
    for frame in customer:
        listener.put(listener.ears[1], frame)
    agent = frames_of(np.concatenate([silence(1.5), voice(200, 1.5), silence(6.0)]))
    spans = []
    for frame in agent:
        listener.put(listener.ears[2], frame)
        hear([listener])
        spans += listener.settle()
    assert {span.speaker for span in of_kind(spans, SEGMENT)} == {C, A}
    assert [span.speaker for span in of_kind(spans, TURN)] == [C]
    back = frames_of(HELLO, start_us=agent[-1].time_us, sequence=len(customer) + 1)
    for frame in back:
        listener.put(listener.ears[1], frame)
        hear([listener])
    (last,) = of_kind(listener.finish(), SEGMENT)
    assert near(last, 9.3, 10.2)


def test_a_closed_leg_is_heard_to_its_end() -> None:
    listener = Listener("c1", EarSettings())
    assert listener.open(1, C)
    for frame in frames_of(HELLO):
        listener.put(listener.ears[1], frame)
    listener.close(1)
    listener.close(1)
    while listener.due():
        hear([listener])
    (segment,) = of_kind(listener.settle(), SEGMENT)
    assert near(segment, 0.3, 1.2)
    assert listener.ears == {}


def test_a_leg_may_be_opened_again() -> None:
    """A tap that begins anew counts its frames from 1 again."""
    listener = Listener("c1", EarSettings())
    for start_us in (START_US, START_US + 3_000_000):
        assert listener.open(1, C)
        for frame in frames_of(HELLO, start_us=start_us):
            listener.put(listener.ears[1], frame)
    while listener.due():
        hear([listener])
    first, second = of_kind(listener.finish(), SEGMENT)
    assert near(first, 0.3, 1.2)
    assert near(second, 3.3, 4.2)


def test_legs_are_limited() -> None:
    listener = Listener("c1", EarSettings())
    assert all(listener.open(leg, A) for leg in range(LEGS_MAX))
    assert not listener.open(LEGS_MAX, A)
    assert listener.open(0, A) is False, "its predecessor still waits to be ended"
    listener.settle()
    assert listener.open(0, A)


def test_lost_frames_are_counted_once() -> None:
    listener = Listener("c1", EarSettings())
    listener.open(1, C)
    frames = frames_of(silence(20 * FRAME_S))
    for frame in frames[:3] + frames[8:]:
        listener.put(listener.ears[1], frame)
        hear([listener])
    assert listener.take_lost() == 5
    assert listener.take_lost() == 0


def test_a_contact_without_a_frame_ends_in_silence() -> None:
    listener = Listener("c1", EarSettings())
    listener.open(1, C)
    assert listener.settle() == []
    assert listener.finish() == []
