"""What the API is told of tickets and answers about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from channels.http.models import Answer
from config.values import Identifier, LanguageTag
from domain.ticket import (
    PRIORITY_MAX,
    SUBJECT_CHARACTERS_MAX,
    LinkKind,
    Ticket,
    TicketLink,
    TicketReason,
    TicketState,
    TicketTrigger,
)
from domain.ticket_ports import TicketWish, TrailEntry

TICKET_ID: Final = r"^([0-9a-f]{32}|[1-9][0-9]{0,8})$"
"""An id, or a number as people call it."""
ID: Final = r"^[0-9a-f]{32}$"
NOTE_CHARACTERS_MAX: Final = 10_000
KEY_CHARACTERS_MAX: Final = 128
LINKS_MAX: Final = 50
EXAMPLE: Final = "0192f0c1a6b87d3e9c41d2a35b6e7f80"

Priority = Annotated[
    int,
    Field(
        ge=1,
        le=PRIORITY_MAX,
        description="1 low, 2 ordinary, 3 high, 4 urgent.",
        examples=[3],
    ),
]
By = Annotated[
    Identifier,
    Field(description="Who does it: an agent by his id, or `api`.", examples=["alice"]),
]
Note = Annotated[
    str,
    Field(
        max_length=NOTE_CHARACTERS_MAX,
        description="For colleagues; sealed, and never shown to the customer.",
        examples=["He wants to be called after six."],
    ),
]


class LinkModel(Answer):
    """Something that belongs to a ticket's matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: LinkKind = Field(description="What it is.", examples=["contact"])
    target_id: str = Field(
        pattern=TICKET_ID,
        description="Its id; of a ticket its number will do.",
        examples=[EXAMPLE],
    )

    def link(self) -> TicketLink:
        """Return it as the domain has it."""
        return TicketLink(self.kind, self.target_id)


class TicketIn(BaseModel):
    """What a ticket is opened with."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "queue_id": "support",
                    "subject": "Router breaks down every night",
                    "by": "alice",
                    "priority": 3,
                    "links": [{"kind": "contact", "target_id": EXAMPLE}],
                }
            ]
        },
    )

    queue_id: Identifier = Field(description="From the configuration.", examples=["support"])
    subject: Annotated[str, Field(min_length=1, max_length=SUBJECT_CHARACTERS_MAX)] = Field(
        description="What it is about; sealed.", examples=["Router breaks down every night"]
    )
    by: By = "api"
    key: str = Field(
        default="",
        max_length=KEY_CHARACTERS_MAX,
        description="The same key opens one ticket however often it is sent; empty: every request "
        "opens one.",
        examples=["crm-4711"],
    )
    customer_id: str | None = Field(
        default=None,
        pattern=ID,
        description="Whose matter; null: of whoever is linked, if anybody.",
        examples=[EXAMPLE],
    )
    language: LanguageTag | None = Field(
        default=None, description="BCP 47 tag; null: that of what is linked.", examples=["en"]
    )
    topic: Identifier | None = Field(
        default=None, description="null: that of what is linked.", examples=["line-drops"]
    )
    priority: Priority = 2
    owner_id: Identifier | None = Field(
        default=None, description="The agent who has it; null: nobody.", examples=["alice"]
    )
    links: Annotated[list[LinkModel], Field(max_length=LINKS_MAX)] = Field(
        default_factory=list, description="What belongs to it."
    )
    note: Note = ""

    def wish(self) -> TicketWish:
        """Return it as the domain has it."""
        return TicketWish(
            queue_id=self.queue_id,
            reason=TicketReason.BY_HAND,
            subject=self.subject,
            by=self.by,
            # Apart from the keys of rules.
            key=f"api/{self.key}" if self.key else "",
            customer_id=self.customer_id,
            language=self.language or "",
            topic=self.topic or "",
            priority=self.priority,
            owner_id=self.owner_id,
            links=tuple(link.link() for link in self.links),
            note=self.note,
        )


class TicketChange(BaseModel):
    """What is changed of a ticket. What is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"owner_id": "alice", "priority": 4, "by": "api"}]},
    )

    owner_id: Identifier | None = Field(
        default=None, description="The agent who has it; null: nobody.", examples=["alice"]
    )
    priority: Priority | None = Field(
        default=None, description="1 to 4; its due time follows.", examples=[4]
    )
    by: By = "api"


