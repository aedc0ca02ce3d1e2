"""When a ticket is opened by itself: from what has happened to what is wished. Pure.

The first rule that fits decides. A wish carries a key, so that the same thing read twice opens one
ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.contact import Channel, Disposition
from domain.mood import Mood
from domain.ticket import LinkKind, TicketLink, TicketReason
from domain.ticket_ports import TicketWish
from tickets.policy import ReadyRule

BY: Final = "rule"
GAVE_UP: Final = frozenset({Disposition.ABANDONED})
TURNED_AWAY: Final = frozenset(
    {
        Disposition.WAIT_EXCEEDED,
        Disposition.QUEUE_FULL,
        Disposition.OUTSIDE_HOURS,
        Disposition.CELL_DIED,
        Disposition.NODE_DIED,
        Disposition.DRAINED,
        Disposition.FAILED,
        Disposition.CALLBACK_UNANSWERED,
        Disposition.CALLBACK_EXPIRED,
    }
)
"""It was not the customer's choice. A call that had been answered and was then lost counts as
well: nobody has said goodbye."""

_SUBJECTS: Final = {
    TicketReason.COMPLAINT: ("Complaint", "投诉"),
    TicketReason.UNRESOLVED: ("Matter not settled", "问题未解决"),
    TicketReason.ANGRY: ("Angry customer", "客户情绪激动"),
    TicketReason.UNANSWERED: ("Customer not served", "客户未得到接待"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Where something has happened.

    Attributes:
        topic: "" while nobody has said.
        language: BCP 47 tag in which the customer is served.
    """

    queue_id: str
    channel: Channel
    topic: str = ""
    language: str = ""
    customer_id: str | None = None
    contact_id: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A customer's message."""

    message_id: str
    subject: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a contact ended.

    Attributes:
        wait_s: None when it never joined the queue.
    """

    disposition: Disposition
    wait_s: float | None
    mood: Mood = Mood.UNKNOWN


def for_message(
    rules: Sequence[ReadyRule], occasion: Occasion, written: Written
) -> TicketWish | None:
    """Return what a customer's message asks for: a ticket when it complains."""
    for rule in rules:
        if rule.entry.when != "complaint" or not _fits(rule, occasion):
            continue
        if rule.complains(f"{written.subject}\n{written.text}"):
            return _wish(
                rule,
                occasion,
                TicketReason.COMPLAINT,
                key=written.message_id,
                about=written.subject,
                more=(TicketLink(LinkKind.MESSAGE, written.message_id),),
            )
    return None


def for_end(rules: Sequence[ReadyRule], occasion: Occasion, ended: Ended) -> TicketWish | None:
    """Return what the end of a contact asks for: he was angry, or was not served."""
    for rule in rules:
        if not _fits(rule, occasion):
            continue
        when = rule.entry.when
        if when == "angry" and ended.mood.rank >= rule.entry.mood_min.rank:
            return _wish(rule, occasion, TicketReason.ANGRY)
        if when == "unanswered" and _unanswered(rule, ended):
            return _wish(rule, occasion, TicketReason.UNANSWERED)
    return None


def for_unresolved(rules: Sequence[ReadyRule], occasion: Occasion) -> TicketWish | None:
    """Return what is asked for by a matter that is not settled, as somebody has said."""
    for rule in rules:
        if rule.entry.when == "unresolved" and _fits(rule, occasion):
            return _wish(rule, occasion, TicketReason.UNRESOLVED)
    return None


def _unanswered(rule: ReadyRule, ended: Ended) -> bool:
    if ended.disposition in GAVE_UP:
        return (ended.wait_s or 0.0) >= rule.entry.wait_s_min
    return ended.disposition in TURNED_AWAY


def _fits(rule: ReadyRule, occasion: Occasion) -> bool:
    entry = rule.entry
    return (
        (not entry.channels or occasion.channel in entry.channels)
        and (not entry.queues or occasion.queue_id in entry.queues)
        and (not entry.topics or occasion.topic in entry.topics)
    )


def _wish(
    rule: ReadyRule,
    occasion: Occasion,
    reason: TicketReason,
    *,
    key: str | None = None,
    about: str = "",
    more: tuple[TicketLink, ...] = (),
) -> TicketWish:
    entry = rule.entry
    chinese = occasion.language.startswith("zh")
    title = _SUBJECTS[reason][chinese]
    parts = "：" if chinese else ": "
    links = [*more]
    if occasion.conversation_id is not None:
        links.append(TicketLink(LinkKind.CONVERSATION, occasion.conversation_id))
    if occasion.contact_id is not None:
        links.append(TicketLink(LinkKind.CONTACT, occasion.contact_id))
    return TicketWish(
        queue_id=entry.queue_id or occasion.queue_id,
        reason=reason,
        subject=parts.join(filter(None, (title, about.strip()))),
        by=BY,
        key=f"{reason.value}/{key or occasion.contact_id}",
        customer_id=occasion.customer_id,
        language=occasion.language,
        topic=entry.topic or occasion.topic,
        priority=entry.priority,
        owner_id=entry.owner,
        links=tuple(links),
        note=f"规则 {entry.id}" if chinese else f"rule {entry.id}",
    )
