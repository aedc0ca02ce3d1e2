import pytest

from care.alerts import CASES_MAX, AlertDesk
from care.inputs import AlertTakenUp, CarePolicyChanged
from care.policy import CarePolicy
from domain.alert import AlertState, Audience, ClearReason
from domain.alert_rule import Actions
from domain.commands import AdviseAgent, NotifySupervisor, OfferTransfer, RaisePriority
from domain.consent import Answer, Purpose
from domain.emotion import EmotionLabel
from domain.errors import IllegalTransition, NotKnown
from domain.events import (
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ConsentChanged,
    EmotionObserved,
    MoodChanged,
)
from domain.mood import Mood
from domain.skill import SkillRequirement
from tests.emotion_support import PITCH, mood_rule, window
from tests.unit.care.scene import Scene, arrived, closed, connected, only, queued

ADVICE = {"en": "I am sorry.", "zh": "非常抱歉。"}
EVERYTHING = Actions(
    tell=(Audience.SUPERVISOR, Audience.AGENT),
    advice=ADVICE,
    priority_step=2,
    transfer=SkillRequirement(skill="calming", proficiency_min=3),
)
HELD = {"windows": None, "of_windows": None, "seconds": 5.0}
RAISED, CLEARED = AlertRaised, AlertCleared


def refusal(answer: Answer = Answer.REFUSED) -> ConsentChanged:
    return ConsentChanged(contact_id="c", purpose=Purpose.EMOTION, answer=answer)


def mood_of(scene: Scene) -> Mood:
    point = scene.desk.mood("c", scene.now_s)
    assert point is not None
    return point.mood


def test_a_mood_that_changes_is_told_once():
    scene = Scene()
    changes = only(MoodChanged, scene.say(0.1, times=10) + scene.say(0.9, times=20))
    assert [(change.before, change.after) for change in changes] == [
        (Mood.UNKNOWN, Mood.CALM),
        (Mood.CALM, Mood.UNEASY),
        (Mood.UNEASY, Mood.UPSET),
        (Mood.UPSET, Mood.ANGRY),
    ]
    assert mood_of(scene) is Mood.ANGRY
    assert scene.desk.mood("nobody", scene.now_s) is None


def test_an_alert_rises_says_why_and_is_the_only_one():
    scene = Scene(mood_rule())
    scene.say(0.1, times=5)
    outputs = scene.say(0.95, times=30)
    (raised,) = only(RAISED, outputs)
    assert (raised.alert_id, raised.rule_id, raised.mood) == ("alert-1", "angry", Mood.ANGRY)
    assert (raised.queue_id, raised.agent_id, raised.tell) == (
        "sales", None, (Audience.SUPERVISOR,),
    )  # fmt: skip
    assert raised.intensity >= 0.65
    assert raised.heard_until_s < scene.now_s - 100.0
    (command,) = only(NotifySupervisor, outputs)
    assert command.alert_id == "alert-1"
    (alert,) = scene.desk.open_alerts()
    assert alert.state is AlertState.RISEN
    assert scene.desk.totals.raised == 1


def test_the_reasons_are_told():
    scene = Scene(mood_rule(windows=1, of_windows=1))
    score = window(3.0, 1.0, confidence=1.0, evidence=(PITCH,))
    outputs = scene.tell(EmotionObserved(contact_id="c", score=score))
    assert only(RAISED, outputs)[0].evidence == (PITCH,)
    assert only(MoodChanged, outputs)[0].evidence == (PITCH,)


def test_for_so_many_seconds_also_while_nobody_speaks():
    scene = Scene(mood_rule(**HELD, confidence_min=0.1))
    assert not only(RAISED, scene.say(0.95, times=3))
    assert scene.desk.next_deadline_s() is not None
    (raised,) = only(RAISED, scene.wait(5.0))
    assert raised.confidence >= 0.1


def test_who_has_been_silent_for_long_is_not_accused():
    scene = Scene(mood_rule(**HELD | {"seconds": 20.0}))
    scene.say(0.95, times=5)
    assert not only(RAISED, scene.wait(60.0))
    assert only(RAISED, scene.say(0.95)), "but as soon as he goes on in the same way"


