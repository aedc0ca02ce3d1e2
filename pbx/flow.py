"""The way of one caller: greeting, disclosure, queue, ring, talk, end. Pure.

    incoming -> answered -> prompts -> queued <-> ringing -> talking -> ending -> over

A `CallFlow` is told what has happened and returns what shall be done, in order. It opens
no socket and reads no clock; the router is asked through its port.
"""

from datetime import datetime

from config.schema import QueueEntry
from domain.callback import CallbackRefusal
from domain.commands import WithdrawReason
from domain.contact import Contact, ContactState, ContactTrigger, Disposition
from domain.errors import LimitExceeded, NotKnown
from domain.events import CallHeld, ContactConnected, DisclosurePlayed
from domain.leg import LegRole, LegState, RtpFigures
from domain.offer import DeclineReason, Offer
from domain.ports import Clock, Routing
from domain.skill import SkillRequirement
from domain.speech import Speaker
from pbx import actions as do
from pbx.actions import Action
from pbx.agent_ring import AgentRing, decline_reason
from pbx.announcer import Announcer
from pbx.callback_wish import CONFIRMED, CallbackPlaces, CallbackWish
from pbx.contact_messages import arrival, handing_over, queue_request
from pbx.flow_end import KEEPS_CALLBACK, FlowEnd
from pbx.keypad import CONFIRMATIONS, NO_KEYS, ConsentKeys, Keypad
from pbx.playback import Playback
from pbx.prompts import PromptSource


