"""The outbox of one webhook: what waits, what is sent next and when, what is given up. Pure.

A message is sent, and again after a while that grows, until it is taken or its attempts are used
up. What is about one contact is told in order. Of all else, what has not been tried goes before
what has failed: a message that its receiver chokes on delays no other contact's. While the
receiver is down, nothing is tried for a while that grows too.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from channels.webhooks.backoff import backoff_s
from channels.webhooks.message import Message

WAITING_MAX: Final = 1_000
"""Messages; about 1 KiB each. More alerts than a day has; the oldest is worth least."""
BACKOFF_S_MAX: Final = 300.0
"""From one attempt of a message to its next."""
REFUSALS_MAX: Final = 2
"""Messages in a row that a receiver who is up may refuse before he is treated as one who is down:
a wrong token or path, and not a message that he chokes on."""
PAUSE_S_MAX: Final = 60.0
"""From one attempt at a receiver that is down to the next: so late may the first alert be after
it is back."""


@dataclass(slots=True)
class _Waiting:
    message: Message
    due_s: float
    attempts: int = 0
    is_letter: bool = False


class Outbox:
    """Messages in order of the stream, each with the time of its next attempt."""

    def __init__(
        self, *, attempts_max: int, chance: Random, waiting_max: int = WAITING_MAX
    ) -> None:
        """Begin empty.

        Args:
            attempts_max: Of one message.
            chance: Where the chance in waiting times comes from.
            waiting_max: Messages held, the one under way included; at least 2.
        """
        assert attempts_max >= 1
        assert waiting_max >= 2
        self._attempts_max = attempts_max
        self._chance = chance
        self._waiting_max = waiting_max
        self._waiting: dict[int, _Waiting] = {}
        self._under_way: int | None = None
        self._failures = 0
        self._paused_until_s = float("-inf")
        self._read_up_to: int | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Message, now_s: float) -> Message | None:
        """Take a message, later in the stream than all before; return one that had to go for it."""
        dropped: Message | None = None
        if len(self._waiting) >= self._waiting_max:
            oldest = next(each for each in self._waiting if each != self._under_way)
            dropped = self._waiting.pop(oldest).message
        self._waiting[message.sequence] = _Waiting(message, now_s)
        self._read_up_to = message.sequence
        return dropped

    def again(self, message: Message, now_s: float) -> bool:
        """Take a message that was given up, once more; False: too many wait.

        It is kept elsewhere until it is taken, so the place in the stream does not wait for it.
        """
        if message.sequence in self._waiting:
            return True
        if len(self._waiting) >= self._waiting_max:
            return False
        self._waiting[message.sequence] = _Waiting(message, now_s, is_letter=True)
        return True

    def passed(self, sequence: int) -> None:
        """Note that an event of the stream was looked at, and need not be sent."""
        self._read_up_to = sequence

    @property
    def done_up_to(self) -> int | None:
        """The last event before which nothing waits; None before the first."""
        # Messages are taken in order of the stream, so the first one is the oldest.
        oldest = next((one for one, each in self._waiting.items() if not each.is_letter), None)
        return self._read_up_to if oldest is None else oldest - 1

    def next_due_s(self) -> float | None:
        """Return when there is something to send; None: when something is put in."""
        if not self._waiting:
            return None
        return max(self._paused_until_s, min(each.due_s for each in self._first()))

    def take(self, now_s: float) -> tuple[Message, int] | None:
        """Return what to send now and which attempt it is, from 1; None: nothing is due.

        One message is under way at a time; say by `delivered` or `failed` what became of it.
        """
        assert self._under_way is None, "a message is under way"
        if now_s < self._paused_until_s:
            return None
        due = [each for each in self._first() if each.due_s <= now_s]
        if not due:
            return None
        # What was never tried first; then what has waited longest for its next attempt.
        chosen = min(due, key=lambda each: (each.attempts > 0, each.due_s, each.message.sequence))
        chosen.attempts += 1
        self._under_way = chosen.message.sequence
        return chosen.message, chosen.attempts

    def _first(self) -> list[_Waiting]:
        """Return what may be sent next: of each subject the oldest, a letter beside them."""
        firsts: dict[object, _Waiting] = {}
        for each in self._waiting.values():
            message = each.message
            alone = each.is_letter or not message.subject
            firsts.setdefault(message.sequence if alone else message.subject, each)
        return list(firsts.values())

    def delivered(self) -> bool:
        """The message under way was taken; the receiver is up. Tell whether it was a letter."""
        self._failures = 0
        return self._settle().is_letter

    def failed(
        self, now_s: float, *, down: bool, retry_after_s: float | None = None, final: bool = False
    ) -> bool:
        """The message under way was not taken. Return whether it is given up.

        Args:
            now_s: Of the monotonic clock.
            down: The receiver takes nothing at the moment, rather than not this message.
            retry_after_s: How long the receiver asks to be left alone.
            final: It will never be taken.
        """
        assert self._under_way is not None
        waiting = self._waiting[self._under_way]
        self._failures += 1
        strikes = self._failures if down else self._failures - REFUSALS_MAX
        if strikes > 0:
            self._pause(now_s + backoff_s(strikes, PAUSE_S_MAX, self._chance))
        if retry_after_s is not None:
            self._pause(now_s + retry_after_s)
        given_up = final or waiting.attempts >= self._attempts_max
        if given_up:
            self._settle()
        else:
            delay_s = backoff_s(waiting.attempts, BACKOFF_S_MAX, self._chance)
            waiting.due_s = now_s + max(delay_s, retry_after_s or 0.0)
            self._under_way = None
        return given_up

    def _pause(self, until_s: float) -> None:
        self._paused_until_s = max(self._paused_until_s, until_s)

    def _settle(self) -> _Waiting:
        assert self._under_way is not None
        settled = self._waiting.pop(self._under_way)
        self._under_way = None
        return settled
