"""Call control: takes a cell for each admitted call and carries out what its flow wants.

One task serves one call; it reads the call's inbox, tells the flow, and performs the
flow's actions one after the other, so nothing of one call ever happens twice at once.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, Self

import structlog

from config.schema import QueueEntry
from domain.agent import AgentState, AgentView, language_proficiency
from domain.commands import WithdrawReason
from domain.contact import Channel, Contact, ContactState, Disposition
from domain.errors import IllegalTransition, NobodyServes, NoCellFree, NotKnown
from domain.offer import DeclineReason, Offer
from domain.ports import (
    AgentDesk,
    CallView,
    Clock,
    ContactLedger,
    EventPublisher,
    Hearing,
    Routing,
)
from domain.skill import SkillRequirement, meets
from pbx.call_records import CallRecords
from pbx.call_task import CallTask
from pbx.cells import Cell, CellPool, CellState
from pbx.dial_plan import DialPlan, ToFeature, ToQueue
from pbx.edge.call import InboundCall, Placement, Refusal
from pbx.feature_call import FeatureCall
from pbx.flow import CallFlow
from pbx.keypad import NO_KEYS, ConsentKeys
from pbx.overload import SettingUp
from pbx.prompts import PromptSource

log = structlog.get_logger(__name__)

RETRY_AFTER_S: Final = 5
"""When all cells are taken: by then the reserve has been filled again or a call has ended."""

CUT_S_MAX: Final = 5.0
"""How long a call that was cut may take for its BYE and its record."""

_UNAVAILABLE: Final = Refusal(status=503, reason="Service Unavailable", retry_after_s=RETRY_AFTER_S)


def new_contact_id(clock: Clock) -> str:
    """Return 32 hexadecimal digits that sort by time: 48 bits of milliseconds, 80 random."""
    return f"{int(clock.utc().timestamp() * 1_000):012x}{secrets.token_hex(10)}"


class CallControl:
    """Every running call of this node.

    It is the edge's `CallPlacer`, the router's `ContactDesk` and the API's `CallDesk`.

    Attributes:
        overloads: Calls refused because the machine did not keep up with those before.
        keys_dropped: Keys and holds that calls which have ended were sent beyond their limit.
    """

    def __init__(
        self,
        *,
        pool: CellPool,
        prompts: PromptSource,
        routing: Routing,
        agents: AgentDesk,
        ledger: ContactLedger,
        hearing: Hearing,
        events: EventPublisher,
        clock: Clock,
        queues: Iterable[QueueEntry],
        sip_domain: str,
        call_s_max: float,
        consent_keys: ConsentKeys = NO_KEYS,
        on_cell_gone: Callable[[tuple[str, int]], object],
        on_cell_released: Callable[[tuple[str, int]], object],
    ) -> None:
        """Wire it up.

        `on_cell_gone` is told the SIP address of a cell that has died, so that the edge can
        end its dialogs; `on_cell_released` that of a cell that has done its work.
        """
        self.draining = False
        self.overloads = 0
        self.keys_dropped = 0
        self._setting_up = SettingUp()
        self._pool = pool
        self._prompts = prompts
        self._routing = routing
        self._agents = agents
        self._hearing = hearing
        self._events = events
        self._clock = clock
        self._plan = DialPlan(queues)
        self._sip_domain = sip_domain
        self._call_s_max = call_s_max
        self._consent_keys = consent_keys
        self._on_cell_gone = on_cell_gone
        self._on_cell_released = on_cell_released
        self._records = CallRecords(ledger)
        self._calls: dict[str, CallTask] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def __aenter__(self) -> Self:
        await self._records.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.drain(0.0)
        await self._records.__aexit__(*exc)

    def reload(
        self, queues: Iterable[QueueEntry], prompts: PromptSource, consent_keys: ConsentKeys
    ) -> None:
        """Take other queues, prompts and keys; calls that run keep what they came to."""
        self._plan = DialPlan(queues)
        self._consent_keys = consent_keys
        self._prompts = prompts

    # The edge asks.

    async def place(self, call: InboundCall) -> Placement | Refusal:
        """Take a cell for an admitted call."""
        if self.draining:
            return _UNAVAILABLE
        destination = self._plan.resolve(call)
        if destination is None:
            return Refusal(status=404, reason="Not Found")
        now_s = self._clock.monotonic_s()
        too_many = self._setting_up.refuses(now_s)
        if too_many is not None:
            self.overloads += 1
            log.warning("call refused, the machine does not keep up", reason=too_many)
            return _UNAVAILABLE
        key = new_contact_id(self._clock)
        if isinstance(destination, ToQueue):
            flow: CallFlow | FeatureCall = self._queue_flow(key, call, destination)
        else:
            flow = self._feature_flow(destination)
        tap_path = self._hearing.tap_path(key) if isinstance(flow, CallFlow) else None
        task = CallTask(
            key,
            flow,
            records=self._records,
            events=self._events,
            clock=self._clock,
            dial=self._dial,
            on_over=self._over,
        )
        self._setting_up.add(task, now_s)
        try:
            cell = await self._pool.take(contact_id=key, on_event=task.tell, tap_path=tap_path)
        except NoCellFree as error:
            log.warning("call refused, no cell is free", reason=str(error))
            task.is_setting_up = False
            return _UNAVAILABLE
        if self.draining or cell.state is CellState.GONE:
            # While a cell was waited for, the node began to stop or the cell ended.
            cell.release()
            task.is_setting_up = False
            return _UNAVAILABLE
        self._calls[key] = task
        self._idle.clear()
        task.start(cell)
        return Placement(address=cell.address)

    def declined(self, address: tuple[str, int]) -> None:
        """Give back a cell that has refused its call before it told us of it."""
        for task in self._calls.values():
            if task.cell is not None and task.cell.address == address:
                task.tell_declined()
                return

    def _queue_flow(self, key: str, call: InboundCall, to: ToQueue) -> CallFlow:
        contact = Contact(
            contact_id=key,
            channel=Channel.VOICE,
            queue_id=to.queue.id,
            language=to.queue.language,
            arrived_at=self._clock.utc(),
            arrived_s=self._clock.monotonic_s(),
            priority=to.queue.priority,
            caller=call.caller,
            dialled=call.dialled,
            trunk_id=call.trunk_id or "",
            sip_call_id=call.sip_call_id,
        )
        return CallFlow(
            contact,
            to.queue,
            prompts=self._prompts,
            routing=self._routing,
            clock=self._clock,
            call_s_max=self._call_s_max,
            consent_keys=self._consent_keys,
        )

    def _feature_flow(self, to: ToFeature) -> FeatureCall:
        language = next(
            (
                max(view.agent.languages, key=lambda tag: view.agent.languages[tag])
                for view in self._agents.agents()
                if view.agent.agent_id == to.agent_id and view.agent.languages
            ),
            "en",
        )
        return FeatureCall(
            to.agent_id,
            to.state,
            language=language,
            prompts=self._prompts,
            desk=self._agents,
            clock=self._clock,
        )

    def _dial(self, cell: Cell, offer: Offer, contact: Contact) -> Awaitable[int]:
        """Dial the agent; the edge knows where his telephones are."""
        return cell.connect(
            f"sip:{offer.agent_id}@{self._sip_domain}",
            headers={
                "X-Warmline-Contact": offer.contact_id,
                "X-Warmline-Queue": offer.queue_id,
            },
            display=contact.queue_id,
            caller=contact.caller or "anonymous",
        )

    def _over(self, task: CallTask) -> None:
        self.keys_dropped += task.inbox_refused
        if self._calls.pop(task.key, None) is not None and task.cell is not None:
            self._on_cell_released(task.cell.address)
        if not self._calls:
            self._idle.set()

    # The pool tells.

    def cell_gone(self, cell: Cell, reason: str) -> None:
        """A cell has ended without being told to."""
        self._on_cell_gone(cell.address)
        task = self._calls.get(cell.contact_id or "")
        if task is not None:
            task.tell_cell_gone(reason)

    # The router asks.

    def offer_contact(self, offer: Offer) -> None:
        """Ring the agent."""
        task = self._calls.get(offer.contact_id)
        if task is None:
            self._routing.decline(offer.offer_id, DeclineReason.UNREACHABLE)
            return
        task.post(lambda flow: flow.offered(offer) if isinstance(flow, CallFlow) else [])

    def withdraw_offer(self, offer: Offer, reason: WithdrawReason) -> None:
        """Stop ringing."""
        task = self._calls.get(offer.contact_id)
        if task is not None:
            task.post(
                lambda flow: flow.withdrawn(offer, reason) if isinstance(flow, CallFlow) else []
            )

    def release_contact(self, contact_id: str, disposition: Disposition) -> None:
        """End a contact that may wait no longer."""
        task = self._calls.get(contact_id)
        if task is not None:
            task.post(lambda flow: flow.released(disposition) if isinstance(flow, CallFlow) else [])

    # The API asks.

    def calls(self) -> Sequence[CallView]:
        """Return every running call, the oldest first."""
        now_s = self._clock.monotonic_s()
        return [
            _view(task, task.flow, now_s)
            for _, task in sorted(self._calls.items())
            if isinstance(task.flow, CallFlow)
        ]

    def caller_of(self, contact_id: str) -> str:
        """Return the customer's address of a running call; "" when it has ended."""
        task = self._calls.get(contact_id)
        return task.flow.contact.caller if task and isinstance(task.flow, CallFlow) else ""

    @property
    def records_dropped(self) -> int:
        """Records given up because the store failed for too long."""
        return self._records.dropped

    async def hang_up(self, contact_id: str) -> None:
        """End a running call.

        Raises:
            NotKnown: No call of that contact runs.
        """
        task = self._calls.get(contact_id)
        if task is None or not isinstance(task.flow, CallFlow):
            raise NotKnown("running call", contact_id)
        await task.end(Disposition.HUNG_UP, "over the API")

    def transfer(self, contact_id: str, requirement: SkillRequirement) -> None:
        """Hand a customer over from the agent he talks with to one with a skill.

        Raises:
            NotKnown: No call of that contact runs.
            IllegalTransition: Nobody talks with him just now.
            NobodyServes: No other agent who is logged in has the skill and the language.
        """
        task = self._calls.get(contact_id)
        if task is None or not isinstance(task.flow, CallFlow):
            raise NotKnown("running call", contact_id)
        contact = task.flow.contact
        if contact.state is not ContactState.CONNECTED:
            raise IllegalTransition(f"call {contact_id}", contact.state, "transfer")
        if not any(_may_take(view, contact, requirement) for view in self._agents.agents()):
            raise NobodyServes(
                f"{requirement.skill} at {requirement.proficiency_min} and speaks "
                f"{contact.language}"
            )
        task.post(lambda flow: flow.transferred(requirement) if isinstance(flow, CallFlow) else [])

    # The node stops.

    async def drain(self, grace_s: float) -> int:
        """Take no new call, let running ones end, cut what is left after the grace.

        Returns:
            The number of calls that were cut.
        """
        self.draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace_s)
        left = list(self._calls.values())
        reason = "the node was stopping"
        await asyncio.gather(*(task.end(Disposition.DRAINED, reason) for task in left))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), CUT_S_MAX)
        for task in list(self._calls.values()):
            task.give_up(reason)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), CUT_S_MAX)
        return len(left)


def _may_take(view: AgentView, contact: Contact, requirement: SkillRequirement) -> bool:
    """Whether an agent may be handed a customer, now or when he is free."""
    agent = view.agent
    return (
        agent.agent_id != contact.agent_id
        and view.state is not AgentState.LOGGED_OUT
        and meets(requirement, agent.skills)
        and language_proficiency(agent.languages, contact.language) > 0
    )


def _view(task: CallTask, flow: CallFlow, now_s: float) -> CallView:
    contact = flow.contact
    return CallView(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        state=contact.state,
        agent_id=contact.agent_id,
        arrived_at=contact.arrived_at,
        seconds=now_s - contact.arrived_s,
        legs=flow.legs.views(),
        cell_id="" if task.cell is None else task.cell.cell_id,
    )
