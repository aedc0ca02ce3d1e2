import pytest

from customers.recognition import Recogniser
from domain.contact import Channel
from domain.conversation_events import CustomerRecognised
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown
from domain.identity_ports import Origin, Recognition
from domain.proof import Proof
from tests.store_support import START, contact_id
from tests.unit.customers.identity_fakes import (
    FakeEvents,
    FakeIdentities,
    FakeOrigins,
    FakeTimeline,
)

ONE, TALK = contact_id(1), contact_id(50)
PHONE = Identifier(IdentifierKind.PHONE, "+4930123456")
ANNA = Recognition(customer_id="anna", proof=Proof.PRESENTED, member_id="bert")
ONE_OF_TWO = Recognition(customer_id=None, proof=Proof.SUSPECTED, candidates=("anna", "bert"))


def origin(**more):
    return Origin(
        **{
            "contact_id": ONE,
            "channel": Channel.VOICE,
            "at": START,
            "proof": Proof.PRESENTED,
            "address": PHONE,
            **more,
        }
    )


def recogniser_of(identities, origins, timeline, events):
    return Recogniser(identities, origins, timeline, events)


class Scene:
    def __init__(self, found=None, answer=None):
        self.identities = FakeIdentities()
        if answer is not None:
            self.identities.answer = answer
        self.origins = FakeOrigins({} if found is None else {ONE: found})
        self.timeline = FakeTimeline(self.origins)
        self.events = FakeEvents()
        self.recogniser = recogniser_of(self.identities, self.origins, self.timeline, self.events)


async def test_a_call_goes_to_the_timeline_of_whose_own_number_it_is():
    scene = Scene(origin(), ANNA)
    assert await scene.recogniser.arrived(ONE) == ANNA
    assert scene.identities.asked == [(PHONE, Proof.PRESENTED)]
    assert scene.timeline.noted == [(ONE, "bert", Proof.PRESENTED)]
    assert scene.timeline.assigned == []
    assert scene.events.published == [
        CustomerRecognised(
            contact_id=ONE, conversation_id=None, customer_id="anna", proof=Proof.PRESENTED
        )
    ]


async def test_a_conversation_is_assigned_once():
    scene = Scene(origin(conversation_id=TALK, channel=Channel.CHAT), ANNA)
    await scene.recogniser.arrived(ONE)
    assert scene.timeline.assigned == [(TALK, "bert", "presented")]
    # Its next contact is the same customer's, whatever his address says by now.
    scene.identities.answer = ONE_OF_TWO
    found = await scene.recogniser.arrived(ONE)
    assert found is not None
    assert (found.customer_id, found.member_id) == ("bert", "bert")
    assert len(scene.timeline.assigned) == 1
    assert len(scene.timeline.noted) == 2


async def test_what_is_only_suspected_is_written_nowhere_and_asked():
    scene = Scene(origin(), ONE_OF_TWO)
    assert await scene.recogniser.arrived(ONE) == ONE_OF_TWO
    assert scene.timeline.noted == []
    (event,) = scene.events.published
    assert (event.customer_id, event.proof, event.candidates) == (None, Proof.SUSPECTED, 2)
    assert await scene.recogniser.candidates(ONE) == ONE_OF_TWO


@pytest.mark.parametrize("found", [None, origin(address=None, proof=Proof.NONE), origin()])
async def test_of_nobody_nothing_is_said(found):
    scene = Scene(found)
    assert await scene.recogniser.arrived(ONE) is None
    await scene.recogniser.told(ONE)
    assert scene.events.published == scene.timeline.noted == []


async def test_an_agent_says_whose_it_is():
    scene = Scene(origin(conversation_id=TALK), ONE_OF_TWO)
    scene.identities.roots["bert"] = "anna"
    found = await scene.recogniser.confirm(ONE, "bert", "alice", proof=Proof.PROVED)
    assert (found.customer_id, found.member_id, found.proof) == ("anna", "bert", Proof.PROVED)
    (known,) = scene.identities.known
    assert (known.identifier, known.proof, known.customer_id) == (PHONE, Proof.PROVED, "bert")
    assert scene.timeline.assigned == [(TALK, "bert", "proved")]
    assert scene.timeline.noted == [(ONE, "bert", Proof.PROVED)]
    assert scene.events.published[-1].customer_id == "anna"
    assert (await scene.recogniser.candidates(ONE)).member_id == "bert"


async def test_a_hidden_number_belongs_to_nobody_though_the_call_does():
    scene = Scene(origin(address=None, proof=Proof.NONE))
    await scene.recogniser.confirm(ONE, "anna", "alice")
    assert scene.identities.known == []
    assert scene.timeline.noted == [(ONE, "anna", Proof.PRESENTED)]


async def test_there_must_be_such_a_contact_and_customer():
    scene = Scene(origin(address=None))
    with pytest.raises(NotKnown, match="contact"):
        await scene.recogniser.confirm(contact_id(9), "anna", "alice")
    with pytest.raises(NotKnown, match="contact"):
        await scene.recogniser.candidates(contact_id(9))
    with pytest.raises(NotKnown, match="customer"):
        await scene.recogniser.confirm(ONE, "nobody", "alice")
    assert scene.timeline.noted == scene.events.published == []


async def test_it_is_written_anew_when_another_system_has_told_who_it_is():
    scene = Scene(origin(customer_id="stranger"), ANNA)
    await scene.recogniser.told(ONE)
    assert scene.timeline.noted == [(ONE, "bert", Proof.PRESENTED)]
    await scene.recogniser.told(ONE)
    assert len(scene.timeline.noted) == 1
