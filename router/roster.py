"""The agents as they stand: states, wishes, reachability.

Two things always hold: whoever is READY can be reached, and whoever is not BUSY has
neither an offer nor a contact.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from domain.agent import AgentState, AgentTrigger, next_agent_state
from domain.errors import IllegalTransition, NotKnown
from domain.events import AgentReachabilityChanged, AgentStateChanged, Event
from router.policy import AgentPolicy

_ASKED: Final[Mapping[AgentState, AgentTrigger]] = {
    AgentState.READY: AgentTrigger.READY,
    AgentState.NOT_READY: AgentTrigger.NOT_READY,
    AgentState.LOGGED_OUT: AgentTrigger.LOG_OUT,
}
"""What an agent may ask for; BUSY and WRAP_UP come by themselves."""


_IDLE_SINCE: Final = attrgetter("idle_since_s", "policy.agent.agent_id")


@dataclass(frozen=True, slots=True)
class Serving:
    """What keeps an agent from other work.

    Attributes:
        since_s: When the offer was made.
    """

    contact_id: str
    queue_id: str
    since_s: float


@dataclass(slots=True, eq=False)
class Standing:
    """One agent as he stands.

    Attributes:
        since_s: When the present state began.
        idle_since_s: When he last became free; an offer that the customer left does not
            change it.
        wished: Asked for while BUSY.
        leaving: No longer in the configuration; dropped when his work has ended.
        serving: The offer or contact that he is BUSY or in WRAP_UP with.
    """

    policy: AgentPolicy
    since_s: float
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    idle_since_s: float = 0.0
    reachable: bool = False
    wished: AgentState | None = None
    wished_reason: str = ""
    leaving: bool = False
    serving: Serving | None = None
    answered: int = 0
    missed: int = 0

    @property
    def agent_id(self) -> str:
        """The agent's name in the configuration."""
        return self.policy.agent.agent_id


