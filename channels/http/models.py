"""The answers of the API as types; OpenAPI is made from them.

They are apart from `domain` on purpose: a renamed field of the domain must not change what
integrators read.
"""

from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from domain.agent import AgentState, AgentView, Medium
from domain.contact import Channel, Contact, ContactState, Disposition, Interaction
from domain.leg import LegRole, LegState
from domain.ports import CallView, ContactRecord, LegView, QueueView, WaitingView
from domain.speech import Speaker, SpeechKind, SpeechSpan

MASK: Final = "…"

ContactId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{32}$",
        description="32 hexadecimal digits that sort by time of arrival.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    ),
]
AgentId = Annotated[str, Field(description="From the configuration.", examples=["alice"])]
QueueId = Annotated[str, Field(description="From the configuration.", examples=["support"])]


def mask(address: str) -> str:
    """Return a customer's address so far hidden that it names nobody.

    Eight characters and more keep the first three and the last two: a country code, and
    enough for someone who has the number before him to see whether it is this one.
    """
    if not address:
        return ""
    user = address.removeprefix("sip:").removeprefix("tel:").partition("@")[0]
    return f"{user[:3]}{MASK}{user[-2:]}" if len(user) >= 8 else MASK


class Answer(BaseModel):
    """What the API says."""

    model_config = ConfigDict(frozen=True)


class Health(Answer):
    """Whether the process lives."""

    status: str = Field(description='Always "ok".', examples=["ok"])
    version: str = Field(description="Version of Warmline.", examples=["0.1.0"])


class ReadyState(Answer):
    """Whether calls can be taken, and if not, why."""

    ready: bool = Field(description="Whether new calls are taken.", examples=[False])
    reasons: list[str] = Field(
        description="What is missing; empty when ready.",
        examples=[["cells: 0 of 8 are warm", "draining"]],
    )


