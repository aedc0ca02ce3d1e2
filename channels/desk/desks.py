"""All agents' desks: how many there may be, how they end, and what an agent's state is."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, Final, cast

import structlog

from channels.desk import protocol
from channels.desk.session import CloseCode, Ending, Peer, Session
from channels.http.calling import CustomerCaller
from channels.http.figures import HttpFigures
from domain.conversation_ports import Conversations, Update
from domain.errors import LimitExceeded, WarmlineError
from domain.events import AgentStateChanged
from domain.ports import AgentDesk, ResumableStream

_log = structlog.get_logger(__name__)

FOLLOW_AGAIN_S: Final = 1.0
"""After the events could not be read."""


class Desks:
    """Every desk that is connected."""

    def __init__(
        self,
        conversations: Conversations,
        agents: AgentDesk,
        stream: ResumableStream,
        figures: HttpFigures,
        *,
        desks_max: int,
        send_s_max: float,
        caller: CustomerCaller | None = None,
    ) -> None:
        """Serve desks.

        Args:
            conversations: What agents serve.
            agents: Where they ask for a state.
            stream: Tells when a state changes by other means.
            figures: Counted in.
            desks_max: Connections at once.
            send_s_max: Seconds that a desk may take nothing.
            caller: Calls customers; None: nobody does.
        """
        self._conversations = conversations
        self._agents = agents
        self._stream = stream
        self._figures = figures
        self._desks_max = desks_max
        self._send_s_max = send_s_max
        self._caller = caller
        self._sessions: defaultdict[str, set[Session]] = defaultdict(set)
        self._following: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def stopping(self) -> bool:
        """Whether no more desks are taken."""
        return self._stopping.is_set()

    def check_room(self) -> None:
        """Refuse a desk too many, before its handshake is answered.

        Raises:
            LimitExceeded: `desks_max` are there already.
        """
        if self._figures.desks >= self._desks_max:
            self._figures.desks_refused += 1
            raise LimitExceeded("http.desks_max", self._figures.desks + 1, self._desks_max)

    def follow(self, agent_id: str) -> AsyncIterator[Update]:
        """Return what happens to an agent from now on; taken before the handshake's answer."""
        return self._conversations.follow_agent(agent_id)

    async def serve(self, peer: Peer, agent_id: str, updates: AsyncIterator[Update]) -> Ending:
        """Serve a desk whose handshake is answered; return how it shall be closed."""
        session = Session(
            peer,
            agent_id,
            conversations=self._conversations,
            agents=self._agents,
            caller=self._caller,
            send_s_max=self._send_s_max,
        )
        self._figures.desks += 1
        self._idle.clear()
        self._sessions[agent_id].add(session)
        if self._following is None:
            self._following = asyncio.create_task(self._follow_states(), name="desk states")
        try:
            ending = await session.run(updates, self._stopping)
            if ending.code is CloseCode.TOO_SLOW:
                self._figures.desks_slow += 1
            return ending
        finally:
            self._sessions[agent_id].discard(session)
            if not self._sessions[agent_id]:
                del self._sessions[agent_id]
            self._figures.desks -= 1
            if self._figures.desks == 0:
                self._idle.set()
                self._following.cancel()
                self._following = None
            await close_updates(updates)

    async def stop(self, grace_s: float) -> None:
        """Close every desk with 1001 and take no more; return when they are gone.

        Args:
            grace_s: Seconds to wait for them at most.
        """
        self._stopping.set()
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("desks left open", desks=self._figures.desks)

    async def _follow_states(self) -> None:
        """Tell desks of states that change by telephone, by rule or over HTTP."""
        while True:
            try:
                async for envelope in self._stream.follow(None):
                    event = envelope.event
                    if isinstance(event, AgentStateChanged):
                        told = protocol.Agent(state=event.after, reason=event.reason)
                        for session in tuple(self._sessions.get(event.agent_id, ())):
                            session.show_state(told)
            except WarmlineError as error:
                _log.warning("agents' states not followed", cause=type(error).__name__)
            await asyncio.sleep(FOLLOW_AGAIN_S)


async def close_updates(updates: AsyncIterator[Update]) -> None:
    """End a subscription; whoever follows by an async generator has `aclose`."""
    close = getattr(updates, "aclose", None)
    if close is not None:
        await cast(Any, close)()
