"""What is asked of conversations, over HTTP and at an agent's desk alike."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from domain.contact import Disposition
from domain.conversation_ports import Conversations
from domain.message import (
    ATTACHMENTS_MAX,
    CLIENT_ID_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Delivery,
    Draft,
)
from domain.skill import SkillRequirement
from domain.ticket import SUBJECT_CHARACTERS_MAX

AgentName = Annotated[
    str,
    Field(min_length=1, max_length=63, description="From the configuration.", examples=["alice"]),
]
_FILE: Final = r"^[0-9a-f]{32}$"


class Wish(BaseModel):
    """Something that is asked; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SayWish(Wish):
    """Something to be said to the customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"agent_id": "alice", "client_id": "a-17", "text": "Hello, Ana."}]
        }
    )

    client_id: str = Field(
        min_length=1,
        max_length=CLIENT_ID_CHARACTERS_MAX,
        description="Yours; sent again under the same id, it is said once.",
        examples=["a-17"],
    )
    text: str = Field(
        max_length=TEXT_CHARACTERS_MAX, description="Plain text.", examples=["Hello, Ana."]
    )
    subject: str = Field(
        default="",
        max_length=SUBJECT_CHARACTERS_MAX,
        description='Of a mail; "": that of the conversation.',
        examples=["Your order"],
    )
    attachments: list[Annotated[str, Field(pattern=_FILE)]] = Field(
        default=[],
        max_length=ATTACHMENTS_MAX,
        description="Ids of files that were uploaded and belong to nothing yet.",
        examples=[["7c0e7a5d2f6b4a6f9b51d7a0c2e81f34"]],
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and not self.attachments:
            raise ValueError("neither text nor attachments")
        return self

    def draft(self, agent_id: str | None, *, internal: bool) -> Draft:
        """Return what is to be said, by an agent or, None, by the system."""
        return Draft(
            agent_id=agent_id,
            client_id=self.client_id,
            text=self.text.replace("\r\n", "\n"),
            subject=self.subject,
            attachments=tuple(self.attachments),
            internal=internal,
        )


class MarkWish(Wish):
    """How far one side has come."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sequence": 12}]})

    sequence: int = Field(ge=1, le=2**31 - 1, description="Up to which message.", examples=[12])
    delivery: Literal[Delivery.DELIVERED, Delivery.READ] = Field(
        default=Delivery.READ, description="Whether it has it or has read it.", examples=["read"]
    )


class ParkWish(Wish):
    """A conversation is laid aside."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"agent_id": "alice", "until": "2027-03-01T12:00:00Z"}]}
    )

    until: AwareDatetime | None = Field(
        default=None,
        description="When it is taken up again by itself; null: when the customer writes.",
        examples=["2027-03-01T12:00:00Z"],
    )

    @property
    def until_utc(self) -> datetime | None:
        """That time in UTC."""
        return None if self.until is None else self.until.astimezone(UTC)


class TransferWish(Wish):
    """A conversation is handed on: to an agent, a queue, or whoever has a skill."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"agent_id": "alice", "skill": "billing"}]}
    )

    to_agent: AgentName | None = Field(default=None, description="To this agent.", examples=["bob"])
    to_queue: AgentName | None = Field(
        default=None, description="To this queue.", examples=["billing"]
    )
    skill: AgentName | None = Field(
        default=None, description="To whoever has this skill.", examples=["billing"]
    )
    proficiency_min: int = Field(
        default=1, ge=1, le=5, description="At least how well, with `skill`.", examples=[3]
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        given = [one for one in (self.to_agent, self.to_queue, self.skill) if one is not None]
        if len(given) != 1:
            raise ValueError("exactly one of to_agent, to_queue and skill")
        return self

    async def ask(self, desk: Conversations, conversation_id: str, agent_id: str) -> None:
        """Hand it on."""
        await desk.transfer(
            conversation_id,
            agent_id,
            to_agent=self.to_agent,
            to_queue=self.to_queue,
            requirement=None
            if self.skill is None
            else SkillRequirement(skill=self.skill, proficiency_min=self.proficiency_min),
        )


class CallWish(Wish):
    """The customer is called."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agent_id": "alice"}]})

    number: str | None = Field(
        default=None,
        min_length=3,
        max_length=40,
        pattern=r"^[0-9+().\-/ ]+$",
        description="Where, with country code; null: at the one number that is proved to be his.",
        examples=["+49 30 123456"],
    )


class CloseWish(Wish):
    """A contact is ended."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"agent_id": "alice", "disposition": "handled"}]}
    )

    disposition: Literal[Disposition.HANDLED, Disposition.AGENT_ENDED, Disposition.CALLER_ENDED] = (
        Field(
            default=Disposition.HANDLED,
            description="How: dealt with, ended by the agent, ended by the customer.",
            examples=["handled"],
        )
    )
