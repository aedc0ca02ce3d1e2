from domain.speech import Speaker
from media.ear import BACKLOG_FRAMES_MAX, Ear, TapFrame
from media.settings import EarSettings


def test_the_oldest_frame_gives_way() -> None:
    ear = Ear(Speaker.AGENT, EarSettings())
    assert all(ear.put(TapFrame(n, n, b"")) for n in range(BACKLOG_FRAMES_MAX))
    assert not ear.put(TapFrame(999, 999, b""))
    assert len(ear.backlog) == BACKLOG_FRAMES_MAX
    assert ear.backlog[0].sequence == 1
    assert ear.backlog[-1].sequence == 999
