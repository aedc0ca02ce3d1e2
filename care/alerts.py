"""The alert desk: windows of judged speech come in, moods, alerts and advice come out. Pure.

Inputs and the time come in; events and commands come out. `next_deadline_s` says when to call
`advance`: a level has held for long enough, or it has been gone for long enough. After a pause a
rule rises again with the next window and not before, for an alert needs something that was heard.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from care.case import Case
from care.inputs import AlertTakenUp, CarePolicyChanged, Input
from care.policy import CarePolicy
from domain.alert import Alert, Audience, ClearReason
from domain.alert_rule import AlertRule
from domain.commands import AdviseAgent, CareCommand, NotifySupervisor, OfferTransfer, RaisePriority
from domain.consent import Answer, Purpose
from domain.deadlines import Deadlines
from domain.emotional_course import EmotionalCourse, MoodPoint
from domain.errors import NotKnown
from domain.events import (
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ConsentChanged,
    ContactArrived,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    EmotionObserved,
    Event,
    MoodChanged,
)
from domain.mood import Mood

Output = Event | CareCommand

CASES_MAX: Final = 10_000
"""Contacts watched at once, ten times the calls of the largest node; half a KiB each, and
3 KiB with 32 rules."""

_HELD: Final = "held long enough"
_GONE: Final = "gone long enough"


@dataclass(slots=True)
class AlertTotals:
    """What has happened since the start.

    Attributes:
        windows: Judged windows that were taken.
        unknown: Windows of contacts that are not watched: they have ended, their
            customers object, or the desk was full.
        late: Windows that were passed over, for a later one had been taken.
        refused: Contacts that are not watched because the desk was full.
        raised, acknowledged, cleared: Alerts.
    """

    windows: int = 0
    unknown: int = 0
    late: int = 0
    refused: int = 0
    raised: int = 0
    acknowledged: int = 0
    cleared: int = 0


class AlertDesk:
    """All running contacts, how their customers feel, and which alerts are open."""

    def __init__(self, policy: CarePolicy, *, new_id: Callable[[], str]) -> None:
        """Begin with no contact.

        Args:
            policy: Rules, phrases, how courses are smoothed.
            new_id: Gives the ids of alerts.
        """
        self._policy = policy
        self._new_id = new_id
        self._out: list[Output] = []
        self._rules = {rule.rule_id: rule for rule in policy.rules}
        self._cases: dict[str, Case] = {}
        self._alerts: dict[str, Alert] = {}
        self._deadlines: Deadlines[tuple[str, ...]] = Deadlines()
        self.totals = AlertTotals()

    def next_deadline_s(self) -> float | None:
        """Return when `advance` must be called next; None for not at all."""
        return self._deadlines.next_s()

    def advance(self, now_s: float) -> list[Output]:
        """Do what is due by now."""
        self._meet_deadlines(now_s)
        return self._take()

    def handle(self, happened: Input, now_s: float) -> list[Output]:
        """Take one input, after what is due by now.

        What happens to a contact that is not watched is passed over: what was said last is
        judged a moment after the call has ended. A call that raises changes nothing but for
        deadlines that were due; what these led to is handed out by the next call.

        Raises:
            NotKnown: No alert of that id is open.
            IllegalTransition: The alert was taken up already.
        """
        self._meet_deadlines(now_s)
        match happened:
            case ContactArrived():
                self._open(happened)
            case ContactQueued():
                self._queue(happened)
            case ContactConnected():
                self._connect(happened)
            case ContactClosed(contact_id=contact_id):
                self._close(contact_id, now_s)
            case ConsentChanged():
                self._hear_answer(happened, now_s)
            case EmotionObserved():
                self._observe(happened, now_s)
            case AlertTakenUp(alert_id, by):
                self._acknowledge(alert_id, by, now_s)
            case CarePolicyChanged(policy):
                self._take_over(policy, now_s)
            case _:
                assert_never(happened)
        self._meet_deadlines(now_s)
        return self._take()

    def mood(self, contact_id: str, now_s: float) -> MoodPoint | None:
        """Return how a customer feels now; None when the contact is not watched."""
        case = self._cases.get(contact_id)
        return None if case is None else case.point(now_s)

    def open_alerts(self) -> Sequence[Alert]:
        """Return the alerts that are not cleared, the oldest first."""
        return tuple(self._alerts.values())

    @property
    def watched(self) -> int:
        """Contacts that are watched."""
        return len(self._cases)

    def _take(self) -> list[Output]:
        taken = self._out[:]
        self._out.clear()
        return taken

    def _open(self, arrived: ContactArrived) -> None:
        if arrived.contact_id in self._cases:
            return
        if len(self._cases) >= CASES_MAX:
            self.totals.refused += 1
            return
        self._cases[arrived.contact_id] = Case(
            contact_id=arrived.contact_id,
            queue_id=arrived.queue_id,
            language=arrived.language,
            course=EmotionalCourse(self._policy.course),
        )

    def _queue(self, queued: ContactQueued) -> None:
        """A contact waits, for the first time or again: an open alert makes it wait less.

        After a ring that came to nothing it says so again, but it has waited all the time.
        """
        case = self._cases.get(queued.contact_id)
        if case is None:
            return
        waited = case.waits
        case.queue_id, case.language = queued.queue_id, queued.language
        case.agent_id, case.waits = None, True
        if not waited:
            for alert, rule in self._open_in(case):
                self._raise_priority(case, alert, rule)

    def _connect(self, connected: ContactConnected) -> None:
        """An agent serves the contact: he learns what is open."""
        case = self._cases.get(connected.contact_id)
        if case is None:
            return
        case.agent_id, case.waits = connected.agent_id, False
        for alert, rule in self._open_in(case):
            self._tell_agent(case, alert, rule)

    def _close(self, contact_id: str, now_s: float) -> None:
        case = self._cases.pop(contact_id, None)
        if case is not None:
            self._end_alerts(case, ClearReason.CONTACT_ENDED, now_s)
            self._drop_deadlines(case)

    def _hear_answer(self, changed: ConsentChanged, now_s: float) -> None:
        """What was read of a customer who does not want it is forgotten at once."""
        case = self._cases.get(changed.contact_id)
        if case is None or changed.purpose is not Purpose.EMOTION:
            return
        case.objects = changed.answer is Answer.REFUSED
        if case.objects:
            self._end_alerts(case, ClearReason.CONSENT_REFUSED, now_s)
            self._drop_deadlines(case)
            before, at_s = case.course.mood, case.heard_until_s
            case.forget_mood(self._policy.course)
            self._tell_change(case, before, case.course.at(at_s))

    def _observe(self, observed: EmotionObserved, now_s: float) -> None:
        case = self._cases.get(observed.contact_id)
        if case is None or case.objects:
            self.totals.unknown += 1
            return
        before, refused = case.course.mood, case.course.refused
        point = case.course.take(observed.score)
        if case.course.refused > refused:
            self.totals.late += 1
            return
        self.totals.windows += 1
        case.heard_at_s, case.heard_until_s = now_s, point.at_s
        case.spoke_until_s = now_s - observed.late_s
        self._tell_change(case, before, point)
        for rule in self._policy.rules:
            # An open alert is watched to its end, also where the contact has gone on to.
            if rule.looks_at(case.queue_id) or rule.rule_id in case.alerts:
                case.watch(rule).see(rule.judge(observed.score, point), now_s)
                self._consider(case, rule, now_s)

    def _tell_change(self, case: Case, before: Mood, point: MoodPoint) -> None:
        if point.mood is not before:
            self._out.append(
                MoodChanged(
                    contact_id=case.contact_id,
                    at_s=point.at_s,
                    before=before,
                    after=point.mood,
                    intensity=point.intensity,
                    trend_per_min=point.trend_per_min,
                    confidence=point.confidence,
                    evidence=point.evidence,
                )
            )

    def _consider(self, case: Case, rule: AlertRule, now_s: float) -> None:
        """Raise or clear what a rule asks for, or set the time at which it may."""
        watch = case.watch(rule)
        alert = case.alerts.get(rule.rule_id)
        held = (_HELD, case.contact_id, rule.rule_id)
        gone = (_GONE, case.contact_id, rule.rule_id)
        self._deadlines.drop(held)
        self._deadlines.drop(gone)
        if alert is not None:
            gone_at_s = watch.gone_at_s()
            if gone_at_s is None:
                return
            if gone_at_s <= now_s:
                self._clear(case, alert, ClearReason.LEVEL_GONE, now_s)
            else:
                self._deadlines.set(gone, gone_at_s)
            return
        if now_s < case.quiet_until_s.get(rule.rule_id, now_s):
            return
        point = case.point(now_s)
        if watch.fulfilled(now_s):
            # Who has been silent for long is not known about, and is not accused.
            if point.confidence >= rule.confidence_min:
                self._raise(case, rule, point, now_s)
            return
        held_at_s = watch.fulfilled_at_s()
        if held_at_s is not None:
            self._deadlines.set(held, held_at_s)

    def _raise(self, case: Case, rule: AlertRule, point: MoodPoint, now_s: float) -> None:
        alert = Alert(
            alert_id=self._new_id(),
            contact_id=case.contact_id,
            queue_id=case.queue_id,
            rule_id=rule.rule_id,
            risen_at_s=now_s,
        )
        self._alerts[alert.alert_id] = alert
        case.alerts[rule.rule_id] = alert
        self.totals.raised += 1
        self._out.append(
            AlertRaised(
                alert_id=alert.alert_id,
                contact_id=case.contact_id,
                queue_id=case.queue_id,
                rule_id=rule.rule_id,
                agent_id=case.agent_id,
                tell=rule.actions.tell,
                mood=point.mood,
                intensity=point.intensity,
                trend_per_min=point.trend_per_min,
                confidence=point.confidence,
                evidence=point.evidence,
                heard_until_s=case.heard_until_s,
                late_s=round(now_s - case.spoke_until_s, 3),
            )
        )
        if Audience.SUPERVISOR in rule.actions.tell:
            self._out.append(
                NotifySupervisor(
                    alert_id=alert.alert_id,
                    contact_id=case.contact_id,
                    queue_id=case.queue_id,
                    rule_id=rule.rule_id,
                )
            )
        if case.waits:
            self._raise_priority(case, alert, rule)
        self._tell_agent(case, alert, rule)

    def _raise_priority(self, case: Case, alert: Alert, rule: AlertRule) -> None:
        steps = rule.actions.priority_step
        if steps > 0:
            self._out.append(
                RaisePriority(alert_id=alert.alert_id, contact_id=case.contact_id, steps=steps)
            )

    def _tell_agent(self, case: Case, alert: Alert, rule: AlertRule) -> None:
        """Advise who serves the customer; nobody does: whoever will, hears it then."""
        if case.agent_id is None:
            return
        phrase = rule.actions.advice.get(case.language)
        if Audience.AGENT in rule.actions.tell and phrase is not None:
            self._out.append(
                AdviseAgent(
                    alert_id=alert.alert_id,
                    contact_id=case.contact_id,
                    agent_id=case.agent_id,
                    language=case.language,
                    phrase=phrase,
                )
            )
        if rule.actions.transfer is not None:
            self._out.append(
                OfferTransfer(
                    alert_id=alert.alert_id,
                    contact_id=case.contact_id,
                    agent_id=case.agent_id,
                    requirement=rule.actions.transfer,
                )
            )

    def _acknowledge(self, alert_id: str, by: str, now_s: float) -> None:
        alert = self._alerts.get(alert_id)
        if alert is None:
            raise NotKnown("open alert", alert_id)
        alert.acknowledge(by, now_s)
        self.totals.acknowledged += 1
        self._out.append(
            AlertAcknowledged(
                alert_id=alert_id,
                contact_id=alert.contact_id,
                rule_id=alert.rule_id,
                by=by,
                after_s=now_s - alert.risen_at_s,
            )
        )
        if self._rules[alert.rule_id].clears_on_acknowledgement:
            self._clear(self._cases[alert.contact_id], alert, ClearReason.ACKNOWLEDGED, now_s)

    def _clear(self, case: Case, alert: Alert, reason: ClearReason, now_s: float) -> None:
        alert.clear(reason, now_s)
        del self._alerts[alert.alert_id]
        del case.alerts[alert.rule_id]
        self._deadlines.drop((_GONE, case.contact_id, alert.rule_id))
        rule = self._rules.get(alert.rule_id)
        if rule is not None and case.contact_id in self._cases:
            case.quiet_until_s[alert.rule_id] = now_s + rule.again_s
        self.totals.cleared += 1
        self._out.append(
            AlertCleared(
                alert_id=alert.alert_id,
                contact_id=alert.contact_id,
                rule_id=alert.rule_id,
                reason=reason,
                open_s=now_s - alert.risen_at_s,
            )
        )

    def _end_alerts(self, case: Case, reason: ClearReason, now_s: float) -> None:
        for alert in tuple(case.alerts.values()):
            self._clear(case, alert, reason, now_s)

    def _open_in(self, case: Case) -> Iterator[tuple[Alert, AlertRule]]:
        for rule_id, alert in tuple(case.alerts.items()):
            yield alert, self._rules[rule_id]

    def _drop_deadlines(self, case: Case) -> None:
        for rule_id in case.watches:
            for kind in (_HELD, _GONE):
                self._deadlines.drop((kind, case.contact_id, rule_id))

    def _meet_deadlines(self, now_s: float) -> None:
        for _, contact_id, rule_id in self._deadlines.due(now_s):
            self._consider(self._cases[contact_id], self._rules[rule_id], now_s)

    def _take_over(self, policy: CarePolicy, now_s: float) -> None:
        """Put new rules into force; what a changed rule has seen is forgotten."""
        old, self._policy = self._rules, policy
        self._rules = {rule.rule_id: rule for rule in policy.rules}
        changed = {rule_id for rule_id in old if self._rules.get(rule_id) != old[rule_id]}
        for case in self._cases.values():
            for rule_id in changed:
                alert = case.alerts.get(rule_id)
                if alert is not None and rule_id not in self._rules:
                    self._clear(case, alert, ClearReason.RULE_GONE, now_s)
                case.watches.pop(rule_id, None)
                case.quiet_until_s.pop(rule_id, None)
                for kind in (_HELD, _GONE):
                    self._deadlines.drop((kind, case.contact_id, rule_id))
