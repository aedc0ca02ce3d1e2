"""The way of a callback: the agent's telephone rings, he answers, the customer is called. Pure.

    offered -> agent answers -> customer called -> answered -> prompts -> talking -> over
                     |                 |
                     +-----------------+--> handed over: the contact waits again

The agent comes first. Were the customer called first, he could have to wait for an agent whose
telephone nobody answers, and who is called to wait hangs up. From the moment that the customer
has answered, this is a call like any other.
"""

from typing import Final

from config.schema import QueueEntry
from domain.callback import CallbackOutcome, callback_outcome
from domain.callback_events import CallbackAttempted
from domain.contact import Contact, ContactState, Disposition
from domain.leg import LegRole, LegState
from domain.ports import Clock, Routing
from pbx import actions as do
from pbx.actions import Action
from pbx.agent_ring import AgentRing
from pbx.callback_wish import CallbackPlaces
from pbx.flow import CallFlow
from pbx.keypad import NO_KEYS, ConsentKeys
from pbx.prompts import PromptSource

AGENT_TOLD: Final = "callback-agent"
HELLO: Final = "callback-hello"


class CallbackFlow(CallFlow):
    """One attempt to bring an agent and a customer together who has hung up before."""

    def __init__(
        self,
        contact: Contact,
        queue: QueueEntry,
        *,
        attempt: int,
        prompts: PromptSource,
        routing: Routing,
        clock: Clock,
        call_s_max: float,
        consent_keys: ConsentKeys = NO_KEYS,
        callbacks: CallbackPlaces | None = None,
    ) -> None:
        """Begin an attempt; `offered` says to whom.

        Args:
            contact: It waits; its times are of this clock.
            queue: Where it waits.
            attempt: 1 is the first call to this customer.
            prompts: Where the files of prompts are.
            routing: The router.
            clock: The one source of time.
            call_s_max: The longest call allowed.
            consent_keys: Keys by which he answers whether his emotion may be read.
            callbacks: Who waits to be called back.
        """
        super().__init__(
            contact,
            queue,
            prompts=prompts,
            routing=routing,
            clock=clock,
            call_s_max=call_s_max,
            consent_keys=consent_keys,
            callbacks=callbacks,
        )
        self._wish.kept = True
        self._prompts = prompts
        self._attempt = attempt
        self._called_s: float | None = None
        self._rings_until_s: float | None = None

    @property
    def _reached(self) -> bool:
        """Whether somebody has answered at the customer's number."""
        return not self._wish.kept

    @property
    def _tells(self) -> bool:
        ring = self._ring
        waits = self.contact.state is ContactState.OFFERED
        return self._reached and waits and ring is not None and ring.settled

    def _told(self) -> list[Action]:
        ring = self._ring
        assert ring is not None
        return self._connect(ring)

    def answered(self, leg: int) -> list[Action]:
        """A leg has media both ways."""
        if self._reached or self.legs.role(leg) is not LegRole.CUSTOMER:
            return super().answered(leg)
        self.legs.stand(leg, LegState.ANSWERED)
        told = self._attempted(CallbackOutcome.ANSWERED)
        self._rings_until_s = None
        # Somebody else may have answered than he who has called: he is told as every caller is.
        disclosure = self._queue.prompts.disclosure
        self._script = [HELLO, *([disclosure] if disclosure else [])]
        return [told, *self._drop_callback(), *self._next_prompt()]

    def customer_dialled(self, leg: int) -> list[Action]:
        """The cell has dialled the customer."""
        self.legs.begin(leg, LegRole.CUSTOMER, LegState.CALLING)
        if self.over or self.contact.state is ContactState.CLOSED:
            return self.legs.hang_up(leg)
        self._customer = self._playback.leg = leg
        return []

    def customer_not_dialled(self, outcome: CallbackOutcome) -> list[Action]:
        """The customer could not be dialled."""
        return [] if self.over or self._reached else self._attempt_over(outcome)

    def next_deadline_s(self) -> float | None:
        """Return when `tick` wants to be called, on the injected clock."""
        deadlines = (super().next_deadline_s(), self._rings_until_s)
        return min((due_s for due_s in deadlines if due_s is not None), default=None)

    def tick(self, now_s: float) -> list[Action]:
        """Do what is due."""
        if self._rings_until_s is not None and self._rings_until_s <= now_s:
            return self._attempt_over(CallbackOutcome.NO_ANSWER)
        return super().tick(now_s)

    def end(self, disposition: Disposition, reason: str) -> list[Action]:
        """End the contact for a reason of our own, or only the attempt when the node stops."""
        self._rings_until_s = None
        return super().end(disposition, reason)

    @property
    def _has_come(self) -> bool:
        return True

    def _agent_answered(self, leg: int) -> list[Action]:
        ring = self._ring
        if self._reached or ring is None or ring.leg != leg or ring.settled:
            return super()._agent_answered(leg)
        if not self._routing.accept(ring.offer.offer_id):
            return self._ring_over(ring, "withdrawn")
        ring.settled = True
        self._called_s = self._clock.monotonic_s()
        self._rings_until_s = self._called_s + self._queue.callback.ring_s
        file = self._prompts.path(AGENT_TOLD, self.contact.language)
        telling: list[Action] = [] if file is None else [do.Play(leg, (file,))]
        return [*telling, do.CallCustomer()]

    def _agent_leg_ended(self, leg: int, status: int) -> list[Action]:
        ring = self._ring
        if ring is None or ring.leg != leg or not ring.settled:
            return super()._agent_leg_ended(leg, status)
        if not self._reached:
            return self._attempt_over(CallbackOutcome.AGENT_LEFT)
        if self.contact.state is ContactState.OFFERED:
            # The customer is on the line: he waits as one who has called.
            return self._part(ring, "lost", self._queue.prompts.agent_left)
        return super()._agent_leg_ended(leg, status)

    def _customer_ended(self, status: int, reason: str) -> list[Action]:
        if self._reached:
            return super()._customer_ended(status, reason)
        if self.over or self.contact.state is ContactState.CLOSED:
            return self._settle()
        return self._attempt_over(callback_outcome(status))

    def _ring_over(self, ring: AgentRing, outcome: str) -> list[Action]:
        """The offer came to nothing: without a leg the contact goes on waiting."""
        actions = super()._ring_over(ring, outcome)
        return [*actions, *self._hand_over()] if self._keeps_place else actions

    def _attempt_over(self, outcome: CallbackOutcome) -> list[Action]:
        """The customer was not reached: the agent is free again, the contact waits on."""
        told = self._attempted(outcome)
        self._rings_until_s = None
        return [told, *self._hand_over(outcome, part=f"callback_{outcome.value}")]

    def _attempted(self, outcome: CallbackOutcome) -> do.Publish:
        now_s = self._clock.monotonic_s()
        contact, ring = self.contact, self._ring
        return do.Publish(
            CallbackAttempted(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                agent_id=None if ring is None else ring.offer.agent_id,
                attempt=self._attempt,
                outcome=outcome,
                rang_s=now_s - (self._called_s or now_s),
            )
        )
