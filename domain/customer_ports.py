"""The ports of what is known of customers: who asks, who keeps, who is told.

`server/wiring.py` hands in the real ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.contact import Channel
from domain.customer import Customer, CustomerChange, Identifier
from domain.customer_history import PastContact, Summary
from domain.customer_profile import CustomerProfile
from domain.proof import Proof


class ProfileTaker(Protocol):
    """Who decides by profiles: the router."""

    def customer_known(self, contact_id: str, profile: CustomerProfile) -> None:
        """Take who the customer of a contact is; may come early, late, again, or too late."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """A customer as a person may see him.

    Attributes:
        summary: None before his first contact, and of who does not want to be profiled.
        recent: His last contacts, the newest first, at most 10.
        members: Customers who are part of him; profile, summary and contacts are of all of them.
        merged_into: Of whom he is part himself; None: of nobody.
        own_tickets: Tickets of his that are new, open or pending here; those that the operator has
            entered as open elsewhere stand in `customer`.
        proof: Asked for by a contact: how sure it is that it is his; None: asked for by name.
    """

    customer: Customer
    profile: CustomerProfile
    summary: Summary | None = None
    recent: Sequence[PastContact] = ()
    members: Sequence[str] = ()
    merged_into: str | None = None
    own_tickets: int = 0
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class PutCounts:
    """What became of the customers of one import."""

    created: int = 0
    changed: int = 0

    def __add__(self, other: "PutCounts") -> "PutCounts":
        return PutCounts(self.created + other.created, self.changed + other.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactOutcome:
    """What somebody says became of a contact.

    Attributes:
        resolved: The matter is settled; None: he does not say.
        satisfied: What the customer gave, 0.0 to 1.0; None: nothing.
        topic: What it was about; None: he does not say.
    """

    contact_id: str
    resolved: bool | None = None
    satisfied: float | None = None
    topic: str | None = None


class CustomerDirectory(Protocol):
    """What the API and the command line ask of the store about customers.

    Every method raises `StoreError` when the database cannot be read or written.
    """

    async def put(self, changes: Iterable[CustomerChange]) -> PutCounts:
        """Write what is told of some customers, each known by its number, in one commit."""
        ...

    async def by_number(self, number: str) -> CustomerView | None:
        """Return the customer with the operator's number; None: there is none."""
        ...

    async def by_id(self, customer_id: str) -> CustomerView | None:
        """Return the customer with our id; None: there is none."""
        ...

    async def of_contact(self, contact_id: str) -> CustomerView | None:
        """Return whose contact it is; None: nobody can say."""
        ...

    async def forget(self, number: str) -> bool:
        """Forget a customer with all that was learnt of him; False: there was none."""
        ...

    async def keep_outcome(self, outcome: ContactOutcome) -> None:
        """Write what became of a contact, in the place of what was said before.

        Raises:
            NotKnown: There is no such contact.
        """
        ...


class OutcomeDesk(Protocol):
    """Who takes what agents and programs say of contacts."""

    async def report(self, outcome: ContactOutcome) -> None:
        """Store what became of a contact, and tell whoever learns from it.

        Raises:
            NotKnown: There is no such contact.
            StoreError: It is not stored, and nobody is told.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupQuestion:
    """What another system is asked.

    Attributes:
        identifier: Under which the customer has come.
    """

    contact_id: str
    channel: Channel
    queue_id: str
    language: str
    identifier: Identifier = field(repr=False)


class CustomerLookup(Protocol):
    """Another system that knows customers."""

    async def ask(self, question: LookupQuestion) -> CustomerChange | None:
        """Return what it tells of the customer; None: nothing, for whatever reason.

        Takes a stated time at most and never raises for what the other side does.
        """
        ...
