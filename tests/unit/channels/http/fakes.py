"""Fakes at the ports of the API: small, complete, and told what to say."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from channels.http.access import ApiPorts
from config.schema import Http
from config.secret import Secret
from domain.agent import Agent, AgentState, AgentView, Medium
from domain.contact import Channel, Contact, ContactState, Disposition, Interaction
from domain.errors import EventsGone, IllegalTransition, NobodyServes, NotKnown
from domain.events import ConfigurationReloaded, Envelope, Event
from domain.leg import LegRole, LegState, RtpFigures
from domain.ports import (
    CallbackView,
    CallView,
    ContactRecord,
    LegView,
    QueueView,
    ResumableStream,
    WaitingView,
)
from domain.skill import SkillRequirement
from domain.speech import Speaker, SpeechKind, SpeechSpan

TOKEN = "a-token-of-some-length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    now_s: float = 1_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.now_s - 1_000.0)


def http_settings(**more: object) -> Http:
    return Http.model_validate({"port": 0, "token": Secret(env="WARMLINE_TOKEN"), **more})


def contact_id(number: int) -> str:
    return f"{number:032x}"


def agent_view(agent_id: str, state: AgentState = AgentState.READY) -> AgentView:
    return AgentView(
        agent=Agent(
            agent_id=agent_id,
            name=agent_id.title(),
            extension="21",
            skills={"billing": 4},
            languages={"en": 5},
        ),
        state=state,
        reason="",
        in_state_s=12.5,
        wished=None,
        contact_id=None,
        reachable=True,
        answered=3,
        missed=1,
    )


def queue_view(queue_id: str) -> QueueView:
    return QueueView(
        queue_id=queue_id,
        waiting=2,
        offered=1,
        connected=4,
        longest_wait_s=31.0,
        agents_eligible=5,
        agents_ready=0,
        arrived=20,
        answered=15,
        abandoned=1,
        average_speed_of_answer_s=9.5,
        service_level=0.9,
        service_level_abandoned=0.85,
    )


@dataclass
class FakeAgents:
    views: dict[str, AgentView] = field(
        default_factory=lambda: {
            "bob": agent_view("bob", AgentState.BUSY),
            "alice": agent_view("alice"),
        }
    )
    asked: list[tuple[str, AgentState, str]] = field(default_factory=list)
    queue_ids: list[str] = field(default_factory=lambda: ["support", "billing"])

    def request_state(self, agent_id: str, state: AgentState, reason: str) -> AgentState:
        if agent_id not in self.views:
            raise NotKnown("agent", agent_id)
        if state in {AgentState.BUSY, AgentState.WRAP_UP}:
            raise IllegalTransition("AgentState", self.views[agent_id].state, state)
        self.asked.append((agent_id, state, reason))
        return self.views[agent_id].state

    def set_reachable(self, agent_id: str, reachable: bool, medium: Medium | None = None) -> None:
        raise AssertionError("the API never says whether a telephone is registered")

    def agents(self) -> Sequence[AgentView]:
        return list(self.views.values())

    def queues(self) -> Sequence[QueueView]:
        return [queue_view(queue_id) for queue_id in self.queue_ids]


class FakeWaitingRoom:
    def waiting(self, queue_id: str) -> Sequence[WaitingView]:
        if queue_id != "support":
            raise NotKnown("queue", queue_id)
        return [
            WaitingView(
                contact_id=contact_id(number),
                position=number,
                waited_s=40.0 - number,
                priority=0,
                language="en",
                expected_wait_s=None,
                offered_to="alice" if number == 1 else None,
            )
            for number in (1, 2)
        ]


def record(number: int, queue_id: str = "support") -> ContactRecord:
    contact = Contact(
        contact_id=contact_id(number),
        channel=Channel.VOICE,
        queue_id=queue_id,
        language="en",
        arrived_at=START + timedelta(minutes=number),
        arrived_s=60.0 * number,
        caller="+4930123456",
        dialled="800",
        trunk_id="carrier",
        sip_call_id=f"call-{number}",
        state=ContactState.CLOSED,
        disclosed=True,
        agent_id="alice",
        disposition=Disposition.CALLER_ENDED,
        rtp_received=100,
    )
    return ContactRecord(
        contact=contact,
        closed_at=contact.arrived_at + timedelta(seconds=50),
        wait_s=10.0,
        talk_s=40.0,
        interactions=[
            Interaction(
                interaction_id=contact_id(number + 1_000),
                contact_id=contact.contact_id,
                agent_id="alice",
                started_at=contact.arrived_at,
                ended_at=contact.arrived_at + timedelta(seconds=50),
                outcome="answered",
                ring_s=3.0,
                talk_s=40.0,
            )
        ],
        customer_speech_s=12.0,
        turns=4,
    )


@dataclass
class FakeLedger:
    """Only what the API reads; the rest of the port is for those who write."""

    records: list[ContactRecord] = field(
        default_factory=lambda: [record(number) for number in range(1, 6)]
    )
    error: Exception | None = None

    async def get(self, contact_id: str) -> ContactRecord | None:
        if self.error:
            raise self.error
        return next((one for one in self.records if one.contact.contact_id == contact_id), None)

    async def recent(
        self, *, limit: int = 50, before: str | None = None, queue_id: str | None = None
    ) -> Sequence[ContactRecord]:
        if self.error:
            raise self.error
        found = [
            one
            for one in sorted(self.records, key=lambda one: one.contact.contact_id, reverse=True)
            if (before is None or one.contact.contact_id < before)
            and (queue_id is None or one.contact.queue_id == queue_id)
        ]
        return found[:limit]

    async def add_speech_of(self, spans: Mapping[str, Sequence[SpeechSpan]]) -> None:
        raise AssertionError("the API writes no speech")

    async def speech(self, contact_id: str) -> Sequence[SpeechSpan]:
        return [
            SpeechSpan(
                kind=SpeechKind.SEGMENT,
                start_s=0.5,
                end_s=2.0,
                speaker=Speaker.CUSTOMER,
                level_dbov=-25.0,
                pitch_hz=180.0,
                pitch_range_semitones=6.0,
            ),
            SpeechSpan(kind=SpeechKind.PAUSE, start_s=2.0, end_s=2.8),
        ]

    async def open(self, contact: Contact) -> None:
        raise AssertionError("the API writes no contact")

    async def forget(self, contact_id: str) -> None:
        raise AssertionError("the API writes no contact")

    async def update(self, contact: Contact) -> None:
        raise AssertionError("the API writes no contact")

    async def close(self, contact: Contact, reason: str) -> None:
        raise AssertionError("the API writes no contact")

    async def add_interaction(self, interaction: Interaction) -> None:
        raise AssertionError("the API writes no interaction")

    async def add_speech(self, contact_id: str, spans: Sequence[SpeechSpan]) -> None:
        raise AssertionError("the API writes no speech")


@dataclass
class FakeCalls:
    called_back: dict[str, CallbackView] = field(
        default_factory=lambda: {
            contact_id(8): CallbackView(
                contact_id=contact_id(8),
                queue_id="support",
                requested_at=START,
                expires_at=START + timedelta(hours=4),
                waited_s=312.5,
                attempts=1,
                in_call=False,
                retry_at=None,
            )
        }
    )
    transferred: list[tuple[str, SkillRequirement]] = field(default_factory=list)
    running: dict[str, CallView] = field(
        default_factory=lambda: {
            contact_id(7): CallView(
                contact_id=contact_id(7),
                queue_id="support",
                state=ContactState.CONNECTED,
                agent_id="alice",
                arrived_at=START,
                seconds=61.5,
                legs=[
                    LegView(
                        role=LegRole.CUSTOMER,
                        state=LegState.ANSWERED,
                        figures=RtpFigures(received=500, sent=500, jitter_ms=0.7),
                    ),
                    LegView(role=LegRole.AGENT, state=LegState.ANSWERED),
                ],
                cell_id="c-3",
            )
        }
    )

    def calls(self) -> Sequence[CallView]:
        return list(self.running.values())

    def callbacks(self) -> Sequence[CallbackView]:
        return list(self.called_back.values())

    def cancel_callback(self, contact_id: str) -> None:
        if self.called_back.pop(contact_id, None) is None:
            raise NotKnown("callback of contact", contact_id)

    def transfer(self, contact_id: str, requirement: SkillRequirement) -> None:
        view = self.running.get(contact_id)
        if view is None:
            raise NotKnown("running call", contact_id)
        if requirement.proficiency_min > 4:
            raise NobodyServes(f"{requirement.skill} at {requirement.proficiency_min}")
        self.transferred.append((contact_id, requirement))

    async def hang_up(self, contact_id: str) -> None:
        if self.running.pop(contact_id, None) is None:
            raise NotKnown("call", contact_id)


@dataclass
class FakeStream:
    """A journal and a stream in one: every event ever published, in order."""

    envelopes: list[Envelope] = field(default_factory=list)
    first: int = 1
    error: Exception | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, event: Event) -> int:
        sequence = self.first + len(self.envelopes)
        at = START + timedelta(seconds=sequence)
        self.envelopes.append(Envelope(sequence=sequence, at=at, event=event))
        self._changed.set()
        return sequence

    @property
    def last(self) -> int:
        return self.first + len(self.envelopes) - 1

    def follow(self, after: int | None = None) -> AsyncIterator[Envelope]:
        return self._follow(self.last if after is None else after)

    async def _follow(self, position: int) -> AsyncIterator[Envelope]:
        if self.error:
            raise self.error
        if position > self.last:
            raise EventsGone(position, self.first, self.last)
        while True:
            self._changed.clear()
            for envelope in self.envelopes[max(0, position + 1 - self.first) :]:
                position = envelope.sequence
                yield envelope
            if position >= self.last:
                await self._changed.wait()

    async def after(self, sequence: int, *, limit: int = 1_000) -> Sequence[Envelope]:
        if self.error:
            raise self.error
        return [one for one in self.envelopes if one.sequence > sequence][:limit]

    async def bounds(self) -> tuple[int, int]:
        return (self.first, self.last) if self.envelopes else (0, 0)


@dataclass
class Node:
    """All fakes of one API."""

    clock: FakeClock = field(default_factory=FakeClock)
    agents: FakeAgents = field(default_factory=FakeAgents)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    calls: FakeCalls = field(default_factory=FakeCalls)
    stream: FakeStream = field(default_factory=FakeStream)
    reasons: list[str] = field(default_factory=list)
    reload_error: Exception | None = None
    bus: ResumableStream | None = None
    """In the place of the fake stream."""

    async def reload(self) -> ConfigurationReloaded:
        if self.reload_error:
            raise self.reload_error
        return ConfigurationReloaded(agents=2, queues=2, trunks=1)

    def ports(self) -> ApiPorts:
        return ApiPorts(
            clock=self.clock,
            agents=self.agents,
            waiting=FakeWaitingRoom(),
            contacts=self.ledger,
            calls=self.calls,
            stream=self.bus or self.stream,
            journal=self.stream,
            readiness=lambda: self.reasons,
            metrics=lambda: b"warmline_ready 1.0\n",
            reload=self.reload,
        )
