"""The agents as they stand: states, wishes, reachability, slots.

Two things always hold: whoever is READY can be reached and has nothing to do, and nobody has
more than his capacity or two offers at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.agent import AgentState, AgentTrigger, Medium, next_agent_state
from domain.contact import Channel
from domain.errors import IllegalTransition, NotKnown
from domain.events import AgentReachabilityChanged, AgentStateChanged, Event
from router.changes import Changes
from router.cost import CHANNELS
from router.occupancy import Occupancy
from router.policy import AgentPolicy
from router.standing import Serving, Stage, Standing

WORKING: Final = frozenset({AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP})
_OCCUPIED: Final = frozenset({AgentState.BUSY, AgentState.WRAP_UP})
_ASKED: Final[Mapping[AgentState, AgentTrigger]] = {
    AgentState.READY: AgentTrigger.READY,
    AgentState.NOT_READY: AgentTrigger.NOT_READY,
    AgentState.LOGGED_OUT: AgentTrigger.LOG_OUT,
}
"""What an agent may ask for; BUSY and WRAP_UP come by themselves."""


class Roster:
    """Every agent of the policy, and those removed from it who still serve."""

    def __init__(
        self,
        publish: Callable[[Event], None],
        served: Callable[[Serving, float], None],
        remembered: Mapping[str, tuple[AgentState, str]] | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Begin without agents; `replace` brings them.

        Args:
            changes: Told of agents who may be offered more than before.
            publish: Takes the events.
            served: Told whenever an agent is through with a contact, its wrap-up included,
                and at what time.
            remembered: What each agent had asked for before a restart; he gets it when his
                telephone is first reachable.
        """
        self._publish = publish
        self._served = served
        self._changes = Changes() if changes is None else changes
        self._remembered = dict(remembered or {})
        self._standings: dict[str, Standing] = {}
        self._by_column: list[Standing] = []
        self._rank: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._idle_since_s: NDArray[np.float64] = np.zeros(0, dtype=np.float64)
        self._slots: NDArray[np.bool_] = np.zeros((len(CHANNELS), 0), dtype=np.bool_)
        self._taking: NDArray[np.int8] = np.zeros(0, dtype=np.int8)
        self.occupancy = Occupancy(0)

    def __iter__(self) -> Iterator[Standing]:
        return iter(self._standings.values())

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self._standings

    @property
    def any_free(self) -> bool:
        """Whether anybody can be offered something."""
        return bool(self._slots.any())

    def is_free(self, standing: Standing, channel: Channel = Channel.VOICE) -> bool:
        """Tell whether an agent can be offered a contact of a channel."""
        row = CHANNELS.index(channel)
        return standing.column >= 0 and bool(self._slots[row, standing.column])

    def free(self, channels: Sequence[int] | NDArray[np.int64] | None = None) -> list[Standing]:
        """Return the agents who can be offered something, the longest idle first.

        Args:
            channels: Rows of `has_slot` of which one will do; None: any.
        """
        return [self._by_column[column] for column in self.free_columns(channels).tolist()]

    def free_columns(
        self, channels: Sequence[int] | NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return the columns of `free`, shape (free,)."""
        slots = self._slots if channels is None else self._slots[channels]
        columns = np.flatnonzero(slots.any(axis=0))
        return columns[np.lexsort((self._rank[columns], self._idle_since_s[columns]))]

    def working_columns(self) -> NDArray[np.int64]:
        """Return the columns of the agents who are there and work, shape (working,)."""
        columns = [one.column for one in self._by_column if one.state in WORKING]
        return np.array(columns, dtype=np.int64)

    def at(self, columns: NDArray[np.int64]) -> list[Standing]:
        """Return the agents of these columns."""
        return [self._by_column[column] for column in columns.tolist()]

    def idle_s(self, columns: NDArray[np.int64], now_s: float) -> NDArray[np.float64]:
        """Return how long agents have had nothing to do, 0 for who does something."""
        return np.maximum(0.0, now_s - self._idle_since_s[columns])

    @property
    def has_slot(self) -> NDArray[np.bool_]:
        """Which agents of the policy have a slot, shape (channels, agents)."""
        return self._slots

    @property
    def takes_more(self) -> NDArray[np.bool_]:
        """Which agents of the policy may be offered something, capacity aside; (agents,)."""
        taking: NDArray[np.bool_] = self._taking >= 2
        return taking

    @property
    def on_shift(self) -> NDArray[np.bool_]:
        """Which agents of the policy are within their working hours; shape (agents,)."""
        working: NDArray[np.bool_] = (self._taking & 1) == 1
        return working

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
        occupancy = Occupancy(len(agents))
        for column, agent_id in enumerate(agents):
            known = self._standings.get(agent_id)
            if known is not None and known.column >= 0:
                occupancy.take_over(column, self.occupancy, known.column)
        for standing in self._standings.values():
            standing.column = -1
        self.occupancy = occupancy
        self._slots = np.zeros((len(CHANNELS), len(agents)), dtype=np.bool_)
        self._taking = np.zeros(len(agents), dtype=np.int8)
        self._idle_since_s = np.full(len(agents), np.inf)
        by_name = {agent_id: rank for rank, agent_id in enumerate(sorted(agents))}
        self._rank = np.array([by_name[agent_id] for agent_id in agents], dtype=np.int64)
        for agent_id in [agent_id for agent_id in self._standings if agent_id not in agents]:
            standing = self._standings[agent_id]
            standing.leaving = True
            self._refresh(standing)
            if not standing.active:
                self._settle(standing, now_s)
        self._by_column = [
            self._standings.setdefault(agent_id, Standing(policy=policy, since_s=now_s))
            for agent_id, policy in agents.items()
        ]
        for column, (policy, known) in enumerate(
            zip(agents.values(), self._by_column, strict=True)
        ):
            was_fixed = known.policy.agent.contact_uri is not None
            known.policy = policy
            known.leaving = False
            known.column = column
            is_fixed = policy.agent.contact_uri is not None
            # A telephone with a fixed address never registers: it is there at once.
            if is_fixed or was_fixed:
                self._reach(known, is_fixed, (Medium.TELEPHONE,), now_s)
            self._refresh(known)

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
            refused = f"{state.value} without a telephone or desk"
            raise IllegalTransition("AgentState", standing.state.value, refused)
        self._remembered.pop(standing.agent_id, None)
        if standing.state is AgentState.BUSY:
            standing.wished, standing.wished_reason = state, reason
            if state is AgentState.READY:
                # Nothing keeps him from what his capacity leaves room for.
                standing.wished = None
            self._refresh(standing)
        elif standing.state is state:
            standing.reason = reason
        elif standing.state is AgentState.LOGGED_OUT and state is AgentState.NOT_READY:
            self._step(standing, AgentTrigger.LOG_IN, reason, now_s)
        else:
            self._step(standing, trigger, reason, now_s)

    def set_reachable(
        self, standing: Standing, reachable: bool, now_s: float, medium: Medium | None = None
    ) -> None:
        """The telephone or the desk can be reached, or no longer; None: both.

        An agent out of reach is logged out, when BUSY as soon as his contacts have ended.
        """
        self._reach(standing, reachable, standing.moved_by(medium), now_s)

    def _reach(
        self, standing: Standing, reachable: bool, media: Iterable[Medium], now_s: float
    ) -> None:
        changed = [one for one in media if (one in standing.media) is not reachable]
        if not changed:
            return
        standing.media ^= set(changed)
        for one in changed:
            self._publish(
                AgentReachabilityChanged(
                    agent_id=standing.agent_id, reachable=reachable, medium=one
                )
            )
        self._refresh(standing)
        if not standing.reachable:
            if not standing.active:
                self._settle(standing, now_s)
        elif reachable and standing.state is AgentState.LOGGED_OUT:
            self._arrive(standing, now_s)

    def set_on_shift(self, standing: Standing, on_shift: bool) -> None:
        """His working hours have begun or ended; what he serves goes on."""
        standing.on_shift = on_shift
        self._refresh(standing)

    def reserve(self, standing: Standing, serving: Serving, now_s: float) -> None:
        """An offer was made to him."""
        assert self.is_free(standing, serving.channel)
        standing.work[serving.contact_id] = serving
        if standing.state is AgentState.READY:
            self._step(standing, AgentTrigger.RESERVE, "offer", now_s)
        self._refresh(standing)

    def connect(self, standing: Standing, contact_id: str) -> None:
        """He has accepted an offer."""
        standing.answered += 1
        standing.work[contact_id].stage = Stage.CONNECTED
        self._refresh(standing)

    def release(self, standing: Standing, contact_id: str, now_s: float) -> None:
        """The offer was withdrawn; he keeps his turn."""
        del standing.work[contact_id]
        if standing.active:
            self._refresh(standing)
        elif standing.work:
            self._step(standing, AgentTrigger.END, "withdrawn", now_s)
            self._settle(standing, now_s)
        else:
            self._step(standing, AgentTrigger.RELEASE, "withdrawn", now_s)
            self._settle(standing, now_s)

    def miss(self, standing: Standing, contact_id: str, reason: str, now_s: float) -> None:
        """The offer came to nothing on his side: nothing more is offered until he asks."""
        standing.missed += 1
        del standing.work[contact_id]
        if standing.active:
            if standing.wished is not AgentState.LOGGED_OUT:
                standing.wished, standing.wished_reason = AgentState.NOT_READY, reason
            self._refresh(standing)
            return
        if standing.wished is not AgentState.LOGGED_OUT:
            standing.wished = None
        self._step(standing, AgentTrigger.MISS, reason, now_s)
        self._settle(standing, now_s)

    def end(self, standing: Standing, contact_id: str, now_s: float) -> None:
        """A contact of his has ended; its wrap-up begins, or what he wished for meanwhile.

        A wish for READY takes back an earlier wish; it does not skip the wrap-up.
        """
        standing.work[contact_id].stage = Stage.WRAP_UP
        if standing.active:
            self._refresh(standing)
            return
        self._step(standing, AgentTrigger.END, "contact ended", now_s)
        self._settle(standing, now_s)

    def wrapped_up(self, standing: Standing, contact_id: str, now_s: float) -> None:
        """The wrap-up time of a contact is over."""
        serving = standing.work.get(contact_id)
        if serving is None or serving.stage is not Stage.WRAP_UP:
            return
        if standing.state is AgentState.WRAP_UP and len(standing.work) == 1:
            self._step(standing, AgentTrigger.WRAPPED_UP, "wrapped up", now_s)
            return
        del standing.work[contact_id]
        self._served(serving, now_s)
        self._refresh(standing)

    def _arrive(self, standing: Standing, now_s: float) -> None:
        ready = AgentState.READY if standing.policy.ready_on_register else AgentState.NOT_READY
        state, reason = self._remembered.pop(standing.agent_id, (ready, "registered"))
        if state is AgentState.READY:
            self._step(standing, AgentTrigger.READY, reason, now_s)
        elif state is AgentState.NOT_READY:
            self._step(standing, AgentTrigger.LOG_IN, reason, now_s)

    def _settle(self, standing: Standing, now_s: float) -> None:
        """Let an agent with nothing but wrap-up go where he must or wishes to."""
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
        if standing.state not in _OCCUPIED:
            # Asking for anything, or missing an offer, ends a wrap-up.
            for serving in standing.work.values():
                self._served(serving, now_s)
            standing.work.clear()
        if standing.state is AgentState.READY and trigger is not AgentTrigger.RELEASE:
            standing.idle_since_s = now_s
        if standing.column >= 0:
            occupied = standing.state in _OCCUPIED
            self.occupancy.note(standing.column, occupied, now_s)
        self._refresh(standing)
        self._publish(
            AgentStateChanged(
                agent_id=standing.agent_id, before=before, after=standing.state, reason=reason
            )
        )

    def _refresh(self, standing: Standing) -> None:
        """Bring what he may be offered up to date."""
        column = standing.column
        if column < 0:
            return
        before, slots = self._slots[:, column], standing.has_slots()
        if any(now and not was for now, was in zip(slots, before.tolist(), strict=True)):
            self._changes.columns.add(column)
        self._slots[:, column] = slots
        self._taking[column] = 2 * standing.takes_more + standing.on_shift
        # Who serves something already comes after everybody who has nothing to do.
        idle = standing.state is AgentState.READY
        self._idle_since_s[column] = standing.idle_since_s if idle else np.inf
