import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.contact import ContactState, Disposition, Interaction
from domain.errors import LimitExceeded
from domain.speech import Speaker, SpeechKind, SpeechSpan
from store.contacts import NODE_DIED_REASON
from store.opening import DATABASE_FILE, open_store
from store.schema import CONTACTS, RUNS
from store.statements import Step
from tests.store_support import START, arrived, closed, connected, contact_id, queued


async def test_a_new_contact_is_read_as_it_was_written(store):
    await store.contacts.open(arrived(1))
    record = await store.contacts.get(contact_id(1))
    assert record is not None
    expected = arrived(1)
    expected.arrived_s = 0.0
    assert record.contact == expected
    assert record.contact.caller == "+4930123456"
    assert (record.closed_at, record.wait_s, record.talk_s) == (None, None, 0.0)
    assert (record.interactions, record.customer_speech_s, record.turns) == ((), 0.0, 0)


async def test_a_closed_contact_has_its_times_as_seconds_since_arrival(store, clock):
    clock.tick(100)
    await store.contacts.open(arrived(1))
    await store.contacts.close(closed(1), "BYE 200")
    record = await store.contacts.get(contact_id(1))
    contact = record.contact
    assert (contact.queued_s, contact.connected_s, contact.closed_s) == (2.5, 10.0, 70.25)
    assert (contact.wait_s, contact.talk_s) == (7.5, 60.25)
    assert (record.wait_s, record.talk_s, record.reason) == (7.5, 60.25, "BYE 200")
    assert record.closed_at == clock.utc()
    assert contact.state is ContactState.CLOSED
    assert contact.disposition is Disposition.AGENT_ENDED
    assert (contact.rtp_lost, contact.rtp_received) == (3, 3_000)


async def test_a_late_update_leaves_the_end_as_it_was(store, clock):
    await store.contacts.open(arrived(1))
    await store.contacts.close(closed(1), "BYE 200")
    late = closed(1)
    late.rtp_lost = 9
    await store.contacts.update(late)
    record = await store.contacts.get(contact_id(1))
    assert (record.closed_at, record.reason, record.contact.rtp_lost) == (clock.utc(), "BYE 200", 9)


async def test_closing_makes_good_an_opening_that_failed(store):
    await store.contacts.close(closed(1), "")
    assert (await store.contacts.get(contact_id(1))).contact.dialled == "800"


async def test_a_contact_that_never_came_is_taken_back(store):
    await store.contacts.open(arrived(1))
    await store.contacts.open(arrived(2))
    await store.contacts.forget(contact_id(1))
    assert await store.contacts.get(contact_id(1)) is None
    assert await store.contacts.get(contact_id(2)) is not None


async def test_nothing_is_known_of_an_unknown_contact(store):
    assert await store.contacts.get(contact_id(1)) is None
    assert await store.contacts.speech(contact_id(1)) == []


async def test_each_step_of_a_contact_writes_the_same_sealed_caller(store):
    async def sealed():
        query = select(CONTACTS.c.caller, CONTACTS.c.caller_mark).order_by(CONTACTS.c.contact_id)
        async with store.database.reading("callers") as connection:
            return (await connection.execute(query)).all()

    await store.contacts.open(arrived(1))
    await store.contacts.open(arrived(2))
    first, second = await sealed()
    assert first.caller != second.caller, "each row is sealed for itself"
    assert first.caller_mark == second.caller_mark
    await store.contacts.update(queued(1))
    assert await sealed() == [first, second]
    await store.contacts.update(arrived(1, caller="+4931"))
    changed, _ = await sealed()
    assert changed.caller_mark != first.caller_mark
    assert (await store.contacts.get(contact_id(1))).contact.caller == "+4931"


async def test_of_many_open_contacts_the_oldest_is_sealed_anew(store, monkeypatch):
    monkeypatch.setattr("store.contacts.SEALED_MAX", 1)
    for number in (1, 2):
        await store.contacts.open(arrived(number))
    for number in (1, 2):
        await store.contacts.update(queued(number))
    for number in (1, 2):
        record = await store.contacts.get(contact_id(number))
        assert record.contact.caller == "+4930123456"