class AgentOut(Answer):
    """An agent as he stands."""

    agent_id: AgentId
    name: str = Field(description="As configured.", examples=["Alice Doe"])
    extension: str = Field(description="What others dial.", examples=["21"])
    skills: dict[str, int] = Field(
        description="Proficiency by skill, 1 to 5.", examples=[{"billing": 4}]
    )
    languages: dict[str, int] = Field(
        description="Proficiency by BCP 47 tag, 1 to 5.", examples=[{"en": 5, "zh": 3}]
    )
    state: AgentState = Field(description="Present state.", examples=["ready"])
    reason: str = Field(description="Why, as given with the request.", examples=["lunch"])
    in_state_s: float = Field(description="Seconds in that state.", examples=[41.5])
    wished: AgentState | None = Field(
        description="Asked for while busy; taken when the contact has ended.",
        examples=["not_ready"],
    )
    contact_id: str | None = Field(
        description="The contact that is offered or served, the oldest of several.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )
    contact_ids: list[str] = Field(
        description="All that are offered, served or wrapped up, the oldest first.",
        examples=[["0192f0c1a6b87d3e9c41d2a35b6e7f80", "0192f0c1a6b87d3e9c41d2a35b6e7f81"]],
    )
    reachable: bool = Field(
        description="Whether the telephone is registered or the desk connected.", examples=[True]
    )
    media: list[Medium] = Field(
        description="By what he can be reached: the telephone for calls, the desk for what is"
        " written.",
        examples=[["telephone"]],
    )
    answered: int = Field(description="Contacts answered since the start.", examples=[17])
    missed: int = Field(description="Offers not answered since the start.", examples=[1])

    @classmethod
    def of(cls, view: AgentView) -> Self:
        """Return the answer for one agent."""
        return cls(
            agent_id=view.agent.agent_id,
            name=view.agent.name,
            extension=view.agent.extension,
            skills=dict(view.agent.skills),
            languages=dict(view.agent.languages),
            state=view.state,
            reason=view.reason,
            in_state_s=view.in_state_s,
            wished=view.wished,
            contact_id=view.contact_id,
            contact_ids=list(view.contact_ids),
            reachable=view.reachable,
            media=sorted(view.media),
            answered=view.answered,
            missed=view.missed,
        )


class AgentList(Answer):
    """Every agent, in order of agent_id."""

    agents: list[AgentOut] = Field(description="In order of agent_id.")


class QueueOut(Answer):
    """A queue as it stands."""

    queue_id: QueueId
    waiting: int = Field(description="Contacts that wait.", examples=[3])
    offered: int = Field(description="Contacts for which a telephone rings.", examples=[1])
    connected: int = Field(description="Contacts being served.", examples=[5])
    longest_wait_s: float = Field(description="Of those waiting now.", examples=[48.2])
    agents_eligible: int = Field(description="Agents with the skills.", examples=[8])
    agents_ready: int = Field(description="Of those, ready now.", examples=[0])
    arrived: int = Field(description="Contacts since the start.", examples=[120])
    answered: int = Field(description="Contacts answered since the start.", examples=[110])
    abandoned: int = Field(description="Contacts that left while waiting.", examples=[6])
    average_speed_of_answer_s: float | None = Field(
        description="Mean wait of those answered.", examples=[11.4]
    )
    service_level: float | None = Field(
        description="Answered within the target / answered.", examples=[0.86]
    )
    service_level_abandoned: float | None = Field(
        description="(Answered + abandoned within the target) / (answered + abandoned).",
        examples=[0.84],
    )

    @classmethod
    def of(cls, view: QueueView) -> Self:
        """Return the answer for one queue."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class QueueList(Answer):
    """Every queue, in order of queue_id."""

    queues: list[QueueOut] = Field(description="In order of queue_id.")


class WaitingOut(Answer):
    """A waiting contact."""

    contact_id: ContactId
    position: int = Field(description="1 is next.", examples=[1])
    waited_s: float = Field(description="Seconds since it joined the queue.", examples=[48.2])
    priority: int = Field(description="0 is ordinary; higher goes first.", examples=[0])
    language: str = Field(description="BCP 47 tag.", examples=["en"])
    expected_wait_s: float | None = Field(
        description="Seconds until an agent answers, the median: half of such contacts are "
        "answered sooner; null when nothing can be said.",
        examples=[20.0],
    )
    wait_p90_s: float | None = Field(
        description="Nine of ten are answered sooner; null as above.", examples=[65.0]
    )
    offered_to: str | None = Field(
        description="The agent whose telephone rings for it.", examples=["alice"]
    )
    callback: bool = Field(
        description="The customer has hung up and is called when it is his turn.",
        examples=[False],
    )

    @classmethod
    def of(cls, view: WaitingView, *, callback: bool) -> Self:
        """Return the answer for one waiting contact."""
        names = cls.model_fields.keys() - {"callback"}
        return cls(callback=callback, **{name: getattr(view, name) for name in names})


class WaitingList(Answer):
    """Who waits in a queue, the next first."""

    queue_id: QueueId
    waiting: list[WaitingOut] = Field(description="The next first.")


class InteractionOut(Answer):
    """One agent's part in a contact."""

    interaction_id: str = Field(
        description="Unique.", examples=["0192f0c1b2c97d3e9c41d2a35b6e7f81"]
    )
    agent_id: AgentId
    started_at: datetime = Field(
        description="When the telephone was asked to ring, UTC.", examples=["2027-03-01T09:15:02Z"]
    )
    ended_at: datetime = Field(
        description="When this part ended, UTC.", examples=["2027-03-01T09:18:40Z"]
    )
    outcome: str = Field(
        description='"answered", "ring_no_answer", "declined", "busy", "unreachable" or '
        '"withdrawn".',
        examples=["answered"],
    )
    ring_s: float = Field(description="Seconds that the telephone rang.", examples=[3.1])
    talk_s: float = Field(description="Seconds of conversation.", examples=[214.9])

    @classmethod
    def of(cls, interaction: Interaction) -> Self:
        """Return the answer for one interaction."""
        return cls(**{name: getattr(interaction, name) for name in cls.model_fields})


class SpeechOut(Answer):
    """A span of a contact's time: a segment, a pause, an overlap or a turn."""

    kind: SpeechKind = Field(description="What it is.", examples=["turn"])
    start_s: float = Field(description="Seconds since the first tapped frame.", examples=[4.2])
    end_s: float = Field(description="Seconds since the first tapped frame.", examples=[9.8])
    speaker: Speaker | None = Field(
        description="Null for a pause and an overlap.", examples=["customer"]
    )
    level_dbov: float | None = Field(
        description="Mean level of the customer's voice (RFC 6464).", examples=[-27.5]
    )
    pitch_hz: float | None = Field(
        description="Median pitch of the customer's voice.", examples=[182.0]
    )
    pitch_range_semitones: float | None = Field(
        description="5th to 95th percentile of the customer's pitch.", examples=[7.4]
    )

    @classmethod
    def of(cls, span: SpeechSpan) -> Self:
        """Return the answer for one span."""
        return cls(**{name: getattr(span, name) for name in cls.model_fields})


class ContactOut(Answer):
    """A contact with its interactions."""

    contact_id: ContactId
    channel: Channel = Field(description="The way the customer took to us.", examples=["voice"])
    queue_id: QueueId
    language: str = Field(description="BCP 47 tag.", examples=["en"])
    priority: int = Field(description="0 is ordinary.", examples=[0])
    state: ContactState = Field(description="Where it stands.", examples=["closed"])
    caller: str = Field(
        description="The customer's address, masked unless asked for in full.",
        examples=["+49…56"],
    )
    dialled: str = Field(description="The number that was called.", examples=["800"])
    trunk_id: str = Field(description="Trunk that brought it.", examples=["carrier"])
    sip_call_id: str = Field(
        description="Call-ID of the customer's leg.", examples=["a84b4c76e66710"]
    )
    arrived_at: datetime = Field(
        description="Time of arrival, UTC.", examples=["2027-03-01T09:14:40Z"]
    )
    closed_at: datetime | None = Field(
        description="Time of the end, UTC.", examples=["2027-03-01T09:18:40Z"]
    )
    agent_id: str | None = Field(description="Who served it last.", examples=["alice"])
    disposition: Disposition | None = Field(
        description="Why and how it ended.", examples=["caller_ended"]
    )
    reason: str = Field(
        description="A word more than the disposition tells.", examples=["signal 6"]
    )
    wait_s: float | None = Field(
        description="Seconds from joining the queue to an agent's answer or the end.",
        examples=[22.4],
    )
    talk_s: float = Field(description="Seconds of conversation.", examples=[214.9])
    disclosed: bool = Field(
        description="Whether the disclosure prompt was heard to its end.", examples=[True]
    )
    rtp_received: int = Field(description="RTP packets from the customer.", examples=[12034])
    rtp_lost: int = Field(description="Of the customer's, lost.", examples=[0])
    customer_speech_s: float = Field(
        description="Seconds of the customer's speech.", examples=[88.1]
    )
    turns: int = Field(description="Number of turns heard.", examples=[31])
    interactions: list[InteractionOut] = Field(description="Each agent's part, in order.")

    @classmethod
    def of(cls, record: ContactRecord, *, caller_in_full: bool = False) -> Self:
        """Return the answer for one contact."""
        return cls(**_contact_fields(record, caller_in_full=caller_in_full))


class ContactDetail(ContactOut):
    """A contact with its interactions and what was heard of it."""

    speech: list[SpeechOut] = Field(description="In order of start.")

    @classmethod
    def with_speech(
        cls, record: ContactRecord, spans: list[SpeechSpan], *, caller_in_full: bool
    ) -> Self:
        """Return the answer for one contact and its speech."""
        return cls(
            **_contact_fields(record, caller_in_full=caller_in_full),
            speech=[SpeechOut.of(span) for span in spans],
        )


def _contact_fields(record: ContactRecord, *, caller_in_full: bool) -> dict[str, object]:
    contact: Contact = record.contact
    return {
        "contact_id": contact.contact_id,
        "channel": contact.channel,
        "queue_id": contact.queue_id,
        "language": contact.language,
        "priority": contact.priority,
        "state": contact.state,
        "caller": contact.caller if caller_in_full else mask(contact.caller),
        "dialled": contact.dialled,
        "trunk_id": contact.trunk_id,
        "sip_call_id": contact.sip_call_id,
        "arrived_at": contact.arrived_at,
        "closed_at": record.closed_at,
        "agent_id": contact.agent_id,
        "disposition": contact.disposition,
        "reason": record.reason,
        "wait_s": record.wait_s,
        "talk_s": record.talk_s,
        "disclosed": contact.disclosed,
        "rtp_received": contact.rtp_received,
        "rtp_lost": contact.rtp_lost,
        "customer_speech_s": record.customer_speech_s,
        "turns": record.turns,
        "interactions": [InteractionOut.of(part) for part in record.interactions],
    }


class ContactPage(Answer):
    """Contacts, the newest first."""

    contacts: list[ContactOut] = Field(description="The newest first.")
    next_before: str | None = Field(
        description="Give it as `before` for the next page; null on the last one.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
    )


class RtpOut(Answer):
    """What RTCP and the jitter buffer tell of a leg."""

    received: int = Field(description="RTP packets.", examples=[1502])
    lost: int = Field(description="RTP packets that did not arrive.", examples=[0])
    sent: int = Field(description="RTP packets.", examples=[1502])
    jitter_ms: float = Field(description="Mean (RFC 3550 section 6.4.1).", examples=[0.8])
    round_trip_ms: float = Field(description="0 when the far end sends no RTCP.", examples=[22.0])


class LegOut(Answer):
    """One leg of a running call."""

    role: LegRole = Field(description="Whose telephone.", examples=["customer"])
    state: LegState = Field(description="Where it stands.", examples=["answered"])
    figures: RtpOut | None = Field(description="As last reported by the cell.")

    @classmethod
    def of(cls, leg: LegView) -> Self:
        """Return the answer for one leg."""
        figures = leg.figures
        return cls(
            role=leg.role,
            state=leg.state,
            figures=figures
            and RtpOut(**{name: getattr(figures, name) for name in RtpOut.model_fields}),
        )


class CallOut(Answer):
    """A running call."""

    contact_id: ContactId
    queue_id: QueueId
    state: ContactState = Field(description="Where the contact stands.", examples=["connected"])
    agent_id: str | None = Field(description="Who is offered it or serves.", examples=["alice"])
    arrived_at: datetime = Field(
        description="Time of arrival, UTC.", examples=["2027-03-01T09:14:40Z"]
    )
    seconds: float = Field(description="Since it arrived.", examples=[61.0])
    cell_id: str = Field(description="The process that holds it.", examples=["c-17"])
    legs: list[LegOut] = Field(description="Customer first.")

    @classmethod
    def of(cls, view: CallView) -> Self:
        """Return the answer for one call."""
        return cls(
            contact_id=view.contact_id,
            queue_id=view.queue_id,
            state=view.state,
            agent_id=view.agent_id,
            arrived_at=view.arrived_at,
            seconds=view.seconds,
            cell_id=view.cell_id,
            legs=[LegOut.of(leg) for leg in view.legs],
        )


class CallList(Answer):
    """Every running call, the oldest first."""

    calls: list[CallOut] = Field(description="The oldest first.")


class Reloaded(Answer):
    """The configuration that is now in force."""

    agents: int = Field(description="Number of agents.", examples=[12])
    queues: int = Field(description="Number of queues.", examples=[3])
    trunks: int = Field(description="Number of trunks.", examples=[1])


class ProblemExplained(Answer):
    """What a kind of problem means."""

    type: str = Field(description="As in a problem.", examples=["/api/v1/problems/not-known"])
    title: str = Field(description="The kind in words.", examples=["No such thing"])
    status: int = Field(description="HTTP status; 0: any.", examples=[404])
    meaning: str = Field(
        description="What the client can do.", examples=["No agent has that name."]
    )
