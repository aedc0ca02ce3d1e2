"""An agent: a person who serves, and the states of the ACD's agent model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain.capacity import VOICE_ALONE, Capacity
from domain.contact import Channel
from domain.machine import step


class AgentState(StrEnum):
    """Whether an agent can be offered a contact (the agent states of CSTA)."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    BUSY = "busy"
    WRAP_UP = "wrap_up"


class AgentTrigger(StrEnum):
    """What moves an agent from one state to another."""

    LOG_IN = "log_in"
    LOG_OUT = "log_out"
    READY = "ready"
    NOT_READY = "not_ready"
    RESERVE = "reserve"
    """An offer was made: no other may be made meanwhile."""
    RELEASE = "release"
    """The offer was withdrawn and the agent is free again."""
    MISS = "miss"
    """The agent did not answer, or declined."""
    END = "end"
    """The contact ended; after-contact work begins."""
    WRAPPED_UP = "wrapped_up"


TRANSITIONS: Final[dict[tuple[AgentState, AgentTrigger], AgentState]] = {
    (AgentState.LOGGED_OUT, AgentTrigger.LOG_IN): AgentState.NOT_READY,
    (AgentState.LOGGED_OUT, AgentTrigger.READY): AgentState.READY,
    (AgentState.NOT_READY, AgentTrigger.READY): AgentState.READY,
    (AgentState.NOT_READY, AgentTrigger.LOG_OUT): AgentState.LOGGED_OUT,
    (AgentState.READY, AgentTrigger.NOT_READY): AgentState.NOT_READY,
    (AgentState.READY, AgentTrigger.LOG_OUT): AgentState.LOGGED_OUT,
    (AgentState.READY, AgentTrigger.RESERVE): AgentState.BUSY,
    (AgentState.BUSY, AgentTrigger.RELEASE): AgentState.READY,
    (AgentState.BUSY, AgentTrigger.MISS): AgentState.NOT_READY,
    (AgentState.BUSY, AgentTrigger.END): AgentState.WRAP_UP,
    (AgentState.WRAP_UP, AgentTrigger.WRAPPED_UP): AgentState.READY,
    (AgentState.WRAP_UP, AgentTrigger.READY): AgentState.READY,
    (AgentState.WRAP_UP, AgentTrigger.NOT_READY): AgentState.NOT_READY,
    (AgentState.WRAP_UP, AgentTrigger.LOG_OUT): AgentState.LOGGED_OUT,
}


def next_agent_state(state: AgentState, trigger: AgentTrigger) -> AgentState:
    """Return the state that follows.

    A request for READY, NOT_READY or LOG_OUT while BUSY is not a step but a wish,
    which the router keeps until the contact has ended.

    Raises:
        IllegalTransition: There is no such step.
    """
    return step(TRANSITIONS, state, trigger)


class Medium(StrEnum):
    """By what an agent can be reached."""

    TELEPHONE = "telephone"
    """For calls."""
    DESK = "desk"
    """An open connection of his desk: for what is written."""


def medium_of(channel: Channel) -> Medium:
    """Return by what an agent serves contacts of a channel."""
    return Medium.TELEPHONE if channel is Channel.VOICE else Medium.DESK


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What is known of an agent from the configuration.

    Attributes:
        skills: Proficiency by skill, 1 to 5.
        languages: Proficiency by BCP 47 tag, 1 to 5.
        seniority: Experience, 1 to 5: for customers of value and for difficult contacts.
        emotion_handling: How well he calms somebody who is upset, 1 to 5.
        ratings: What customers gave him by topic, 1.0 to 5.0.
        regions, products: Those he knows.
        team: The team he belongs to; None for none.
        capacity: How much he may serve at once.
        contact_uri: Fixed SIP URI where the telephone lives on another PBX; None
            when the telephone registers here.
    """

    agent_id: str
    name: str
    extension: str
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    seniority: int = 3
    emotion_handling: int = 3
    ratings: Mapping[str, float] = field(default_factory=dict)
    regions: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    team: str | None = None
    capacity: Capacity = VOICE_ALONE
    contact_uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """How one agent stands at this moment, as the API shows it.

    Attributes:
        in_state_s: Seconds in the present state.
        wished: The state asked for while BUSY, taken when the contact has ended.
        reachable: The telephone is registered here or its address is fixed, or his desk is
            connected.
        media: By what he can be reached.
        contact_id: The first of `contact_ids`; None for none.
        contact_ids: What is offered to him, served or wrapped up by him, the oldest first.
    """

    agent: Agent
    state: AgentState
    reason: str
    in_state_s: float
    wished: AgentState | None
    contact_id: str | None
    reachable: bool
    answered: int
    missed: int
    contact_ids: tuple[str, ...] = ()
    media: frozenset[Medium] = frozenset()


def language_proficiency(languages: Mapping[str, int], tag: str) -> int:
    """Return how well someone speaks a language, 0 for not at all.

    "zh-Hant-TW" is answered by "zh-Hant" and then by "zh" (RFC 4647 section 3.4, lookup).
    """
    while tag:
        if tag in languages:
            return languages[tag]
        tag = tag.rpartition("-")[0]
    return 0
