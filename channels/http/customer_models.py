"""What the API is told of customers and answers about them."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from channels.http.models import Answer, ContactId, mask
from config.values import Identifier as Topic
from domain.contact import Channel, Disposition
from domain.customer import (
    IDENTIFIERS_MAX,
    PREFERENCES_MAX,
    PURCHASES_MAX,
    TEXT_CHARACTERS_MAX,
    TICKETS_MAX,
    WORD_CHARACTERS_MAX,
    IdentifierKind,
)
from domain.customer_history import PastContact
from domain.customer_ports import CustomerView
from domain.customer_profile import VALUE_MAX, VALUE_MIN, CustomerProfile
from domain.disclosure_rules import Part, shown_to_customer
from domain.mood import Mood
from domain.proof import Proof

Text = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)]
Word = Annotated[str, Field(max_length=WORD_CHARACTERS_MAX)]
Addresses = Annotated[list[str], Field(max_length=IDENTIFIERS_MAX)]


class PurchaseModel(BaseModel):
    """Something that a customer has bought."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Annotated[date, Field(description="The day.", examples=["2026-03-01"])]
    product: Word = Field(description="What.", examples=["router"])
    amount: float | None = Field(
        default=None, description="In your currency; null: not told.", ge=0, examples=[49.9]
    )


