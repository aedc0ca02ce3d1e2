from customers.identity import LINKED, Identity
from domain.conversation_events import CustomersMerged, CustomersUnmerged
from domain.customer import Customer, Identifier, IdentifierKind
from domain.errors import IllegalTransition
from domain.identity_ports import MergeRecord
from domain.proof import Proof
from tests.store_support import START
from tests.unit.customers.identity_fakes import FakeEvents

PHONE = Identifier(IdentifierKind.PHONE, "+4930123456")


class FakeStore:
    def __init__(self, *strangers):
        self.merged = []
        self.unknown = strangers

    async def link(self, customer_id, identifier, proof, by):
        return Customer(customer_id=customer_id, identifiers=(identifier,))

    async def strangers(self, identifier):
        return self.unknown

    async def merge(self, customer_id, member_id, by, reason):
        if (customer_id, member_id) in [one[:2] for one in self.merged]:
            raise IllegalTransition("Customers", "one", "merge")
        self.merged.append((customer_id, member_id, by, reason))
        return MergeRecord(
            merge_id="m",
            customer_id=customer_id,
            member_id=member_id,
            by=by,
            reason=reason,
            merged_at=START,
        )

    async def unmerge(self, merge_id, by, reason):
        return MergeRecord(
            merge_id=merge_id,
            customer_id="anna",
            member_id="bert",
            by="alice",
            reason="",
            merged_at=START,
            undone_at=START,
            undone_by=by,
            undone_reason=reason,
        )


def identity_of(store, events):
    return Identity(store, events)


async def test_a_merge_and_its_undoing_are_told_without_the_reason():
    events = FakeEvents()
    identity = identity_of(FakeStore(), events)
    await identity.merge("anna", "bert", "alice", "the same")
    await identity.unmerge("m", "carol", "not the same")
    assert events.published == [
        CustomersMerged(merge_id="m", customer_id="anna", member_id="bert", by="alice"),
        CustomersUnmerged(merge_id="m", customer_id="anna", member_id="bert", by="carol"),
    ]


async def test_who_proves_that_a_number_is_his_was_the_caller_of_that_number():
    events, store = FakeEvents(), FakeStore("stranger", "anna")
    identity = identity_of(store, events)
    await identity.link("anna", PHONE, Proof.PRESENTED, "alice")
    assert store.merged == events.published == []
    await identity.link("anna", PHONE, Proof.PROVED, "alice")
    assert store.merged == [("anna", "stranger", "alice", LINKED)]
    await identity.link("anna", PHONE, Proof.PROVED, "alice")
    assert len(events.published) == 1
