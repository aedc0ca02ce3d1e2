"""Who is who, timelines and exports in memory, at the ports of the API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from domain.attachment import Attachment, Scan
from domain.contact import Channel, Disposition
from domain.conversation_ports import Found
from domain.customer import Customer, Identifier, IdentifierKind
from domain.errors import IllegalTransition, NotKnown
from domain.identity_ports import KnownIdentifier, MergeRecord, Recognition
from domain.message import Author, Message
from domain.mood import Mood
from domain.proof import Proof
from domain.ticket import TicketReason, TicketState
from domain.timeline import ContactOutline, EntryKind, TicketOutline, TimelineEntry, TimelinePage
from tests.unit.channels.http.fakes import START, contact_id

PHONE = Identifier(IdentifierKind.PHONE, "+4930123456")


@dataclass
class FakeIdentities:
    """Everybody has one telephone; the first contact is asked about, the second is nobody's."""

    recognition: Recognition = field(
        default_factory=lambda: Recognition(
            customer_id=None,
            proof=Proof.SUSPECTED,
            candidates=(contact_id(700), contact_id(702)),
        )
    )
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    trail: dict[str, MergeRecord] = field(default_factory=dict)

    async def recognise(self, identifier: Identifier, proof: Proof) -> Recognition:
        raise AssertionError("the API recognises nobody by itself")

    async def link(
        self, customer_id: str, identifier: Identifier, proof: Proof, by: str
    ) -> Customer:
        self.calls.append(("link", customer_id, identifier, proof, by))
        return Customer(customer_id=customer_id)

    async def unlink(self, customer_id: str, identifier: Identifier, by: str) -> Customer:
        self.calls.append(("unlink", customer_id, identifier, by))
        return Customer(customer_id=customer_id)

    async def identifiers(self, customer_id: str) -> Sequence[KnownIdentifier]:
        return [KnownIdentifier(identifier=PHONE, proof=Proof.PROVED, customer_id=customer_id)]

    async def merge(self, customer_id: str, member_id: str, by: str, reason: str) -> MergeRecord:
        if customer_id == member_id:
            raise IllegalTransition("Customers", "one", "merge")
        merge = MergeRecord(
            merge_id=contact_id(900 + len(self.trail)),
            customer_id=customer_id,
            member_id=member_id,
            by=by,
            reason=reason,
            merged_at=START,
        )
        self.trail[merge.merge_id] = merge
        return merge

    async def unmerge(self, merge_id: str, by: str, reason: str) -> MergeRecord:
        if merge_id not in self.trail:
            raise NotKnown("merge", merge_id)
        undone = replace(self.trail[merge_id], undone_at=START, undone_by=by, undone_reason=reason)
        self.trail[merge_id] = undone
        return undone

    async def merges(self, customer_id: str) -> Sequence[MergeRecord]:
        return list(self.trail.values())

    async def root(self, customer_id: str) -> str:
        return customer_id

    async def members(self, customer_id: str) -> Sequence[str]:
        return [customer_id]

    async def candidates(self, contact: str) -> Recognition:
        if contact == contact_id(1):
            return self.recognition
        if contact == contact_id(2):
            return Recognition(customer_id=None, proof=Proof.NONE)
        raise NotKnown("contact", contact)

    async def confirm(
        self, contact: str, customer_id: str, by: str, *, proof: Proof = Proof.PRESENTED
    ) -> Recognition:
        await self.candidates(contact)
        self.calls.append(("confirm", contact, customer_id, by, proof))
        return Recognition(customer_id=customer_id, proof=proof, member_id=customer_id)


def message(number: int = 1, **more: Any) -> Message:
    return Message(
        **{
            "message_id": contact_id(300 + number),
            "conversation_id": contact_id(50),
            "sequence": number,
            "channel": Channel.MAIL,
            "author": Author.CUSTOMER,
            "at": START,
            "text": "My invoice is wrong.",
            **more,
        }
    )


PICTURE = Attachment(
    attachment_id=contact_id(400),
    name="截图.png",
    media_type="image/png",
    bytes=9,
    content_hash="0" * 64,
    uploaded_at=START,
    scan=Scan.WAITING,
)


def entries() -> list[TimelineEntry]:
    """Return one line of each kind, the newest first."""
    written = message(attachments=(PICTURE,))
    call = ContactOutline(
        contact_id=contact_id(1),
        queue_id="support",
        disposition=Disposition.CALLER_ENDED,
        agent_id="alice",
        wait_s=3.5,
        talk_s=60.0,
        closed_at=START,
        mood=Mood.UPSET,
        agents=("bob", "alice"),
        segments=4,
    )
    ticket = TicketOutline(
        ticket_id=contact_id(500),
        number=1042,
        state=TicketState.OPEN,
        reason=TicketReason.COMPLAINT,
        subject="Invoice",
    )
    told: list[dict[str, Any]] = [
        {"kind": EntryKind.IDENTITY, "note": "merged"},
        {"kind": EntryKind.TICKET, "ticket": ticket},
        {"kind": EntryKind.CONTACT, "channel": Channel.VOICE, "contact": call},
        {"kind": EntryKind.MESSAGE, "channel": Channel.MAIL, "message": written},
    ]
    return [
        TimelineEntry(
            entry_id=contact_id(600 + place),
            at=START - timedelta(minutes=place),
            **{"channel": None, **fields},
        )
        for place, fields in enumerate(told)
    ]


@dataclass
class FakeTimelines:
    """One customer's timeline, searched and exported."""

    lines: list[TimelineEntry] = field(default_factory=entries)
    searched: list[tuple[Any, ...]] = field(default_factory=list)
    error: Exception | None = None

    async def timeline(
        self, customer_id: str, *, limit: int = 50, before: str | None = None
    ) -> TimelinePage:
        begin = int(before) if before is not None and before in {"1", "2", "3"} else 0
        page = self.lines[begin : begin + limit]
        more = begin + limit < len(self.lines)
        return TimelinePage(entries=tuple(page), before=str(begin + limit) if more else None)

    async def search(
        self,
        words: str,
        *,
        customer_ids: Sequence[str] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[Found]:
        self.searched.append((words, tuple(customer_ids), limit, before))
        one = Found(
            message_id=contact_id(301),
            conversation_id=contact_id(50),
            customer_id=None,
            channel=Channel.MAIL,
            at=START,
            excerpt="…invoice…",
        )
        return [one]

    async def export(self, customer_id: str) -> AsyncIterator[Mapping[str, Any]]:
        if self.error is not None:
            raise self.error
        yield {"kind": "customer", "customer_id": customer_id, "name": "Ana Müller"}
        yield {"kind": "message", "at": START, "text": "invoice"}
