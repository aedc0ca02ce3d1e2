"""From the stream of events to lessons about customers. Pure.

A contact's mood is remembered until it is over; nothing else of it has to be. So the place in
the stream from which everything can be found again is just before the oldest mood of a contact
that still runs.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from domain.consent import Answer, Purpose
from domain.customer_lessons import ContactEnded, ContactJudged, EmotionRefused, Lesson
from domain.events import (
    ConsentChanged,
    ContactClosed,
    Envelope,
    MoodChanged,
    OutcomeReported,
)
from domain.mood import Mood

MOODS_MAX: Final = 10_000
"""Contacts whose mood is remembered, ten times the calls of the largest node; the oldest is
forgotten, and its lesson then has no mood."""


@dataclass(slots=True)
class _Felt:
    since: int
    mood: Mood


class Tracker:
    """Remembers what a lesson needs; asked event by event, in the order of the stream."""

    def __init__(self, *, moods_max: int = MOODS_MAX) -> None:
        """Begin with nothing heard."""
        self._moods_max = moods_max
        self._felt: OrderedDict[str, _Felt] = OrderedDict()

    @property
    def needed_from(self) -> int | None:
        """Sequence number of the oldest event that is still needed; None: of none."""
        first = next(iter(self._felt.values()), None)
        return None if first is None else first.since

    def hear(self, envelope: Envelope) -> Lesson | None:
        """Take the next event; return what is to be learnt now, if anything."""
        match envelope.event:
            case MoodChanged(contact_id=contact_id, after=mood):
                felt = self._felt.get(contact_id)
                if felt is not None:
                    felt.mood = mood
                    return None
                self._felt[contact_id] = _Felt(envelope.sequence, mood)
                if len(self._felt) > self._moods_max:
                    self._felt.popitem(last=False)
            case (
                ConsentChanged(
                    contact_id=contact_id, purpose=Purpose.EMOTION, answer=Answer.REFUSED
                ) as changed
            ):
                self._felt.pop(contact_id, None)
                # What was refused earlier has been forgotten earlier.
                return None if changed.earlier else EmotionRefused(contact_id)
            case ContactClosed() as closed:
                felt = self._felt.pop(closed.contact_id, None)
                return ContactEnded(
                    contact_id=closed.contact_id,
                    at=envelope.at,
                    queue_id=closed.queue_id,
                    disposition=closed.disposition,
                    agent_id=closed.agent_id,
                    mood=Mood.UNKNOWN if felt is None else felt.mood,
                )
            case OutcomeReported(contact_id=contact_id):
                return ContactJudged(contact_id, envelope.at)
        return None
