"""An alert desk with one customer on the line, for tests."""

import itertools
from collections.abc import Sequence
from typing import TypeVar

from care.alerts import AlertDesk, Output
from care.policy import CarePolicy
from domain.alert_rule import AlertRule
from domain.contact import Channel, Disposition
from domain.events import (
    ContactArrived,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    EmotionObserved,
)
from tests.emotion_support import window

Kind = TypeVar("Kind")


def arrived(contact_id: str = "c", queue_id: str = "sales", language: str = "en") -> ContactArrived:
    return ContactArrived(
        contact_id=contact_id, channel=Channel.VOICE, queue_id=queue_id, language=language
    )


def queued(contact_id: str = "c", queue_id: str = "sales", language: str = "en") -> ContactQueued:
    return ContactQueued(contact_id=contact_id, queue_id=queue_id, language=language, priority=0)


def connected(contact_id: str = "c", agent_id: str = "anna") -> ContactConnected:
    return ContactConnected(contact_id=contact_id, queue_id="sales", agent_id=agent_id, wait_s=5.0)


def closed(contact_id: str = "c") -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id,
        queue_id="sales",
        disposition=Disposition.CALLER_ENDED,
        agent_id=None,
        wait_s=None,
        talk_s=0.0,
    )


def only(kind: type[Kind], outputs: Sequence[Output]) -> list[Kind]:
    """Return the outputs of one kind."""
    return [output for output in outputs if isinstance(output, kind)]


class Scene:
    """A desk whose clock is the contact's own, from 100 s on."""

    def __init__(self, *rules: AlertRule) -> None:
        numbers = itertools.count(1)
        self.desk = AlertDesk(CarePolicy(rules=rules), new_id=lambda: f"alert-{next(numbers)}")
        self.now_s = 101.0
        self.desk.handle(arrived(), self.now_s)

    def tell(self, happened: object) -> list[Output]:
        """Hand over what happens now."""
        return self.desk.handle(happened, self.now_s)  # type: ignore[arg-type]

    def say(self, anger: float, *, times: int = 1, confidence: float = 0.8) -> list[Output]:
        """Let the customer speak for so many seconds; return what came of it."""
        outputs: list[Output] = []
        for _ in range(times):
            outputs += self.wait(1.0)
            score = window(self.now_s - 100.0, anger, confidence=confidence)
            outputs += self.tell(EmotionObserved(contact_id="c", score=score))
        return outputs

    def wait(self, seconds: float) -> list[Output]:
        """Let time pass in silence, waking the desk when it wants to be."""
        outputs: list[Output] = []
        until_s = self.now_s + seconds
        while (due_s := self.desk.next_deadline_s()) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            outputs += self.desk.advance(self.now_s)
        self.now_s = until_s
        return outputs
