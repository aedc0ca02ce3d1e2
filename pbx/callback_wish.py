"""A waiting caller's wish to be called back: offered to him, asked for by a key. Pure."""

from typing import Final, Protocol

from config.schema import QueueEntry
from domain.callback import CallbackRefusal
from domain.callback_events import CallbackRefused, CallbackRequested
from domain.contact import Contact, ContactState
from domain.leg import LegRole
from domain.ports import Clock, Routing
from pbx import actions as do
from pbx.actions import Action
from pbx.playback import Playback

OFFER: Final = "callback-offer"
CONFIRMED: Final = "callback-confirmed"
REFUSED: Final = "callback-refused"
SPEECH_PAUSE_S: Final = 5.0
"""While he hears something else, an offer waits; no prompt is much longer than this."""


class CallbackPlaces(Protocol):
    """Who waits to be called back, as a flow sees it."""

    def refusal(
        self, contact: Contact, queue: QueueEntry, *, is_hidden: bool
    ) -> CallbackRefusal | None:
        """Return why this caller may not be called back; None: he may."""
        ...

    def earlier_wait_s(self, contact: Contact) -> float | None:
        """Return how long this caller has waited for a callback already; None: for none."""
        ...


class CallbackWish:
    """The wish of one contact.

    Attributes:
        due_s: When `offer` wants to be called, on the injected clock; None: not at all.
        kept: The callback is committed: the customer may hang up and keeps his place.
    """

    def __init__(
        self,
        contact: Contact,
        queue: QueueEntry,
        *,
        playback: Playback,
        routing: Routing,
        clock: Clock,
        places: CallbackPlaces | None,
        is_hidden: bool = False,
    ) -> None:
        """Begin with nothing offered.

        Args:
            contact: Whose.
            queue: Where it waits.
            playback: What he hears.
            routing: Knows the expected wait.
            clock: The one source of time.
            places: None: nobody is called back on this node.
            is_hidden: He has asked that his number be kept private.
        """
        self.due_s: float | None = None
        self.kept = False
        self._contact = contact
        self._queue = queue
        self._playback = playback
        self._routing = routing
        self._clock = clock
        self._places = places
        self._is_hidden = is_hidden
        self._is_open = False
        self._is_asked = False

    def begin(self) -> None:
        """The contact waits from now on, its customer on the line."""
        if self._places is not None and self._queue.callback.enabled and not self.kept:
            self.due_s = self._clock.monotonic_s() + self._queue.callback.offer_after_s

    def end(self) -> None:
        """Nothing more is offered."""
        self.due_s = None
        self._is_open = False

    def offer(self, now_s: float) -> list[Action]:
        """Offer a callback if the wait is long enough and this caller may have one.

        The key works from here on in any case: whoever knows of it hears why not.
        """
        settings = self._queue.callback
        self.due_s = now_s + settings.offer_every_s
        where = self._routing.position(self._contact.contact_id)
        if where is None or self._contact.state is not ContactState.QUEUED:
            return []
        expected_s = where.expected_wait_s
        if expected_s is not None and expected_s < settings.expected_wait_s:
            return []
        if self._playback.is_speaking:
            self.due_s = now_s + SPEECH_PAUSE_S
            return []
        self._is_open = True
        return [] if self._refusal() else self._playback.choice(OFFER, settings.key)

    def press(self, role: LegRole, digit: str) -> list[Action]:
        """Take a key; nothing when it asks for no callback."""
        asks = role is LegRole.CUSTOMER and digit == self._queue.callback.key
        waits = self._contact.state is ContactState.QUEUED
        if not asks or not waits or not self._is_open or self._is_asked:
            return []
        refusal = self._refusal()
        if refusal is not None:
            return self.refused(refusal)
        self._is_asked = True
        return [do.KeepCallback()]

    def refused(self, reason: CallbackRefusal) -> list[Action]:
        """Tell the caller that he is not called back; he goes on waiting."""
        self._is_asked = False
        contact = self._contact
        told = CallbackRefused(
            contact_id=contact.contact_id, queue_id=contact.queue_id, reason=reason
        )
        return [do.Publish(told), *self._playback.prompt(REFUSED)]

    def confirmed(self) -> list[Action]:
        """It is committed: tell the caller so."""
        self.kept = True
        self.end()
        contact, now_s = self._contact, self._clock.monotonic_s()
        told = CallbackRequested(
            contact_id=contact.contact_id,
            queue_id=contact.queue_id,
            waited_s=now_s - (contact.queued_s or now_s),
        )
        return [do.Publish(told), *self._playback.prompt(CONFIRMED)]

    def earlier_wait_s(self) -> float | None:
        """Return how long the caller has waited for a callback in this queue; None: for none."""
        return None if self._places is None else self._places.earlier_wait_s(self._contact)

    def _refusal(self) -> CallbackRefusal | None:
        assert self._places is not None
        return self._places.refusal(self._contact, self._queue, is_hidden=self._is_hidden)
