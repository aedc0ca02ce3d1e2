"""From one channel to another with one conversation, and who a customer is."""

from typing import Any

import pytest

from domain.contact import Channel, Contact
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown, NotServing, StoreError
from domain.identity_ports import Recognition
from domain.message import Author
from domain.proof import Proof
from tests.unit.conversations.scene import House, Out, inbound, mail, note
from tests.unit.conversations.test_serving import served

JOE = Identifier(IdentifierKind.MAIL, "joe@example.com")
APP = Identifier(IdentifierKind.APP, "u7")


class Calls:
    def __init__(self):
        self.asked = []
        self.running = {}

    async def call_back(self, **asked):
        self.asked.append(asked)
        return "call1"

    def belongs(self, contact_id, conversation_id):
        if contact_id not in self.running:
            return False
        self.running[contact_id] = conversation_id
        return True


class Identities:
    def __init__(self, recognition=None):
        self.recognition = recognition
        self.asked = []
        self.linked = []
        self.failing = False

    async def link(self, customer_id, identifier, proof, by):
        self.linked.append((customer_id, identifier, proof, by))

    async def recognise(self, identifier, proof):
        self.asked.append((identifier, proof))
        if self.failing:
            raise StoreError("away")
        return self.recognition


def call(house: House) -> Contact:
    return Contact(
        contact_id="call1",
        channel=Channel.VOICE,
        queue_id="sales",
        language="en",
        arrived_at=house.clock.utc(),
        arrived_s=house.clock.monotonic_s(),
    )


async def test_a_chat_becomes_a_call_of_the_same_conversation() -> None:
    calls = Calls()
    async with House(calls=calls) as house:
        name = await served(house)
        assert await house.talk.escalate_to_call(name, "ann", "+4930123456") == "call1"
        assert calls.asked == [
            {
                "number": "+4930123456",
                "queue_id": "sales",
                "language": "en",
                "conversation_id": name,
                "agent_id": "ann",
            }
        ]
        with pytest.raises(NotServing):
            await house.talk.escalate_to_call(name, "bob", "+4930123456")


async def test_where_nothing_calls_out_no_chat_becomes_a_call() -> None:
    async with House() as house:
        name = await served(house)
        with pytest.raises(NotKnown, match="call out"):
            await house.talk.escalate_to_call(name, "ann", "+4930123456")


@pytest.mark.parametrize("runs", [True, False])
async def test_a_call_is_followed_by_a_mail_and_its_answer(runs: bool) -> None:
    calls, out = Calls(), Out()
    async with House(calls=calls, outlets={"mail": out}) as house:
        await house.ledger.open(call(house))
        if runs:
            calls.running["call1"] = None
        follow = {"queue_id": "sales", "language": ""}
        draft = note("As said on the telephone", number="f1", subject="Your call")
        talk = await house.talk.follow_up_by_mail("call1", JOE, draft, **follow)
        name = talk.conversation_id
        assert (talk.source, talk.subject, talk.address) == ("mail", "Your call", JOE)
        assert out.delivered == ["As said on the telephone"]
        if runs:
            assert calls.running == {"call1": name}
        else:
            assert house.ledger.rows["call1"].conversation_id == name
            again = await house.talk.follow_up_by_mail("call1", JOE, draft, **follow)
            assert again.conversation_id == name
            assert len(out.delivered) == 1
        answer = await house.talk.receive(mail("Thanks", conversation_id=name))
        assert answer.conversation.contact_id is not None
        assert house.texts(name, Author.CUSTOMER) == ["Thanks"]


async def test_what_we_write_first_goes_where_the_customer_wrote_last() -> None:
    out, way = Out(), {"queue_id": "sales", "language": "zh"}
    asked = ("messenger", Channel.MESSAGE, APP)
    async with House(outlets={"messenger": out, "mail": out}) as house:
        offer = note("A coupon for you", None, "o1")
        write: Any = house.talk.write_to
        first = await write(*asked, offer, **way)
        assert (first.author, first.language, first.sequence) == (Author.SYSTEM, "zh", 1)
        assert await write(*asked, offer, **way) == first
        answer = await house.talk.receive(
            inbound("Thanks", source="messenger", channel=Channel.MESSAGE, sender=APP)
        )
        assert answer.conversation.conversation_id == first.conversation_id
        assert answer.message.sequence == 2
        mailed = [
            await write("mail", Channel.MAIL, JOE, note("News", None, number), **way)
            for number in ("n1", "n2")
        ]
        assert len({one.conversation_id for one in mailed}) == 2, "each mail is a thread"
        assert out.delivered == ["A coupon for you", "News", "News"]
        assert len(house.router.queues()) == 1
        assert house.router.figures().waiting == 1, "only the answer asks for somebody"
        with pytest.raises(NotKnown, match="outlet 'sms'"):
            await write("sms", Channel.MESSAGE, APP, offer, **way)


