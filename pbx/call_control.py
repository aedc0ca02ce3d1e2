"""Call control: takes a cell for each admitted call and carries out what its flow wants.

One task serves one call; it reads the call's inbox, tells the flow, and performs the
flow's actions one after the other, so nothing of one call ever happens twice at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, Self

import structlog

from config.schema import QueueEntry, Trunk
from domain.agent import AgentState, AgentView, language_proficiency
from domain.callback import CallbackStore
from domain.commands import WithdrawReason
from domain.contact import Channel, Contact, ContactState, Disposition
from domain.errors import IllegalTransition, NobodyServes, NoCellFree, NotKnown
from domain.offer import DeclineReason, Offer
from domain.opening import ALWAYS_OPEN, OpeningHours
from domain.ports import (
    AgentDesk,
    CallbackView,
    CallView,
    Clock,
    ContactLedger,
    EventPublisher,
    Hearing,
    Routing,
)
from domain.skill import SkillRequirement, meets
from pbx.actions import Action
from pbx.call_records import CallRecords
from pbx.call_task import CallTask, Flow
from pbx.call_view import view_of
from pbx.callback_attempts import CallbackAttempts
from pbx.callback_book import Callback
from pbx.callback_desk import CallbackDesk
from pbx.callback_flow import CallbackFlow
from pbx.cells import Cell, CellPool, CellState
from pbx.contact_id import new_contact_id
from pbx.dial_plan import DialPlan, ToFeature, ToQueue
from pbx.edge.call import CallsOut, InboundCall, Placement, Refusal
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
        hours: OpeningHours = ALWAYS_OPEN,
        sip_domain: str,
        call_s_max: float,
        consent_keys: ConsentKeys = NO_KEYS,
        trunks: Iterable[Trunk] = (),
        callbacks: CallbackStore | None = None,
        calls_out: CallsOut | None = None,
        on_cell_gone: Callable[[tuple[str, int]], object],
        on_cell_released: Callable[[tuple[str, int]], object],
    ) -> None:
        """Wire it up.

        `on_cell_gone` is told the SIP address of a cell that has died, so that the edge can
        end its dialogs; `on_cell_released` that of a cell that has done its work. Without a
        store of `callbacks`, or `calls_out`, nobody is called back.
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
        queues = tuple(queues)
        self._plan = DialPlan(queues, hours)
        self._sip_domain = sip_domain
        self._call_s_max = call_s_max
        self._consent_keys = consent_keys
        self._on_cell_gone = on_cell_gone
        self._on_cell_released = on_cell_released
        self._records = CallRecords(ledger)
        self._calls: dict[str, CallTask] = {}
        self._desk = (
            None
            if callbacks is None or calls_out is None
            else CallbackDesk(
                store=callbacks,
                records=self._records,
                routing=routing,
                events=events,
                clock=clock,
                queues=queues,
                trunks=trunks,
                end_call=self._end_call,
            )
        )
        self._attempts = (
            None
            if self._desk is None or calls_out is None
            else CallbackAttempts(
                self._desk,
                pool=pool,
                hearing=hearing,
                calls_out=calls_out,
                sip_domain=sip_domain,
                make_task=self._callback_task,
                on_begun=self._begun,
            )
        )
        self._idle = asyncio.Event()
        self._idle.set()

    async def __aenter__(self) -> Self:
        await self._records.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.drain(0.0)
        if self._desk is not None:
            await self._desk.__aexit__(None, None, None)
        await self._records.__aexit__(*exc)

    def reload(
        self,
        queues: Iterable[QueueEntry],
        prompts: PromptSource,
        consent_keys: ConsentKeys,
        trunks: Iterable[Trunk] = (),
        hours: OpeningHours = ALWAYS_OPEN,
    ) -> None:
        """Take other queues, hours, prompts, keys and trunks; what runs keeps what it came to."""
        queues = tuple(queues)
        self._plan = DialPlan(queues, hours)
        if self._desk is not None:
            self._desk.reload(queues, trunks)
        self._consent_keys = consent_keys
        self._prompts = prompts

    # The edge asks.

    async def place(self, call: InboundCall) -> Placement | Refusal:
        """Take a cell for an admitted call."""
        if self.draining:
            return _UNAVAILABLE
        destination = self._plan.resolve(call, self._clock.utc())
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
            callbacks=self._desk,
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
            language=to.language,
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
            callbacks=self._desk,
            is_hidden=call.is_hidden,
            opens_at=to.opens_at,
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
        if self._calls.get(task.key) is task:
            del self._calls[task.key]
            if task.cell is not None:
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
        if task is not None:
            task.post(lambda flow: self._offered(flow, offer))
        elif self._attempts is None or not self._attempts.begin(offer):
            self._routing.decline(offer.offer_id, DeclineReason.UNREACHABLE)

    def _offered(self, flow: Flow, offer: Offer) -> list[Action]:
        if flow.over:
            # The customer has just left the line and keeps his place.
            asyncio.get_running_loop().call_soon(self.offer_contact, offer)
            return []
        return flow.offered(offer) if isinstance(flow, CallFlow) else []

    def withdraw_offer(self, offer: Offer, reason: WithdrawReason) -> None:
        """Stop ringing."""
        if self._attempts is not None:
            self._attempts.withdraw(offer)
        task = self._calls.get(offer.contact_id)
        if task is not None:
            task.post(
                lambda flow: flow.withdrawn(offer, reason) if isinstance(flow, CallFlow) else []
            )

    def release_contact(self, contact_id: str, disposition: Disposition) -> None:
        """End a contact that may wait no longer, unless it waits for its callback."""
        if self._desk is not None and self._desk.released(contact_id):
            return
        task = self._calls.get(contact_id)
        if task is not None:
            task.post(lambda flow: flow.released(disposition) if isinstance(flow, CallFlow) else [])

    # Customers are called back.

    async def restore(self) -> int:
        """Let those wait again who waited for a callback before a restart; return how many.

        To be called when offers can be taken.

        Raises:
            StoreError: They cannot be read.
        """
        return 0 if self._desk is None else await self._desk.restore()

    def _callback_task(self, callback: Callback) -> CallTask:
        contact, attempts, desk = callback.contact, self._attempts, self._desk
        assert attempts is not None
        assert desk is not None
        flow = CallbackFlow(
            contact,
            desk.queue_of(contact),
            attempt=callback.attempts + 1,
            prompts=self._prompts,
            routing=self._routing,
            clock=self._clock,
            call_s_max=self._call_s_max,
            consent_keys=self._consent_keys,
            callbacks=desk,
        )
        return CallTask(
            contact.contact_id,
            flow,
            records=self._records,
            events=self._events,
            clock=self._clock,
            dial=self._dial,
            on_over=self._over,
            callbacks=desk,
            dial_customer=attempts.dial,
        )

    def _begun(self, task: CallTask) -> None:
        self._calls[task.key] = task
        self._idle.clear()

    def _end_call(self, contact_id: str, disposition: Disposition, reason: str) -> bool:
        """End the contact of a running call; False: none runs."""
        task = self._calls.get(contact_id)
        if task is not None:
            task.post(lambda flow: flow.end(disposition, reason))
        return task is not None

    # The API asks.

    def callbacks(self) -> Sequence[CallbackView]:
        """Return everybody who waits to be called back, the oldest contact first."""
        return () if self._desk is None else self._desk.views()

    def cancel_callback(self, contact_id: str) -> None:
        """Close a contact that waits for its callback; an agent who rings for it is free.

        Raises:
            NotKnown: That contact waits for no callback.
        """
        cancelled = Disposition.CALLBACK_CANCELLED
        if self._desk is None or not self._desk.end(contact_id, cancelled, "over the API"):
            raise NotKnown("callback of contact", contact_id)

    @property
    def callback_desk(self) -> CallbackDesk | None:
        """The callbacks, for the figures; None: nobody is called back on this node."""
        return self._desk

    def calls(self) -> Sequence[CallView]:
        """Return every running call, the oldest first."""
        now_s = self._clock.monotonic_s()
        return [
            view_of(task, task.flow, now_s)
            for _, task in sorted(self._calls.items())
            if isinstance(task.flow, CallFlow)
        ]

    def contact_of(self, contact_id: str) -> Contact | None:
        """Return the contact of a running call; None when it has ended."""
        task = self._calls.get(contact_id)
        return task.flow.contact if task and isinstance(task.flow, CallFlow) else None

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
        if self._desk is not None:
            # Who waits for a callback goes on waiting in the next run.
            self._desk.draining = True
        if self._attempts is not None:
            await self._attempts.settle()
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
