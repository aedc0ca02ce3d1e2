"""Customers in memory, at the ports of the API."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from domain.contact import Channel, Disposition
from domain.customer import Customer, CustomerChange
from domain.customer_derivation import profile_of
from domain.customer_history import PastContact, Summary, with_contact
from domain.customer_ports import ContactOutcome, CustomerView, PutCounts
from domain.errors import NotKnown
from domain.proof import Proof
from tests.unit.channels.http.fakes import START, contact_id


@dataclass
class FakeDirectory:
    """The first contact is of the customer C-1, and no other contact is of anybody."""

    customers: dict[str, Customer] = field(
        default_factory=lambda: {"C-1": Customer(customer_id=contact_id(700), number="C-1")}
    )
    writes: list[int] = field(default_factory=list)
    outcomes: list[ContactOutcome] = field(default_factory=list)
    error: Exception | None = None
    proof: Proof = Proof.PRESENTED

    async def put(self, changes: Iterable[CustomerChange]) -> PutCounts:
        if self.error is not None:
            raise self.error
        counts = PutCounts()
        told = list(changes)
        self.writes.append(len(told))
        for change in told:
            before = self.customers.get(change.number)
            counts += PutCounts(created=1) if before is None else PutCounts(changed=1)
            new = Customer(customer_id=contact_id(701 + len(self.customers)))
            self.customers[change.number] = change.applied_to(before or new)
        return counts

    async def by_number(self, number: str) -> CustomerView | None:
        customer = self.customers.get(number)
        if customer is None:
            return None
        past = PastContact(
            contact_id=contact_id(1),
            at=START,
            channel=Channel.VOICE,
            queue_id="support",
            topic="refund",
            disposition=Disposition.AGENT_ENDED,
            agent_id="alice",
            resolved=False,
        )
        summary = with_contact(Summary(), past)
        return CustomerView(
            customer=customer,
            profile=profile_of(summary, customer, START + timedelta(days=2)),
            summary=summary,
            recent=[past],
        )

    async def by_id(self, customer_id: str) -> CustomerView | None:
        number = next((n for n, c in self.customers.items() if c.customer_id == customer_id), "")
        return await self.by_number(number)

    async def of_contact(self, contact: str) -> CustomerView | None:
        view = await self.by_number("C-1") if contact == contact_id(1) else None
        return None if view is None else replace(view, proof=self.proof)

    async def forget(self, number: str) -> bool:
        return self.customers.pop(number, None) is not None

    async def keep_outcome(self, outcome: ContactOutcome) -> None:
        raise AssertionError("the API reports, and somebody else keeps")

    async def report(self, outcome: ContactOutcome) -> None:
        if outcome.contact_id != contact_id(1):
            raise NotKnown("contact", outcome.contact_id)
        self.outcomes.append(outcome)