async def test_what_we_write_first_is_on_the_timeline_of_whose_the_address_is() -> None:
    recognition = Recognition(customer_id="c" * 32, proof=Proof.PRESENTED, member_id="d" * 32)
    out, who = Out(), Identities(recognition)
    async with House(outlets={"mail": out}, identities=who) as house:
        said = await house.talk.write_to(
            "mail", Channel.MAIL, JOE, note("News", None, "n1"), queue_id="sales", language="en"
        )
        kept = await house.records.get(said.conversation_id)
        assert kept is not None
        assert kept.customer_id == "d" * 32


async def test_a_mail_follows_only_what_is_there() -> None:
    async with House() as house:
        with pytest.raises(NotKnown, match="outlet 'mail'"):
            await house.talk.follow_up_by_mail(
                "call1", JOE, note("x"), queue_id="sales", language="en"
            )
    async with House(outlets={"mail": Out()}) as house:
        for queue_id, what in (("sales", "contact 'call1'"), ("zoo", "queue 'zoo'")):
            with pytest.raises(NotKnown, match=what):
                await house.talk.follow_up_by_mail(
                    "call1", JOE, note("x"), queue_id=queue_id, language="en"
                )
        assert not house.records.conversations


async def test_a_conversation_belongs_to_who_is_recognised() -> None:
    identities = Identities(Recognition(customer_id="k1", proof=Proof.PROVED))
    async with House(identities=identities) as house:
        received = await house.talk.receive(inbound(sender=APP, proof=Proof.PROVED))
        assert received.conversation.customer_id == "k1"
        await house.talk.receive(inbound("More", "2", sender=APP, proof=Proof.PROVED))
        assert len(identities.asked) == 1, "he has shown no more of himself"


async def test_who_shows_more_of_himself_is_asked_for_again() -> None:
    identities = Identities(Recognition(customer_id=None, proof=Proof.NONE))
    async with House(identities=identities) as house:
        received = await house.talk.receive(inbound())
        assert received.conversation.customer_id is None
        identities.recognition = Recognition(customer_id="k1", proof=Proof.PROVED)
        name = received.conversation.conversation_id
        signed = inbound("It is me", "2", sender=APP, proof=Proof.PROVED, conversation_id=name)
        received = await house.talk.receive(signed)
        assert received.conversation.customer_id == "k1"
        assert received.conversation.proof is Proof.PROVED
        assert house.records.conversations[name].customer_id == "k1"


async def test_several_who_could_be_are_nobody() -> None:
    suspected = Recognition(customer_id=None, proof=Proof.SUSPECTED, candidates=("k1", "k2"))
    async with House(identities=Identities(suspected)) as house:
        received = await house.talk.receive(inbound())
        assert received.conversation.customer_id is None


async def test_a_merged_customers_conversation_is_under_his_own_name() -> None:
    part = Recognition(customer_id="root", proof=Proof.PRESENTED, member_id="k1")
    async with House(identities=Identities(part)) as house:
        received = await house.talk.receive(inbound())
        assert received.conversation.customer_id == "k1"


async def test_what_the_site_vouches_for_is_linked() -> None:
    known = Recognition(customer_id="k1", proof=Proof.PROVED, member_id="k1")
    identities = Identities(known)
    claims = {"email": "joe@example.com", "phone_number": "+4930123456", "else": "x"}
    async with House(identities=identities) as house:
        await house.talk.receive(inbound(sender=APP, proof=Proof.PROVED, headers=claims))
        await house.talk.receive(inbound("2", "2", sender=JOE, headers=claims))
    assert [
        (who, one.kind.value, one.value, proof) for who, one, proof, _ in identities.linked
    ] == [
        ("k1", "mail", "joe@example.com", Proof.PROVED),
        ("k1", "phone", "+4930123456", Proof.PROVED),
    ]


async def test_words_are_stored_whoever_he_is() -> None:
    identities = Identities()
    identities.failing = True
    async with House(identities=identities) as house:
        received = await house.talk.receive(inbound())
        assert received.message.sequence == 1
