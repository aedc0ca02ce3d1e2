"""Ports: what the rims may ask of router, store and bus, and what those ask of the rims.

`server/wiring.py` hands in the real ones.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.agent import AgentState, AgentView, Medium
from domain.binding import Binding
from domain.commands import WithdrawReason
from domain.contact import Contact, ContactState, Disposition, Interaction
from domain.events import ContactQueued, Envelope, Event
from domain.leg import LegRole, LegState, RtpFigures
from domain.offer import DeclineReason, Offer
from domain.skill import SkillRequirement
from domain.speech import SpeechSpan


class Clock(Protocol):
    """The one source of time."""

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        ...

    def utc(self) -> datetime:
        """Return the wall time, aware, UTC."""
        ...


class EventPublisher(Protocol):
    """Where events go."""

    def publish(self, event: Event) -> int:
        """Hand the event to every reader; never waits. Return its sequence number."""
        ...


class EventSubscription(Protocol):
    """One reader's view of the stream; close it by leaving the `async with`."""

    async def __aenter__(self) -> "EventSubscription": ...
    async def __aexit__(self, *exc: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[Envelope]: ...

    @property
    def lost(self) -> int:
        """Events that this reader was too slow for; the oldest are dropped."""
        ...


class EventStream(EventPublisher, Protocol):
    """The bus as a reader and a writer see it."""

    def subscribe(self, name: str, *, inbox_max: int = 10_000) -> EventSubscription:
        """Return a subscription that sees every event published from now on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePosition:
    """Where a contact stands in its queue.

    Attributes:
        position: 1 is next.
        expected_wait_s: The median: half of such contacts are answered sooner. None when nothing
            can be said, such as with no agent ready.
        wait_p90_s: Nine of ten are answered sooner.
    """

    position: int
    expected_wait_s: float | None
    wait_p90_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """How a queue stands at this moment, as the API shows it.

    Attributes:
        longest_wait_s: Of those waiting now.
        service_level: Answered within the target / answered; None before the first answer.
        service_level_abandoned: (Answered + abandoned within the target) / (answered +
            abandoned): the second of Asterisk's two formulas.
    """

    queue_id: str
    waiting: int
    offered: int
    connected: int
    longest_wait_s: float
    agents_eligible: int
    agents_ready: int
    arrived: int
    answered: int
    abandoned: int
    average_speed_of_answer_s: float | None
    service_level: float | None
    service_level_abandoned: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """One waiting contact, as the API shows it.

    Attributes:
        position: 1 is next.
        waited_s: Seconds since it joined the queue.
        expected_wait_s, wait_p90_s: See `QueuePosition`.
        offered_to: The agent whose telephone rings for it; None while it only waits.
    """

    contact_id: str
    position: int
    waited_s: float
    priority: int
    language: str
    expected_wait_s: float | None
    offered_to: str | None
    wait_p90_s: float | None = None


class WaitingRoom(Protocol):
    """Who waits, one by one."""

    def waiting(self, queue_id: str) -> Sequence[WaitingView]:
        """Return the contacts of a queue that wait or are being offered, the next first.

        Raises:
            NotKnown: There is no such queue.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LegView:
    """One leg of a running call.

    Attributes:
        figures: As last reported by the cell; None before the first report.
    """

    role: LegRole
    state: LegState
    figures: RtpFigures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One running call, as the API shows it.

    Attributes:
        seconds: Since it arrived.
        cell_id: The process that holds it.
    """

    contact_id: str
    queue_id: str
    state: ContactState
    agent_id: str | None
    arrived_at: datetime
    seconds: float
    legs: Sequence[LegView]
    cell_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackView:
    """One customer who waits to be called back, as the API shows him.

    Attributes:
        expires_at: After this nobody expects the call any more.
        waited_s: Seconds since he joined the queue.
        attempts: Calls to him that came to nothing.
        in_call: He is still on the line, or an agent or he himself is being called.
        retry_at: He joins the line again then, after a call that was not answered; None: he
            waits in it.
    """

    contact_id: str
    queue_id: str
    requested_at: datetime
    expires_at: datetime
    waited_s: float
    attempts: int
    in_call: bool
    retry_at: datetime | None


class CallDesk(Protocol):
    """What the API asks of call control."""

    def callbacks(self) -> Sequence[CallbackView]:
        """Return everybody who waits to be called back, the oldest contact first."""
        ...

    def cancel_callback(self, contact_id: str) -> None:
        """Close a contact that waits for its callback; an agent who rings for it is free.

        Raises:
            NotKnown: That contact waits for no callback.
        """
        ...

    def calls(self) -> Sequence[CallView]:
        """Return every running call, the oldest first."""
        ...

    def transfer(self, contact_id: str, requirement: SkillRequirement) -> None:
        """Hand a customer over from the agent he talks with to one with a skill.

        Raises:
            NotKnown: No call of that contact runs.
            IllegalTransition: Nobody talks with him just now.
            NobodyServes: No other agent who is logged in has the skill and the language.
        """
        ...

    async def hang_up(self, contact_id: str) -> None:
        """End a running call; returns when its legs are told to end.

        Raises:
            NotKnown: No call of that contact runs.
        """
        ...


class Routing(Protocol):
    """What the channels ask of the router. Every call returns at once."""

    def enqueue(self, queued: ContactQueued) -> None:
        """Let a contact wait.

        Raises:
            NotKnown: There is no such queue.
            LimitExceeded: The queue is at its limit of waiting contacts.
        """
        ...

    def keep_place(self, contact_id: str) -> None:
        """A contact waits, or is about to, with nobody on the line until he is called back.

        The queue's longest wait does not end it, and its leaving is no abandonment.
        """
        ...

    def leave(self, contact_id: str) -> None:
        """The customer is gone while waiting or ringing; harmless if he no longer waits."""
        ...

    def accept(self, offer_id: str) -> bool:
        """The agent has answered. False: too late, the offer is settled otherwise."""
        ...

    def decline(self, offer_id: str, reason: DeclineReason) -> None:
        """The agent's side refused; harmless if the offer is settled already."""
        ...

    def finish(self, contact_id: str) -> None:
        """The conversation has ended; the agent's wrap-up begins."""
        ...

    def position(self, contact_id: str) -> QueuePosition | None:
        """Return where the contact stands; None if it does not wait."""
        ...


class AgentDesk(Protocol):
    """What an agent, or the API on his behalf, asks of the router."""

    def request_state(self, agent_id: str, state: AgentState, reason: str) -> AgentState:
        """Ask for READY, NOT_READY or LOGGED_OUT; return the state now in force.

        While BUSY the wish is kept and taken when the contact has ended.

        Raises:
            NotKnown: There is no such agent.
            IllegalTransition: The agent cannot ask for that state.
        """
        ...

    def set_reachable(self, agent_id: str, reachable: bool, medium: Medium | None = None) -> None:
        """The agent's telephone has registered or its last binding is gone, or so his desk.

        Args:
            agent_id: Whose.
            reachable: Whether he can be reached from now on.
            medium: By what; None: by everything.
        """
        ...

    def agents(self) -> Sequence[AgentView]:
        """Return every agent as he stands."""
        ...

    def queues(self) -> Sequence[QueueView]:
        """Return every queue as it stands."""
        ...


class ContactDesk(Protocol):
    """What the router asks of a channel."""

    def offer_contact(self, offer: Offer) -> None:
        """Ring the agent; answer by `Routing.accept` or `Routing.decline`."""
        ...

    def withdraw_offer(self, offer: Offer, reason: WithdrawReason) -> None:
        """Stop ringing."""
        ...

    def release_contact(self, contact_id: str, disposition: Disposition) -> None:
        """End a contact that may wait no longer; the router has forgotten it already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord:
    """A contact as the store tells it, with what belongs to it.

    Attributes:
        wait_s, talk_s: As stored; None or 0 until known.
        customer_speech_s: Seconds of the customer's speech segments.
        turns: Number of turns heard.
    """

    contact: Contact
    closed_at: datetime | None
    wait_s: float | None
    talk_s: float
    interactions: Sequence[Interaction]
    customer_speech_s: float
    turns: int
    reason: str = ""


class ContactLedger(Protocol):
    """The record of contacts. A method returns when the row is committed."""

    async def open(self, contact: Contact) -> None:
        """Write a new contact."""
        ...

    async def forget(self, contact_id: str) -> None:
        """Take back what `open` wrote: the call never came, and it is no contact."""
        ...

    async def update(self, contact: Contact) -> None:
        """Write how the contact now stands."""
        ...

    async def close(self, contact: Contact, reason: str) -> None:
        """Write how the contact ended; `contact.disposition` is set."""
        ...

    async def add_interaction(self, interaction: Interaction) -> None:
        """Write one agent's part."""
        ...

    async def add_speech(self, contact_id: str, spans: Sequence[SpeechSpan]) -> None:
        """Write what was heard."""
        ...

    async def add_speech_of(self, spans: Mapping[str, Sequence[SpeechSpan]]) -> None:
        """Write what was heard of several contacts, by contact_id, all or none."""
        ...

    async def get(self, contact_id: str) -> ContactRecord | None:
        """Return a contact; None if there is no such contact."""
        ...

    async def recent(
        self, *, limit: int = 50, before: str | None = None, queue_id: str | None = None
    ) -> Sequence[ContactRecord]:
        """Return contacts, the newest first; `before` is the contact_id to go on from."""
        ...

    async def speech(self, contact_id: str) -> Sequence[SpeechSpan]:
        """Return what was heard of a contact, in order of start."""
        ...


class EventJournal(Protocol):
    """The stored stream of events."""

    async def after(self, sequence: int, *, limit: int = 1_000) -> Sequence[Envelope]:
        """Return stored events with a higher sequence number, in order."""
        ...

    async def bounds(self) -> tuple[int, int]:
        """Return the first and the last stored sequence number; (0, 0) when empty."""
        ...


class ResumableStream(Protocol):
    """The stream of events for readers who come back."""

    def follow(self, after: int | None = None) -> AsyncIterator[Envelope]:
        """Return every event after that sequence number, stored ones first, then live ones.

        No event is left out and none comes twice, however slow the reader: one that falls
        behind is served from the journal again. The iterator never ends by itself and holds
        nothing that must be given back.

        Args:
            after: The last number that the reader has seen, 0 for all that is kept; None
                for those that are published from now on.

        Raises:
            EventsGone: While iterating: `after` is older than what is kept, or newer than
                the last event; start again with None.
            StoreError: While iterating: the journal could not be read.
        """
        ...


class CredentialSource(Protocol):
    """The passwords of softphones, as digest HA1 and never in the clear."""

    def ha1(self, username: str, algorithm: str) -> str | None:
        """Return the hexadecimal HA1 of RFC 7616 section 3.4.2; None for no such user.

        Args:
            username: An agent's id or extension.
            algorithm: "MD5" or "SHA-256".
        """
        ...

    def agent_id(self, username: str) -> str | None:
        """Return whose name that is; None for nobody's."""
        ...


class BindingStore(Protocol):
    """Registrations that outlive a restart."""

    async def load(self) -> Sequence[Binding]:
        """Return every stored binding, expired ones too."""
        ...

    def save(self, agent_id: str, bindings: Sequence[Binding]) -> None:
        """Put these in the place of the agent's stored bindings; written soon, never waits."""
        ...


class WishStore(Protocol):
    """What each agent asked for last, so that a restart finds him as he left."""

    async def load(self) -> Mapping[str, tuple[AgentState, str]]:
        """Return state and reason by agent_id."""
        ...

    def save(self, agent_id: str, state: AgentState, reason: str) -> None:
        """Keep READY, NOT_READY or LOGGED_OUT; written soon, never waits."""
        ...


class CursorStore(Protocol):
    """How far each reader of the events has come, so that a restart loses him nothing."""

    async def load(self) -> Mapping[str, int]:
        """Return the sequence number of the last event that a reader is done with, by his name.

        Raises:
            StoreError: They cannot be read.
        """
        ...

    def save(self, reader: str, sequence: int) -> None:
        """Keep how far a reader has come; written soon, never waits."""
        ...

    async def forget(self, reader: str) -> None:
        """Drop a reader who is no more; harmless if he is not known.

        Raises:
            StoreError: That cannot be written.
        """
        ...


class Hearing(Protocol):
    """Where tapped audio goes."""

    def tap_path(self, contact_id: str) -> str | None:
        """Return the Unix SOCK_SEQPACKET path of the analysis worker for this contact.

        None: analysis is switched off or no worker runs; the call goes on unheard.
        """
        ...
