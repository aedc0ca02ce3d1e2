"""The announcer: a waiting caller is told his place and the expected wait. Pure."""

from typing import Final

from config.schema import QueueEntry
from domain.contact import Contact, ContactState
from domain.events import PositionAnnounced
from domain.ports import Clock, Routing
from pbx import actions as do
from pbx.actions import Action
from pbx.playback import Playback

SPEECH_PAUSE_S: Final = 5.0
"""While another prompt plays, an announcement waits; no prompt is much longer than this."""


class Announcer:
    """Announces to one contact.

    Attributes:
        due_s: When `announce` wants to be called, on the injected clock; None: not at all.
    """

    def __init__(
        self,
        contact: Contact,
        queue: QueueEntry,
        *,
        playback: Playback,
        routing: Routing,
        clock: Clock,
    ) -> None:
        """Begin with nothing to announce."""
        self.due_s: float | None = None
        self._contact = contact
        self._queue = queue
        self._playback = playback
        self._routing = routing
        self._clock = clock

    def begin(self) -> None:
        """The contact waits from now on."""
        if self._queue.announce_position:
            self.due_s = self._clock.monotonic_s() + self._queue.announce_first_s

    def end(self) -> None:
        """It waits no longer."""
        self.due_s = None

    def announce(self, now_s: float) -> list[Action]:
        """Say the place, unless a telephone rings for the contact or it hears something else."""
        if self._playback.is_speaking:
            self.due_s = now_s + SPEECH_PAUSE_S
            return []
        self.due_s = now_s + self._queue.announce_every_s
        where = self._routing.position(self._contact.contact_id)
        if where is None or self._contact.state is not ContactState.QUEUED:
            return []
        saying = self._playback.announcement(where.position, where.expected_wait_s)
        if not saying:
            return []
        told = PositionAnnounced(
            contact_id=self._contact.contact_id,
            position=where.position,
            expected_wait_s=where.expected_wait_s,
        )
        return [*saying, do.Publish(told)]