async def test_what_was_heard_of_many_contacts_is_one_write(store):
    before = store.database.figures().written
    await store.contacts.add_speech_of(
        {
            contact_id(number): [
                SpeechSpan(kind=SpeechKind.TURN, start_s=n, end_s=n + 1, speaker=Speaker.AGENT)
                for n in range(number)
            ]
            for number in (1, 2)
        }
    )
    await store.contacts.add_speech_of({})
    assert store.database.figures().written == before + 1
    assert [span.start_s for span in await store.contacts.speech(contact_id(2))] == [0, 1]
    assert len(await store.contacts.speech(contact_id(1))) == 1


async def test_an_unknown_caller_is_stored_as_nothing(store):
    await store.contacts.open(arrived(1, caller=""))
    assert (await store.contacts.get(contact_id(1))).contact.caller == ""


def interaction(number: int, **changes: object) -> Interaction:
    values: dict[str, Any] = {
        "interaction_id": f"{number:032x}",
        "contact_id": contact_id(1),
        "agent_id": "anna",
        "started_at": START + timedelta(seconds=number),
        "ended_at": START + timedelta(seconds=number + 5),
        "outcome": "ring_no_answer",
        "ring_s": 5.0,
        "talk_s": 0.0,
    }
    return Interaction(**{**values, **changes})


async def test_interactions_belong_to_their_contact_in_order(store):
    await store.contacts.open(arrived(1))
    await store.contacts.open(arrived(2))
    second = interaction(2, outcome="answered", agent_id="bert")
    await store.contacts.add_interaction(second)
    await store.contacts.add_interaction(interaction(1))
    await store.contacts.add_interaction(interaction(3, contact_id=contact_id(2)))
    record = await store.contacts.get(contact_id(1))
    assert record.interactions == (interaction(1), second)


def segment(speaker: Speaker, start_s: float, end_s: float) -> SpeechSpan:
    return SpeechSpan(
        kind=SpeechKind.SEGMENT,
        start_s=start_s,
        end_s=end_s,
        speaker=speaker,
        level_dbov=-23.5 if speaker is Speaker.CUSTOMER else None,
        pitch_hz=181.0 if speaker is Speaker.CUSTOMER else None,
    )


async def test_speech_is_read_in_order_of_start_and_summed_up(store):
    spans = [
        segment(Speaker.CUSTOMER, 4.0, 5.5),
        segment(Speaker.AGENT, 1.0, 3.0),
        segment(Speaker.CUSTOMER, 0.0, 1.0),
        SpeechSpan(kind=SpeechKind.PAUSE, start_s=3.0, end_s=4.0),
        SpeechSpan(kind=SpeechKind.TURN, start_s=0.0, end_s=1.0, speaker=Speaker.CUSTOMER),
        SpeechSpan(kind=SpeechKind.TURN, start_s=1.0, end_s=3.0, speaker=Speaker.AGENT),
    ]
    await store.contacts.open(arrived(1))
    await store.contacts.add_speech(contact_id(1), spans[:3])
    await store.contacts.add_speech(contact_id(1), spans[3:])
    await store.contacts.add_speech(contact_id(1), [])
    stored = await store.contacts.speech(contact_id(1))
    assert [span.start_s for span in stored] == [0.0, 0.0, 1.0, 1.0, 3.0, 4.0]
    assert sorted(map(repr, stored)) == sorted(map(repr, spans))
    record = await store.contacts.get(contact_id(1))
    assert (record.customer_speech_s, record.turns) == (2.5, 2)


