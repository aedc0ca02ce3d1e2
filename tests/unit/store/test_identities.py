"""Who is who: addresses recognised and linked, customers merged and unmerged."""

import asyncio
import contextlib
import random

import pytest

from customers.telephone import Numbers
from domain.contact import Disposition
from domain.customer import IDENTIFIERS_MAX, Identifier, IdentifierKind
from domain.customer_lessons import ContactEnded
from domain.customer_merging import group_of, roots_of
from domain.errors import IllegalTransition, LimitExceeded, NotKnown
from domain.proof import Proof
from store import identities
from store.conversation_schema import CUSTOMER_MEMBERS, CUSTOMER_MERGES, TIMELINE
from store.opening import open_store
from store.schema import CUSTOMER_IDENTIFIERS, CUSTOMER_RECORDS
from tests.customer_support import ANNA, BERT, told
from tests.store_support import arrived, contact_id

PHONE = Identifier(IdentifierKind.PHONE, ANNA)
MAIL = Identifier(IdentifierKind.MAIL, "ana@example.org")


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(
        tmp_path, clock, history_days=365, remember_days=30, addressing=Numbers("DE")
    ) as opened:
        yield opened


@pytest.fixture
def who(store):
    return store.directory.identities


async def rows_of(store, table):
    async with store.database.reading("all") as connection:
        return (await connection.execute(table.select())).all()


async def entered(store, *changes):
    """Enter customers C-1, C-2, ... and return their ids."""
    found = []
    for number, fields in enumerate(changes, start=1):
        await store.directory.put([told(f"C-{number}", **fields)])
        view = await store.directory.by_number(f"C-{number}")
        found.append(view.customer.customer_id)
    return found


async def test_nobody_becomes_a_customer_once(store, who):
    first, again = await asyncio.gather(
        who.recognise(PHONE, Proof.PRESENTED), who.recognise(PHONE, Proof.PRESENTED)
    )
    assert first == again
    assert first.proof is Proof.PRESENTED
    assert first.customer_id == first.member_id is not None
    assert len(await rows_of(store, CUSTOMER_RECORDS)) == 1
    view = await store.directory.by_id(first.customer_id)
    assert view.customer.identifiers == (PHONE,)


@pytest.mark.parametrize(
    ("identifier", "proof"),
    [
        (Identifier(IdentifierKind.VISITOR, "token-1"), Proof.PRESENTED),
        (Identifier(IdentifierKind.PHONE, "anonymous"), Proof.PRESENTED),
        (Identifier(IdentifierKind.PHONE, ""), Proof.PRESENTED),
        (MAIL, Proof.SUSPECTED),
    ],
)
async def test_of_some_addresses_nobody_is_made(store, who, identifier, proof):
    found = await who.recognise(identifier, proof)
    assert (found.customer_id, found.proof, found.candidates) == (None, Proof.NONE, ())
    assert await rows_of(store, CUSTOMER_RECORDS) == []


async def test_a_visitor_is_who_he_was_linked_to(store, who):
    (anna,) = await entered(store, {"phones": [ANNA]})
    token = Identifier(IdentifierKind.VISITOR, "token-1")
    await who.link(anna, token, Proof.PROVED, "alice")
    found = await who.recognise(token, Proof.PRESENTED)
    assert (found.customer_id, found.proof) == (anna, Proof.PRESENTED)


async def test_an_id_that_looks_like_a_number_is_somebody_else(store, who):
    number = Identifier(IdentifierKind.APP, ANNA)
    one = await who.recognise(PHONE, Proof.PRESENTED)
    other = await who.recognise(number, Proof.PROVED)
    assert one.customer_id != other.customer_id


@pytest.mark.parametrize("written", ["030 123456", "030123456", "0049 30 123456", "4930123456"])
async def test_a_national_number_and_that_of_a_profile_meet(store, who, written):
    (anna,) = await entered(store, {"phones": ["+49 30 123456"]})
    found = await who.recognise(Identifier(IdentifierKind.PHONE, written), Proof.PRESENTED)
    assert found.customer_id == anna
    await store.contacts.open(arrived(1, caller=written))
    arrival = await store.directory.memory.arrival(contact_id(1), open_identifier=True)
    assert arrival is not None
    assert arrival.customer is not None
    assert arrival.customer.customer_id == anna


