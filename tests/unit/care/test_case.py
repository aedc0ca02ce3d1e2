from care.case import Case
from domain.emotional_course import SETTINGS, EmotionalCourse
from domain.mood import Mood
from tests.emotion_support import mood_rule, window


def case() -> Case:
    return Case(contact_id="c", queue_id="q", language="en", course=EmotionalCourse())


def test_what_was_heard_fades_on_the_clock():
    one = case()
    assert one.point(1_000.0).at_s == 0.0
    heard = one.course.take(window(3.0, 0.9))
    one.heard_at_s, one.heard_until_s = 1_000.5, 3.0
    assert one.point(1_000.5) == heard
    assert one.point(1_004.5).at_s == 7.0
    assert one.point(1_004.5).confidence < heard.confidence
    assert one.point(999.0) == heard, "a clock that was read before the window came in"


def test_beginning_anew():
    one = case()
    one.course.take(window(3.0, 0.9))
    one.heard_at_s = 5.0
    watch = one.watch(mood_rule())
    assert one.watch(mood_rule()) is watch
    one.forget_mood(SETTINGS)
    assert one.point(10.0).mood is Mood.UNKNOWN
    assert one.watches == {}
