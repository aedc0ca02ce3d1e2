"""Carries out what a session asks for: over the conversations, for every connection of the node."""

import contextlib
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from channels.chat.closing import CloseCode
from channels.chat.figures import ChatFigures
from channels.chat.limits import Bucket, Counts, Rates
from channels.chat.protocol import (
    ATTACHMENTS_MAX,
    VERSION,
    Accepted,
    Limits,
    Live,
    Mark,
    Refusal,
    Say,
    Standing,
    Types,
    Welcome,
    encode,
)
from channels.chat.rooms import Member, Room, Rooms
from channels.chat.session import (
    Close,
    Join,
    Part,
    Refuse,
    Session,
    SessionLimits,
    Store,
    Tell,
    too_fast,
)
from channels.chat.tickets import Admission, Tickets
from config.chat import Chat, ChatWidget
from domain.contact import Channel, Disposition
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import Conversations
from domain.customer import Identifier
from domain.errors import (
    IllegalTransition,
    LimitExceeded,
    NotKnown,
    StoreError,
    WarmlineError,
)
from domain.message import Author, Delivery, Inbound
from domain.ports import Clock

SOURCE: Final = "chat"
TICKET_S: Final = 30.0
SOURCES_MAX: Final = 50_000
"""Addresses remembered for their rates; about 300 bytes each."""
SESSION_BYTES: Final = 18

_log = structlog.get_logger(__name__)


class Peer(Member, Protocol):
    """One connection, as the service sees it.

    Attributes:
        source: Of its address, as limits count it.
        origin: Of its page; "" for a program.
        seat: What it is after `hello`; None before.
    """

    source: str
    origin: str
    seat: "Seat | None"


@dataclass(slots=True, kw_only=True)
class Seat:
    """A connection that was let in.

    Attributes:
        token: Of its uploads and downloads.
        files: Its hourly limit of uploads.
    """

    admission: Admission
    room: Room
    language: str
    token: str
    files: Bucket


