"""The calls as a `queue_log` file, which reporting tools for Asterisk read.

One line an event, `time|callid|queue|agent|event|parameters`. The meanings are those of
Asterisk's documentation, "Queue Logs"; where a contact ends in a way that Asterisk does not
know, the table `ENDINGS` says what it is told as.

`QueueLog.lines` is a pure translation with a small memory: who waits in which order, whose
telephone rings since when. It is fed with the events in their order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from domain.agent import AgentState
from domain.contact import Disposition
from domain.events import (
    AgentStateChanged,
    ConfigurationReloaded,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    ContactTransferred,
    Envelope,
)
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)

Value = TypeVar("Value")

NONE: Final = "NONE"
"""What Asterisk writes where a line has no call, queue or agent."""
OPEN_MAX: Final = 100_000
"""Contacts remembered: far more than can be open; beyond it the oldest is forgotten, and
its lines say position 0."""
_TOLD_STATES: Final = frozenset({AgentState.LOGGED_OUT, AgentState.NOT_READY})
"""A change from or to one of these has lines of its own."""
_FORBIDDEN: Final = {ord("|"): "_", **dict.fromkeys([*range(32), 127, 0x85, 0x2028, 0x2029], " ")}

ENDINGS: Final[dict[Disposition, tuple[str | None, str | None]]] = {
    # Disposition: event of a contact that waited, event of one that was served.
    Disposition.CALLER_ENDED: ("ABANDON", "COMPLETECALLER"),
    Disposition.AGENT_ENDED: ("EXITEMPTY", "COMPLETEAGENT"),
    Disposition.HANDLED: ("EXITEMPTY", "COMPLETEAGENT"),
    Disposition.IDLE: ("EXITEMPTY", "COMPLETECALLER"),
    Disposition.ABANDONED: ("ABANDON", "COMPLETECALLER"),
    Disposition.WAIT_EXCEEDED: ("EXITWITHTIMEOUT", "COMPLETEAGENT"),
    # These ended neither by the customer's nor by an agent's doing. ABANDON would blame
    # the customer, so a waiting one is told as taken out of the queue, and a served one as
    # ended on our side.
    Disposition.CELL_DIED: ("EXITEMPTY", "COMPLETEAGENT"),
    Disposition.NODE_DIED: ("EXITEMPTY", "COMPLETEAGENT"),
    Disposition.DRAINED: ("EXITEMPTY", "COMPLETEAGENT"),
    Disposition.HUNG_UP: ("EXITEMPTY", "COMPLETEAGENT"),
    Disposition.FAILED: ("EXITEMPTY", "COMPLETEAGENT"),
    # Who asks to be called back keeps his place, so that nothing is written then: CONNECT follows
    # when he is called. Where it comes to nothing he has left by a key of his own will, neither
    # in impatience nor by a limit.
    Disposition.CALLBACK_UNANSWERED: ("EXITWITHKEY", "COMPLETEAGENT"),
    Disposition.CALLBACK_EXPIRED: ("EXITWITHKEY", "COMPLETEAGENT"),
    Disposition.CALLBACK_CANCELLED: ("EXITWITHKEY", "COMPLETEAGENT"),
    Disposition.CALLED_AGAIN: ("EXITWITHKEY", "COMPLETEAGENT"),
    # These never were in the queue: Asterisk has no line for them either.
    Disposition.ABANDONED_EARLY: (None, None),
    Disposition.QUEUE_FULL: (None, None),
    Disposition.OUTSIDE_HOURS: (None, None),
}


def line(
    at: datetime, call_id: str, queue: str, agent: str, event: str, *parameters: object
) -> str:
    """Return one line without its end.

    Args:
        at: Aware; written as whole seconds since 1970.
        call_id: At most 32 characters, what the tools' tables have room for.
        queue: Name of the queue.
        agent: Name of the agent.
        event: Asterisk's word for it.
        parameters: Written in order; a bar or a line break in one is replaced.
    """
    columns = [call_id or NONE, queue or NONE, agent or NONE, event, *map(str, parameters)]
    # Asterisk ends the line of an event without parameters with a bar.
    if not parameters:
        columns.append("")
    return "|".join([str(int(at.timestamp())), *(c.translate(_FORBIDDEN) for c in columns)])


def member(agent_id: str) -> str:
    """Return how an agent is called in the log, after Asterisk's chan_agent."""
    return f"Agent/{agent_id}"


@dataclass(slots=True)
class _Open:
    """What is remembered of a contact in a queue."""

    queue_id: str
    priority: int
    entered_position: int
    waiting: bool = True
    ring_s: int = 0
    hold_s: int = 0


