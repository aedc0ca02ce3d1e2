"""What the tests of records share: a clock that stands still and contacts by number."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.contact import Channel, Contact, ContactTrigger, Disposition
from domain.events import DigitPressed, Envelope

START = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """Time that passes when the test says so."""

    now: datetime = START
    passed_s: float = field(default=1_000.0)

    def monotonic_s(self) -> float:
        return self.passed_s

    def utc(self) -> datetime:
        return self.now

    def tick(self, seconds: float) -> None:
        self.passed_s += seconds
        self.now += timedelta(seconds=seconds)


def contact_id(number: int) -> str:
    return f"{number:032x}"


def arrived(number: int, *, queue_id: str = "sales", caller: str = "+4930123456") -> Contact:
    return Contact(
        contact_id=contact_id(number),
        channel=Channel.VOICE,
        queue_id=queue_id,
        language="zh",
        arrived_at=START + timedelta(seconds=number),
        arrived_s=1_000.0,
        priority=2,
        caller=caller,
        dialled="800",
        trunk_id="carrier",
        sip_call_id=f"call-{number}@example.com",
        disclosed=True,
    )


def queued(number: int, **more: str) -> Contact:
    contact = arrived(number, **more)
    contact.step(ContactTrigger.ENQUEUE)
    contact.queued_s = 1_002.5
    return contact


def connected(number: int, **more: str) -> Contact:
    contact = queued(number, **more)
    contact.step(ContactTrigger.OFFER)
    contact.step(ContactTrigger.CONNECT)
    contact.agent_id = "anna"
    contact.connected_s = 1_010.0
    return contact


def closed(number: int, **more: str) -> Contact:
    contact = connected(number, **more)
    contact.step(ContactTrigger.CLOSE)
    contact.closed_s = 1_070.25
    contact.disposition = Disposition.AGENT_ENDED
    contact.rtp_lost = 3
    contact.rtp_received = 3_000
    return contact


def digit(sequence: int, at: datetime = START) -> Envelope:
    event = DigitPressed(contact_id=contact_id(1), role="customer", number=sequence)
    return Envelope(sequence=sequence, at=at, event=event)
