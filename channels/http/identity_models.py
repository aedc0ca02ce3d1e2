"""What the API is told of identities and answers about them."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from channels.http.models import Answer, ContactId, mask
from domain.customer import NUMBER_CHARACTERS_MAX, Identifier, IdentifierKind
from domain.customer_ports import CustomerView
from domain.disclosure_rules import Part, initials, shown_to_agent
from domain.identity_ports import KnownIdentifier, MergeRecord, Recognition
from domain.proof import Proof

REASON_CHARACTERS_MAX: Final = 500
"""Of why two customers are one: some sentences, no letter."""
ADDRESS_CHARACTERS_MAX: Final = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets; nothing else is longer."""

By = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        description='Who says so: an agent\'s id, or "api".',
        examples=["alice"],
    ),
]
Reason = Annotated[
    str,
    Field(
        max_length=REASON_CHARACTERS_MAX,
        description="Why; sealed.",
        examples=["gave both numbers on the telephone"],
    ),
]
Named = Annotated[
    str,
    Field(
        min_length=1,
        max_length=NUMBER_CHARACTERS_MAX,
        description="A customer: your number, or our id.",
        examples=["C-1042"],
    ),
]
CustomerId = Annotated[
    str,
    Field(
        description="A customer, 32 hexadecimal digits.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    ),
]
Told = Annotated[
    Literal[Proof.PRESENTED, Proof.PROVED],
    Field(
        description="What speaks for it. `proved`: he has shown that it is his, and whoever has "
        "not is no longer meant; `presented`: it is his as far as anybody can say.",
        examples=["proved"],
    ),
]


class AddressIn(BaseModel):
    """One address of a customer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "phone", "value": "+4930123456"}]},
    )

    kind: IdentifierKind = Field(description="What it is.", examples=["phone"])
    value: str = Field(
        min_length=1,
        max_length=ADDRESS_CHARACTERS_MAX,
        pattern=r"^\S(.*\S)?$",
        description="As it is written; a telephone number is brought into E.164.",
        examples=["+4930123456"],
    )
    by: By = "api"

    def identifier(self) -> Identifier:
        """Return it as the domain has it."""
        return Identifier(self.kind, self.value)


class LinkIn(AddressIn):
    """An address that belongs to a customer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "phone", "value": "+4930123456", "proof": "proved"}]
        },
    )

    proof: Told = Proof.PRESENTED


class KnownIdentifierOut(Answer):
    """An address of a customer, and how sure it is that it is his."""

    kind: IdentifierKind = Field(description="What it is.", examples=["phone"])
    value: str = Field(
        description="Masked unless it was asked for in full.", examples=["+49…56", "+4930123456"]
    )
    proof: Proof = Field(
        description="What speaks for it that it is his.", examples=["presented", "proved"]
    )
    customer_id: CustomerId = Field(
        description="Whose own it is: the customer, or a part of him.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )

    @classmethod
    def of(cls, known: KnownIdentifier, *, in_full: bool) -> Self:
        """Return the answer for one address."""
        value = known.identifier.value
        return cls(
            kind=known.identifier.kind,
            value=value if in_full else mask(value),
            proof=known.proof,
            customer_id=known.customer_id,
        )


class IdentifiersOut(Answer):
    """All addresses of a customer, those of his parts too."""

    identifiers: list[KnownIdentifierOut] = Field(description="In order of kind.")


class MergeIn(BaseModel):
    """Who is to be part of a customer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"member_id": "C-2077", "reason": "same person", "by": "alice"}]
        },
    )

    member_id: Named = Field(
        description="Who is to be part of him: your number, or our id.", examples=["C-2077"]
    )
    reason: Reason = ""
    by: By = "api"


class UndoIn(BaseModel):
    """Why a merge is undone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "father and son", "by": "alice"}]},
    )

    reason: Reason = ""
    by: By = "api"


class MergeOut(Answer):
    """One merge, undone or not."""

    merge_id: str = Field(
        description="32 hexadecimal digits.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]
    )
    customer_id: CustomerId = Field(
        description="Who is left.", examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"]
    )
    member_id: CustomerId = Field(
        description="Who is part of him.", examples=["91b2aa5f0d6e4c3b8a7f6e5d4c3b2a19"]
    )
    by: str = Field(description="Who has said so.", examples=["alice"])
    reason: str = Field(description="Why.", examples=["same person"])
    merged_at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:16:20Z"])
    undone_at: datetime | None = Field(
        description="Wall time, UTC; null: it holds.", examples=["2027-03-02T10:00:00Z"]
    )
    undone_by: str | None = Field(description="Who has undone it.", examples=["alice"])
    undone_reason: str | None = Field(description="Why.", examples=["father and son"])

    @classmethod
    def of(cls, merge: MergeRecord) -> Self:
        """Return the answer for one merge."""
        return cls(**{name: getattr(merge, name) for name in cls.model_fields})


class MergesOut(Answer):
    """Every merge that a customer has had part in."""

    merges: list[MergeOut] = Field(description="The newest first, at most 500.")


class CandidateOut(Answer):
    """A customer who could be meant: enough to ask for, too little to tell."""

    customer_id: CustomerId
    initials: str = Field(description='Of his name; "" when it is not known.', examples=["A. M."])
    number: str = Field(
        description='Your number, masked; "" for a caller whom nobody has entered.',
        examples=["C-1…42"],
    )

    @classmethod
    def of(cls, view: CustomerView) -> Self:
        """Return the answer for one customer."""
        customer = view.customer
        return cls(
            customer_id=customer.customer_id,
            initials=initials(customer.name),
            number=mask(customer.number),
        )


class CandidatesOut(Answer):
    """Whose contact it is, or could be."""

    contact_id: ContactId
    customer_id: CustomerId | None = Field(
        description="The customer; null: nobody knows, and if there are candidates, ask.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )
    proof: Proof = Field(description="What speaks for it.", examples=["suspected"])
    candidates: list[CandidateOut] = Field(
        description="Who could be meant; empty when it is known, and when it is nobody."
    )

    @classmethod
    def of(cls, contact_id: str, recognition: Recognition, candidates: list[CustomerView]) -> Self:
        """Return the answer for a contact; candidates are shown as far as the proof allows."""
        hinted = Part.HINT in shown_to_agent(recognition.proof)
        return cls(
            contact_id=contact_id,
            customer_id=recognition.customer_id if recognition.proof.joins else None,
            proof=recognition.proof,
            candidates=[CandidateOut.of(one) for one in candidates] if hinted else [],
        )


class ConfirmIn(BaseModel):
    """Whose contact it is, as an agent has found out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"customer_id": "C-1042", "by": "alice", "proof": "presented"}]
        },
    )

    customer_id: Named
    by: By = "api"
    proof: Told = Proof.PRESENTED