async def test_pages_go_from_the_newest_to_the_oldest(store):
    for number in range(1, 8):
        await store.contacts.open(arrived(number, queue_id="sales" if number % 2 else "help"))
    seen = []
    before = None
    while page := await store.contacts.recent(limit=3, before=before):
        assert len(page) <= 3
        seen += [record.contact.contact_id for record in page]
        before = seen[-1]
    assert seen == [contact_id(number) for number in range(7, 0, -1)]
    of_one = await store.contacts.recent(queue_id="help")
    assert [r.contact.contact_id for r in of_one] == [contact_id(n) for n in (6, 4, 2)]
    assert await store.contacts.recent(queue_id="nobody") == []


async def test_a_page_has_a_limit(store):
    with pytest.raises(LimitExceeded, match="501"):
        await store.contacts.recent(limit=501)


async def test_a_damaged_caller_hides_no_other_contact(store):
    for number in (1, 2):
        await store.contacts.open(arrived(number))
    damage = update(CONTACTS).where(CONTACTS.c.contact_id == contact_id(1))
    await store.database.write("damage", Step(damage.values(caller=b"x" * 40), ({},)))
    callers = [record.contact.caller for record in await store.contacts.recent()]
    assert callers == ["+4930123456", ""]
    assert store.contacts.unreadable == 1


@pytest.mark.sqlite
async def test_the_caller_is_nowhere_in_the_files(store, tmp_path):
    await store.contacts.open(arrived(1))
    for path in tmp_path.glob(f"{DATABASE_FILE}*"):
        assert b"4930123456" not in path.read_bytes()


async def kill_with(tmp_path, clock, *contacts):
    """Leave these contacts behind as a node does that was killed."""
    async with open_store(tmp_path, clock) as store:
        for contact in contacts:
            await store.contacts.open(contact)
        await store.database.write(
            "sign of life",
            Step(update(RUNS).values(alive_at=clock.utc()), ({},)),
        )


async def test_orphans_are_closed_and_told(tmp_path, clock):
    clock.tick(60)
    await kill_with(tmp_path, clock, arrived(1), queued(2), connected(3), closed(4))
    clock.tick(3_600)
    async with open_store(tmp_path, clock) as store:
        await store.contacts.close(closed(4), "")
        await store.contacts.open(arrived(5))
        orphans = await store.contacts.close_orphans()
        assert [r.contact.contact_id for r in orphans] == [contact_id(n) for n in (1, 2, 3)]
        # They arrived 1, 2 and 3 s after START; the last sign of life was at 60 s.
        assert [r.wait_s for r in orphans] == [None, 55.5, 7.5]
        assert [r.talk_s for r in orphans] == [0.0, 0.0, 47.0]
        for record in orphans:
            assert record.contact.disposition is Disposition.NODE_DIED
            assert record.contact.caller == "+4930123456"
            assert record.closed_at == clock.utc()
            assert record.reason == NODE_DIED_REASON
            assert await store.contacts.get(record.contact.contact_id) == record
        living = await store.contacts.get(contact_id(5))
        assert living is not None
        assert living.closed_at is None
        assert await store.contacts.close_orphans() == []


async def test_an_orphan_without_a_sign_of_life_ends_at_its_own_last_step(tmp_path, clock):
    await kill_with(tmp_path, clock, connected(3))
    async with open_store(tmp_path, clock) as store:
        (record,) = await store.contacts.close_orphans()
    assert record.contact.closed_s == 10.0
    assert record.talk_s == 0.0


async def test_more_orphans_than_one_page_are_all_closed(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("store.contacts.ORPHANS_PAGE", 3)
    await kill_with(tmp_path, clock, *(arrived(number) for number in range(8)))
    async with open_store(tmp_path, clock) as store:
        assert len(await store.contacts.close_orphans()) == 8


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_a_reader_who_goes_away_takes_no_connection_with_him(store, turns):
    await store.contacts.open(arrived(1))
    for _ in range(6):
        reader = asyncio.create_task(store.contacts.recent())
        for _ in range(turns):
            await asyncio.sleep(0)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    assert len(await store.contacts.recent()) == 1
