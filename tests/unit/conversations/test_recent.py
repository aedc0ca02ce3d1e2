"""What was said last is known without the store, and nothing that the store would not say."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.recent import CHARACTERS_MAX, MESSAGES_MAX, Recent
from domain.contact import Channel, Disposition
from domain.message import Author, Message
from tests.property.examples import EXAMPLES
from tests.unit.conversations.scene import House, attachment, inbound, note


def message(sequence: int, text: str = "x", **more) -> Message:
    return Message(
        message_id=f"{sequence:032x}",
        conversation_id="c" * 32,
        sequence=sequence,
        channel=Channel.CHAT,
        author=Author.AGENT,
        at=datetime(2030, 1, 1, tzinfo=UTC),
        text=text,
        **more,
    )


@given(
    stored=st.integers(0, 3),
    said=st.lists(
        st.tuples(st.integers(0, CHARACTERS_MAX + 1), st.booleans(), st.booleans()), max_size=20
    ),
    after=st.integers(0, 25),
    limit=st.integers(1, 10),
    internal=st.booleans(),
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_it_answers_as_the_store_does_or_not_at_all(stored, said, after, limit, internal) -> None:
    recent, every = Recent(stored), []
    for place, (characters, is_note, has_file) in enumerate(said, start=stored + 1):
        files = (attachment(),) if has_file else ()
        every.append(message(place, "x" * characters, internal=is_note, attachments=files))
        recent.note(every[-1])
    found = recent.since(after, limit=limit, internal=internal)
    wanted = [one for one in every if one.sequence > after and (internal or not one.internal)]
    assert found is None or found == wanted[:limit]
    if after >= stored + len(said):
        assert found == [], "who has everything needs no store"
    kept = recent.since(recent._after, limit=100, internal=True) or []
    assert len(kept) <= MESSAGES_MAX
    assert sum(len(one.text) for one in kept) <= CHARACTERS_MAX


def test_a_hole_is_not_read_over() -> None:
    recent = Recent(0)
    recent.note(message(1))
    recent.note(message(3))
    assert recent.since(1, limit=10, internal=True) is None
    assert recent.since(3, limit=10, internal=True) == []


async def test_who_writes_and_comes_again_needs_no_store() -> None:
    async with House() as house:
        await house.at_desk()
        received = await house.talk.receive(inbound())
        name = received.conversation.conversation_id
        await house.accepts()
        await house.talk.say(name, note("Welcome"))
        stored = list(house.records.in_order[name])
        house.records.in_order[name] = []
        assert list(await house.talk.messages(name)) == stored
        assert await house.talk.messages(name, after=len(stored)) == []
        house.records.failing = True
        again = await house.talk.open_with("chat", inbound().sender)
        assert again is not None
        assert again.conversation_id == name
        assert again.last_sequence == len(stored)
        house.records.failing = False


async def test_who_joins_before_he_writes_is_looked_up_once() -> None:
    async with House() as house:
        assert await house.talk.open_with("chat", inbound().sender) is None
        asked, of_address = [], house.records.of_address

        async def asks(source, address):
            asked.append(address)
            return await of_address(source, address)

        house.records.of_address = asks  # type: ignore[method-assign]
        received = await house.talk.receive(inbound())
        found = await house.talk.open_with("chat", inbound().sender)
        assert found == received.conversation
        assert not asked


async def test_all_steps_of_a_contact_until_it_is_written_are_one_write() -> None:
    async with House() as house:
        await house.at_desk()
        updates, update = [], house.ledger.update

        async def count(contact):
            updates.append(replace(contact))
            await update(contact)

        house.ledger.update = count  # type: ignore[method-assign]
        contact = None
        async with house.talk.records._lock:
            received = await house.talk.receive(inbound())
            await house.accepts()
            contact = received.conversation.contact_id
        await house.talk.records.settle()
        assert [one.agent_id for one in updates] == ["ann"]
        assert house.records.contacts[contact].agent_id == "ann"
        await house.talk.close(
            received.conversation.conversation_id,
            agent_id="ann",
            disposition=Disposition.AGENT_ENDED,
        )
