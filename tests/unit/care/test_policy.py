import random

from care.policy import CarePolicy, course_of
from config.emotion import PHRASES, RULES
from domain.alert import Audience
from domain.emotion import EmotionLabel
from domain.emotional_course import SETTINGS
from domain.events import AlertCleared, AlertRaised
from domain.mood import Mood
from domain.skill import SkillRequirement
from tests.config_support import RIGHT, loaded
from tests.unit.care.scene import Scene, only

OWN = """\
emotion:
  moods: {angry_enter: 0.8}
  windows: {smoothing_s: 6}
  rules:
    - id: bill
      label: angry
      level: 0.7
      seconds: 4
      queues: [service]
      tell: [agent, agent]
      advice: calm-down
      transfer: {skill: billing, proficiency_min: 2}
  phrases:
    - id: calm-down
      en: There, there.
"""


def policy(text: str = "") -> CarePolicy:
    return CarePolicy.of(loaded(RIGHT + text).configuration)


def test_ours_work_without_a_word_in_the_file():
    ours = policy()
    assert ours.course == SETTINGS
    angry, growing = ours.rules
    assert (angry.mood, angry.windows, angry.of_windows) == (Mood.ANGRY, 2, 3)
    assert angry.actions.priority_step == 1
    assert angry.actions.advice == PHRASES[0].texts()
    assert (growing.mood, growing.rising_per_min, growing.seconds) == (Mood.UNEASY, 0.6, 5.0)
    assert growing.actions.tell == (Audience.AGENT,)


def test_every_phrase_of_ours_is_in_both_languages_and_every_rule_has_its_phrase():
    assert all(set(phrase.texts()) == {"en", "zh"} for phrase in PHRASES)
    assert {rule.advice for rule in RULES} <= {phrase.id for phrase in PHRASES}


def test_what_the_file_says_goes_before():
    own = policy(OWN)
    assert own.course.smoothing_s == 6.0
    assert [band.enter for band in own.course.bands] == [0.35, 0.5, 0.8]
    (rule,) = own.rules
    assert (rule.label, rule.level, rule.clear_level) == (EmotionLabel.ANGRY, 0.7, 0.6)
    assert (rule.seconds, rule.windows, rule.of_windows) == (4.0, None, None)
    assert rule.queues == {"service"}
    assert rule.actions.tell == (Audience.AGENT,)
    assert rule.actions.transfer == SkillRequirement(skill="billing", proficiency_min=2)
    assert rule.actions.advice["en"] == "There, there."
    assert rule.actions.advice["zh"] == PHRASES[0].zh, "ours where the operator has none"


def test_the_courses_settings_stand_alone():
    assert course_of(loaded(RIGHT).configuration.emotion) == SETTINGS


def noisy(generator: random.Random, anger: float) -> float:
    """Return a score as a model gives it: right on average, off by 0.15 or so each time."""
    return min(1.0, max(0.0, generator.gauss(anger, 0.15)))


def test_ours_leave_calm_callers_alone():
    generator = random.Random(3)
    for _ in range(50):
        scene = Scene(*policy().rules)
        for _ in range(120):
            assert not only(AlertRaised, scene.say(noisy(generator, 0.15)))


def test_ours_tell_the_agent_first_and_the_supervisor_next_of_who_grows_angry():
    generator = random.Random(4)
    scene, said = Scene(*policy().rules), []
    for second in range(60):
        said += scene.say(noisy(generator, 0.1 + min(0.8, second * 0.025)))
    raised = [alert.rule_id for alert in only(AlertRaised, said)]
    assert raised == ["growing-upset", "angry"]
    for _ in range(60):
        said += scene.say(noisy(generator, 0.1))
    assert len(only(AlertRaised, said)) == len(only(AlertCleared, said)) == 2
