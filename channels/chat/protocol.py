"""The messages of warmline-chat, version 1, and their JSON.

Every message is one JSON object in one text frame; `type` says which. docs/protocols/chat.md
explains them, docs/protocols/chat.schema.json is made from these classes. A reader passes over
members, and over types from the server, that it does not know: the version grows only when an old
client would misread.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from domain.message import CLIENT_ID_CHARACTERS_MAX

VERSION: Final = 1
ATTACHMENTS_MAX: Final = 10
"""Of one message of a customer."""
SEQUENCE_MAX: Final = 2**53 - 1
"""The largest whole number that JavaScript can count with."""

Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="32 hexadecimal digits.")]
Sequence = Annotated[
    int, Meta(ge=0, le=SEQUENCE_MAX, description="A message's place in its conversation, from 1.")
]
Language = Annotated[
    str,
    Meta(
        pattern="^([a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$",
        description='BCP 47 tag such as "en" or "zh-CN"; "": that of the widget.',
    ),
]
At = Annotated[str, Meta(description="RFC 3339, UTC.")]


class Resume(Struct, frozen=True, kw_only=True):
    """Where a client goes on after a lost connection."""

    conversation_id: Id
    after: Sequence
    """Sequence of the newest message that it has."""


class Hello(Struct, frozen=True, kw_only=True, tag="hello"):
    """The first message of a connection."""

    version: int
    """Of this protocol: 1."""
    ticket: Annotated[str, Meta(min_length=1, max_length=128)]
    """From `POST /chat/v1/tickets`; good once, for 30 seconds."""
    language: Language = ""
    resume: Resume | None = None
    """null: the newest messages of the conversation are sent."""


class Say(Struct, frozen=True, kw_only=True, tag="message"):
    """The customer says something."""

    client_id: Annotated[str, Meta(min_length=1, max_length=CLIENT_ID_CHARACTERS_MAX)]
    """The client's own id of it, such as a UUID: sent again under it, it is stored once."""
    text: str = ""
    """Plain text; at most `limits.text_characters` of `welcome`. Empty only with attachments."""
    attachments: Annotated[list[Id], Meta(max_length=ATTACHMENTS_MAX)] = []
    """Ids of files that were uploaded."""


class Types(Struct, frozen=True, kw_only=True, tag="typing"):
    """The customer types, or no longer."""

    typing: bool


class Mark(Struct, frozen=True, kw_only=True, tag="mark"):
    """The customer's device has every message up to one, or he has read them."""

    what: Literal["delivered", "read"]
    sequence: Sequence


class Leave(Struct, frozen=True, kw_only=True, tag="leave"):
    """The customer is done: his request is closed, and the connection with 1000."""


FromClient = Hello | Say | Types | Mark | Leave


class Limits(Struct, frozen=True, kw_only=True):
    """What the server takes."""

    message_bytes: int
    """Of one frame."""
    text_characters: int
    attachments: int
    """Of one message."""
    attachment_bytes: int
    """Of one file."""
    messages_per_min: float
    """Sustained; more may come at once for a moment."""
    heartbeat_s: float
    """The server pings so often; whoever heard nothing for twice as long is cut off."""


class Standing(Struct, frozen=True, kw_only=True):
    """A conversation that is there already."""

    conversation_id: Id
    last_sequence: Sequence
    read: Sequence
    """Up to which message the customer has read, on any device."""


class Welcome(Struct, frozen=True, kw_only=True, tag="welcome"):
    """The ticket is good. What was missed follows, in order, then `live`."""

    version: int
    conversation: Standing | None
    """null: he has none yet; the first message opens it."""
    resumed: bool
    """true: only what came after `resume.after` follows; false: forget what you show."""
    limits: Limits
    notice: str
    """What the customer must be told, such as that conversations are analysed; "" for nothing."""
    session: str
    """Bearer token for attachments, good while this connection lasts."""


