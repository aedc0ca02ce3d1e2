"""One agent's connection: what he asks is done in order, what happens is told as it happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol

import structlog

from channels.desk import protocol
from channels.http.calling import CustomerCaller
from channels.http.conversation_models import (
    ConversationOut,
    MessageOut,
    OfferOut,
    StandingOut,
)
from channels.http.problem import name_of_error
from domain import conversation_ports as ports
from domain.conversation import Conversation
from domain.conversation_ports import Conversations, Update
from domain.errors import LimitExceeded, NotKnown, WarmlineError
from domain.message import Author, Delivery
from domain.ports import AgentDesk

_log = structlog.get_logger(__name__)

LAST_MESSAGES: Final = 50
"""Of each conversation in the first message: two screens."""
PAGE_MESSAGES: Final = 200
COMMAND_S_MAX: Final = 15.0
"""What is asked takes one commit; one that waits longer has met a store that is not there."""


class CloseCode(IntEnum):
    """Why we close a desk (RFC 6455 section 7.4; 4000 and up are ours)."""

    GOING_AWAY = 1001
    """The node stops."""
    NOT_TEXT = 1003
    """The desk sent bytes."""
    INTERNAL = 1011
    """The log holds the cause."""
    TRY_AGAIN = 1013
    """What is stored could not be read just now."""
    TOO_SLOW = 4008
    """The desk took nothing for too long, or 1,000 updates waited for it."""


class Ending(NamedTuple):
    """How a connection ends; code None: the desk has gone itself."""

    code: CloseCode | None
    reason: str = ""


class Gone(Exception):
    """The other end has closed."""


class Peer(Protocol):
    """The other end of a WebSocket that is open."""

    async def receive(self) -> str | None:
        """Return what it says; None: it sent bytes.

        Raises:
            Gone: It has closed.
        """
        ...

    async def send(self, text: str) -> None:
        """Send one message; waits while it takes nothing.

        Raises:
            Gone: It has closed.
        """
        ...


class Session:
    """The desk of one agent over one connection."""

    def __init__(
        self,
        peer: Peer,
        agent_id: str,
        *,
        conversations: Conversations,
        agents: AgentDesk,
        caller: CustomerCaller | None,
        send_s_max: float,
    ) -> None:
        """Serve him.

        Args:
            peer: His end.
            agent_id: Who he is, known to `agents`.
            conversations: What he serves.
            agents: Where he asks for a state.
            caller: Calls his customers; None: nobody does.
            send_s_max: Seconds that his end may take nothing.
        """
        self._peer = peer
        self.agent_id: Final = agent_id
        self._conversations = conversations
        self._agents = agents
        self._caller = caller
        self._send_s_max = send_s_max
        self._sending = asyncio.Lock()
        self._state: protocol.Agent | None = None
        self._state_changed = asyncio.Event()

    async def run(self, updates: AsyncIterator[Update], stopping: asyncio.Event) -> Ending:
        """Say hello, then serve until the desk goes or has to.

        Args:
            updates: Of `follow_agent`, registered before anything was read.
            stopping: Set when the node stops.
        """
        try:
            await self._say(await self._hello())
        except Gone:
            return Ending(None)
        except _TooSlow:
            return _SLOW
        except WarmlineError as error:
            _log.warning("desk not opened", agent_id=self.agent_id, cause=type(error).__name__)
            return Ending(CloseCode.TRY_AGAIN, "what is stored could not be read; try again")
        parts: tuple[Coroutine[Any, Any, Ending], ...] = (
            self._tell(updates),
            self._tell_state(),
            self._listen(),
            _stop(stopping),
        )
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return next(self._ending_of(task) for task in tasks if task in done)

    def show_state(self, told: protocol.Agent) -> None:
        """Have the desk told its agent's state; of several that wait only the last is."""
        self._state = told
        self._state_changed.set()

    def _ending_of(self, task: "asyncio.Task[Ending]") -> Ending:
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, Gone):
            return Ending(None)
        if isinstance(error, LimitExceeded | _TooSlow):
            return _SLOW
        if isinstance(error, WarmlineError):
            return Ending(CloseCode.TRY_AGAIN, "what is stored could not be read; try again")
        _log.error("desk failed", agent_id=self.agent_id, exc_info=error)
        return Ending(CloseCode.INTERNAL, "the log holds the cause")

    async def _tell(self, updates: AsyncIterator[Update]) -> Ending:
        async for update in updates:
            await self._say(_told(update, self.agent_id))
        return Ending(CloseCode.GOING_AWAY, "the conversations have ended")

    async def _tell_state(self) -> Ending:
        while True:
            await self._state_changed.wait()
            self._state_changed.clear()
            if self._state is not None:
                await self._say(self._state)

    async def _listen(self) -> Ending:
        while True:
            text = await self._peer.receive()
            if text is None:
                return Ending(CloseCode.NOT_TEXT, "messages are text")
            answer = await self._answer(text)
            if answer is not None:
                await self._say(answer)

    async def _answer(self, text: str) -> protocol.Told | None:
        """Do what is asked and return what is answered; None for typing without a ref."""
        try:
            command = protocol.read_command(text)
        except protocol.Misread as error:
            return protocol.Error(ref=error.ref, problem="unprocessable", detail=str(error))
        try:
            async with asyncio.timeout(COMMAND_S_MAX):
                answer = await _DOING[type(command)](self, command)
        except TimeoutError:
            problem, detail = "unavailable", f"not done within {COMMAND_S_MAX:g} s; ask again"
        except WarmlineError as error:
            problem, detail = name_of_error(error), str(error)
            if problem == "internal":
                _log.exception("desk command failed", agent_id=self.agent_id)
                detail = "the log holds the cause"
        else:
            quiet = isinstance(command, protocol.Typing) and not command.ref
            return None if quiet else answer
        return protocol.Error(ref=command.ref, problem=problem, detail=detail)

    async def _say(self, told: protocol.Told) -> None:
        text = protocol.write(told)
        try:
            async with asyncio.timeout(self._send_s_max), self._sending:
                await self._peer.send(text)
        except TimeoutError:
            raise _TooSlow from None

    async def _hello(self) -> protocol.Hello:
        view = next(one for one in self._agents.agents() if one.agent.agent_id == self.agent_id)
        has = await self._conversations.agent_has(self.agent_id)
        return protocol.Hello(
            agent_id=self.agent_id,
            name=view.agent.name,
            state=view.state,
            reason=view.reason,
            conversations=[await self._open(one) for one in has],
        )

    async def _open(self, conversation: Conversation) -> protocol.Open:
        after = max(0, conversation.last_sequence - LAST_MESSAGES)
        found = await self._conversations.messages(
            conversation.conversation_id, after=after, limit=PAGE_MESSAGES, internal=True
        )
        return protocol.Open(
            # He serves him: who a mail is from is part of it.
            conversation=ConversationOut.of(conversation, in_full=True),
            messages=[MessageOut.of(one) for one in found],
            earlier=after > 0,
        )

    async def _accept(self, command: protocol.Accept) -> protocol.Told:
        taken = await self._conversations.accept(self.agent_id, command.offer_id)
        if taken is None:
            detail = f"offer {command.offer_id!r} is settled otherwise"
            return protocol.Error(ref=command.ref, problem="conflict", detail=detail)
        return protocol.Done(ref=command.ref, conversation=await self._open(taken))

    async def _decline(self, command: protocol.Decline) -> protocol.Told:
        await self._conversations.decline(self.agent_id, command.offer_id)
        return protocol.Done(ref=command.ref)

    async def _say_to_customer(self, command: protocol.Say) -> protocol.Told:
        said = await self._conversations.say(
            command.conversation_id, command.draft(self.agent_id, internal=False)
        )
        return protocol.Done(ref=command.ref, message=MessageOut.of(said))

    async def _note(self, command: protocol.Note) -> protocol.Told:
        noted = await self._conversations.say(
            command.conversation_id, command.draft(self.agent_id, internal=True)
        )
        return protocol.Done(ref=command.ref, message=MessageOut.of(noted))

    async def _typing(self, command: protocol.Typing) -> protocol.Told:
        self._conversations.typing(command.conversation_id, Author.AGENT, command.typing)
        return protocol.Done(ref=command.ref)

    async def _mark(self, command: protocol.Mark) -> protocol.Told:
        await self._conversations.mark(
            command.conversation_id, Author.AGENT, Delivery(command.delivery), command.sequence
        )
        return protocol.Done(ref=command.ref)

    async def _park(self, command: protocol.Park) -> protocol.Told:
        await self._conversations.park(command.conversation_id, self.agent_id, command.until_utc)
        return protocol.Done(ref=command.ref)

    async def _resume(self, command: protocol.Resume) -> protocol.Told:
        await self._conversations.resume(command.conversation_id)
        return protocol.Done(ref=command.ref)

    async def _transfer(self, command: protocol.Transfer) -> protocol.Told:
        await command.ask(self._conversations, command.conversation_id, self.agent_id)
        return protocol.Done(ref=command.ref)

    async def _call(self, command: protocol.Call) -> protocol.Told:
        if self._caller is None:
            raise NotKnown("way to call out of conversation", command.conversation_id)
        contact_id = await self._caller.call(command.conversation_id, self.agent_id, command.number)
        return protocol.Done(ref=command.ref, contact_id=contact_id)

    async def _close(self, command: protocol.Close) -> protocol.Told:
        await self._conversations.close(
            command.conversation_id, agent_id=self.agent_id, disposition=command.disposition
        )
        return protocol.Done(ref=command.ref)

    async def _ask_for_state(self, command: protocol.State) -> protocol.Told:
        in_force = self._agents.request_state(self.agent_id, command.state, command.reason)
        return protocol.Done(ref=command.ref, state=in_force)

    async def _read(self, command: protocol.Read) -> protocol.Told:
        # One more than a page tells whether there is another.
        found = await self._conversations.messages(
            command.conversation_id,
            after=command.after,
            limit=PAGE_MESSAGES + 1,
            internal=True,
        )
        page = found[:PAGE_MESSAGES]
        return protocol.Done(
            ref=command.ref,
            messages=[MessageOut.of(one) for one in page],
            next_after=page[-1].sequence if len(found) > PAGE_MESSAGES else None,
        )