def test_a_level_that_breaks_off_begins_anew():
    rule = mood_rule(mood=None, label=EmotionLabel.ANGRY, level=0.6, clear_level=0.5, **HELD)
    scene = Scene(rule)
    assert not only(RAISED, scene.say(0.9, times=4) + scene.say(0.1) + scene.say(0.9, times=4))
    assert only(RAISED, scene.say(0.9, times=2))


def test_it_clears_when_the_level_has_been_gone():
    scene = Scene(mood_rule(clear_s=10.0))
    scene.say(0.95, times=10)
    scene.say(0.0, times=6)
    assert scene.desk.open_alerts()
    (cleared,) = only(CLEARED, scene.wait(10.0))
    assert cleared.reason is ClearReason.LEVEL_GONE
    assert cleared.open_s > 10.0
    assert scene.desk.open_alerts() == ()


def test_silence_does_not_clear_it():
    scene = Scene(mood_rule(clear_s=10.0))
    scene.say(0.95, times=10)
    assert not only(CLEARED, scene.wait(600.0))


def test_it_rises_again_only_after_a_pause():
    scene = Scene(mood_rule(clear_s=5.0, again_s=60.0))
    scene.say(0.95, times=10)
    outputs = scene.say(0.0, times=15)
    assert only(CLEARED, outputs)
    assert not only(RAISED, scene.say(0.95, times=40))
    outputs = scene.say(0.95, times=20)
    (again,) = only(RAISED, outputs)
    assert again.alert_id == "alert-2"


def test_the_end_of_the_contact_ends_it_and_the_case():
    scene = Scene(mood_rule())
    scene.say(0.95, times=10)
    (cleared,) = only(CLEARED, scene.tell(closed()))
    assert cleared.reason is ClearReason.CONTACT_ENDED
    assert scene.desk.watched == 0
    assert scene.desk.next_deadline_s() is None
    assert scene.say(0.95) == [], "what was said last is judged a moment later"
    assert scene.desk.totals.unknown == 1
    assert scene.tell(closed()) == []


def test_it_is_taken_up():
    scene = Scene(mood_rule(clear_s=5.0))
    scene.say(0.95, times=10)
    (acknowledged,) = only(AlertAcknowledged, scene.tell(AlertTakenUp("alert-1", "anna")))
    assert (acknowledged.by, acknowledged.rule_id) == ("anna", "angry")
    assert acknowledged.after_s > 0
    with pytest.raises(IllegalTransition):
        scene.tell(AlertTakenUp("alert-1", "bob"))
    assert not only(RAISED, scene.say(0.95, times=5)), "it is open still"
    scene.say(0.0, times=5)
    assert only(CLEARED, scene.wait(5.0))
    with pytest.raises(NotKnown, match="alert-1"):
        scene.tell(AlertTakenUp("alert-1", "bob"))


def test_a_rule_may_ask_for_no_more_than_that():
    scene = Scene(mood_rule(clears_on_acknowledgement=True, again_s=30.0))
    scene.say(0.95, times=10)
    outputs = scene.tell(AlertTakenUp("alert-1", "anna"))
    assert only(CLEARED, outputs)[0].reason is ClearReason.ACKNOWLEDGED
    assert not only(RAISED, scene.say(0.95, times=29))
    assert only(RAISED, scene.say(0.95, times=2))


def test_a_waiting_customer_is_served_earlier_once():
    scene = Scene(mood_rule(actions=EVERYTHING))
    scene.tell(queued())
    outputs = scene.say(0.95, times=10)
    (priority,) = only(RaisePriority, outputs)
    assert (priority.contact_id, priority.steps) == ("c", 2)
    assert not only(AdviseAgent, outputs)
    assert scene.tell(queued()) == [], "a ring that came to nothing"
    outputs = scene.tell(connected())
    assert len(only(AdviseAgent, outputs)) == len(only(OfferTransfer, outputs)) == 1
    assert only(RaisePriority, scene.tell(queued())), "he waits a second time"
    assert only(AdviseAgent, scene.tell(connected(agent_id="bob")))[0].agent_id == "bob"


