"""What a supervisor reads of a queue: counts, service level, speed of answer."""

from dataclasses import dataclass
from typing import Final

HANDLE_TIME_SHARE: Final = 1 / 16
"""Weight of the newest contact in the moving mean: about the last 30 contacts matter."""


@dataclass(slots=True)
class QueueFigures:
    """What has happened in one queue since the node started or the queue was added.

    Attributes:
        released: Ended by us because the queue's longest wait had passed; these count
            neither as answered nor as abandoned.
        overflowed: Gone on waiting in another queue, where they count as arrived too.
        withdrawn: Callbacks that were taken back, postponed or came to nothing; these count neither
            as answered nor as abandoned.
        refused: Turned away because the queue was at its limit.
        connected: Contacts that an agent talks with now.
        handle_s: Moving mean of the seconds that one contact occupies an agent, from the
            first ring to the end of the wrap-up; None before the first.
    """

    arrived: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int = 0
    released: int = 0
    refused: int = 0
    withdrawn: int = 0
    overflowed: int = 0
    connected: int = 0
    answer_wait_s: float = 0.0
    handle_s: float | None = None

    def note_answer(self, waited_s: float, target_s: float) -> None:
        """An agent has answered."""
        self.answered += 1
        self.answered_in_target += waited_s <= target_s
        self.answer_wait_s += waited_s
        self.connected += 1

    def note_abandonment(self, waited_s: float, target_s: float) -> None:
        """The customer has left before an answer."""
        self.abandoned += 1
        self.abandoned_in_target += waited_s <= target_s

    def note_handled(self, seconds: float) -> None:
        """An agent is through with a contact."""
        if self.handle_s is None:
            self.handle_s = seconds
        else:
            self.handle_s += HANDLE_TIME_SHARE * (seconds - self.handle_s)

    @property
    def average_speed_of_answer_s(self) -> float | None:
        """Mean wait of the answered; None before the first."""
        return self.answer_wait_s / self.answered if self.answered else None

    @property
    def service_level(self) -> float | None:
        """Answered within the target / answered (the first of Asterisk's two formulas)."""
        return self.answered_in_target / self.answered if self.answered else None

    @property
    def service_level_abandoned(self) -> float | None:
        """(Answered + abandoned, within the target) / (answered + abandoned)."""
        ended = self.answered + self.abandoned
        if not ended:
            return None
        return (self.answered_in_target + self.abandoned_in_target) / ended
