import asyncio
from dataclasses import dataclass, field

import pytest

from customers.figures import CustomerFigures
from customers.learner import CURSOR, Learner
from customers.tracker import Tracker
from domain.customer_lessons import ContactEnded
from domain.errors import StoreError
from domain.events import DigitPressed
from server.stream_keeper import StreamKeeper
from tests.store_support import contact_id
from tests.unit.channels.http.fakes import FakeStream
from tests.unit.customers.test_tracker import felt, over


@dataclass
class FakeMemory:
    taken: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def arrival(self, contact_id, *, open_identifier):
        raise AssertionError("the keeper asks for nobody")

    async def learn_of(self, contact_id, change):
        raise AssertionError("the keeper writes nothing but lessons")

    async def take(self, lessons):
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(list(lessons))
        self.changed.set()
        return len(lessons)

    @property
    def lessons(self):
        return [lesson for batch in self.taken for lesson in batch]

    async def until(self, number):
        async with asyncio.timeout(5):
            while len(self.lessons) < number:
                self.changed.clear()
                await self.changed.wait()


@dataclass
class FakeCursors:
    kept: dict = field(default_factory=dict)

    async def load(self):
        return dict(self.kept)

    def save(self, reader, sequence):
        self.kept[reader] = sequence

    async def forget(self, reader):
        raise AssertionError


@dataclass
class Scene:
    memory: FakeMemory = field(default_factory=FakeMemory)
    cursors: FakeCursors = field(default_factory=FakeCursors)
    stream: FakeStream = field(default_factory=FakeStream)
    figures: CustomerFigures = field(default_factory=CustomerFigures)
    slept: list = field(default_factory=list)

    def keeper(self):
        async def sleep(seconds):
            self.slept.append(seconds)
            await asyncio.sleep(0)

        return StreamKeeper(
            CURSOR,
            Tracker(),
            Learner(self.memory, self.figures, sleep=sleep),
            stream=self.stream,
            cursors=self.cursors,
            sleep=sleep,
        )


async def turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.fixture
def scene():
    return Scene()


async def test_what_happens_is_learnt_and_the_place_is_kept(scene):
    async with scene.keeper():
        scene.stream.publish(DigitPressed(contact_id=contact_id(1), role="agent", number=1))
        scene.stream.publish(over())
        await scene.memory.until(1)
    assert [type(one) for one in scene.memory.lessons] == [ContactEnded]
    assert scene.cursors.kept == {CURSOR: 2}
    assert scene.figures.learnt == 1


async def test_a_restart_goes_on_where_it_was(scene):
    scene.cursors.kept[CURSOR] = 1
    scene.stream.publish(over(contact_id(1)))
    scene.stream.publish(over(contact_id(2)))
    async with scene.keeper():
        await scene.memory.until(1)
    assert [one.contact_id for one in scene.memory.lessons] == [contact_id(2)]


async def test_a_mood_of_a_running_contact_is_found_again(scene):
    async with scene.keeper():
        scene.stream.publish(felt(contact_id(1)))
        scene.stream.publish(over(contact_id(2)))
        await scene.memory.until(1)
    assert scene.cursors.kept == {CURSOR: 0}
    scene.memory.taken.clear()
    scene.stream.publish(over(contact_id(1)))
    async with scene.keeper():
        await scene.memory.until(2)
    assert [one.mood.value for one in scene.memory.lessons] == ["unknown", "angry"]


async def test_many_that_gathered_are_one_write(scene):
    scene.cursors.kept[CURSOR] = 0
    for number in range(450):
        scene.stream.publish(over(contact_id(number)))
    async with scene.keeper():
        await scene.memory.until(450)
    assert len(scene.memory.taken) < 50
    assert max(map(len, scene.memory.taken)) <= 200
    assert [one.contact_id for one in scene.memory.lessons] == list(map(contact_id, range(450)))


async def test_a_store_that_fails_is_tried_again(scene):
    scene.memory.errors = [StoreError("full"), StoreError("full")]
    async with scene.keeper():
        scene.stream.publish(over())
        await scene.memory.until(1)
    assert scene.slept == [5.0, 5.0]
    assert scene.figures.unlearnt == 2
    assert scene.cursors.kept == {CURSOR: 1}


async def test_a_mistake_of_ours_does_not_stand_in_the_way(scene):
    scene.memory.errors = [KeyError("x")]
    async with scene.keeper():
        scene.stream.publish(over(contact_id(1)))
        await turns(50)
        assert scene.figures.unlearnt == 1
        scene.stream.publish(over(contact_id(2)))
        await scene.memory.until(1)
    assert [one.contact_id for one in scene.memory.lessons] == [contact_id(2)]


async def test_events_that_are_gone_are_passed_over(scene):
    scene.cursors.kept[CURSOR] = 50
    scene.stream.publish(over(contact_id(1)))
    async with scene.keeper():
        await turns(50)
        assert scene.figures.passed_over == 1
        scene.stream.publish(over(contact_id(2)))
        await scene.memory.until(1)
    assert [one.contact_id for one in scene.memory.lessons] == [contact_id(2)]