_DOING: Final[dict[type, Callable[[Session, Any], Awaitable[protocol.Told]]]] = {
    protocol.Accept: Session._accept,
    protocol.Decline: Session._decline,
    protocol.Say: Session._say_to_customer,
    protocol.Note: Session._note,
    protocol.Typing: Session._typing,
    protocol.Mark: Session._mark,
    protocol.Park: Session._park,
    protocol.Resume: Session._resume,
    protocol.Transfer: Session._transfer,
    protocol.Call: Session._call,
    protocol.Close: Session._close,
    protocol.State: Session._ask_for_state,
    protocol.Read: Session._read,
}


class _TooSlow(Exception):
    """The other end takes nothing."""


_SLOW: Final = Ending(CloseCode.TOO_SLOW, "nothing taken for too long; connect again")


async def _stop(stopping: asyncio.Event) -> Ending:
    await stopping.wait()
    return Ending(CloseCode.GOING_AWAY, "the node stops")


def _told(update: Update, agent_id: str) -> protocol.Told:
    """Return the form of an update for an agent; addresses in full of whom he serves alone."""
    match update:
        case ports.NewMessage(message=message):
            return protocol.Said(message=MessageOut.of(message))
        case ports.Typing():
            return protocol.Types(
                conversation_id=update.conversation_id,
                author=update.author,
                typing=update.typing,
            )
        case ports.Marked():
            return protocol.Marks(
                conversation_id=update.conversation_id,
                by=update.by,
                delivery=update.delivery,
                sequence=update.sequence,
            )
        case ports.Standing():
            his = update.conversation.agent_id == agent_id
            return protocol.Stands.model_validate(dict(StandingOut.of(update, in_full=his)))
        case ports.OfferShown():
            return protocol.Offer.model_validate(dict(OfferOut.of(update)))
        case ports.OfferGone():
            return protocol.OfferGone(
                offer_id=update.offer_id, contact_id=update.contact_id, reason=update.reason
            )