class CallFlow(FlowEnd):
    """One caller's way through a queue; see the module's first lines."""

    def __init__(
        self,
        contact: Contact,
        queue: QueueEntry,
        *,
        prompts: PromptSource,
        routing: Routing,
        clock: Clock,
        call_s_max: float,
        consent_keys: ConsentKeys = NO_KEYS,
        callbacks: CallbackPlaces | None = None,
        is_hidden: bool = False,
        opens_at: datetime | None = None,
    ) -> None:
        """Begin a way that ends `call_s_max` seconds from now at the latest.

        Args:
            contact: The caller's.
            queue: Where its number leads.
            prompts: Where the files of prompts are.
            routing: The router.
            clock: The one source of time.
            call_s_max: The longest call allowed.
            consent_keys: Keys by which he answers whether his emotion may be read.
            callbacks: Who waits to be called back; None: nobody is called back.
            is_hidden: He has asked that his number be kept private.
            opens_at: When the queue is open again; None: it is.
        """
        playback = Playback(prompts, contact.language, queue.prompts.music)
        announcer = Announcer(contact, queue, playback=playback, routing=routing, clock=clock)
        wish = CallbackWish(
            contact, queue, playback=playback, routing=routing, clock=clock,
            places=callbacks, is_hidden=is_hidden,
        )  # fmt: skip
        super().__init__(
            contact,
            playback=playback,
            announcer=announcer,
            wish=wish,
            routing=routing,
            clock=clock,
            call_ends_at_s=clock.monotonic_s() + call_s_max,
        )
        self._queue = queue
        self._script: list[str] = []
        self._needed: tuple[SkillRequirement, ...] = ()
        self._keypad = Keypad(contact, consent_keys)
        self._tapped = False
        self._opens_at = opens_at

    # What the cell tells.

    def incoming(self, leg: int) -> list[Action]:
        """The caller's INVITE has reached the cell: commit the contact, then answer."""
        self._customer = self._playback.leg = leg
        self.legs.begin(leg, LegRole.CUSTOMER, LegState.INCOMING)
        return [do.OpenRecord(), do.Publish(arrival(self.contact)), do.Answer(leg)]

    def never_came(self) -> list[Action]:
        """The INVITE did not reach the cell, or was refused in it: it was no contact.

        Such as one whose Session-Expires is too small (RFC 4028 section 6): it comes again.
        """
        if self.over or self._customer is not None:
            return []
        self._call_ends_at_s = None
        self.over = True
        return [do.ForgetRecord(), do.Release()]

    def answered(self, leg: int) -> list[Action]:
        """A leg has media both ways."""
        role = self.legs.role(leg)
        if role is None:
            return []
        if not self.legs.is_held(leg):  # An answer may hold us at once (a=sendonly in its SDP).
            self.legs.stand(leg, LegState.ANSWERED)
        if role is LegRole.AGENT:
            return self._agent_answered(leg)
        if self.contact.state is not ContactState.ARRIVED:
            return []
        prompts = self._queue.prompts
        # Where nobody will serve him nothing is heard of him either.
        disclosure = prompts.disclosure if self._opens_at is None else None
        self._script = [name for name in (prompts.greeting, disclosure) if name]
        return self._next_prompt()

    def ringing(self, leg: int) -> list[Action]:
        """An agent's telephone rings."""
        if self.legs.role(leg) is not None:
            self.legs.stand(leg, LegState.RINGING)
        return []

    def held(self, leg: int, held: bool) -> list[Action]:
        """A party has put us on hold, or taken us back."""
        role = self.legs.role(leg)
        if role is None or self.contact.state is ContactState.CLOSED:
            return []
        self.legs.stand(leg, LegState.HELD if held else LegState.ANSWERED)
        return [
            do.Publish(CallHeld(contact_id=self.contact.contact_id, role=role.value, held=held)),
            *self._music_while_held(),
        ]

    def digit(self, leg: int, digit: str) -> list[Action]:
        """A party has pressed a key."""
        role = self.legs.role(leg)
        if role is None or self.contact.state is ContactState.CLOSED:
            return []
        told = self.contact.disclosed or self._playback.playing == self._queue.prompts.disclosure
        answered = self._keypad.answer(role, digit, asked=told)
        actions: list[Action] = [do.Publish(self._keypad.press(role))]
        if answered is None:
            return [*actions, *self._wish.press(role, digit)]
        confirmation = CONFIRMATIONS[answered.answer]
        if not self._tells:
            return [*actions, do.Publish(answered), *self._playback.prompt(confirmation)]
        self._script.insert(0, confirmation)
        return [*actions, do.Publish(answered)]

    def played(self, leg: int, *, heard: bool = True) -> list[Action]:
        """What played to a leg has come to its end, or could not be played."""
        name = self._playback.ended(leg)
        if name is None or self.legs.role(leg) is None:
            return []
        if self.contact.state is ContactState.CLOSED:
            return self._hang_up_all()
        if self._wish.kept and name == CONFIRMED and self.contact.state is ContactState.QUEUED:
            return self._hand_over()
        if self._tells:
            told = self._disclosed() if heard and name == self._queue.prompts.disclosure else []
            return [*told, *self._next_prompt()]
        # Music that fails would fail again at once, without end.
        return self._music() if heard or name != self._queue.prompts.music else []

    def ended(self, leg: int, *, status: int, reason: str, figures: RtpFigures) -> list[Action]:
        """A leg is over."""
        if self.legs.role(leg) is None:
            return []
        self.legs.ended(leg, figures)
        if leg == self._customer:
            self.contact.rtp_lost = figures.lost
            self.contact.rtp_received = figures.received
            return self._customer_ended(status, reason)
        actions = self._agent_leg_ended(leg, status)
        return [*actions, *self._settle()]

    def silent(self, leg: int) -> list[Action]:
        """No RTP has come from a leg for so long that its telephone is taken for gone."""
        if self.legs.role(leg) is None or self.legs.is_held(leg):
            return []
        if leg == self._customer:
            served = self.contact.state is ContactState.CONNECTED
            disposition = Disposition.CALLER_ENDED if served else self._abandoned()
            return self.end(disposition, "no RTP from the customer")
        ring = self._ring
        if ring is None or ring.leg != leg or self.contact.state is not ContactState.CONNECTED:
            return []
        return self._part(ring, "lost", self._queue.prompts.agent_left)

    # What the router tells.

    def offered(self, offer: Offer) -> list[Action]:
        """Ring this agent."""
        if self.contact.state is not ContactState.QUEUED:
            self._routing.decline(offer.offer_id, DeclineReason.UNREACHABLE)
            return []
        self.contact.step(ContactTrigger.OFFER)
        self._ring = AgentRing(offer, self._clock.utc(), self._clock.monotonic_s())
        return [do.CallAgent(offer)]

    def withdrawn(self, offer: Offer, reason: WithdrawReason) -> list[Action]:
        """Stop ringing this agent."""
        ring = self._ring
        if ring is None or ring.offer.offer_id != offer.offer_id or ring.settled:
            return []
        outcome = "ring_no_answer" if reason is WithdrawReason.EXPIRED else "withdrawn"
        return self._ring_over(ring, outcome)

    def released(self, disposition: Disposition) -> list[Action]:
        """The router lets the contact wait no longer."""
        if self.contact.state is ContactState.CLOSED:
            return []
        waited_s = self._clock.monotonic_s() - (self.contact.queued_s or 0.0)
        reason = f"waited {waited_s:.0f} s, the limit of the queue is {self._queue.wait_s_max:g}"
        return self._take_leave(disposition, reason, self._queue.prompts.wait_exceeded)

    def transferred(self, requirement: SkillRequirement) -> list[Action]:
        """The agent hands the customer over to somebody with a skill."""
        ring = self._ring
        if self.contact.state is not ContactState.CONNECTED or ring is None:
            return []
        told = handing_over(self.contact, requirement, now_s=self._clock.monotonic_s())
        self._needed = (*self._needed, requirement)
        parted = self._part(ring, "transferred", self._queue.prompts.transfer)
        return [do.Publish(told), *parted]

    def agent_dialled(self, offer_id: str, leg: int) -> list[Action]:
        """The cell has dialled the agent of that offer."""
        self.legs.begin(leg, LegRole.AGENT, LegState.CALLING)
        ring = self._ring
        if ring is None or ring.offer.offer_id != offer_id:
            return self.legs.hang_up(leg)
        ring.leg = leg
        return []

    def agent_not_dialled(self, offer_id: str) -> list[Action]:
        """The cell could not dial the agent of that offer."""
        ring = self._ring
        if ring is None or ring.offer.offer_id != offer_id or ring.settled:
            return []
        actions = self._ring_over(ring, DeclineReason.UNREACHABLE.value)
        self._routing.decline(offer_id, DeclineReason.UNREACHABLE)
        return actions

    # What the store tells.

    def callback_kept(self) -> list[Action]:
        """The callback is committed: the customer hears so and is let go."""
        told = self._wish.confirmed()
        return told if self._playback.playing == CONFIRMED else [*told, *self._hand_over()]

    def callback_refused(self, reason: CallbackRefusal) -> list[Action]:
        """The callback could not be committed: the customer hears so and goes on waiting."""
        return self._wish.refused(reason)

    # What time and the node tell.

    def next_deadline_s(self) -> float | None:
        """Return when `tick` wants to be called, on the injected clock."""
        deadlines = (
            self._announcer.due_s,
            self._wish.due_s,
            self._call_ends_at_s,
            self._record_due_at_s,
            self._release_due_at_s,
        )
        return min((due_s for due_s in deadlines if due_s is not None), default=None)

    def tick(self, now_s: float) -> list[Action]:
        """Do what is due."""
        actions: list[Action] = []
        if _due(self._call_ends_at_s, now_s):
            self._call_ends_at_s = None
            served = self.contact.state is ContactState.CONNECTED
            disposition = Disposition.AGENT_ENDED if served else Disposition.WAIT_EXCEEDED
            actions += self.end(disposition, "the longest call allowed (cells.call_s_max)")
        if _due(self._announcer.due_s, now_s):
            actions += self._announcer.announce(now_s)
        if _due(self._wish.due_s, now_s):
            actions += self._wish.offer(now_s)
        if _due(self._record_due_at_s, now_s):
            actions += self._close_record()
        if _due(self._release_due_at_s, now_s):
            actions += self._release()
        return actions

    def end(self, disposition: Disposition, reason: str) -> list[Action]:
        """End the contact for a reason of our own and hang up every leg."""
        if self._keeps_place and disposition in KEEPS_CALLBACK:
            return self._hand_over()
        if not self._has_come:
            return self._cut_before_it_came(disposition, reason)
        return [*self._dispose(disposition, reason), *self._hang_up_all(), *self._settle()]

    def cell_gone(self, reason: str) -> list[Action]:
        """The cell is dead: nobody is left to hang up, only the record to close."""
        if self._keeps_place:
            self.legs.lost()
            return self._hand_over()
        if not self._has_come:
            return self._cut_before_it_came(Disposition.CELL_DIED, reason)
        actions = self._dispose(Disposition.CELL_DIED, reason)
        self.legs.lost()
        return [*actions, *self._settle()]

    # The inside.

    @property
    def _has_come(self) -> bool:
        """Whether there is a call to end, and not only the announcement of one."""
        return self._customer is not None

    @property
    def _tells(self) -> bool:
        """Whether the customer hears what he must be told before anything else."""
        return self.contact.state is ContactState.ARRIVED

    @property
    def _keeps_place(self) -> bool:
        """Whether the customer may leave the line without leaving the queue."""
        waits = self.contact.state in {ContactState.QUEUED, ContactState.OFFERED}
        return self._wish.kept and waits and not self.over

    def _told(self) -> list[Action]:
        """The customer has heard what he must be told."""
        if self._opens_at is None:
            return self._enqueue()
        reason = f"closed until {self._opens_at:%Y-%m-%d %H:%M %Z}"
        return self._take_leave(Disposition.OUTSIDE_HOURS, reason, self._queue.prompts.closed)

    def _cut_before_it_came(self, disposition: Disposition, reason: str) -> list[Action]:
        """It ended before the INVITE reached the cell, when the record was already begun."""
        if self.over:
            return []
        self.over = True
        disposed = self._dispose(disposition, reason)
        self._release_due_at_s = None
        return [do.Publish(arrival(self.contact)), *disposed, *self._close_record(), do.Release()]

    def _next_prompt(self) -> list[Action]:
        while self._script:
            playing = self._playback.prompt(self._script.pop(0))
            if playing:
                return playing
        return self._told()

    def _disclosed(self) -> list[Action]:
        self.contact.disclosed = True
        return [do.Publish(DisclosurePlayed(contact_id=self.contact.contact_id))]

    def _enqueue(self) -> list[Action]:
        assert self._customer is not None
        self.contact.step(ContactTrigger.ENQUEUE)
        earlier_s = self._wish.earlier_wait_s()
        waited_s = earlier_s or 0.0
        self.contact.queued_s = self._clock.monotonic_s() - waited_s
        refused = self._wait(waited_s=waited_s)
        if refused is not None:
            self.contact.queued_s = None
            return refused
        taking: list[Action] = [] if earlier_s is None else [do.TakeUpCallback()]
        return [*taking, do.UpdateRecord(), *self._tap_customer(), *self._music()]

    def _tap_customer(self) -> list[Action]:
        """Let the customer be heard from now on; he has been told."""
        assert self._customer is not None
        tapped, self._tapped = self._tapped, True
        return [] if tapped else [do.Tap(self._customer, Speaker.CUSTOMER)]

    def _wait(self, *, waited_s: float) -> list[Action] | None:
        """Ask the router to let the contact wait; return what to do if it refuses, else None."""
        try:
            self._routing.enqueue(
                queue_request(self.contact, self._queue, waited_s=waited_s, more=self._needed)
            )
        except LimitExceeded as error:
            prompt = self._queue.prompts.queue_full
            return self._take_leave(Disposition.QUEUE_FULL, str(error), prompt)
        except NotKnown as error:
            return self.end(Disposition.FAILED, str(error))
        self._announcer.begin()
        self._wish.begin()
        return None

    def _part(self, ring: AgentRing, outcome: str, prompt: str | None) -> list[Action]:
        """The agent serves the caller no longer, who waits again at his old place."""
        assert ring.leg is not None
        contact, now_s = self.contact, self._clock.monotonic_s()
        talked_s = now_s - (contact.connected_s or now_s)
        waited_s = now_s - (contact.queued_s or now_s)
        self._ring = None
        contact.step(ContactTrigger.REQUEUE)
        contact.connected_s = contact.agent_id = None
        self._routing.finish(contact.contact_id)
        actions: list[Action] = [
            do.RecordInteraction(ring.interaction(outcome, now_s=now_s, talk_s=talked_s)),
            *self.legs.hang_up(ring.leg),
        ]
        refused = self._wait(waited_s=waited_s)
        if refused is not None:
            return [*actions, *refused]
        told = self._playback.prompt(prompt) or self._music()
        return [*actions, do.UpdateRecord(), *told]

    def _music(self) -> list[Action]:
        waits = self.contact.state in {ContactState.QUEUED, ContactState.OFFERED}
        return self._playback.music() if waits else []

    def _music_while_held(self) -> list[Action]:
        """Play music to the customer while the agent's telephone holds the call."""
        ring = self._ring
        if self.contact.state is not ContactState.CONNECTED or ring is None or ring.leg is None:
            return []
        held = self.legs.is_held(ring.leg)
        return self._playback.music() if held else self._playback.stop()

    def _agent_answered(self, leg: int) -> list[Action]:
        ring = self._ring
        if ring is None or ring.leg != leg or ring.settled:
            return []
        if not self._routing.accept(ring.offer.offer_id):
            return self._ring_over(ring, "withdrawn")
        ring.settled = True
        return self._connect(ring)

    def _connect(self, ring: AgentRing) -> list[Action]:
        """Let the customer and the agent who has answered hear each other."""
        assert self._customer is not None
        assert ring.leg is not None
        contact = self.contact
        contact.step(ContactTrigger.CONNECT)
        contact.connected_s = self._clock.monotonic_s()
        contact.agent_id = ring.offer.agent_id
        self._announcer.end()
        self._wish.end()
        connected = ContactConnected(
            contact_id=contact.contact_id,
            queue_id=contact.queue_id,
            agent_id=contact.agent_id,
            wait_s=contact.wait_s or 0.0,
        )
        return [
            *self._playback.stop(),
            *self._tap_customer(),
            do.Bridge(self._customer, ring.leg),
            do.Tap(ring.leg, Speaker.AGENT),
            do.Publish(connected),
            do.UpdateRecord(),
            *self._drop_callback(),
        ]

    def _agent_leg_ended(self, leg: int, status: int) -> list[Action]:
        ring = self._ring
        if ring is None or ring.leg != leg:
            return []
        if ring.settled:
            return [*self._dispose(Disposition.AGENT_ENDED, ""), *self._hang_up_all()]
        reason = decline_reason(status)
        actions = self._ring_over(ring, reason.value)
        self._routing.decline(ring.offer.offer_id, reason)
        return actions

    def _ring_over(self, ring: AgentRing, outcome: str) -> list[Action]:
        """The offer came to nothing; the contact goes on waiting if it still does."""
        ring.settled = True
        self._ring = None
        actions: list[Action] = [
            do.RecordInteraction(ring.interaction(outcome, now_s=self._clock.monotonic_s()))
        ]
        if ring.leg is not None:
            actions += self.legs.hang_up(ring.leg)
        if self.contact.state is ContactState.OFFERED:
            self.contact.step(ContactTrigger.REQUEUE)
        return actions

    def _abandoned(self) -> Disposition:
        early = self.contact.state is ContactState.ARRIVED
        return Disposition.ABANDONED_EARLY if early else Disposition.ABANDONED

    def _customer_ended(self, status: int, reason: str) -> list[Action]:
        if self._keeps_place:
            return self._hand_over()
        served = self.contact.state is ContactState.CONNECTED
        disposition = Disposition.CALLER_ENDED if served else self._abandoned()
        words = "" if status in {0, 200, 487} else f"{status} {reason}".strip()
        actions = [*self._dispose(disposition, words), *self._hang_up_all()]
        return [*actions, *self._close_record(), *self._settle()]


def _due(due_s: float | None, now_s: float) -> bool:
    return due_s is not None and due_s <= now_s