class QueueLog:
    """Translates events, in their order, into lines."""

    def __init__(
        self,
        *,
        queues_of: Callable[[str], Iterable[str]] = lambda _agent_id: (),
        caller_of: Callable[[str], str] = lambda _contact_id: "",
    ) -> None:
        """Begin with an empty memory.

        Args:
            queues_of: The queues that an agent serves; for each of them he is added,
                paused and removed. Without them only his log-in and his pauses for all
                queues are written.
            caller_of: The customer's address of a contact. The default keeps it out of
                the file: it is personal data, in the clear, in a file made to be passed on.
        """
        self._queues_of = queues_of
        self._caller_of = caller_of
        self._open: dict[str, _Open] = {}
        # Those of them that wait, by queue: a position is counted among few of many.
        self._waiting: dict[str, dict[str, _Open]] = {}
        self._ringing: dict[str, datetime] = {}
        self._logged_in: dict[str, datetime] = {}

    def started(self, at: datetime) -> str:
        """Return the line that says that the node has started."""
        return line(at, NONE, NONE, NONE, "QUEUESTART")

    def lines(self, envelope: Envelope) -> Sequence[str]:
        """Return what the event adds to the log; most events add nothing."""
        translate = _TRANSLATIONS.get(type(envelope.event))
        return () if translate is None else translate(self, envelope.at, envelope.event)

    def _queued(self, at: datetime, event: ContactQueued) -> Sequence[str]:
        known = self._open.get(event.contact_id)
        if known is not None:
            return ()  # It comes back after ring no answer; Asterisk never let it out.
        entered = _Open(event.queue_id, event.priority, 0)
        self._remember(event.contact_id, entered)
        entered.entered_position = self._position(event.contact_id)
        # ENTERQUEUE(url|callerid|position)
        caller = self._caller_of(event.contact_id)
        position = entered.entered_position
        return (
            line(at, event.contact_id, event.queue_id, NONE, "ENTERQUEUE", "", caller, position),
        )

    def _offered(self, at: datetime, event: OfferMade) -> Sequence[str]:
        _bounded(self._ringing)[event.offer_id] = at
        return ()

    def _accepted(self, at: datetime, event: OfferAccepted) -> Sequence[str]:
        ring_s = self._rang_s(event.offer_id, at)
        known = self._open.get(event.contact_id)
        if known is not None:
            known.ring_s = int(ring_s)
        return ()

    def _not_answered(self, at: datetime, event: OfferDeclined | OfferExpired) -> Sequence[str]:
        rang_s = self._rang_s(event.offer_id, at)
        if isinstance(event, OfferExpired):
            rang_s = event.rang_s
        # RINGNOANSWER(ringtime in ms): Asterisk writes it for a busy telephone as well.
        agent = member(event.agent_id)
        ms = _milliseconds(rang_s)
        return (line(at, event.contact_id, event.queue_id, agent, "RINGNOANSWER", ms),)

    def _withdrawn(self, at: datetime, event: OfferWithdrawn) -> Sequence[str]:
        # RINGCANCELED(ringtime in ms): the caller went while it rang.
        agent = member(event.agent_id)
        ms = _milliseconds(self._rang_s(event.offer_id, at))
        return (line(at, event.contact_id, event.queue_id, agent, "RINGCANCELED", ms),)

    def _connected(self, at: datetime, event: ContactConnected) -> Sequence[str]:
        known = self._open.get(event.contact_id)
        hold_s = int(event.wait_s)
        ring_s = 0
        if known is not None:
            self._waits_no_longer(event.contact_id, known)
            ring_s, known.hold_s = known.ring_s, hold_s
        # CONNECT(holdtime|bridgedchanneluniqueid|ringtime in s); the contact is the only
        # name that both legs share here.
        return (
            line(
                at,
                event.contact_id,
                event.queue_id,
                member(event.agent_id),
                "CONNECT",
                hold_s,
                event.contact_id,
                ring_s,
            ),
        )

    def _transferred(self, at: datetime, event: ContactTransferred) -> Sequence[str]:
        # BLINDTRANSFER(extension|context|holdtime|calltime|origposition). There is no extension
        # here but a skill, an agent or a queue, which is entered anew by the event that follows.
        known = self._open.pop(event.contact_id, None)
        entered, hold_s = (0, 0) if known is None else (known.entered_position, known.hold_s)
        whom, context = event.to_queue_id or event.queue_id, "queue"
        if event.requirement is not None:
            whom, context = event.requirement.skill, "skill"
        elif event.to_agent_id is not None:
            whom, context = member(event.to_agent_id), "agent"
        words = ("BLINDTRANSFER", whom, context, hold_s, int(event.talk_s), entered)
        return (line(at, event.contact_id, event.queue_id, member(event.agent_id), *words),)

    def _closed(self, at: datetime, event: ContactClosed) -> Sequence[str]:
        position = self._position(event.contact_id)
        known = self._open.pop(event.contact_id, None)
        served = event.talk_s > 0 or (known is not None and not known.waiting)
        if known is not None:
            self._waits_no_longer(event.contact_id, known)
        if event.wait_s is None and known is None:
            return ()
        name = ENDINGS[event.disposition][served]
        if name is None:
            return ()
        wait_s = int(event.wait_s or 0)
        entered = known.entered_position if known is not None else 0
        agent = NONE
        if served:
            # COMPLETECALLER and COMPLETEAGENT(holdtime|calltime|origposition)
            parameters = (wait_s, int(event.talk_s), entered)
            agent = member(event.agent_id) if event.agent_id else NONE
        else:
            # ABANDON, EXITWITHTIMEOUT and EXITEMPTY(position|origposition|waittime)
            parameters = (position, entered, wait_s)
        if name == "EXITWITHKEY":
            # EXITWITHKEY(key|position|origposition|waittime); which key, the event does not tell.
            return (
                line(at, event.contact_id, event.queue_id, NONE, name, "callback", *parameters),
            )
        return (line(at, event.contact_id, event.queue_id, agent, name, *parameters),)

    def _agent(self, at: datetime, event: AgentStateChanged) -> Sequence[str]:
        if not _TOLD_STATES & {event.before, event.after}:
            return ()  # Work comes and goes; Asterisk tells it of the calls.
        agent = member(event.agent_id)
        queues = list(self._queues_of(event.agent_id))
        written = []
        if event.before is AgentState.LOGGED_OUT:
            self._logged_in[event.agent_id] = at
            # AGENTLOGIN(channel)
            written.append(line(at, NONE, NONE, agent, "AGENTLOGIN", agent))
            written += [line(at, NONE, queue, agent, "ADDMEMBER") for queue in queues]
        if event.after is AgentState.LOGGED_OUT:
            since = self._logged_in.pop(event.agent_id, at)
            written += [line(at, NONE, queue, agent, "REMOVEMEMBER") for queue in queues]
            # AGENTLOGOFF(channel|logintime)
            logged_in_s = int((at - since).total_seconds())
            written.append(line(at, NONE, NONE, agent, "AGENTLOGOFF", agent, logged_in_s))
        elif event.after is AgentState.NOT_READY:
            # PAUSE(reason) for each queue and PAUSEALL for all of them.
            written += [line(at, NONE, q, agent, "PAUSE", event.reason) for q in queues]
            written.append(line(at, NONE, NONE, agent, "PAUSEALL", event.reason))
        elif event.before is AgentState.NOT_READY:
            written += [line(at, NONE, queue, agent, "UNPAUSE") for queue in queues]
            written.append(line(at, NONE, NONE, agent, "UNPAUSEALL"))
        return written

    def _reloaded(self, at: datetime, _event: ConfigurationReloaded) -> Sequence[str]:
        return (line(at, NONE, NONE, NONE, "CONFIGRELOAD"),)

    def _rang_s(self, offer_id: str, at: datetime) -> float:
        """Return how long a telephone rang, and forget that it did."""
        since = self._ringing.pop(offer_id, at)
        return (at - since).total_seconds()

    def _position(self, contact_id: str) -> int:
        """Return the place in the queue, 1 is next; 0 for one that does not wait."""
        own = self._open.get(contact_id)
        if own is None or not own.waiting:
            return 0
        position = 1
        before = True  # The memory is in order of entering.
        for other_id, other in self._waiting[own.queue_id].items():
            if other_id == contact_id:
                before = False
            else:
                ahead = other.priority > own.priority
                position += ahead or (before and other.priority == own.priority)
        return position

    def _remember(self, contact_id: str, entered: _Open) -> None:
        """Take a contact that begins to wait into the memory, which has its limit."""
        while len(self._open) >= OPEN_MAX:
            oldest_id = next(iter(self._open))
            self._waits_no_longer(oldest_id, self._open.pop(oldest_id))
        self._open[contact_id] = entered
        self._waiting.setdefault(entered.queue_id, {})[contact_id] = entered

    def _waits_no_longer(self, contact_id: str, known: _Open) -> None:
        if known.waiting:
            known.waiting = False
            waiting = self._waiting[known.queue_id]
            del waiting[contact_id]
            if not waiting:
                del self._waiting[known.queue_id]


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1_000))


def _bounded(memory: dict[str, Value]) -> dict[str, Value]:
    """Return the memory with room for one more."""
    while len(memory) >= OPEN_MAX:
        del memory[next(iter(memory))]
    return memory


_TRANSLATIONS: Final[dict[type, Callable[[QueueLog, datetime, Any], Sequence[str]]]] = {
    ContactQueued: QueueLog._queued,
    OfferMade: QueueLog._offered,
    OfferAccepted: QueueLog._accepted,
    OfferDeclined: QueueLog._not_answered,
    OfferExpired: QueueLog._not_answered,
    OfferWithdrawn: QueueLog._withdrawn,
    ContactConnected: QueueLog._connected,
    ContactTransferred: QueueLog._transferred,
    ContactClosed: QueueLog._closed,
    AgentStateChanged: QueueLog._agent,
    ConfigurationReloaded: QueueLog._reloaded,
}