def test_the_agent_is_advised_in_the_customers_language():
    scene = Scene(mood_rule(actions=EVERYTHING))
    scene.tell(queued(language="zh"))
    scene.tell(connected())
    outputs = scene.say(0.95, times=10)
    (advice,) = only(AdviseAgent, outputs)
    assert (advice.agent_id, advice.language, advice.phrase) == ("anna", "zh", "非常抱歉。")
    (transfer,) = only(OfferTransfer, outputs)
    assert transfer.requirement.skill == "calming"
    assert not only(RaisePriority, outputs), "he is served already"
    assert only(RAISED, outputs)[0].agent_id == "anna"


def test_who_is_not_to_be_told_is_not():
    scene = Scene(mood_rule(actions=Actions(tell=(), advice=ADVICE)))
    scene.tell(connected())
    outputs = scene.say(0.95, times=10)
    assert only(RAISED, outputs)
    assert not only(NotifySupervisor, outputs)
    assert not only(AdviseAgent, outputs)


def test_another_queue_is_no_matter_of_the_rule():
    scene = Scene(mood_rule(queues=frozenset({"billing"})))
    assert not only(RAISED, scene.say(0.95, times=10))
    scene.tell(queued(queue_id="billing"))
    assert only(RAISED, scene.say(0.95, times=10))


def test_an_alert_is_watched_to_its_end_in_another_queue():
    scene = Scene(mood_rule(queues=frozenset({"sales"}), clear_s=5.0))
    scene.say(0.95, times=10)
    scene.tell(queued(queue_id="billing"))
    assert only(CLEARED, scene.say(0.0, times=15))


def test_a_refusal_ends_all_of_it_at_once():
    scene = Scene(mood_rule())
    scene.say(0.95, times=10)
    outputs = scene.tell(refusal())
    (cleared,) = only(CLEARED, outputs)
    assert cleared.reason is ClearReason.CONSENT_REFUSED
    (change,) = only(MoodChanged, outputs)
    assert (change.before, change.after, change.intensity) == (Mood.ANGRY, Mood.UNKNOWN, 0.0)
    assert mood_of(scene) is Mood.UNKNOWN
    assert scene.tell(refusal()) == []
    assert scene.say(0.95, times=10) == [], "windows on their way"
    assert scene.desk.next_deadline_s() is None
    scene.tell(refusal(Answer.GRANTED))
    assert only(MoodChanged, scene.say(0.1, times=3))


def test_a_refusal_of_something_else_changes_nothing():
    scene = Scene(mood_rule())
    scene.say(0.95, times=10)
    other = ConsentChanged(contact_id="c", purpose=Purpose.RECORDING, answer=Answer.REFUSED)
    assert scene.tell(other) == []
    assert scene.desk.open_alerts()


def test_what_comes_late_is_counted_and_passed_over():
    scene = Scene(mood_rule())
    scene.say(0.1, times=5)
    late = EmotionObserved(contact_id="c", score=window(3.0, 1.0))
    assert scene.tell(late) == []
    assert scene.desk.totals.late == 1
    assert scene.desk.totals.windows == 5


def test_what_happens_to_others_is_passed_over():
    scene = Scene(mood_rule())
    for happened in (queued("x"), connected("x"), closed("x")):
        assert scene.tell(happened) == []
    scene.tell(arrived())
    assert scene.desk.watched == 1


def test_new_rules_are_in_force_at_once():
    scene = Scene(mood_rule(), mood_rule(rule_id="kept"))
    scene.say(0.95, times=10)
    outputs = scene.tell(CarePolicyChanged(CarePolicy(rules=(mood_rule(rule_id="kept"),))))
    (cleared,) = only(CLEARED, outputs)
    assert (cleared.rule_id, cleared.reason) == ("angry", ClearReason.RULE_GONE)
    (alert,) = scene.desk.open_alerts()
    assert alert.rule_id == "kept"
    changed = mood_rule(rule_id="kept", clear_s=1.0)
    assert scene.tell(CarePolicyChanged(CarePolicy(rules=(changed,)))) == []
    assert only(CLEARED, scene.say(0.0, times=12))


def test_a_full_desk_watches_no_more_and_counts_them():
    desk = AlertDesk(CarePolicy(), new_id=str)
    for number in range(CASES_MAX + 2):
        desk.handle(arrived(str(number)), 0.0)
    assert desk.watched == CASES_MAX
    assert desk.totals.refused == 2
    desk.handle(closed("0"), 1.0)
    desk.handle(arrived("one more"), 1.0)
    assert desk.watched == CASES_MAX
