from domain.speech import Speaker
from media.ear import BACKLOG_FRAMES_MAX, Ear, TapFrame
from media.settings import EarSettings
from media.tones import TAIL_HOPS
from tests.unit.media.sounds_rig import FRAME_S, frames_of, silence, voice


def test_the_oldest_frame_gives_way() -> None:
    ear = Ear(Speaker.AGENT, EarSettings())
    assert all(ear.put(TapFrame(n, n, b"")) for n in range(BACKLOG_FRAMES_MAX))
    assert not ear.put(TapFrame(999, 999, b""))
    assert len(ear.backlog) == BACKLOG_FRAMES_MAX
    assert ear.backlog[0].sequence == 1
    assert ear.backlog[-1].sequence == 999


def test_what_was_heard_before_a_silence_shorter_than_a_frame_fades() -> None:
    """The detector says speech for a while after it."""
    ear = Ear(Speaker.AGENT, EarSettings())
    spoken = [ear.activity.judge(frame.pcm) for frame in frames_of(voice(120, 5 * FRAME_S))]
    assert all(spoken[-1])
    ear.rest(TAIL_HOPS)
    (quiet,) = frames_of(silence(FRAME_S))
    assert not any(ear.activity.judge(quiet.pcm))
