"""What the alert desk is told, where no event of the domain says it."""

from dataclasses import dataclass

from care.policy import CarePolicy
from domain.events import (
    ConsentChanged,
    ContactArrived,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    EmotionObserved,
)


@dataclass(frozen=True, slots=True)
class AlertTakenUp:
    """A supervisor, an agent or a program takes up an alert.

    Attributes:
        by: Who, by an id of the configuration or of the API.
    """

    alert_id: str
    by: str


@dataclass(frozen=True, slots=True)
class CarePolicyChanged:
    """The configuration was read again."""

    policy: CarePolicy


Input = (
    ContactArrived
    | ContactQueued
    | ContactConnected
    | ContactClosed
    | ConsentChanged
    | EmotionObserved
    | AlertTakenUp
    | CarePolicyChanged
)
