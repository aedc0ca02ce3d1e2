"""What a desk and the node say to each other: warmline.desk.v1, one JSON object a message.

The JSON Schema in docs/protocols/desk.schema.json is made from these types.
"""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from channels.http.conversation_models import (
    EXAMPLE_CONVERSATION,
    ConversationOut,
    MessageOut,
    OfferOut,
    StandingOut,
)
from channels.http.conversation_wishes import (
    CallWish,
    CloseWish,
    MarkWish,
    ParkWish,
    SayWish,
    TransferWish,
)
from channels.http.models import Answer
from domain.agent import AgentState
from domain.message import Author, Delivery

VERSION: Final = 1
SUBPROTOCOL: Final = "warmline.desk.v1"

Ref = Annotated[
    str,
    Field(
        max_length=64,
        description="Yours; the answer names it.",
        examples=["7"],
    ),
]
Which = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{32}$",
        description="Which conversation.",
        examples=[EXAMPLE_CONVERSATION],
    ),
]
OfferName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="Which offer.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f83"],
    ),
]


class FromDesk(BaseModel):
    """What a desk may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: Ref = ""


class Accept(FromDesk):
    """The agent takes an offer."""

    type: Literal["accept"]
    offer_id: OfferName


class Decline(FromDesk):
    """The agent refuses an offer."""

    type: Literal["decline"]
    offer_id: OfferName


class Say(SayWish, FromDesk):
    """The agent says something to the customer."""

    type: Literal["say"]
    conversation_id: Which


class Note(SayWish, FromDesk):
    """The agent writes a note for colleagues."""

    type: Literal["note"]
    conversation_id: Which


class Typing(FromDesk):
    """The agent types, or no longer; never stored, answered only with a `ref`."""

    type: Literal["typing"]
    conversation_id: Which
    typing: bool = Field(description="Whether he types.", examples=[True])


class Mark(MarkWish, FromDesk):
    """The agent has read up to a message."""

    type: Literal["mark"]
    conversation_id: Which


class Park(ParkWish, FromDesk):
    """The agent lays a conversation aside."""

    type: Literal["park"]
    conversation_id: Which


class Resume(FromDesk):
    """A conversation that was laid aside is taken up again."""

    type: Literal["resume"]
    conversation_id: Which


class Transfer(TransferWish, FromDesk):
    """The agent hands a conversation on."""

    type: Literal["transfer"]
    conversation_id: Which


class Call(CallWish, FromDesk):
    """The agent wants to speak with the customer: he is rung first, then the customer."""

    type: Literal["call"]
    conversation_id: Which


class Close(CloseWish, FromDesk):
    """The agent ends a conversation's contact."""

    type: Literal["close"]
    conversation_id: Which


class State(FromDesk):
    """The agent asks for a state."""

    type: Literal["state"]
    state: Literal[AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT] = Field(
        description="Which.", examples=["ready"]
    )
    reason: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="A word or two for reports; never anything about a customer.",
        examples=["lunch"],
    )


class Read(FromDesk):
    """The desk asks for messages that it lacks."""

    type: Literal["read"]
    conversation_id: Which
    after: int = Field(
        default=0, ge=0, le=2**31 - 1, description="Only messages behind this one.", examples=[12]
    )


Command = (
    Accept
    | Decline
    | Say
    | Note
    | Typing
    | Mark
    | Park
    | Resume
    | Transfer
    | Call
    | Close
    | State
    | Read
)
_COMMANDS: Final[TypeAdapter[Command]] = TypeAdapter(
    Annotated[Command, Field(discriminator="type")]
)


class ToDesk(BaseModel):
    """What the node says; a desk passes over types and fields that it does not know."""

    model_config = ConfigDict(frozen=True)


class Open(Answer):
    """A conversation of the agent's, with its last messages."""

    conversation: ConversationOut = Field(description="As it stands.")

    messages: list[MessageOut] = Field(description="The last ones, in order, notes too.")
    earlier: bool = Field(
        description="Whether there are more before them: `read` with `after` 0.", examples=[False]
    )


class Hello(ToDesk):
    """The first message: how everything stands."""

    type: Literal["hello"] = "hello"
    v: int = Field(default=VERSION, description="Of the protocol.", examples=[VERSION])
    agent_id: str = Field(description="Whose desk it is.", examples=["alice"])
    name: str = Field(description="As configured.", examples=["Alice Doe"])
    state: AgentState = Field(description="His state now.", examples=["ready"])
    reason: str = Field(description="As given with the wish.", examples=[""])
    conversations: list[Open] = Field(description="What he has, the oldest first.")


class Offer(OfferOut, ToDesk):
    """The agent is offered a conversation; `accept` or `decline` it."""

    type: Literal["offer"] = "offer"


