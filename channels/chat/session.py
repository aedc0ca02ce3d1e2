"""One connection's side of the protocol, pure: what each frame means, and what may be sent.

The shell hands in frames one after the other, with the time, and carries out what is returned; it
awaits that before it hands in the next. No socket, no clock, no await here, so every order of
frames can be tried.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from channels.chat.closing import CloseCode
from channels.chat.limits import Bucket
from channels.chat.protocol import (
    VERSION,
    FromClient,
    Hello,
    Leave,
    MalformedMessage,
    Mark,
    Refusal,
    Say,
    Types,
    decode,
)
from domain.machine import step

FRAMES_PER_S: Final = 10.0
FRAMES_BURST: Final = 60
"""Messages, typing and marks together: somebody who types and reads fast makes three a second."""


class SessionState(StrEnum):
    """Where a connection stands."""

    NEW = "new"
    """`hello` is expected."""
    JOINING = "joining"
    """Its ticket is being looked at, and what was missed is being sent."""
    OPEN = "open"
    ENDED = "ended"


class SessionTrigger(StrEnum):
    """What moves a connection on."""

    HELLO = "hello"
    JOINED = "joined"
    END = "end"


TRANSITIONS: Final[dict[tuple[SessionState, SessionTrigger], SessionState]] = {
    (SessionState.NEW, SessionTrigger.HELLO): SessionState.JOINING,
    (SessionState.JOINING, SessionTrigger.JOINED): SessionState.OPEN,
    (SessionState.NEW, SessionTrigger.END): SessionState.ENDED,
    (SessionState.JOINING, SessionTrigger.END): SessionState.ENDED,
    (SessionState.OPEN, SessionTrigger.END): SessionState.ENDED,
}


@dataclass(frozen=True, slots=True)
class Join:
    """Redeem the ticket, welcome the client, send what it missed; then call `joined`."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Store:
    """Have a message committed, and answer `accepted` or `error`."""

    say: Say


@dataclass(frozen=True, slots=True)
class Tell:
    """Pass on that he types or that he has read."""

    what: Types | Mark


@dataclass(frozen=True, slots=True)
class Part:
    """The customer leaves: close his request, then the connection."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Say that a message is not taken."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection."""

    code: CloseCode
    reason: str = ""


Action = Join | Store | Tell | Part | Refuse | Close


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How much one connection may say.

    Attributes:
        text_characters: Of one message.
        per_s, burst: Messages, sustained and at once.
    """

    text_characters: int
    per_s: float
    burst: int


class Session:
    """The state of one connection.

    Attributes:
        sent: Sequence up to which the client has been sent every message.
        live: What happens is sent at once; False: it is still being sent what it missed.
    """

    __slots__ = ("_frames", "_limits", "_messages", "live", "sent", "state")

    def __init__(self, limits: SessionLimits) -> None:
        """Begin, expecting `hello`."""
        self._limits = limits
        self._messages = Bucket(per_s=limits.per_s, burst=limits.burst)
        self._frames = Bucket(per_s=FRAMES_PER_S, burst=FRAMES_BURST)
        self.state = SessionState.NEW
        self.sent = 0
        self.live = False

    def received(self, frame: bytes, now_s: float) -> Action | None:
        """Return what a frame asks for; None: nothing."""
        if self.state is SessionState.ENDED:
            return None
        assert self.state is not SessionState.JOINING, "the shell awaits each action"
        if self._frames.take(now_s):
            return self.close(CloseCode.TOO_MANY, f"over {FRAMES_PER_S:g} frames a second")
        try:
            message = decode(frame)
        except MalformedMessage as error:
            return self.close(CloseCode.MALFORMED, str(error))
        if self.state is SessionState.NEW:
            return self._hello(message)
        return self._open(message, now_s)

    def joined(self) -> None:
        """The client has been sent `welcome` and what it missed."""
        if self.state is not SessionState.ENDED:
            self._step(SessionTrigger.JOINED)

    def takes(self, sequence: int) -> bool:
        """Tell whether a message shall be sent to the client now, and note that it is.

        Every message goes out once and in order.
        """
        if sequence <= self.sent or self.state in (SessionState.NEW, SessionState.ENDED):
            return False
        self.sent = sequence
        return True

    def close(self, code: CloseCode, reason: str = "") -> Close | None:
        """End it; None: it has ended already."""
        if self.state is SessionState.ENDED:
            return None
        self._step(SessionTrigger.END)
        self.live = False
        return Close(code, reason)

    def _hello(self, message: FromClient) -> Action | None:
        if not isinstance(message, Hello):
            return self.close(CloseCode.MALFORMED, "hello comes first")
        if message.version != VERSION:
            return self.close(CloseCode.VERSION)
        self._step(SessionTrigger.HELLO)
        return Join(message)

    def _open(self, message: FromClient, now_s: float) -> Action | None:
        if isinstance(message, Hello):
            return self.close(CloseCode.MALFORMED, "hello a second time")
        if isinstance(message, Say):
            return self._say(message, now_s)
        if isinstance(message, Leave):
            return Part()
        return Tell(message)

    def _say(self, say: Say, now_s: float) -> Action:
        characters = len(say.text)
        limit = self._limits.text_characters
        if characters > limit:
            return Refuse(
                Refusal(
                    code="too-long",
                    what=f"text: {characters} characters are over the limit of {limit}",
                    client_id=say.client_id,
                    limit=limit,
                )
            )
        if not say.text.strip() and not say.attachments:
            return Refuse(
                Refusal(code="empty", what="neither text nor attachments", client_id=say.client_id)
            )
        wait_s = self._messages.take(now_s)
        if wait_s:
            return Refuse(too_fast(say.client_id, self._limits.per_s * 60, wait_s))
        return Store(say)

    def _step(self, trigger: SessionTrigger) -> None:
        self.state = step(TRANSITIONS, self.state, trigger)


def too_fast(client_id: str, per_min: float, wait_s: float) -> Refusal:
    """Return the refusal of a message that came too soon."""
    return Refusal(
        code="too-fast",
        what=f"over {per_min:g} messages a minute",
        client_id=client_id,
        limit=per_min,
        retry_after_s=round(wait_s + 0.05, 1),
    )
