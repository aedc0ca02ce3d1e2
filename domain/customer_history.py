"""The summary of a customer's contacts, kept up to date one contact at a time.

It is folded from what is known when a contact ends and from what an agent says of it later, so
that nothing is scanned when the customer comes again. Everything in it is bounded, and what
fades does so by a half-life: an old quarrel and an agent of years ago lose their weight by
themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from domain.contact import SERVED, Channel, Disposition
from domain.mood import Mood

MATTERS_MAX: Final = 8
"""Unresolved matters of one customer; the oldest is forgotten."""
AGENTS_MAX: Final = 8
"""Agents of whom familiarity is kept; the profile names at most three."""
TOPICS_MAX: Final = 32
"""Topics that are counted; the rarest is forgotten."""
FRUSTRATION_HALF_LIFE_DAYS: Final = 7.0
FAMILIARITY_HALF_LIFE_DAYS: Final = 90.0
"""Annoyance about a call is mostly over after some weeks, an agent is known for a quarter or two.
Chosen by reasoning; the simulator shows what other values do."""
FAMILIARITY_UNKNOWN: Final = 0.2
FAMILIARITY_RESOLVED: Final = 0.5
"""Share of the way to full familiarity that a contact goes which nobody has judged, or which
settled the matter: two settled matters with one agent make 0.75."""
MOOD_FRUSTRATION: Final[Mapping[Mood, float]] = {
    Mood.ANGRY: 1.0,
    Mood.UPSET: 0.7,
    Mood.UNEASY: 0.3,
}
"""What a mood at the end of a contact leaves behind; calm leaves what was there before."""
ABANDONED_FRUSTRATION: Final = 0.25
"""A customer who waited and was not served is annoyed before the next call begins."""
UNRESOLVED_FRUSTRATION: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something that a customer contacted us for and that is not settled as far as we know.

    Attributes:
        topic: What it is about.
        queue_id: Where he came with it last.
        at: When that was, UTC.
        told: Somebody has said that it is not settled, or he was not served; False: nobody has
            said anything of a contact that was served.
        contacts: How often he has come with it.
    """

    topic: str
    queue_id: str
    at: datetime
    told: bool
    contacts: int = 1


