"""One agent as he stands: his state, what he serves, and what he may be offered."""

from dataclasses import dataclass, field
from enum import Enum

from domain.agent import AgentState
from domain.contact import Channel
from router.policy import AgentPolicy


class Stage(Enum):
    """How far an agent is with a contact."""

    OFFERED = "offered"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"


@dataclass(slots=True, eq=False)
class Serving:
    """A contact that takes one of an agent's slots.

    Attributes:
        since_s: When the offer was made.
    """

    contact_id: str
    queue_id: str
    since_s: float
    channel: Channel = Channel.VOICE
    stage: Stage = Stage.OFFERED


@dataclass(slots=True, eq=False)
class Standing:
    """One agent as he stands.

    Attributes:
        since_s: When the present state began.
        idle_since_s: When he last became free of everything; an offer that the customer left
            does not change it.
        wished: Asked for while BUSY.
        leaving: No longer in the configuration; dropped when his work has ended.
        telephone: It is registered, or its address is fixed: he can be offered calls.
        at_desk: His desk is connected: he can be offered chats, messages and mails.
        on_shift: Within his working hours.
        work: What he is offered, serves or wraps up, by contact_id.
        column: His place among the agents of the policy; -1 when he has left it.
    """

    policy: AgentPolicy
    since_s: float
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    idle_since_s: float = 0.0
    telephone: bool = False
    at_desk: bool = False
    wished: AgentState | None = None
    wished_reason: str = ""
    leaving: bool = False
    on_shift: bool = True
    work: dict[str, Serving] = field(default_factory=dict)
    answered: int = 0
    missed: int = 0
    column: int = -1

    @property
    def agent_id(self) -> str:
        """The agent's name in the configuration."""
        return self.policy.agent.agent_id

    @property
    def reachable(self) -> bool:
        """Whether anything can be offered to him at all."""
        return self.telephone or self.at_desk

    def reaches(self, channel: Channel) -> bool:
        """Tell whether a contact of a channel can be offered to him, his capacity aside."""
        return self.telephone if channel is Channel.VOICE else self.at_desk

    @property
    def load(self) -> dict[Channel, int]:
        """Slots taken, by channel."""
        load: dict[Channel, int] = {}
        for serving in self.work.values():
            load[serving.channel] = load.get(serving.channel, 0) + 1
        return load

    @property
    def active(self) -> bool:
        """Whether anything is offered to him or served by him, wrap-up aside."""
        return any(serving.stage is not Stage.WRAP_UP for serving in self.work.values())

    @property
    def takes_more(self) -> bool:
        """Whether he may be offered something at all, his capacity aside.

        One offer at a time: nobody can answer two telephones.
        """
        if not self.on_shift or self.column < 0:
            return False
        if self.state is AgentState.READY:
            return True
        return (
            self.state is AgentState.BUSY
            and self.wished is None
            and not self.leaving
            and self.reachable
            and all(serving.stage is not Stage.OFFERED for serving in self.work.values())
        )

    def has_slots(self) -> list[bool]:
        """Tell for each channel, in the order of `Channel`, whether one more contact fits."""
        if not self.takes_more:
            return [False] * len(Channel)
        capacity, load = self.policy.agent.capacity, self.load
        return [self.reaches(one) and capacity.free(one, load) > 0 for one in Channel]