async def test_rows_from_before_the_region_was_known_are_found(tmp_path, clock):
    async with open_store(tmp_path, clock, history_days=365) as plain:
        (anna,) = await entered(plain, {"phones": ["030 123456"]})
        (bert,) = (await entered(plain, {"phones": ["030 123456"]}, {"phones": [BERT]}))[1:]
    async with open_store(tmp_path, clock, history_days=365, addressing=Numbers("DE")) as opened:
        who = opened.directory.identities
        national = Identifier(IdentifierKind.PHONE, "030123456")
        assert (await who.recognise(national, Proof.PRESENTED)).customer_id == anna
        called = Identifier(IdentifierKind.PHONE, "030 999999")
        assert (await who.recognise(called, Proof.PRESENTED)).customer_id == bert
        # Written down when it was recognised, so that his contacts are found by it.
        await opened.contacts.open(arrived(1, caller="030 999999"))
        arrival = await opened.directory.memory.arrival(contact_id(1), open_identifier=False)
        assert arrival is not None
        assert arrival.customer is not None
        assert arrival.customer.customer_id == bert


async def test_an_address_of_two_is_suspected_until_one_proves_it(store, who):
    anna, bert = await entered(store, {"phones": [ANNA]}, {"phones": [ANNA]})
    found = await who.recognise(PHONE, Proof.PRESENTED)
    assert (found.customer_id, found.proof) == (None, Proof.SUSPECTED)
    assert found.candidates == tuple(sorted((anna, bert)))
    await who.link(bert, PHONE, Proof.PROVED, "alice")
    found = await who.recognise(PHONE, Proof.PRESENTED)
    assert (found.customer_id, found.proof) == (bert, Proof.PRESENTED)
    # The operator's table says nothing about proofs, and takes none away.
    await store.directory.put([told("C-2", phones=[ANNA], name="Bert")])
    assert (await who.recognise(PHONE, Proof.PROVED)).proof is Proof.PROVED
    await who.link(anna, PHONE, Proof.PROVED, "alice")
    found = await who.recognise(PHONE, Proof.PROVED)
    assert (found.customer_id, found.candidates) == (None, tuple(sorted((anna, bert))))


async def test_a_mail_that_fails_its_checks_is_nobodys(store, who):
    (anna,) = await entered(store, {"mails": ["ana@example.org"]})
    found = await who.recognise(MAIL, Proof.SUSPECTED)
    assert (found.customer_id, found.proof, found.candidates) == (None, Proof.SUSPECTED, (anna,))


async def test_addresses_are_linked_shown_and_taken_away(store, who):
    (anna,) = await entered(store, {"phones": [ANNA]})
    customer = await who.link(anna, MAIL, Proof.PRESENTED, "alice")
    assert customer.identifiers == (MAIL, PHONE)
    await who.link(anna, MAIL, Proof.PROVED, "alice")
    await who.link(anna, MAIL, Proof.PRESENTED, "alice")
    found = await who.identifiers(anna)
    assert [(one.identifier, one.proof) for one in found] == [
        (MAIL, Proof.PROVED),
        (PHONE, Proof.PRESENTED),
    ]
    assert (await who.unlink(anna, PHONE, "alice")).identifiers == (MAIL,)
    with pytest.raises(NotKnown):
        await who.unlink(anna, PHONE, "alice")
    with pytest.raises(NotKnown):
        await who.link(contact_id(99), MAIL, Proof.PRESENTED, "alice")
    rows = await rows_of(store, CUSTOMER_IDENTIFIERS)
    assert {row.kind for row in rows} == {"mail"}


async def test_addresses_are_bounded(store, who):
    ids = [f"u-{number}" for number in range(IDENTIFIERS_MAX)]
    (anna,) = await entered(store, {"app_ids": ids})
    with pytest.raises(LimitExceeded, match="21"):
        await who.link(anna, MAIL, Proof.PRESENTED, "alice")