class Roster:
    """Every agent of the policy, and those removed from it who still serve."""

    def __init__(
        self,
        publish: Callable[[Event], None],
        served: Callable[[Serving, float], None],
        remembered: Mapping[str, tuple[AgentState, str]] | None = None,
    ) -> None:
        """Begin without agents; `replace` brings them.

        Args:
            publish: Takes the events.
            served: Told whenever an agent is through with a contact, its wrap-up included,
                and at what time.
            remembered: What each agent had asked for before a restart; he gets it when his
                telephone is first reachable.
        """
        self._publish = publish
        self._served = served
        self._remembered = dict(remembered or {})
        self._standings: dict[str, Standing] = {}
        self._free: dict[str, Standing] = {}
        # The same, in order; one who becomes free mostly goes to the end.
        self._by_idleness: list[Standing] = []

    def __iter__(self) -> Iterator[Standing]:
        return iter(self._standings.values())

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self._standings

    @property
    def free_count(self) -> int:
        """How many agents can be offered a contact."""
        return len(self._free)

    def is_free(self, standing: Standing) -> bool:
        """Tell whether an agent can be offered a contact."""
        return self._free.get(standing.agent_id) is standing

    def free(self) -> list[Standing]:
        """Return the agents who can be offered a contact, the longest idle first."""
        return self._by_idleness.copy()

    def get(self, agent_id: str) -> Standing:
        """Return one agent.

        Raises:
            NotKnown: There is no such agent.
        """
        standing = self._standings.get(agent_id)
        if standing is None:
            raise NotKnown("agent", agent_id)
        return standing

    def replace(self, agents: Mapping[str, AgentPolicy], now_s: float) -> None:
        """Take over another policy; work in progress goes on."""
        for agent_id in [agent_id for agent_id in self._standings if agent_id not in agents]:
            standing = self._standings[agent_id]
            standing.leaving = True
            if standing.state is not AgentState.BUSY:
                self._settle(standing, now_s)
        for agent_id, policy in agents.items():
            known = self._standings.get(agent_id)
            if known is None:
                known = self._standings[agent_id] = Standing(policy=policy, since_s=now_s)
            was_fixed = known.policy.agent.contact_uri is not None
            known.policy = policy
            known.leaving = False
            is_fixed = policy.agent.contact_uri is not None
            # A telephone with a fixed address never registers: it is there at once.
            if is_fixed or was_fixed:
                self.set_reachable(known, is_fixed, now_s)

    def request(self, standing: Standing, state: AgentState, reason: str, now_s: float) -> None:
        """Do as the agent asks, or keep it as a wish while he is BUSY.

        Raises:
            IllegalTransition: Nobody can ask for that state, or his telephone is out of
                reach.
        """
        trigger = _ASKED.get(state)
        if trigger is None:
            raise IllegalTransition("AgentState", standing.state.value, state.value)
        if not standing.reachable and state is not AgentState.LOGGED_OUT:
            refused = f"{state.value} without a telephone"
            raise IllegalTransition("AgentState", standing.state.value, refused)
        self._remembered.pop(standing.agent_id, None)
        if standing.state is AgentState.BUSY:
            standing.wished, standing.wished_reason = state, reason
        elif standing.state is state:
            standing.reason = reason
        elif standing.state is AgentState.LOGGED_OUT and state is AgentState.NOT_READY:
            self._step(standing, AgentTrigger.LOG_IN, reason, now_s)
        else:
            self._step(standing, trigger, reason, now_s)

    def set_reachable(self, standing: Standing, reachable: bool, now_s: float) -> None:
        """The telephone can be reached, or no longer.

        An agent out of reach is logged out, when BUSY as soon as his contact has ended.
        """
        if standing.reachable is reachable:
            return
        standing.reachable = reachable
        self._publish(AgentReachabilityChanged(agent_id=standing.agent_id, reachable=reachable))
        if not reachable:
            if standing.state is not AgentState.BUSY:
                self._settle(standing, now_s)
        elif standing.state is AgentState.LOGGED_OUT:
            self._arrive(standing, now_s)

    def reserve(self, standing: Standing, serving: Serving, now_s: float) -> None:
        """An offer was made to him."""
        assert standing.agent_id in self._free
        standing.serving = serving
        self._step(standing, AgentTrigger.RESERVE, "offer", now_s)

    def release(self, standing: Standing, now_s: float) -> None:
        """The offer was withdrawn; he keeps his turn."""
        standing.serving = None
        self._step(standing, AgentTrigger.RELEASE, "withdrawn", now_s)
        self._settle(standing, now_s)

    def miss(self, standing: Standing, reason: str, now_s: float) -> None:
        """The offer came to nothing on his side: nothing more is offered until he asks."""
        standing.missed += 1
        standing.serving = None
        if standing.wished is not AgentState.LOGGED_OUT:
            standing.wished = None
        self._step(standing, AgentTrigger.MISS, reason, now_s)
        self._settle(standing, now_s)

    def end(self, standing: Standing, now_s: float) -> None:
        """His contact has ended; wrap-up begins, or what he wished for meanwhile.

        A wish for READY takes back an earlier wish; it does not skip the wrap-up.
        """
        self._step(standing, AgentTrigger.END, "contact ended", now_s)
        if standing.wished is AgentState.READY:
            standing.wished = None
        self._settle(standing, now_s)

    def wrapped_up(self, standing: Standing, now_s: float) -> None:
        """His wrap-up time is over."""
        self._step(standing, AgentTrigger.WRAPPED_UP, "wrapped up", now_s)

    def _arrive(self, standing: Standing, now_s: float) -> None:
        ready = AgentState.READY if standing.policy.ready_on_register else AgentState.NOT_READY
        state, reason = self._remembered.pop(standing.agent_id, (ready, "registered"))
        if state is AgentState.READY:
            self._step(standing, AgentTrigger.READY, reason, now_s)
        elif state is AgentState.NOT_READY:
            self._step(standing, AgentTrigger.LOG_IN, reason, now_s)

    def _settle(self, standing: Standing, now_s: float) -> None:
        """Let an agent without an offer or contact go where he must or wishes to."""
        wished, reason = standing.wished, standing.wished_reason
        standing.wished, standing.wished_reason = None, ""
        if standing.leaving:
            wished, reason = AgentState.LOGGED_OUT, "removed"
        elif not standing.reachable:
            wished, reason = AgentState.LOGGED_OUT, "unregistered"
        if wished is not None and wished is not standing.state:
            self._step(standing, _ASKED[wished], reason, now_s)
        if standing.leaving:
            del self._standings[standing.agent_id]

    def _step(self, standing: Standing, trigger: AgentTrigger, reason: str, now_s: float) -> None:
        before = standing.state
        standing.state = next_agent_state(before, trigger)
        standing.reason = reason
        standing.since_s = now_s
        if before is AgentState.WRAP_UP and standing.serving is not None:
            self._served(standing.serving, now_s)
            standing.serving = None
        if standing.state is AgentState.READY:
            if trigger is not AgentTrigger.RELEASE:
                standing.idle_since_s = now_s
            self._enter(standing)
        elif before is AgentState.READY:
            self._leave(standing)
        self._publish(
            AgentStateChanged(
                agent_id=standing.agent_id, before=before, after=standing.state, reason=reason
            )
        )

    def _enter(self, standing: Standing) -> None:
        """Take him among the free."""
        assert standing.agent_id not in self._free
        self._free[standing.agent_id] = standing
        insort(self._by_idleness, standing, key=_IDLE_SINCE)

    def _leave(self, standing: Standing) -> None:
        """Take him from among the free."""
        del self._free[standing.agent_id]
        place = bisect_left(self._by_idleness, _IDLE_SINCE(standing), key=_IDLE_SINCE)
        assert self._by_idleness[place] is standing
        del self._by_idleness[place]
