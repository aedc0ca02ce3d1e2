from domain.speech import Speaker
from media.batch import hear
from media.listener import Listener
from media.settings import EarSettings
from tests.unit.media.sounds_rig import frames_of, listen, silence, voice


def test_nothing_due_is_nothing_heard() -> None:
    assert hear([]) == ([], 0)
    listener = Listener("c1", EarSettings())
    listener.open(0, Speaker.CUSTOMER)
    assert hear([listener]) == ([], 0)


def test_one_frame_of_each_leg_is_heard() -> None:
    listener = Listener("c1", EarSettings())
    rows = [frames_of(silence(0.6)), frames_of(voice(120, 0.6))]
    for leg, row in enumerate(rows):
        listener.open(leg, Speaker.AGENT)
        for frame in row:
            listener.put(listener.ears[leg], frame)
    assert hear([listener]) == ([rows[0][0], rows[1][0]], 0)
    assert len(listener.ears[0].backlog) == 9


def test_a_frame_without_a_place_is_refused() -> None:
    listener = Listener("c1", EarSettings())
    listener.open(0, Speaker.AGENT)
    frame = frames_of(silence(0.06))[0]
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
