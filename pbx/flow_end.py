"""The end of a call: the contact is disposed, legs are hung up, the record is closed. Pure."""

from typing import Final

from domain.callback import CallbackOutcome
from domain.contact import Contact, ContactState, ContactTrigger, Disposition
from domain.leg import LegRole
from domain.ports import Clock, Routing
from pbx import actions as do
from pbx.actions import Action
from pbx.agent_ring import AgentRing
from pbx.announcer import Announcer
from pbx.call_legs import CallLegs
from pbx.callback_wish import CallbackWish
from pbx.contact_messages import closing
from pbx.playback import Playback

KEEPS_CALLBACK: Final = frozenset(
    {
        Disposition.ABANDONED,
        Disposition.CELL_DIED,
        Disposition.DRAINED,
        Disposition.WAIT_EXCEEDED,
    }
)
"""Ends of a call that do not end the callback that its customer was promised."""

LEG_END_S_MAX: Final = 2.0
"""The record waits this long for the customer's last figures after we have hung up."""

RELEASE_S_MAX: Final = 34.0
"""A cell is given back at the latest this long after the end: a BYE is sent again for
64 * T1 = 32 s (RFC 3261 section 17.1.2.2)."""


class FlowEnd:
    """What a flow knows of its call, and how the call ends.

    Attributes:
        over: Nothing is left to do; the cell is given back.
    """

    def __init__(
        self,
        contact: Contact,
        *,
        playback: Playback,
        announcer: Announcer,
        wish: CallbackWish,
        routing: Routing,
        clock: Clock,
        call_ends_at_s: float,
    ) -> None:
        """Begin with a call that has no legs yet."""
        self.contact = contact
        self.legs = CallLegs()
        self.over = False
        self._playback = playback
        self._announcer = announcer
        self._wish = wish
        self._routing = routing
        self._clock = clock
        self._customer: int | None = None
        self._ring: AgentRing | None = None
        self._reason = ""
        self._closed = False
        self._call_ends_at_s: float | None = call_ends_at_s
        self._record_due_at_s: float | None = None
        self._release_due_at_s: float | None = None

    def _take_leave(
        self, disposition: Disposition, reason: str, prompt: str | None
    ) -> list[Action]:
        """Tell the caller that he cannot be served, then hang up."""
        actions = self._dispose(disposition, reason)
        self._record_due_at_s = None
        actions += self.legs.hang_up_all(LegRole.AGENT)
        telling = self._playback.prompt(prompt)
        if not telling:
            return [*actions, *self._hang_up_all()]
        self._release_due_at_s = self._clock.monotonic_s() + RELEASE_S_MAX
        return [*actions, *telling]

    def _dispose(self, disposition: Disposition, reason: str) -> list[Action]:
        """Close the contact itself; its legs and its record follow."""
        contact = self.contact
        if contact.state is ContactState.CLOSED:
            return []
        was = contact.state
        contact.step(ContactTrigger.CLOSE)
        now_s = contact.closed_s = self._clock.monotonic_s()
        contact.disposition = disposition
        self._reason = reason
        self._announcer.end()
        self._wish.end()
        self._call_ends_at_s = None
        self._record_due_at_s = now_s + LEG_END_S_MAX
        self._release_due_at_s = now_s + RELEASE_S_MAX
        actions: list[Action] = []
        ring, self._ring = self._ring, None
        if was is ContactState.CONNECTED:
            assert ring is not None
            actions.append(
                do.RecordInteraction(
                    ring.interaction("answered", now_s=now_s, talk_s=contact.talk_s)
                )
            )
            self._routing.finish(contact.contact_id)
        else:
            if ring is not None:
                actions.append(do.RecordInteraction(ring.interaction("withdrawn", now_s=now_s)))
            self._leave(ring)
        return [*actions, *self._drop_callback()]

    def _leave(self, ring: AgentRing | None) -> None:
        """Tell the router that the contact does not wait; an agent who has answered is free."""
        if ring is not None and ring.settled:
            self._routing.finish(self.contact.contact_id)
        else:
            self._routing.leave(self.contact.contact_id)

    def _drop_callback(self) -> list[Action]:
        kept, self._wish.kept = self._wish.kept, False
        return [do.DropCallback()] if kept else []

    def _hand_over(
        self, outcome: CallbackOutcome | None = None, *, part: str = "withdrawn"
    ) -> list[Action]:
        """End the call and not the contact: the customer is off the line and keeps his place.

        Args:
            outcome: What came of calling him; None: he was not called.
            part: The outcome of the agent's part, if there was one.
        """
        now_s = self._clock.monotonic_s()
        ring, self._ring = self._ring, None
        actions: list[Action] = []
        if ring is not None:
            actions.append(do.RecordInteraction(ring.interaction(part, now_s=now_s)))
            self.contact.step(ContactTrigger.REQUEUE)
            self._leave(ring)
        self._announcer.end()
        self._wish.end()
        self._playback.playing = None
        self._call_ends_at_s = self._record_due_at_s = self._release_due_at_s = None
        actions += self.legs.hang_up_all()
        self.legs.lost()
        self.over = True
        handing = do.HandOver(in_line=ring is None, outcome=outcome)
        return [*actions, do.UpdateRecord(), handing, do.Release()]

    def _hang_up_all(self) -> list[Action]:
        now_s = self._clock.monotonic_s()
        self._playback.playing = None
        self._release_due_at_s = now_s + RELEASE_S_MAX
        if not self._closed:
            self._record_due_at_s = now_s + LEG_END_S_MAX
        return self.legs.hang_up_all()

    def _settle(self) -> list[Action]:
        """Close the record when the customer's figures are in, release when no leg is left."""
        if self.contact.state is not ContactState.CLOSED:
            return []
        actions: list[Action] = []
        if self._customer is None or self.legs.role(self._customer) is None:
            actions += self._close_record()
        if self.legs.all_ended:
            actions += self._release()
        return actions

    def _close_record(self) -> list[Action]:
        self._record_due_at_s = None
        if self._closed:
            return []
        self._closed = True
        closed = closing(self.contact, self._reason)
        return [do.CloseRecord(self._reason), do.Publish(closed)]

    def _release(self) -> list[Action]:
        self._release_due_at_s = None
        if self.over:
            return []
        self.over = True
        self.legs.lost()  # The cell ends what legs are left in it.
        return [*self._close_record(), do.Release()]