class CustomerIn(BaseModel):
    """What is told of a customer. A field that is left out stays as it is; null sets it back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Ana Müller",
                    "phones": ["+4930123456"],
                    "value": 4,
                    "language": "en",
                    "product": "router",
                }
            ]
        },
    )

    name: Text | None = Field(default=None, description="Sealed.", examples=["Ana Müller"])
    address: Text | None = Field(
        default=None, description="Sealed.", examples=["Hauptstraße 1, Berlin"]
    )
    phones: Addresses | None = Field(
        default=None,
        description="All telephone numbers with country code, in the place of those known; sealed.",
        examples=[["+4930123456"]],
    )
    mails: Addresses | None = Field(
        default=None,
        description="All mail addresses, in the place of those known; sealed.",
        examples=[["ana@example.org"]],
    )
    app_ids: Addresses | None = Field(
        default=None,
        description="All user ids of your app or site, in the place of those known; sealed.",
        examples=[["u-4711"]],
    )
    value: Annotated[int, Field(ge=VALUE_MIN, le=VALUE_MAX)] | None = Field(
        default=None, description="Value tier, 1 ordinary to 5.", examples=[4]
    )
    language: Word | None = Field(
        default=None, description="BCP 47 tag; null: that of the queue.", examples=["en"]
    )
    region: Word | None = Field(default=None, description="In your words.", examples=["north"])
    product: Word | None = Field(default=None, description="What he has.", examples=["router"])
    version: Word | None = Field(default=None, description="Of the product.", examples=["7.1"])
    preferred_agent: Word | None = Field(
        default=None, description="The agent whom he or you have chosen.", examples=["alice"]
    )
    purchases: Annotated[list[PurchaseModel], Field(max_length=PURCHASES_MAX)] | None = Field(
        default=None, description="All of them, in the place of those known."
    )
    preferences: Annotated[dict[str, Text], Field(max_length=PREFERENCES_MAX)] | None = Field(
        default=None, description="In your words; sealed.", examples=[{"callback": "mornings"}]
    )
    profiling: bool | None = Field(
        default=None,
        description="False: he does not want to be profiled, and what was learnt is deleted.",
        examples=[True],
    )
    open_tickets: Annotated[int, Field(ge=0, le=TICKETS_MAX)] | None = Field(
        default=None, description="Matters of his that are open elsewhere.", examples=[0]
    )


class IdentifierOut(Answer):
    """One address of a customer."""

    kind: IdentifierKind = Field(description="What it is.", examples=["phone"])
    value: str = Field(
        description="Masked unless it was asked for in full.", examples=["+49…56", "+4930123456"]
    )


class FamiliarOut(Answer):
    """An agent whom a customer knows."""

    agent_id: str = Field(description="From the configuration.", examples=["alice"])
    strength: float = Field(description="0 to 1; fades by half in 90 days.", examples=[0.6])


class ProfileOut(Answer):
    """What may decide who serves a customer, as the router was told it."""

    topic: str | None = Field(
        description="What he most likely contacts you for; null: nothing speaks for one.",
        examples=["refund"],
    )
    repeat: bool = Field(
        description="Whether he has come with it before and it was not settled.", examples=[True]
    )
    days_since: float | None = Field(
        description="Days since his last contact; null before the first.", examples=[1.5]
    )
    frustration: float = Field(
        description="Carried over from earlier contacts, 0 to 1; fades by half in 7 days.",
        examples=[0.4],
    )
    familiar: list[FamiliarOut] = Field(description="Agents he knows, the best first, at most 3.")
    preferred_agent: str | None = Field(
        description="Whom he is to reach first if present; null: nobody.", examples=["alice"]
    )
    segment: str = Field(
        description="Value tier and product: the group that the outcome model learns for.",
        examples=["4/router"],
    )

    @classmethod
    def of(cls, profile: CustomerProfile) -> Self:
        """Return the answer for one profile."""
        return cls(
            topic=profile.topic,
            repeat=profile.repeat,
            days_since=None if profile.days_since is None else round(profile.days_since, 2),
            frustration=round(profile.frustration, 3),
            familiar=[
                FamiliarOut(agent_id=one.agent_id, strength=round(one.strength, 3))
                for one in profile.familiar
            ],
            preferred_agent=profile.preferred_agent_id,
            segment=profile.segment,
        )


class PastContactOut(Answer):
    """One contact of the past."""

    contact_id: ContactId
    ended_at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:16:20Z"])
    channel: Channel = Field(description="How he reached you.", examples=["voice"])
    topic: str = Field(description="What it was about; at least the queue.", examples=["refund"])
    agent_id: str | None = Field(description="Who served him; null: nobody.", examples=["alice"])
    disposition: Disposition = Field(description="How it ended.", examples=["caller_ended"])
    mood: Mood = Field(
        description="His at the end, where it was permitted to read it.", examples=["calm"]
    )
    resolved: bool | None = Field(
        description="Whether the matter is settled; null: nobody has said.", examples=[False]
    )

    @classmethod
    def of(cls, contact: PastContact) -> Self:
        """Return the answer for one contact."""
        return cls(
            contact_id=contact.contact_id,
            ended_at=contact.at,
            channel=contact.channel,
            topic=contact.topic,
            agent_id=contact.agent_id,
            disposition=contact.disposition,
            mood=contact.mood,
            resolved=contact.resolved,
        )


class CustomerOut(Answer):
    """A customer: what was entered, what follows from his contacts, and the last of them."""

    customer_id: str = Field(
        description="Ours, 32 hexadecimal digits.", examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"]
    )
    number: str = Field(
        description='Your customer number; "" for a caller whom nobody has entered.',
        examples=["C-1042"],
    )
    name: str = Field(description='"" when not known.', examples=["Ana Müller"])
    address: str = Field(description='"" when not known.', examples=["Hauptstraße 1, Berlin"])
    identifiers: list[IdentifierOut] = Field(description="By what he is recognised.")
    value: int = Field(description="Value tier, 1 ordinary to 5.", examples=[4])
    language: str | None = Field(description="BCP 47 tag; null: the queue's.", examples=["en"])
    region: str | None = Field(description="In your words.", examples=["north"])
    product: str | None = Field(description="What he has.", examples=["router"])
    version: str | None = Field(description="Of the product.", examples=["7.1"])
    purchases: list[PurchaseModel] = Field(description="The newest first.")
    preferences: dict[str, str] = Field(
        description="In your words.", examples=[{"callback": "mornings"}]
    )
    open_tickets: int = Field(
        description="Matters that are open: those elsewhere, as you have entered them, and those "
        "of `own_tickets`.",
        examples=[1],
    )
    own_tickets: int = Field(description="Tickets that are open here.", examples=[1])
    profiling: bool = Field(
        description="False: he does not want to be profiled; nothing is learnt of him, and "
        "nothing but his language has part in who serves him.",
        examples=[True],
    )
    contacts: int = Field(description="How many are remembered.", examples=[7])
    profile: ProfileOut = Field(description="What may decide who serves him.")
    recent: list[PastContactOut] = Field(description="The last contacts, at most 10.")
    members: list[str] = Field(
        description="Customers who are part of him by a merge, by our ids.",
        examples=[["91b2aa5f0d6e4c3b8a7f6e5d4c3b2a19"]],
    )
    merged_into: str | None = Field(
        description="Of whom he is part himself; null: of nobody.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )
    proof: Proof | None = Field(
        description="Asked for by a contact: how sure it is that it is his. Short of `proved` ask "
        "before you tell him anything. Null: asked for by number.",
        examples=["presented"],
    )
    customer_sees: list[Part] = Field(
        description="What the person at the other end may be shown of this customer.",
        examples=[["name", "conversations", "tickets"]],
    )

    @classmethod
    def of(cls, view: CustomerView, *, in_full: bool) -> Self:
        """Return the answer for one customer.

        Args:
            view: As he stands.
            in_full: Whether his addresses are shown unmasked.
        """
        customer = view.customer
        return cls(
            customer_id=customer.customer_id,
            number=customer.number,
            name=customer.name,
            address=customer.address,
            identifiers=[
                IdentifierOut(kind=one.kind, value=one.value if in_full else mask(one.value))
                for one in customer.identifiers
            ],
            value=customer.value,
            language=customer.language,
            region=customer.region,
            product=customer.product,
            version=customer.version,
            purchases=[
                PurchaseModel(date=one.bought_on, product=one.product, amount=one.amount)
                for one in customer.purchases
            ],
            preferences=dict(customer.preferences),
            open_tickets=customer.open_tickets + view.own_tickets,
            own_tickets=view.own_tickets,
            profiling=customer.profiling,
            contacts=0 if view.summary is None else view.summary.contacts,
            profile=ProfileOut.of(view.profile),
            recent=[PastContactOut.of(one) for one in view.recent],
            members=list(view.members),
            merged_into=view.merged_into,
            proof=view.proof,
            customer_sees=sorted(shown_to_customer(view.proof or Proof.NONE)),
        )


class ImportOut(Answer):
    """What became of an import."""

    rows: int = Field(description="Rows that were read.", examples=[1000])
    created: int = Field(description="Customers who were new; 0 for a check.", examples=[12])
    changed: int = Field(description="Customers who were known; 0 for a check.", examples=[988])


class OutcomeIn(BaseModel):
    """What became of a contact. What is left out is not known."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"resolved": True, "satisfied": 0.8, "topic": "refund"}]},
    )

    resolved: bool | None = Field(
        default=None, description="Whether the customer's matter is settled.", examples=[True]
    )
    satisfied: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="What the customer gave, 0 to 1.", examples=[0.8]
    )
    topic: Topic | None = Field(
        default=None, description="What it was about, as an identifier.", examples=["refund"]
    )
