"""An alert: a rule about a customer's mood is fulfilled, and somebody has been told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.machine import step


class AlertState(StrEnum):
    """Where an alert stands; RISEN and ACKNOWLEDGED are open, CLEARED is final."""

    RISEN = "risen"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


class AlertTrigger(StrEnum):
    """What moves an alert on."""

    ACKNOWLEDGE = "acknowledge"
    CLEAR = "clear"


TRANSITIONS: Final[dict[tuple[AlertState, AlertTrigger], AlertState]] = {
    (AlertState.RISEN, AlertTrigger.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
    (AlertState.RISEN, AlertTrigger.CLEAR): AlertState.CLEARED,
    (AlertState.ACKNOWLEDGED, AlertTrigger.CLEAR): AlertState.CLEARED,
}


class ClearReason(StrEnum):
    """What ended an alert."""

    LEVEL_GONE = "level_gone"
    """What the rule looks for was gone for the time that the rule names."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody took it up, and the rule asks for no more."""
    CONTACT_ENDED = "contact_ended"
    """The customer or we have hung up."""
    CONSENT_REFUSED = "consent_refused"
    """The customer does not want his emotion read."""
    RULE_GONE = "rule_gone"
    """The configuration no longer has the rule."""


class Audience(StrEnum):
    """Who is told of an alert."""

    SUPERVISOR = "supervisor"
    """Whoever watches: the event stream, or a webhook."""
    AGENT = "agent"
    """The agent who serves the customer, now or next, with a phrase in the customer's language."""


@dataclass(slots=True, kw_only=True)
class Alert:
    """One rule, risen for one contact. At most one of a rule and contact is open at a time.

    Attributes:
        alert_id: 32 hexadecimal digits.
        risen_at_s, acknowledged_at_s, cleared_at_s: Times of the injected monotonic clock in
            seconds; None until that has happened.
        acknowledged_by: Who took it up, by an id of the configuration or of the API.
    """

    alert_id: str
    contact_id: str
    queue_id: str
    rule_id: str
    risen_at_s: float
    state: AlertState = AlertState.RISEN
    acknowledged_at_s: float | None = None
    acknowledged_by: str | None = None
    cleared_at_s: float | None = None
    reason: ClearReason | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not cleared yet."""
        return self.state is not AlertState.CLEARED

    def acknowledge(self, by: str, now_s: float) -> None:
        """Note that somebody has taken it up.

        Raises:
            IllegalTransition: Somebody has already, or it is cleared.
        """
        self.state = step(TRANSITIONS, self.state, AlertTrigger.ACKNOWLEDGE)
        self.acknowledged_by, self.acknowledged_at_s = by, now_s

    def clear(self, reason: ClearReason, now_s: float) -> None:
        """End it.

        Raises:
            IllegalTransition: It is cleared already.
        """
        self.state = step(TRANSITIONS, self.state, AlertTrigger.CLEAR)
        self.reason, self.cleared_at_s = reason, now_s