async def test_two_are_one_until_it_is_undone(store, who, clock):
    anna, bert = await entered(
        store,
        {"phones": [ANNA], "value": 2, "open_tickets": 1, "name": "Ana"},
        {"phones": [BERT], "value": 5, "open_tickets": 2, "region": "north"},
    )
    for number, caller in ((1, ANNA), (2, BERT), (3, BERT)):
        await store.contacts.open(arrived(number, caller=caller))
    memory = store.directory.memory
    await memory.take([_ended(1, clock, "anna"), _ended(2, clock, "bert")])
    before = [await store.directory.by_number(f"C-{number}") for number in (1, 2)]
    merge = await who.merge(anna, bert, "alice", "Ana Geheim is Bert")
    assert await who.root(bert) == anna
    assert await who.members(bert) == [bert, anna]
    with pytest.raises(IllegalTransition):
        await who.merge(bert, anna, "alice", "again")
    assert (await who.recognise(Identifier(IdentifierKind.PHONE, BERT), Proof.PRESENTED)) == (
        await who.recognise(Identifier(IdentifierKind.PHONE, "030 999999"), Proof.PRESENTED)
    )
    arrival = await memory.arrival(contact_id(2), open_identifier=False)
    assert arrival.customer.customer_id == anna
    assert (arrival.customer.value, arrival.customer.open_tickets) == (5, 3)
    assert arrival.summary.contacts == 2
    assert set(arrival.summary.bonds) == {"anna", "bert"}
    view = await store.directory.of_contact(contact_id(2))
    assert (view.customer.name, view.customer.region) == ("Ana", "north")
    assert {one.contact_id for one in view.recent} == {contact_id(1), contact_id(2)}
    assert (view.members, view.merged_into, view.proof) == ([bert], None, Proof.PRESENTED)
    part = await store.directory.by_number("C-2")
    assert (part.customer.customer_id, part.merged_into) == (bert, anna)
    assert part.summary == view.summary
    # What comes meanwhile by his own address is his.
    await memory.take([_ended(3, clock, "bert")])
    undone = await who.unmerge(merge.merge_id, "alice", "a mistake")
    assert (undone.undone_by, undone.undone_reason) == ("alice", "a mistake")
    after = [await store.directory.by_number(f"C-{number}") for number in (1, 2)]
    assert after[0] == before[0]
    assert after[1].customer == before[1].customer
    assert after[1].summary.contacts == 2
    with pytest.raises(IllegalTransition):
        await who.unmerge(merge.merge_id, "alice", "again")
    with pytest.raises(NotKnown):
        await who.unmerge(contact_id(99), "alice", "no such")
    assert await who.merges(anna) == [undone] == await who.merges(bert)
    assert "Geheim" not in repr(await rows_of(store, CUSTOMER_MERGES))
    assert {row.note for row in await rows_of(store, TIMELINE)} == {"merged", "unmerged"}


async def test_who_objects_to_a_profile_objects_with_all_his_parts(store, who, clock):
    anna, bert = await entered(store, {"phones": [ANNA]}, {"phones": [BERT], "profiling": False})
    await store.contacts.open(arrived(1, caller=ANNA))
    await who.merge(anna, bert, "alice", "")
    arrival = await store.directory.memory.arrival(contact_id(1), open_identifier=False)
    assert arrival.customer.profiling is False
    assert await store.directory.memory.take([_ended(1, clock, "anna")]) == 0


async def test_a_customer_is_forgotten_with_all_his_parts(store, who):
    anna, bert = await entered(store, {"phones": [ANNA]}, {"phones": [BERT]})
    await who.merge(anna, bert, "alice", "")
    assert await store.directory.forget("C-2")
    for table in (CUSTOMER_RECORDS, CUSTOMER_IDENTIFIERS, CUSTOMER_MERGES, CUSTOMER_MEMBERS):
        assert await rows_of(store, table) == []


async def test_strangers_are_known_by_one_address_alone(store, who):
    stranger = await who.recognise(PHONE, Proof.PRESENTED)
    assert await who.strangers(PHONE) == [stranger.customer_id]
    await who.link(stranger.customer_id, MAIL, Proof.PRESENTED, "alice")
    assert await who.strangers(PHONE) == []


async def test_in_whatever_order_the_table_follows_the_trail(store, who):
    ids = await entered(store, *({"value": 1} for _ in range(6)))
    chance = random.Random(5)
    made: list[str] = []
    for _ in range(30):
        try:
            if made and chance.random() < 0.4:
                await who.unmerge(chance.choice(made), "api", "")
            else:
                left, gone = chance.sample(ids, 2)
                made.append((await who.merge(left, gone, "api", "")).merge_id)
        except IllegalTransition:
            continue
        trail = {one.merge_id: one for each in ids for one in await who.merges(each)}
        roots = roots_of(trail.values())
        rows = await rows_of(store, CUSTOMER_MEMBERS)
        assert {row.member_id: row.customer_id for row in rows} == roots
    assert len(made) > 5
    for each in ids:
        assert set(await who.members(each)) == set(group_of(each, roots))
    for merge_id in made:
        with contextlib.suppress(IllegalTransition):
            await who.unmerge(merge_id, "api", "")
    assert await rows_of(store, CUSTOMER_MEMBERS) == []


async def test_merges_are_bounded(store, who, monkeypatch):
    monkeypatch.setattr(identities, "MEMBERS_MAX", 3)
    ids = await entered(store, *({"value": 1} for _ in range(4)))
    for one in ids[1:3]:
        await who.merge(ids[0], one, "api", "")
    with pytest.raises(LimitExceeded, match="4 is over the limit of 3"):
        await who.merge(ids[3], ids[0], "api", "")


def _ended(number, clock, agent_id):
    return ContactEnded(
        contact_id=contact_id(number),
        at=clock.utc(),
        queue_id="sales",
        disposition=Disposition.AGENT_ENDED,
        agent_id=agent_id,
    )
