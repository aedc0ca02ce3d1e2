"""How one call of the demo went, and what of it is not as it should be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from demo.script import ANGER_RULE, PlannedCall, seconds_of

SPOKEN_SHARE_MIN: Final = 0.5
"""Of what a customer says, so much must have been heard: pauses within his lines are not."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alert about one call.

    Attributes:
        rule: By its id.
        at_s: Seconds from the call's arrival to the alert, by the node's clock.
        latency_s: Seconds from the end of the speech that was judged last to the alert, as the
            node measured them; None when it does not tell.
        line: What the customer was saying when the alert reached the demo; empty: nothing.
    """

    rule: str
    at_s: float
    latency_s: float | None
    line: str

    def __str__(self) -> str:
        while_speaking = " while he spoke" if self.line else ""
        late = (
            ""
            if self.latency_s is None
            else f"; latency {self.latency_s:.2f} s after the end of the speech it rests on"
        )
        return f"alert {self.rule} rose {self.at_s:.1f} s into the call{while_speaking}{late}"


@dataclass(slots=True)
class Played:
    """How one call went.

    Attributes:
        answered_ms: INVITE to 200 as the caller's telephone saw it.
        speaking: The customer's line that is played now; empty: none.
        told: He has heard to its end that emotion is read.
        moods: Each mood that he was found in, in turn.
        alarms: The alerts about him.
        wrong: What is not as it should be, in words.
        reasons: Why it was offered to whom, a text for each offer.
    """

    plan: PlannedCall
    sip_call_id: str = ""
    contact_id: str = ""
    answered_ms: float | None = None
    caller_lost: int = 0
    speaking: str = ""
    told: bool = False
    moods: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    _arrived: datetime | None = None
    _closed: bool = False

    def take(self, event: dict[str, Any]) -> Alarm | None:
        """Follow one event of this call; return the alert that it tells of."""
        fields = event["event"]
        match event["type"]:
            case "ContactArrived":
                self._arrived = datetime.fromisoformat(event["at"])
            case "DisclosurePlayed":
                self.told = True
            case "MoodChanged":
                self.moods.append(fields["after"])
                if not self.told:
                    self.wrong.append("his mood was judged before he was told that it would be")
            case "ContactClosed":
                self._closed = True
            case "AlertRaised":
                at = datetime.fromisoformat(event["at"])
                alarm = Alarm(
                    rule=fields["rule_id"],
                    at_s=(at - (self._arrived or at)).total_seconds(),
                    latency_s=fields.get("late_s"),
                    line=self.speaking,
                )
                self.alarms.append(alarm)
                if self._closed:
                    self.wrong.append(f"alert {alarm.rule} rose only after the call")
                return alarm
        return None

    def as_json(self) -> dict[str, Any]:
        """Return the object that `demo --json` prints for a call."""
        record = self.record
        return {
            "call_id": self.sip_call_id,
            "answered_ms": self.answered_ms,
            "wait_s": record.get("wait_s"),
            "agent": record.get("agent_id"),
            "outcome": record.get("disposition"),
            "talk_s": record.get("talk_s"),
            "rtp_lost": self.caller_lost + record.get("rtp_lost", 0),
            "customer_speech_s": round(record.get("customer_speech_s", 0.0), 2),
            "turns": record.get("turns"),
            "told": self.told,
            "mood": self.moods[-1] if self.moods else None,
            "moods": self.moods,
            "alerts": [
                {
                    "rule": alarm.rule,
                    "at_s": round(alarm.at_s, 2),
                    "latency_s": None if alarm.latency_s is None else round(alarm.latency_s, 3),
                    "while_speaking": bool(alarm.line),
                }
                for alarm in self.alarms
            ],
        }

    def faults(self) -> list[str]:
        """Return what of the call's record is not as its plan has it."""
        return [*self._of_record(), *self._of_speech(), *self._of_mood()]

    def _of_record(self) -> Iterator[str]:
        plan, record = self.plan, self.record
        answered = "answered" in {part["outcome"] for part in record["interactions"]}
        if record["disposition"] != plan.ending:
            yield f"ended as {record['disposition']}, not as {plan.ending}"
        if self.caller_lost + record["rtp_lost"]:
            yield f"RTP lost: {self.caller_lost} there, {record['rtp_lost']} here"
        if plan.lines and not answered:
            yield "no agent answered"
        if answered and not plan.lines:
            yield "answered, though the caller had gone"

    def _of_speech(self) -> Iterator[str]:
        plan, record = self.plan, self.record
        if plan.foreign or not plan.lines:
            return
        spoken_s = sum(seconds_of(line) for line in plan.lines[1::2])
        heard_s = record["customer_speech_s"]
        if heard_s < SPOKEN_SHARE_MIN * spoken_s:
            yield f"{heard_s:.1f} s of the customer heard, {spoken_s:.1f} s said"
        if record["turns"] < len(plan.lines) - 1:
            yield f"{record['turns']} turns heard, {len(plan.lines)} taken"

    def _of_mood(self) -> Iterator[str]:
        plan = self.plan
        if plan.foreign:
            return
        if plan.grows_angry and ANGER_RULE not in {alarm.rule for alarm in self.alarms}:
            moods = ", then ".join(self.moods) or "never judged"
            yield f"grew angry, and no alert {ANGER_RULE!r} rose; mood: {moods}"
        if not plan.grows_angry:
            yield from (f"was calm, and {alarm}" for alarm in self.alarms)


def missed(calls: Iterable[Played]) -> int:
    """Return how many offers ran into ring no answer."""
    return sum(
        part["outcome"] == "ring_no_answer"
        for played in calls
        for part in played.record.get("interactions", [])
    )