@dataclass(frozen=True, slots=True)
class Bond:
    """How well a customer knew an agent at a time.

    Attributes:
        strength: 0.0 to 1.0 as it stood then.
        at: When, UTC.
    """

    strength: float
    at: datetime

    def strength_at(self, now: datetime) -> float:
        """Return what is left of it."""
        return self.strength * decay(now - self.at, FAMILIARITY_HALF_LIFE_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is remembered of all contacts of one customer.

    Attributes:
        contacts: How many there were.
        last_at: End of the last one, UTC; None before the first.
        last_topic: What it was about.
        matters: Not settled, the newest first, at most `MATTERS_MAX`, one a topic.
        frustration: 0.0 to 1.0 as it stood at `frustration_at`.
        bonds: By agent_id, at most `AGENTS_MAX`.
        topics: How often he came for each, at most `TOPICS_MAX`.
    """

    contacts: int = 0
    last_at: datetime | None = None
    last_topic: str | None = None
    matters: tuple[Matter, ...] = ()
    frustration: float = 0.0
    frustration_at: datetime | None = None
    bonds: Mapping[str, Bond] = field(default_factory=dict)
    topics: Mapping[str, int] = field(default_factory=dict)

    def frustration_now(self, now: datetime) -> float:
        """Return what is left of the frustration of earlier contacts."""
        if self.frustration_at is None:
            return 0.0
        return self.frustration * decay(now - self.frustration_at, FRUSTRATION_HALF_LIFE_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastContact:
    """One contact as it is kept of a customer.

    Attributes:
        at: When it ended, UTC.
        topic: What it was about: what the agent says, else the queue.
        agent_id: Who served it last; None: nobody.
        mood: Of the customer at its end, as far as it was permitted to read it.
        resolved: Whether the matter is settled; None: nobody has said.
        satisfied: 0.0 to 1.0; None: nobody has said.
    """

    contact_id: str
    at: datetime
    channel: Channel
    queue_id: str
    topic: str
    disposition: Disposition
    agent_id: str | None = None
    mood: Mood = Mood.UNKNOWN
    resolved: bool | None = None
    satisfied: float | None = None

    @property
    def served(self) -> bool:
        """Whether somebody talked with him to an end of his or the agent's choice."""
        return self.agent_id is not None and self.disposition in SERVED


def decay(passed: timedelta, half_life_days: float) -> float:
    """Return what is left of 1 after a time; all of it for a time that has not come yet."""
    days = max(0.0, passed / timedelta(days=1))
    return float(0.5 ** (days / half_life_days))


def with_contact(summary: Summary, contact: PastContact) -> Summary:
    """Return the summary after a contact has ended."""
    topics = dict(summary.topics)
    topics[contact.topic] = topics.get(contact.topic, 0) + 1
    if len(topics) > TOPICS_MAX:
        del topics[min(topics, key=lambda name: (topics[name], name != contact.topic, name))]
    frustration = summary.frustration_now(contact.at)
    frustration = max(frustration, MOOD_FRUSTRATION.get(contact.mood, 0.0))
    if not contact.served:
        frustration += ABANDONED_FRUSTRATION
    latest = summary.last_at is None or contact.at >= summary.last_at
    counted = replace(
        summary,
        contacts=summary.contacts + 1,
        last_at=contact.at if latest else summary.last_at,
        last_topic=contact.topic if latest else summary.last_topic,
        topics=topics,
        matters=_opened(summary.matters, contact, told=not contact.served),
        frustration=min(1.0, frustration),
        frustration_at=_later(summary.frustration_at, contact.at),
    )
    if contact.served and contact.agent_id is not None:
        counted = _bound(counted, contact.agent_id, contact.at, FAMILIARITY_UNKNOWN)
    if contact.resolved is None:
        return counted
    return with_outcome(counted, contact, contact.at)


def with_outcome(summary: Summary, contact: PastContact, now: datetime) -> Summary:
    """Return the summary after somebody has said how a contact in it came out.

    Args:
        summary: In which the contact is counted.
        contact: With `resolved`, and with the topic that it turned out to have.
        now: When that was said, UTC.
    """
    frustration = summary.frustration_now(now)
    if contact.resolved:
        # A matter that came again after this contact is not settled by it.
        matters = tuple(
            one for one in summary.matters if one.topic != contact.topic or one.at > contact.at
        )
        frustration /= 2
    elif contact.resolved is None:
        return summary
    else:
        matters = _opened(summary.matters, contact, told=True, again=False)
        frustration = min(1.0, frustration + UNRESOLVED_FRUSTRATION)
    judged = replace(
        summary,
        matters=matters,
        frustration=frustration,
        frustration_at=_later(summary.frustration_at, now),
    )
    if contact.agent_id is None:
        return judged
    if contact.resolved:
        return _bound(judged, contact.agent_id, now, FAMILIARITY_RESOLVED)
    bond = judged.bonds.get(contact.agent_id)
    if bond is None:
        return judged
    halved = Bond(bond.strength_at(now) / 2, _later(bond.at, now))
    return replace(judged, bonds={**judged.bonds, contact.agent_id: halved})


def with_topic(summary: Summary, queue_topic: str, contact: PastContact) -> Summary:
    """Return the summary after a contact in it turned out to be about something else.

    Args:
        summary: In which the contact is counted under `queue_topic`.
        queue_topic: What it was taken for.
        contact: With its right topic.
    """
    if queue_topic == contact.topic:
        return summary
    topics = dict(summary.topics)
    if topics.get(queue_topic, 0) > 1:
        topics[queue_topic] -= 1
    else:
        topics.pop(queue_topic, None)
    topics[contact.topic] = topics.get(contact.topic, 0) + 1
    if len(topics) > TOPICS_MAX:
        del topics[min(topics, key=lambda name: (topics[name], name != contact.topic, name))]
    wrong = next(
        (m for m in summary.matters if m.topic == queue_topic and m.at == contact.at), None
    )
    matters = summary.matters
    if wrong is not None:
        matters = tuple(one for one in matters if one is not wrong)
        matters = _opened(matters, contact, told=wrong.told)
    is_last = summary.last_at == contact.at
    return replace(
        summary,
        topics=topics,
        matters=matters,
        last_topic=contact.topic if is_last else summary.last_topic,
    )


def without_moods(summary: Summary) -> Summary:
    """Return the summary of a customer who does not want his emotion to be read any more."""
    return replace(summary, frustration=0.0, frustration_at=None)


def _opened(
    matters: tuple[Matter, ...], contact: PastContact, *, told: bool, again: bool = True
) -> tuple[Matter, ...]:
    """Return the matters with that of a contact among them, the newest first.

    Args:
        matters: Until now.
        contact: Whose matter it is.
        told: Whether it is known not to be settled.
        again: False: the contact is counted in its matter already.
    """
    before = next((one for one in matters if one.topic == contact.topic), None)
    matter = Matter(
        topic=contact.topic, queue_id=contact.queue_id, at=contact.at, told=told, contacts=1
    )
    if before is not None:
        matter = replace(
            matter if contact.at >= before.at else before,
            # What was told stays told until somebody says that it is settled.
            told=told or before.told,
            contacts=before.contacts + again,
        )
    others = [one for one in matters if one is not before]
    return tuple(sorted([matter, *others], key=lambda one: one.at, reverse=True)[:MATTERS_MAX])


def _bound(summary: Summary, agent_id: str, at: datetime, share: float) -> Summary:
    """Return the summary with an agent better known by a share of what was missing."""
    bond = summary.bonds.get(agent_id, Bond(0.0, at))
    strength = bond.strength_at(at)
    bonds = dict(summary.bonds)
    bonds[agent_id] = Bond(strength + share * (1.0 - strength), _later(bond.at, at))
    if len(bonds) > AGENTS_MAX:
        del bonds[min(bonds, key=lambda one: (bonds[one].strength_at(at), one))]
    return replace(summary, bonds=bonds)


def _later(before: datetime | None, at: datetime) -> datetime:
    return at if before is None or at > before else before