class StepIn(BaseModel):
    """A step of a ticket."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"trigger": "take", "by": "alice"}]}
    )

    trigger: TicketTrigger = Field(
        description="What moves it on; docs/states.md shows from where to where.",
        examples=["take"],
    )
    by: By = "api"


class NoteIn(BaseModel):
    """A note among agents."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "He wants to be called after six."}]},
    )

    text: Annotated[Note, Field(min_length=1)]
    by: By = "api"


class LinkIn(LinkModel):
    """Something that is linked to a ticket."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "conversation", "target_id": EXAMPLE, "by": "alice"}]
        },
    )

    by: By = "api"


class MergeIn(BaseModel):
    """Into which ticket another one is merged."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"into": "17", "by": "alice"}]}
    )

    into: str = Field(
        pattern=TICKET_ID, description="The one that is left, by id or number.", examples=["17"]
    )
    by: By = "api"


class TicketOut(Answer):
    """A ticket as it stands."""

    ticket_id: str = Field(description="32 hexadecimal digits.", examples=[EXAMPLE])
    number: int = Field(description="As people call it.", examples=[42])
    queue_id: str = Field(description="From the configuration.", examples=["support"])
    reason: TicketReason = Field(description="Why it was opened.", examples=["complaint"])
    subject: str = Field(
        description="What it is about.", examples=["Router breaks down every night"]
    )
    state: TicketState = Field(description="Where it stands.", examples=["open"])
    customer_id: str | None = Field(
        description="Whose matter; null: nobody can say.", examples=[EXAMPLE]
    )
    priority: int = Field(description="1 low, 2 ordinary, 3 high, 4 urgent.", examples=[3])
    owner_id: str | None = Field(
        description="The agent who has it; null: nobody.", examples=["alice"]
    )
    language: str = Field(description="BCP 47 tag; empty: not known.", examples=["en"])
    topic: str = Field(description="Empty: nobody has said.", examples=["line-drops"])
    opened_at: datetime = Field(description="UTC.", examples=["2026-03-02T09:00:00Z"])
    changed_at: datetime = Field(description="UTC.", examples=["2026-03-02T09:30:00Z"])
    due_at: datetime | None = Field(
        description="When it shall be settled, UTC; null: at no time, or it rests.",
        examples=["2026-03-03T17:00:00Z"],
    )
    left_s: float | None = Field(
        description="Business seconds left while the customer is to answer.", examples=[7200.0]
    )
    solved_at: datetime | None = Field(
        description="When it was solved, UTC.", examples=["2026-03-03T11:00:00Z"]
    )
    merged_into: str | None = Field(
        description="The ticket that holds its matter now.", examples=[EXAMPLE]
    )
    links: list[LinkModel] = Field(description="What belongs to it.")

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """Return the answer for one ticket."""
        names = cls.model_fields.keys() - {"links"}
        links = [LinkModel(kind=one.kind, target_id=one.target_id) for one in ticket.links]
        return cls(links=links, **{name: getattr(ticket, name) for name in names})


class TicketPage(Answer):
    """Tickets, the newest first."""

    tickets: list[TicketOut] = Field(description="The newest first.")
    next_before: str | None = Field(
        default=None,
        description="Ask with this as `before` for the next page; null: there is none.",
        examples=[EXAMPLE],
    )

    @classmethod
    def of(cls, tickets: Sequence[Ticket], limit: int) -> Self:
        """Return a page; `tickets` has one more than the limit where another page follows."""
        page = tickets[:limit]
        more = len(tickets) > limit
        return cls(
            tickets=[TicketOut.of(ticket) for ticket in page],
            next_before=page[-1].ticket_id if more else None,
        )


class TrailEntryOut(Answer):
    """One change of a ticket."""

    at: datetime = Field(description="UTC.", examples=["2026-03-02T09:30:00Z"])
    by: str = Field(
        description="An agent by his id, `rule`, `customer` or `api`.", examples=["alice"]
    )
    change: str = Field(description="As of the event TicketChanged.", examples=["state"])
    text: str = Field(description="What was noted, or from what to what.", examples=["new → open"])

    @classmethod
    def of(cls, entry: TrailEntry) -> Self:
        """Return the answer for one entry."""
        return cls(at=entry.at, by=entry.by, change=entry.change, text=entry.text)


class TrailOut(Answer):
    """Every change of a ticket."""

    entries: list[TrailEntryOut] = Field(description="In order.")
