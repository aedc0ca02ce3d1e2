"""A call flow with everything around it, as tests set it up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.schema import QueueEntry
from domain.contact import Channel, Contact, ContactState
from domain.errors import LimitExceeded
from domain.events import ContactQueued
from domain.leg import RtpFigures
from domain.offer import DeclineReason, Offer
from domain.ports import QueuePosition
from pbx import actions as do
from pbx.flow import CallFlow
from pbx.keypad import NO_KEYS, ConsentKeys

CUSTOMER = 1
AGENT = 2
SECOND_AGENT = 3


class HandClock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now_s)


class Notes:
    """The router's port; remembers what it was told."""

    def __init__(self) -> None:
        self.queued: list[ContactQueued] = []
        self.left: list[str] = []
        self.finished: list[str] = []
        self.declined: list[tuple[str, DeclineReason]] = []
        self.accepts = True
        self.places_kept: list[str] = []
        self.full = False

    def enqueue(self, queued: ContactQueued) -> None:
        if self.full:
            raise LimitExceeded("queue support: waiting contacts", 3, 2)
        self.queued.append(queued)

    def keep_place(self, contact_id: str) -> None:
        self.places_kept.append(contact_id)

    def leave(self, contact_id: str) -> None:
        self.left.append(contact_id)

    def accept(self, offer_id: str) -> bool:
        return self.accepts

    def decline(self, offer_id: str, reason: DeclineReason) -> None:
        self.declined.append((offer_id, reason))

    def finish(self, contact_id: str) -> None:
        self.finished.append(contact_id)

    def position(self, contact_id: str) -> QueuePosition | None:
        return QueuePosition(position=2, expected_wait_s=90.0)


class Shelf:
    """Every prompt exists, but those named silent."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent

    def path(self, name: str, language: str) -> Path | None:
        return None if name in self.silent else Path(f"{language}/{name}.wav")

    def announcement(
        self, position: int, expected_wait_s: float | None, language: str
    ) -> Sequence[Path]:
        return [Path(f"{language}/{position}.wav")]


class Scene:
    """A flow with everything around it."""

    def __init__(
        self,
        *silent: str,
        consent_keys: ConsentKeys = NO_KEYS,
        opens_at: datetime | None = None,
        **queue: object,
    ) -> None:
        self.clock = HandClock()
        self.routing = Notes()
        self.queue = QueueEntry.model_validate(
            {"id": "support", "name": "Support", "numbers": ["800"], **queue}
        )
        self.contact = Contact(
            contact_id="c1",
            channel=Channel.VOICE,
            queue_id="support",
            language="en",
            arrived_at=self.clock.utc(),
            arrived_s=self.clock.now_s,
        )
        self.flow = CallFlow(
            self.contact,
            self.queue,
            prompts=Shelf(*silent),
            routing=self.routing,
            clock=self.clock,
            call_s_max=3600,
            consent_keys=consent_keys,
            opens_at=opens_at,
        )

    def to_queue(self) -> None:
        self.flow.incoming(CUSTOMER)
        actions = self.flow.answered(CUSTOMER)
        while self.contact.state is ContactState.ARRIVED:
            assert actions
            actions = self.flow.played(CUSTOMER)

    def offer(self, number: int = 1) -> Offer:
        return Offer(
            offer_id=f"o{number}",
            contact_id="c1",
            agent_id=f"agent{number}",
            queue_id="support",
            made_at_s=self.clock.now_s,
            expires_at_s=self.clock.now_s + 20,
        )

    def ring(self, leg: int = AGENT, number: int = 1) -> Offer:
        offer = self.offer(number)
        assert self.flow.offered(offer) == [do.CallAgent(offer)]
        assert self.flow.agent_dialled(offer.offer_id, leg) == []
        self.flow.ringing(leg)
        return offer

    def talk(self) -> None:
        self.to_queue()
        self.clock.now_s += 7
        self.ring()
        self.clock.now_s += 3
        self.flow.answered(AGENT)
        self.clock.now_s += 60

    def ended(self, leg: int, status: int = 200) -> list[do.Action]:
        return self.flow.ended(
            leg, status=status, reason="", figures=RtpFigures(received=500, lost=2)
        )


def kinds(actions: list[do.Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


def published(actions: list[do.Action], kind: type) -> list[object]:
    events = [action.event for action in actions if isinstance(action, do.Publish)]
    return [event for event in events if isinstance(event, kind)]
