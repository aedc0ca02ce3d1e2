"""Who is who in memory, at the ports of this package."""

from dataclasses import dataclass, field, replace

from domain.errors import NotKnown
from domain.identity_ports import KnownIdentifier, Recognition
from domain.proof import Proof


@dataclass
class FakeOrigins:
    origins: dict = field(default_factory=dict)

    async def origin(self, contact_id):
        return self.origins.get(contact_id)


@dataclass
class FakeIdentities:
    """Answers as told; `roots` says of whom a customer is part."""

    answer: Recognition = field(
        default_factory=lambda: Recognition(customer_id=None, proof=Proof.NONE)
    )
    roots: dict = field(default_factory=lambda: {"anna": "anna", "bert": "bert"})
    known: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    async def recognise(self, identifier, proof):
        self.asked.append((identifier, proof))
        return self.answer

    async def link(self, customer_id, identifier, proof, by):
        await self.identifiers(customer_id)
        self.known.append(
            KnownIdentifier(identifier=identifier, proof=proof, customer_id=customer_id)
        )

    async def identifiers(self, customer_id):
        if customer_id not in self.roots:
            raise NotKnown("customer", customer_id)
        return self.known

    async def root(self, customer_id):
        return self.roots.get(customer_id, customer_id)


@dataclass
class FakeTimeline:
    """What was written; an assignment changes the origin, as in the store."""

    origins: FakeOrigins
    noted: list = field(default_factory=list)
    assigned: list = field(default_factory=list)

    async def note_contact(self, contact_id, customer_id, channel, conversation_id, at, proof):
        self.noted.append((contact_id, customer_id, proof))
        found = self.origins.origins[contact_id]
        self.origins.origins[contact_id] = replace(found, customer_id=customer_id)

    async def assign(self, conversation_id, customer_id, proof):
        self.assigned.append((conversation_id, customer_id, proof))


@dataclass
class FakeEvents:
    published: list = field(default_factory=list)

    def publish(self, event):
        self.published.append(event)
        return len(self.published)