class ChatService:
    """The customers' chat; `connection.ChatConnection` hands it frames, one after the other."""

    def __init__(
        self,
        settings: Chat,
        conversations: Conversations,
        *,
        clock: Clock,
        figures: ChatFigures | None = None,
    ) -> None:
        """Prepare.

        Args:
            settings: The section `chat` of the configuration.
            conversations: Where messages go, and who tells of them.
            clock: The node's.
            figures: Counted in.
        """
        self.settings = settings
        self.clock = clock
        self.figures = figures or ChatFigures()
        self.rooms = Rooms(conversations, self.figures)
        self.tickets = Tickets(lifetime_s=TICKET_S, tickets_max=settings.tickets_max)
        self.ticket_rates = Rates(
            per_s=settings.tickets_per_min / 60,
            burst=max(3, int(settings.tickets_per_min * 3)),
            sources_max=SOURCES_MAX,
        )
        self.conversations = conversations
        self.by_address: Final = Counts(settings.connections_per_address_max)
        self.stopping = False
        self._widgets = {widget.id: widget for widget in settings.widgets}
        self._message_rates = Rates(
            per_s=settings.address_messages_per_min / 60,
            burst=max(1, int(settings.address_messages_per_min / 4)),
            sources_max=SOURCES_MAX,
        )
        self._limits = SessionLimits(
            text_characters=settings.text_characters_max,
            per_s=settings.messages_per_min / 60,
            burst=settings.messages_burst,
        )
        self._seats: dict[str, Peer] = {}

    def widget(self, widget_id: str) -> ChatWidget | None:
        """Return a widget of the configuration; "" is the first."""
        if not widget_id and self.settings.widgets:
            return self.settings.widgets[0]
        return self._widgets.get(widget_id)

    def session(self) -> Session:
        """Return the state of a new connection."""
        return Session(self._limits)

    def peer(self, token: str) -> Peer | None:
        """Return the connection that a session's bearer token is of."""
        return self._seats.get(token)

    def connected(self, address: Identifier) -> bool:
        """Tell whether a customer is connected now."""
        return self.rooms.present(address) > 0

    def stop(self) -> None:
        """Close every connection; customers come again when the node is back."""
        self.stopping = True
        self.rooms.close(CloseCode.GOING_AWAY)

    async def received(self, peer: Peer, frame: bytes) -> None:
        """Carry out one frame; returns when the next may be looked at. Never raises."""
        try:
            action = peer.session.received(frame, self.clock.monotonic_s())
            if isinstance(action, Close):
                peer.close(action.code, action.reason)
            elif isinstance(action, Join):
                await self._join(peer, action)
            elif isinstance(action, Refuse):
                self._refuse(peer, action.refusal)
            elif action is not None:
                assert peer.seat is not None, "let in with hello"
                await self._serve(peer, peer.seat, action)
        except StoreError as error:
            _log.warning("chat cannot read", cause=str(error))
            peer.close(CloseCode.TRY_AGAIN)
        except Exception:
            _log.exception("chat connection broke")
            peer.close(CloseCode.INTERNAL)

    def gone(self, peer: Peer) -> None:
        """The connection is closed."""
        seat = peer.seat
        if seat is not None:
            peer.seat = None
            self._seats.pop(seat.token, None)
            self.rooms.leave(seat.room, peer)

    async def _serve(self, peer: Peer, seat: Seat, action: Store | Tell | Part) -> None:
        if isinstance(action, Store):
            await self._store(peer, seat, action.say)
        elif isinstance(action, Tell):
            await self._tell(seat, action.what)
        else:
            await self._part(peer, seat)

    async def _join(self, peer: Peer, action: Join) -> None:
        hello = action.hello
        admission = self.tickets.redeem(hello.ticket, self.clock.monotonic_s())
        if admission is None:
            peer.close(CloseCode.TICKET)
            return
        if admission.origin != peer.origin:
            peer.close(CloseCode.ORIGIN)
            return
        person = admission.person
        conversation = await self.conversations.open_with(SOURCE, person.address)
        if self.stopping:
            peer.close(CloseCode.GOING_AWAY)
            return
        if self.rooms.present(person.address) >= self.settings.connections_per_customer_max:
            peer.close(CloseCode.TOO_MANY)
            return
        widget = self._widgets[admission.widget_id]
        room = self.rooms.of(person)
        seat = Seat(
            admission=admission,
            room=room,
            language=hello.language or widget.languages[0],
            token=secrets.token_urlsafe(SESSION_BYTES),
            files=Bucket(
                per_s=self.settings.attachments_per_hour / 3_600,
                burst=self.settings.attachments_per_hour,
            ),
        )
        peer.seat = seat
        self._seats[seat.token] = peer
        resumed = (
            conversation is not None
            and hello.resume is not None
            and hello.resume.conversation_id == conversation.conversation_id
            and hello.resume.after <= conversation.last_sequence
        )
        if conversation is not None:
            history = max(0, conversation.last_sequence - self.settings.history_max)
            peer.session.sent = hello.resume.after if resumed and hello.resume else history
            room.attach(conversation)
        room.enter(peer)
        peer.send(encode(self._welcome(seat, widget, conversation, resumed=resumed)))
        await room.catch_up(peer)
        if room.status is not None:
            peer.send(encode(room.status))
        peer.send(encode(Live()))
        peer.session.joined()

    def _welcome(
        self, seat: Seat, widget: ChatWidget, conversation: Conversation | None, *, resumed: bool
    ) -> Welcome:
        settings = self.settings
        chinese = seat.language.lower().startswith("zh")
        return Welcome(
            version=VERSION,
            conversation=None
            if conversation is None
            else Standing(
                conversation_id=conversation.conversation_id,
                last_sequence=conversation.last_sequence,
                read=conversation.customer_read,
            ),
            resumed=resumed,
            limits=Limits(
                message_bytes=settings.message_bytes_max,
                text_characters=settings.text_characters_max,
                attachments=ATTACHMENTS_MAX,
                attachment_bytes=settings.attachment_bytes_max,
                messages_per_min=settings.messages_per_min,
                heartbeat_s=settings.ping_s,
            ),
            notice=widget.notice.zh if chinese else widget.notice.en,
            session=seat.token,
        )

    async def _store(self, peer: Peer, seat: Seat, say: Say) -> None:
        settings = self.settings
        wait_s = self._message_rates.take(peer.source, self.clock.monotonic_s())
        if wait_s:
            self._refuse(peer, too_fast(say.client_id, settings.address_messages_per_min, wait_s))
            return
        person = seat.admission.person
        try:
            receipt = await self.conversations.receive(
                Inbound(
                    source=SOURCE,
                    channel=Channel.CHAT,
                    sender=person.address,
                    proof=person.proof,
                    client_id=say.client_id,
                    queue_id=self._widgets[seat.admission.widget_id].queue_id,
                    text=say.text.replace("\r\n", "\n").replace("\r", "\n"),
                    conversation_id=seat.room.conversation_id,
                    language=seat.language,
                    name=person.name,
                    attachments=tuple(say.attachments),
                    present=True,
                    headers=person.claims,
                )
            )
        except WarmlineError as error:
            self._refuse(peer, refusal(error, say.client_id))
            return
        self.figures.messages += 1
        self.figures.duplicates += receipt.duplicate
        message = receipt.message
        # Committed: whatever comes now, the message is kept.
        peer.send(
            encode(
                Accepted(
                    client_id=say.client_id,
                    conversation_id=message.conversation_id,
                    sequence=message.sequence,
                    at=message.at.isoformat(timespec="milliseconds"),
                    duplicate=receipt.duplicate,
                )
            )
        )
        if not len(seat.room):
            # He went while it was being committed, and nobody has said so yet.
            self.conversations.presence(message.conversation_id, False)
        elif seat.room.attach(receipt.conversation):
            await seat.room.catch_up_others()

    async def _tell(self, seat: Seat, what: Types | Mark) -> None:
        conversation_id = seat.room.conversation_id
        if conversation_id is None:
            return
        if isinstance(what, Types):
            self.conversations.typing(conversation_id, Author.CUSTOMER, what.typing)
            return
        delivery = Delivery.READ if what.what == "read" else Delivery.DELIVERED
        # A message that is not there: nobody is harmed, and nothing is told.
        with contextlib.suppress(NotKnown):
            await self.conversations.mark(conversation_id, Author.CUSTOMER, delivery, what.sequence)

    async def _part(self, peer: Peer, seat: Seat) -> None:
        conversation_id = seat.room.conversation_id
        if conversation_id is not None:
            conversation = await self.conversations.conversation(conversation_id)
            disposition = (
                Disposition.ABANDONED
                if conversation.state is ConversationState.WAITING
                else Disposition.CALLER_ENDED
            )
            with contextlib.suppress(IllegalTransition):  # Nothing was open.
                await self.conversations.close(
                    conversation_id, agent_id=None, disposition=disposition
                )
        peer.close(CloseCode.LEFT)

    def _refuse(self, peer: Peer, refused: Refusal) -> None:
        self.figures.errors[refused.code] += 1
        peer.send(encode(refused))


def refusal(error: WarmlineError, client_id: str) -> Refusal:
    """Return how a customer is told that his message was not taken."""
    if isinstance(error, LimitExceeded):
        full = "waiting" in error.name
        return Refusal(
            code="queue-full" if full else "too-many",
            what=str(error),
            client_id=client_id,
            limit=float(error.limit),
            retry_after_s=60.0 if full else None,
        )
    if isinstance(error, NotKnown):
        return Refusal(
            code="not-known",
            what=f"no such {error.kind}, or it is used already",
            client_id=client_id,
        )
    if not isinstance(error, StoreError):
        _log.error("chat message refused", cause=type(error).__name__)
    return Refusal(
        code="unavailable",
        what="it could not be stored; send it again",
        client_id=client_id,
        retry_after_s=5.0,
    )
