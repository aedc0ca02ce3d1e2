import pytest

from domain.speech import Speaker, SpeechSpan
from media.batch import hear
from media.listener import Listener
from media.pcm import FRAMES_AT_ONCE
from media.settings import EarSettings
from tests.unit.media.sounds_rig import FRAME_S, frames_of, listen, silence, voice


def test_nothing_due_is_nothing_heard() -> None:
    assert hear([]) == ([], 0)
    listener = Listener("c1", EarSettings())
    listener.open(0, Speaker.CUSTOMER)
    assert hear([listener]) == ([], 0)


def test_a_run_of_frames_of_each_leg_is_heard() -> None:
    listener = Listener("c1", EarSettings())
    rows = [frames_of(silence(10 * FRAME_S)), frames_of(voice(120, 10 * FRAME_S))]
    for leg, row in enumerate(rows):
        listener.open(leg, Speaker.AGENT)
        for frame in row:
            listener.put(listener.ears[leg], frame)
    assert hear([listener]) == (rows[0][:FRAMES_AT_ONCE] + rows[1][:FRAMES_AT_ONCE], 0)
    assert len(listener.ears[0].backlog) == 10 - FRAMES_AT_ONCE


@pytest.mark.parametrize("longest", [FRAMES_AT_ONCE, 1])
def test_runs_of_any_length_are_heard_as_frames_one_by_one(
    longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run ends at a gap, at a frame that is refused and where nothing waits."""
    sound = voice(120, 80 * FRAME_S)
    sound[9_600:19_200] += 0.3 * voice(200, 1.2)
    gone, twice = {5, 6, 30}, {9, 40}

    def listener_of(*, at_once: bool) -> list[SpeechSpan]:
        listener = Listener("c1", EarSettings())
        spans: list[SpeechSpan] = []
        for leg, speaker in enumerate((Speaker.CUSTOMER, Speaker.AGENT)):
            listener.open(leg, speaker)
        rows = zip(frames_of(sound), frames_of(sound[::-1]), strict=True)
        for number, (mine, other) in enumerate(rows):
            if number not in gone:
                listener.put(listener.ears[0], mine)
            if number in twice:
                listener.put(listener.ears[0], mine)
            listener.put(listener.ears[1], other)
            if at_once and number % 7:
                continue
            while listener.due():
                hear([listener])
            spans += listener.settle()
        while listener.due():
            hear([listener])
        return spans + listener.finish()

    alone = listener_of(at_once=False)
    monkeypatch.setattr("media.batch.FRAMES_AT_ONCE", longest)
    runs = listener_of(at_once=True)
    assert len(alone) > 4
    assert sorted(map(repr, runs)) == sorted(map(repr, alone))


def test_a_frame_without_a_place_is_refused() -> None:
    listener = Listener("c1", EarSettings())
    listener.open(0, Speaker.AGENT)
    frame = frames_of(silence(FRAME_S))[0]
    listener.put(listener.ears[0], frame)
    listener.put(listener.ears[0], frame)
    assert hear([listener]) == ([frame], 0)
    assert hear([listener]) == ([], 1)


def test_calls_heard_together_are_heard_as_if_alone() -> None:
    sounds = [voice(90 + 40 * n, 1.8, dbov=-15 - 4 * n) for n in range(5)]
    alone = [listen({Speaker.CUSTOMER: sound}) for sound in sounds]
    listeners = []
    for number, sound in enumerate(sounds):
        listener = Listener(f"c{number}", EarSettings())
        listener.open(0, Speaker.CUSTOMER)
        for frame in frames_of(sound):
            listener.put(listener.ears[0], frame)
        listeners.append(listener)
    while hear(listeners)[0]:
        pass
    assert [listener.finish() for listener in listeners] == alone