class OfferGone(ToDesk):
    """An offer is settled otherwise."""

    type: Literal["offer_gone"] = "offer_gone"
    offer_id: str = Field(description="Which.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f83"])
    contact_id: str = Field(
        description="What was offered.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    reason: str = Field(description="Why.", examples=["expired"])


class Said(ToDesk):
    """A message was stored, the agent's own too: know it by `message_id`."""

    type: Literal["message"] = "message"
    message: MessageOut = Field(description="As it is stored.")


class Types(ToDesk):
    """Somebody types, or no longer."""

    type: Literal["typing"] = "typing"
    conversation_id: str = Field(description="Where.", examples=[EXAMPLE_CONVERSATION])
    author: Author = Field(description="Which side.", examples=["customer"])
    typing: bool = Field(description="Whether.", examples=[True])


class Marks(ToDesk):
    """One side has messages, or has read them, up to a sequence."""

    type: Literal["mark"] = "mark"
    conversation_id: str = Field(description="Where.", examples=[EXAMPLE_CONVERSATION])
    by: Author = Field(description="Which side.", examples=["customer"])
    delivery: Delivery = Field(description="Has it, or has read it.", examples=["read"])
    sequence: int = Field(description="Up to which message.", examples=[12])


class Stands(StandingOut, ToDesk):
    """A conversation has changed; one that is no longer the agent's leaves his list."""

    type: Literal["standing"] = "standing"


class Agent(ToDesk):
    """The agent's state has changed, by whatever means."""

    type: Literal["agent"] = "agent"
    state: AgentState = Field(description="In force now.", examples=["not_ready"])
    reason: str = Field(description="As given with the wish.", examples=["lunch"])


class Done(ToDesk):
    """What was asked is done, and committed where it is kept."""

    type: Literal["done"] = "done"
    ref: str = Field(description="Of the message that asked.", examples=["7"])
    message: MessageOut | None = Field(default=None, description="Of `say` and `note`.")
    conversation: Open | None = Field(
        default=None, description="Of `accept`, with its last messages."
    )
    messages: list[MessageOut] | None = Field(default=None, description="Of `read`, in order.")
    next_after: int | None = Field(
        default=None,
        description="Of `read`: ask again with it as `after`; null: that was all.",
        examples=[200],
    )
    contact_id: str | None = Field(
        default=None,
        description="Of `call`: the contact of the call.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f84"],
    )
    state: AgentState | None = Field(
        default=None,
        description="Of `state`: the one in force, which need not be the one asked for.",
        examples=["busy"],
    )


class Error(ToDesk):
    """What was asked cannot be done, and nothing has changed."""

    type: Literal["error"] = "error"
    ref: str = Field(description='Of the message that asked; "" where it names none.')
    problem: str = Field(
        description="Its kind, as of /api/v1/problems/.", examples=["conflict", "not-known"]
    )
    detail: str = Field(
        description="This occurrence in words.",
        examples=["agent 'alice' does not have conversation '0192…'"],
    )


Told = Hello | Offer | OfferGone | Said | Types | Marks | Stands | Agent | Done | Error
_TOLD: Final[TypeAdapter[Told]] = TypeAdapter(Annotated[Told, Field(discriminator="type")])


class Misread(Exception):
    """A desk has said what is not in the protocol.

    Attributes:
        ref: Of its message, as far as it can be told.
    """

    def __init__(self, ref: str, detail: str) -> None:
        """Name every mistake, without the values."""
        super().__init__(detail)
        self.ref = ref


def read_command(text: str) -> Command:
    """Return what a desk asks.

    Raises:
        Misread: It is not in the protocol.
    """
    try:
        return _COMMANDS.validate_json(text)
    except ValidationError as error:
        # The values themselves are left out: they may be personal data.
        mistakes = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}"
            for mistake in error.errors(include_url=False, include_input=False)[:10]
        )
        raise Misread(_ref_of(text), mistakes) from None


def write(told: Told) -> str:
    """Return the text of a message to a desk."""
    return told.model_dump_json(exclude_none=isinstance(told, Done))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of both directions."""
    from_desk = _COMMANDS.json_schema(ref_template="#/$defs/{model}")
    to_desk = _TOLD.json_schema(ref_template="#/$defs/{model}", mode="serialization")
    definitions = {**from_desk.pop("$defs"), **to_desk.pop("$defs")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SUBPROTOCOL,
        "description": "What an agent's desk and the node say to each other.",
        "$defs": {
            "FromDesk": from_desk,
            "ToDesk": to_desk,
            **dict(sorted(definitions.items())),
        },
        "oneOf": [{"$ref": "#/$defs/FromDesk"}, {"$ref": "#/$defs/ToDesk"}],
    }


def _ref_of(text: str) -> str:
    try:
        ref = json.loads(text).get("ref", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return ref[:64] if isinstance(ref, str) else ""
