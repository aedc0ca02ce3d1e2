"""Whatever happens to a contact in whatever order, its alerts stay in order: one open alert a rule,
each raised and cleared once, none within the pause, none after the end or a refusal."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from care.alerts import AlertDesk
from care.inputs import AlertTakenUp
from care.policy import CarePolicy
from domain.consent import Answer, Purpose
from domain.emotion import EmotionLabel
from domain.errors import IllegalTransition
from domain.events import (
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ConsentChanged,
    EmotionObserved,
)
from domain.mood import Mood
from tests.emotion_support import mood_rule, window
from tests.unit.care.scene import arrived, closed, connected, queued

SETTINGS = settings(deadline=None, derandomize=True, max_examples=150)
AGAIN_S = 8.0
RULES = (
    mood_rule(clear_s=3.0, again_s=AGAIN_S),
    mood_rule(
        rule_id="held", mood=Mood.UNEASY, windows=None, of_windows=None, seconds=4.0,
        clear_s=3.0, again_s=AGAIN_S, queues=frozenset({"sales"}),
    ),
    mood_rule(
        rule_id="word", mood=None, label=EmotionLabel.ANGRY, level=0.7, clear_level=0.5,
        windows=1, of_windows=1, clear_s=0.0, again_s=AGAIN_S, clears_on_acknowledgement=True,
    ),
)  # fmt: skip
ACTS = ("speak",) * 12 + (
    "queue",
    "connect",
    "close",
    "arrive",
    "take up",
    "refuse",
    "agree",
    "wait",
)
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from("ab"), st.floats(0, 1), st.floats(0.1, 6)),
    max_size=150,
)


@SETTINGS
@given(STEPS)
def test_alerts_stay_in_order(steps):
    numbers = itertools.count(1)
    desk = AlertDesk(CarePolicy(rules=RULES), new_id=lambda: str(next(numbers)))
    now_s = 100.0
    present: set[str] = set()
    objects: set[str] = set()
    open_ids: dict[tuple[str, str], str] = {}
    risen_s: dict[str, float] = {}
    cleared_s: dict[tuple[str, str], float] = {}

    def note(outputs, at_s):
        for output in outputs:
            match output:
                case AlertRaised(alert_id=alert_id, contact_id=contact_id, rule_id=rule_id):
                    key = (contact_id, rule_id)
                    assert key not in open_ids
                    assert contact_id in present - objects
                    assert at_s >= cleared_s.get(key, 0.0) + AGAIN_S
                    open_ids[key], risen_s[alert_id] = alert_id, at_s
                case AlertAcknowledged(alert_id=alert_id):
                    assert alert_id in open_ids.values()
                case AlertCleared(alert_id=alert_id, contact_id=contact_id, rule_id=rule_id):
                    assert open_ids.pop((contact_id, rule_id)) == alert_id
                    assert output.open_s == at_s - risen_s.pop(alert_id)
                    cleared_s[contact_id, rule_id] = at_s

    def tell(happened):
        note(desk.handle(happened, now_s), now_s)

    for act, contact_id, share, wait_s in steps:
        until_s = now_s + wait_s
        while (due_s := desk.next_deadline_s()) is not None and due_s <= until_s:
            assert due_s >= now_s, "time only moves forward"
            now_s = due_s
            note(desk.advance(now_s), now_s)
        now_s = until_s
        if act == "arrive":
            if contact_id not in present:
                objects.discard(contact_id)
                cleared_s = {key: at for key, at in cleared_s.items() if key[0] != contact_id}
            present.add(contact_id)
            tell(arrived(contact_id, queue_id="sales" if share < 0.5 else "billing"))
        elif act == "speak":
            score = window(now_s - 99.0, share, confidence=0.9)
            tell(EmotionObserved(contact_id=contact_id, score=score))
        elif act == "queue":
            tell(queued(contact_id, queue_id="sales" if share < 0.5 else "billing"))
        elif act == "connect":
            tell(connected(contact_id))
        elif act == "close":
            tell(closed(contact_id))
            present.discard(contact_id)
        elif act in {"refuse", "agree"}:
            answer = Answer.REFUSED if act == "refuse" else Answer.GRANTED
            if contact_id in present:
                (objects.add if act == "refuse" else objects.discard)(contact_id)
            tell(ConsentChanged(contact_id=contact_id, purpose=Purpose.EMOTION, answer=answer))
        elif act == "take up" and open_ids:
            alert_id = sorted(open_ids.values())[0]
            try:
                tell(AlertTakenUp(alert_id, "anna"))
            except IllegalTransition:
                assert alert_id in open_ids.values()
        assert {alert.alert_id for alert in desk.open_alerts()} == set(open_ids.values())
        assert desk.watched == len(present)
        assert all(key[0] in present - objects for key in open_ids)
        assert (desk.next_deadline_s() is None) or present
