"""Whatever comes in which order, at once or again: each message once, in a row, on the timeline."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Duplicate
from domain.proof import Proof
from store.conversation_schema import CONVERSATIONS, MESSAGES, TIMELINE
from store.opening import Store, open_store
from tests.property.examples import EXAMPLES
from tests.store_support import HandClock
from tests.written_support import ANNAS_ID, BERTS_ID, conversation, hexed, inbound, message

CONVERSATION = st.integers(0, 2)
WRITES = st.tuples(st.just("write"), CONVERSATION, st.integers(0, 5))
ASSIGNS = st.tuples(st.just("assign"), CONVERSATION, st.sampled_from([ANNAS_ID, BERTS_ID]))
AT_ONCE = st.lists(st.one_of(WRITES, ASSIGNS), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def empty():
    """A folder with a database of the newest schema, to be copied: migrating takes long."""
    with tempfile.TemporaryDirectory() as name:

        async def make():
            async with open_store(Path(name), HandClock()):
                pass

        asyncio.run(make())
        yield Path(name)


class Scene:
    """Customers who write and write again, as a channel would hand it over."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids = 0
        self.acknowledged: set[tuple[int, int]] = set()
        self.assigned: set[int] = set()

    async def do(self, deed, number, what):
        if deed == "write":
            await self._write(number, what)
        elif await self._store.conversations.get(hexed(number, "c")) is not None:
            await self._store.conversations.assign(hexed(number, "c"), what, Proof.PROVED.value)
            self.assigned.add(number)

    async def _write(self, number, key):
        conversations = self._store.conversations
        handed = inbound(f"{number}/{key}")
        while await conversations.find_duplicate(handed) is None:
            stands = await conversations.get(hexed(number, "c"))
            is_new = stands is None
            stands = stands or conversation(number)
            stands = replace(stands, last_sequence=stands.last_sequence + 1)
            self._ids += 1
            one = message(
                self._ids,
                conversation_id=stands.conversation_id,
                sequence=stands.last_sequence,
                client_id=handed.client_id,
            )
            try:
                await conversations.add(stands, one, inbound=handed, is_new=is_new)
            except Duplicate:
                # Another took the place, or was this one: look again.
                continue
        self.acknowledged.add((number, key))

    async def rows(self, table):
        async with self._store.database.reading("all") as connection:
            return (await connection.execute(table.select())).all()


async def play(folder: Path, rounds: Sequence[Sequence[tuple]]) -> None:
    async with open_store(folder, HandClock()) as store:
        scene = Scene(store)
        for at_once in rounds:
            await asyncio.gather(*(scene.do(*deed) for deed in at_once))
        messages = await scene.rows(MESSAGES)
        entries = {row.entry_id: row for row in await scene.rows(TIMELINE)}
        stored = {row.conversation_id: row for row in await scene.rows(CONVERSATIONS)}
        assert len(messages) == len(scene.acknowledged), "each once"
        assert stored.keys() == {hexed(number, "c") for number, _ in scene.acknowledged}
        for row in stored.values():
            its = [one for one in messages if one.conversation_id == row.conversation_id]
            places = sorted(one.sequence for one in its)
            assert places == list(range(1, len(its) + 1)), "no gap, none twice"
            assert row.last_sequence == len(its)
            whose = {
                entries[one.message_id].customer_id if one.message_id in entries else None
                for one in its
            }
            assert whose == {row.customer_id}, "all of it on one timeline, or none"
            number = int(row.conversation_id[1:], 16)
            assert (row.customer_id is not None) == (number in scene.assigned)
        for number, key in scene.acknowledged:
            assert await store.conversations.find_duplicate(inbound(f"{number}/{key}"))


@settings(max_examples=EXAMPLES, deadline=None)
@given(rounds=st.lists(AT_ONCE, max_size=5))
def test_each_message_once_in_a_row_and_on_the_timeline(empty, rounds):
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(empty, name, dirs_exist_ok=True)
        asyncio.run(play(Path(name), rounds))
