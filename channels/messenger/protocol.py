"""What travels between Warmline and an adapter, as JSON; docs/protocols/messenger.md is made of it.

Every request is signed as webhooks are (Standard Webhooks 1.0.0), in both directions.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.message import ATTACHMENTS_MAX, CLIENT_ID_CHARACTERS_MAX

USER_CHARACTERS_MAX = 200
"""Of a messenger's user id or name."""
TEXT_CHARACTERS_MAX = 20_000
"""Of one message: public messengers allow 4,096 or fewer."""
HEX_ID = r"^[0-9a-f]{32}$"


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InboundMessage(_Told):
    """A customer has written."""

    message_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=CLIENT_ID_CHARACTERS_MAX,
            description="The messenger's id of it; posted again, it is stored once.",
            examples=["4711"],
        ),
    ]
    user_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=USER_CHARACTERS_MAX,
            description="The messenger's id of the customer, or of the chat with him.",
            examples=["9876543"],
        ),
    ]
    user_name: Annotated[
        str,
        Field(
            max_length=USER_CHARACTERS_MAX,
            description="What he calls himself there.",
            examples=["M."],
        ),
    ] = ""
    language: Annotated[
        str,
        Field(
            max_length=35,
            pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$",
            description="BCP 47 tag; empty: that of the configuration.",
            examples=["zh"],
        ),
    ] = ""
    text: Annotated[
        str,
        Field(
            max_length=TEXT_CHARACTERS_MAX,
            description="What he wrote; may be empty beside attachments.",
            examples=["Where is my parcel?"],
        ),
    ] = ""
    attachments: Annotated[
        list[Annotated[str, Field(pattern=HEX_ID)]],
        Field(
            max_length=ATTACHMENTS_MAX,
            description="Ids of files that were posted before.",
            examples=[["0192f0c1a6b87d3e9c41d2a35b6e7f80"]],
        ),
    ] = []


class InboundStored(_Told):
    """The answer: what the customer wrote is committed."""

    conversation_id: str = Field(
        description="The conversation.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    sequence: int = Field(description="Its place there, from 1.", examples=[3])
    duplicate: bool = Field(description="It had been posted before.", examples=[False])


class InboundMark(_Told):
    """A message to the customer has come further, or the messenger has refused it."""

    conversation_id: Annotated[
        str,
        Field(
            pattern=HEX_ID,
            description="The conversation.",
            examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
        ),
    ]
    sequence: Annotated[
        int, Field(ge=1, description="Up to which message; of `failed`, which.", examples=[4])
    ]
    mark: Literal["delivered", "read", "failed"] = Field(
        description="How far it has come.", examples=["read"]
    )
    reason: Annotated[
        str,
        Field(
            max_length=200,
            description="Why it failed, without an address.",
            examples=["blocked by the user"],
        ),
    ] = ""


class OutboundFile(_Told):
    """A file of a message to the customer."""

    attachment_id: str = Field(
        description="The file.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    name: str = Field(description="Its name.", examples=["invoice.pdf"])
    media_type: str = Field(description="What it is.", examples=["application/pdf"])
    bytes: int = Field(description="Its size.", examples=[48_213])
    path: str = Field(
        description="Where the adapter gets it with GET, for an hour.",
        examples=["/messengers/v1/telegram/attachments/…?expires=…&signature=…"],
    )


class OutboundMessage(_Told):
    """Something is written to a customer."""

    conversation_id: str = Field(
        description="The conversation.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    message_id: str = Field(
        description="Ours; the same at every attempt, and that of `Webhook-Id`.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f81"],
    )
    sequence: int = Field(description="Its place in the conversation.", examples=[4])
    user_id: str = Field(description="The messenger's id of the customer.", examples=["9876543"])
    author: Literal["agent", "system"] = Field(
        description="Who writes; never an agent's name.", examples=["agent"]
    )
    at: datetime = Field(description="When, UTC.", examples=["2027-03-01T09:15:02Z"])
    language: str = Field(description="BCP 47 tag of the conversation.", examples=["zh"])
    text: str = Field(description="What is written.", examples=["It arrives tomorrow."])
    attachments: list[OutboundFile] = Field(description="Files that go with it.")