class Live(Struct, frozen=True, kw_only=True, tag="live"):
    """Everything that was missed is sent; what follows happens now."""


class Accepted(Struct, frozen=True, kw_only=True, tag="accepted"):
    """A message of the customer is committed: it will not be lost."""

    client_id: str
    conversation_id: Id
    sequence: Sequence
    at: At
    duplicate: bool = False
    """It had been stored before."""


class File(Struct, frozen=True, kw_only=True):
    """A file of a message."""

    attachment_id: Id
    name: str
    media_type: str
    bytes: int
    url: str
    """Path at this server; ask for it with the bearer token of `welcome.session`."""
    opens: bool = True
    """false: it is not handed out, for it is being scanned or was found harmful."""


class Told(Struct, frozen=True, kw_only=True, tag="message"):
    """A message of the conversation, in the order of `sequence`; the customer's own ones too."""

    conversation_id: Id
    sequence: Sequence
    author: Literal["customer", "agent", "system"]
    at: At
    text: str
    client_id: str = ""
    """The sender's id of it: by this a client knows its own messages."""
    attachments: list[File] = []


class TypesToo(Struct, frozen=True, kw_only=True, tag="typing"):
    """The agent types, or no longer. Forget it when 10 seconds pass without another."""

    typing: bool


class Marked(Struct, frozen=True, kw_only=True, tag="mark"):
    """One side has messages up to a sequence, or has read them."""

    by: Literal["customer", "agent"]
    what: Literal["delivered", "read"]
    sequence: Sequence


class Status(Struct, frozen=True, kw_only=True, tag="status"):
    """How the conversation stands."""

    state: Literal["waiting", "served", "parked", "closed"]
    """`waiting`: for an agent; `served`: one has it; `parked`: laid aside until somebody writes;
    `closed`: nothing is open, and the next message opens a request anew."""
    position: int | None = None
    """Place in the queue, from 1."""
    expected_wait_s: float | None = None
    """null: nothing can be said."""
    agent: str = ""
    """Display name of who serves."""


class Refusal(Struct, frozen=True, kw_only=True, tag="error"):
    """A message was not taken; the connection goes on."""

    code: Literal[
        "too-long", "too-many", "too-fast", "empty", "not-known", "queue-full", "unavailable"
    ]
    what: str
    """In words for a developer, English; show the customer your own by `code`."""
    client_id: str = ""
    """Of the message that was not taken."""
    limit: float | None = None
    retry_after_s: float | None = None


FromServer = Welcome | Live | Accepted | Told | TypesToo | Marked | Status | Refusal

_decoder: Final[msgspec.json.Decoder[FromClient]] = msgspec.json.Decoder(FromClient)
_encoder: Final = msgspec.json.Encoder()


class MalformedMessage(Exception):
    """A frame is no message of this protocol. Internal to the chat."""


def decode(frame: str | bytes) -> FromClient:
    """Return what a client says.

    Raises:
        MalformedMessage: It is none; the text names the place, and repeats no value.
    """
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedMessage(_without_value(str(error))) from None


def encode(message: FromServer) -> bytes:
    """Return a message as JSON, UTF-8."""
    return _encoder.encode(message)


def _without_value(reason: str) -> str:
    """Return a reason of msgspec's that repeats nothing of what the client wrote.

    "Invalid value 'x'" is the one form that repeats: a tag that is not known.
    """
    head, quoted, rest = reason.partition("Invalid value '")
    return f"{head}Invalid value{rest[rest.rfind(chr(39)) + 1 :]}" if quoted else reason


def schema() -> Mapping[str, Any]:
    """Return the JSON Schema (2020-12) of both directions."""
    (client, server), definitions = msgspec.json.schema_components(
        (FromClient, FromServer), ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"warmline-chat version {VERSION}",
        "$defs": {
            "FromClient": {"description": "What a client sends.", **client},
            "FromServer": {"description": "What the server sends.", **server},
            **definitions,
        },
    }
